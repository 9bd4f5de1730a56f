#include <gmock/gmock.h>

#include <filesystem>
#include <fstream>
#include <iterator>

#include "authority.hpp"
#include "identity/identity.hpp"
#include "tests/unit/temporary_folder.hpp"

namespace jidian::identity {
namespace {

using testing::HasSubstr;

/// A box with a key, and the authority that it asks.
struct Box : testing::Test {
  Box() { EXPECT_TRUE(folder.create(Existing::refuse)); }

  std::string certificate(const Wish& wish = {}, Which which = Which::newest) const {
    return province.issue(*folder.request(which, "foundry-1"), wish);
  }
  Result<Installed> install(const std::string& pem, Moment moment = {today}) const {
    return folder.install(pem, {"foundry-1", province.pem(), moment});
  }
  /// Why it is refused; the file stays as it was.
  std::string refused(const std::string& pem) const {
    const auto before = bytes();
    const auto installed = install(pem);
    EXPECT_EQ(bytes(), before);
    return installed ? "taken" : installed.error().message();
  }
  std::string bytes() const {
    std::ifstream file(folder.file());
    return {std::istreambuf_iterator<char>(file), {}};
  }

  TemporaryFolder temporary;
  Folder folder{temporary.path()};
  Authority province{"province"};
};

TEST_F(Box, TakesTheCertificateOfItsKey) {
  const auto installed = install(certificate());
  ASSERT_TRUE(installed);
  EXPECT_FALSE(installed->is_new_key);
  EXPECT_FALSE(installed->is_unchanged);
  const auto view = folder.look();
  EXPECT_EQ(view->certificate, installed->certificate);
  EXPECT_EQ(view->certificate->subject, "foundry-1");
  EXPECT_EQ(view->certificate->issuer, "province");
  EXPECT_EQ(view->certificate->until, today + days{365});
  EXPECT_EQ(days_left(*view->certificate, {today}), 365);
}

TEST_F(Box, TakesTheSameCertificateTwiceWithoutAWord) {
  const auto pem = certificate();
  ASSERT_TRUE(install(pem));
  const auto again = install(pem);
  ASSERT_TRUE(again);
  EXPECT_TRUE(again->is_unchanged);
}

TEST_F(Box, RefusesTheCertificateOfAnotherKey) {
  const Folder other(temporary / "other");
  ASSERT_TRUE(other.create(Existing::refuse));
  EXPECT_THAT(refused(province.issue(*other.request(Which::present, "foundry-1"))),
              HasSubstr("is not for this box's key " + folder.look()->key.substr(0, 16)));
}

TEST_F(Box, RefusesWhatIsForAnotherGateway) {
  EXPECT_THAT(refused(certificate({.name = "foundry-2"})),
              HasSubstr("it is for 'foundry-2', and this gateway is 'foundry-1'"));
  EXPECT_THAT(refused(certificate({.name = std::string("foundry-1\0.evil", 14)})), HasSubstr("it is for 'foundry-1"));
}

TEST_F(Box, RefusesWrongDates) {
  EXPECT_THAT(refused(certificate({.from = today - days{30}, .until = today - days{1}})), HasSubstr("it has expired"));
  EXPECT_THAT(refused(certificate({.from = today + days{1}})),
              HasSubstr("it is not valid before 2026-03-02T08:00 UTC"));
  EXPECT_THAT(refused(certificate({.from = today - days{1}, .until = today - days{2}})), HasSubstr("before it begins"));
  EXPECT_TRUE(install(certificate({.from = today + std::chrono::minutes{30}}))) << "clocks differ by minutes";
}

TEST_F(Box, RefusesWhatIsNotAClients) {
  EXPECT_THAT(refused(certificate({.purpose = "serverAuth"})), HasSubstr("clientAuth"));
  EXPECT_THAT(refused(certificate({.is_authority = true})), HasSubstr("of an authority, not of a box"));
  EXPECT_TRUE(install(certificate({.purpose = nullptr}))) << "no purpose stated: good for all";
}

TEST_F(Box, RefusesAnotherAuthoritysCertificate) {
  const Authority stranger("province");  // of the same name
  EXPECT_THAT(refused(stranger.issue(*folder.request(Which::present, "foundry-1"))),
              HasSubstr("the authority has not issued it"));
}

TEST_F(Box, WantsWhatStandsBetweenItAndTheAuthority) {
  const Authority office("office", province);
  const auto own = office.issue(*folder.request(Which::present, "foundry-1"));
  EXPECT_THAT(refused(own), HasSubstr("those between it and the authority"));
  ASSERT_TRUE(install(own + office.pem()));
  EXPECT_THAT(bytes(), HasSubstr(office.pem())) << "the broker has to be shown it, too";
  EXPECT_TRUE(folder.install(own, {"foundry-1", office.pem(), {today}})) << "an authority that did not sign itself";
}

TEST_F(Box, RefusesWhatIsNoCertificate) {
  EXPECT_THAT(refused(""), HasSubstr("there is no certificate (PEM) in it"));
  EXPECT_THAT(refused("\x30\x82"), HasSubstr("there is no certificate"));
  auto torn = certificate();
  EXPECT_NE(refused(torn.substr(0, torn.size() / 2)), "taken");
  EXPECT_THAT(refused(certificate() + "-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----\n"),
              HasSubstr("damaged"));
  std::string many;
  for (int i = 0; i < 12; ++i) many += province.pem();
  EXPECT_THAT(refused(many), HasSubstr("more than eight"));
}

TEST_F(Box, RefusesAFileWithAPrivateKey) {
  EXPECT_THAT(refused(bytes() + certificate()), HasSubstr("holds a private key"));
}

TEST_F(Box, RefusesAShorterOneOfTheSameKey) {
  ASSERT_TRUE(install(certificate()));
  EXPECT_THAT(refused(certificate({.until = today + days{300}})), HasSubstr("the certificate in use lasts longer"));
}

TEST_F(Box, ARenewalTakesKeyAndCertificateTogether) {
  ASSERT_TRUE(install(certificate({.until = today + days{20}})));
  const auto before = folder.look();
  ASSERT_TRUE(*folder.prepare_next());
  const auto next = folder.look()->next_key;
  const auto renewed = install(certificate());
  ASSERT_TRUE(renewed);
  EXPECT_TRUE(renewed->is_new_key);
  const auto after = folder.look();
  EXPECT_EQ(after->key, *next);
  EXPECT_NE(after->key, before->key);
  EXPECT_EQ(after->certificate, renewed->certificate);
  EXPECT_FALSE(after->next_key);
  EXPECT_FALSE(std::filesystem::exists(folder.next_file()));
}

TEST_F(Box, WhileANextKeyWaitsThePresentOneMayBeRenewedToo) {
  ASSERT_TRUE(*folder.prepare_next());
  const auto renewed = install(certificate({}, Which::present));
  ASSERT_TRUE(renewed);
  EXPECT_FALSE(renewed->is_new_key);
  EXPECT_TRUE(folder.look()->next_key);
}

}  // namespace
}  // namespace jidian::identity
