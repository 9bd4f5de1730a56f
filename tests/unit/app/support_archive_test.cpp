#include "app/support_archive.hpp"

#include <gtest/gtest.h>
#include <zstd.h>

#include <cstdio>
#include <cstdlib>
#include <fstream>

#include "../temporary_folder.hpp"

namespace jidian::app {
namespace {

constexpr const char* key_file =
    "-----BEGIN PRIVATE KEY-----\n"
    "MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQgq2Vv3Tt0Yk8bW7mQ\n"
    "-----END PRIVATE KEY-----\n";

std::string clean(std::string_view text, const std::vector<std::string>& secrets = {}) {
  Redactor redactor;
  for (const auto& secret : secrets) redactor.learn(secret);
  return redactor.redact(text);
}

TEST(Redactor, ALearntPasswordIsNowhere) {
  EXPECT_EQ(clean("login as x with hunter2, then hunter2!", {"hunter2\n"}),
            "login as x with (removed), then (removed)!");
}

TEST(Redactor, ALineOfALearntKeyIsRemovedEvenAlone) {
  EXPECT_EQ(clean("bad line MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQgq2Vv3Tt0Yk8bW7mQ?", {key_file}),
            "bad line (removed)?");
}

TEST(Redactor, APrivateKeyIsRemovedEvenUnknownAndCutShort) {
  EXPECT_EQ(clean(std::string("a\n") + key_file + "b\n"), "a\n(removed)\nb\n");
  EXPECT_EQ(clean("a\n-----BEGIN RSA PRIVATE KEY-----\nMIGH"), "a\n(removed)");
  EXPECT_EQ(clean("-----BEGIN CERTIFICATE-----\nMIGH\n-----END CERTIFICATE-----\n"),
            "-----BEGIN CERTIFICATE-----\nMIGH\n-----END CERTIFICATE-----\n");
}

TEST(Redactor, ValuesThatSoundLikeASecretGoAndNamesOfFilesStay) {
  EXPECT_EQ(clean("password = \"a b # c\" # mine\npassword_file = \"/etc/jidian/p\"\n"),
            "password = (removed) # mine\npassword_file = \"/etc/jidian/p\"\n");
  EXPECT_EQ(clean("MQTT_TOKEN=abc next=1"), "MQTT_TOKEN=(removed) next=1");
  EXPECT_EQ(clean(R"({"Passphrase": "x", "unit": 7})"), R"({"Passphrase": (removed), "unit": 7})");
  EXPECT_EQ(clean("password = 'unclosed"), "password = (removed)");
  EXPECT_EQ(clean("time = \"08:00\"\n"), "time = \"08:00\"\n");
}

TEST(Redactor, AUserInAUrlGoes) {
  EXPECT_EQ(clean("url = \"mqtts://box:word@host:8883\" # a@b"), "url = \"mqtts://(removed)@host:8883\" # a@b");
  EXPECT_EQ(clean("see mqtts://host:8883"), "see mqtts://host:8883");
}

TEST(Redactor, AnEmptyFileTeachesNothing) {
  EXPECT_EQ(clean("as it is\n", {"\n", ""}), "as it is\n");
}

TEST(SupportArchive, IsWhatTarAndZstdTake) {
  const TemporaryFolder folder;
  const std::string large(70'000, 'x');
  const auto packed = compress_zstd(
      make_tar({{"b/one.txt", "1\n"}, {"b/empty", ""}, {"b/large", large}}, UtcTime{Millis{1'772'352'000'000}}));
  ASSERT_TRUE(packed);
  std::string tar(200'000, '\0');
  tar.resize(ZSTD_decompress(tar.data(), tar.size(), packed->data(), packed->size()));
  std::ofstream(folder / "b.tar", std::ios::binary) << tar;
  const auto command = "cd '" + folder.path().string() + "' && tar -xf b.tar && stat -c '%n %s %a %Y' b/* > list";
  ASSERT_EQ(std::system(command.c_str()), 0);  // NOLINT(cert-env33-c): a real tar is the point
  std::ifstream list(folder / "list");
  const std::string listed{std::istreambuf_iterator<char>(list), {}};
  EXPECT_EQ(listed, "b/empty 0 600 1772352000\nb/large 70000 600 1772352000\nb/one.txt 2 600 1772352000\n");
  std::ifstream one(folder / "b/one.txt");
  EXPECT_EQ((std::string{std::istreambuf_iterator<char>(one), {}}), "1\n");
}

}  // namespace
}  // namespace jidian::app
