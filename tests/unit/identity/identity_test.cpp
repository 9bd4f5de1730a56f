#include <gmock/gmock.h>
#include <sys/stat.h>

#include <filesystem>
#include <fstream>
#include <iterator>

#include "authority.hpp"
#include "identity/identity.hpp"
#include "tests/unit/temporary_folder.hpp"

namespace jidian::identity {
namespace {

using testing::HasSubstr;

std::string content_of(const std::filesystem::path& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

unsigned mode_of(const std::filesystem::path& path) {
  struct stat file {};
  EXPECT_EQ(stat(path.c_str(), &file), 0);
  return file.st_mode & 07777U;
}

TEST(Identity, TheFirstKeyIsItsOwnersAlone) {
  const TemporaryFolder temporary;
  const Folder folder(temporary / "credentials");
  const auto key = folder.create(Existing::refuse);
  ASSERT_TRUE(key);
  EXPECT_EQ(mode_of(folder.file()), 0600U);
  EXPECT_EQ(mode_of(temporary / "credentials"), 0700U);
  const auto view = folder.look();
  ASSERT_TRUE(view);
  EXPECT_EQ(view->key, *key);
  EXPECT_FALSE(view->certificate);
  EXPECT_FALSE(view->next_key);
  EXPECT_FALSE(view->is_exposed);
}

TEST(Identity, AKeyIsNeverOverwrittenUnasked) {
  const TemporaryFolder temporary;
  const Folder folder(temporary.path());
  ASSERT_TRUE(folder.create(Existing::refuse));
  const auto before = content_of(folder.file());
  const auto again = folder.create(Existing::refuse);
  ASSERT_FALSE(again);
  EXPECT_EQ(again.error().kind(), ErrorKind::conflict);
  EXPECT_EQ(content_of(folder.file()), before);
}

TEST(Identity, AKeyThatIsReplacedIsSetAside) {
  const TemporaryFolder temporary;
  const Folder folder(temporary.path());
  const auto first = folder.create(Existing::refuse);
  const auto before = content_of(folder.file());
  const auto second = folder.create(Existing::set_aside);
  ASSERT_TRUE(first && second);
  EXPECT_NE(*first, *second);
  EXPECT_EQ(content_of(folder.replaced_file()), before);
  EXPECT_EQ(folder.look()->key, *second);
}

TEST(Identity, WithoutAKeySaysWhatMakesOne) {
  const TemporaryFolder temporary;
  const auto view = Folder(temporary.path()).look();
  ASSERT_FALSE(view);
  EXPECT_EQ(view.error().kind(), ErrorKind::not_found);
  EXPECT_THAT(view.error().message(), HasSubstr("`jidian identity create`"));
}

TEST(Identity, AKeyThatOthersMayReadIsTold) {
  const TemporaryFolder temporary;
  const Folder folder(temporary.path());
  ASSERT_TRUE(folder.create(Existing::refuse));
  std::filesystem::permissions(folder.file(), std::filesystem::perms(0640));
  EXPECT_TRUE(folder.look()->is_exposed);
}

TEST(Identity, ARequestIsForTheGatewayAndSignedByItsKey) {
  const TemporaryFolder temporary;
  const Folder folder(temporary.path());
  ASSERT_TRUE(folder.create(Existing::refuse));
  const auto request = folder.request(Which::newest, "foundry-1");
  ASSERT_TRUE(request);
  EXPECT_THAT(*request, testing::StartsWith("-----BEGIN CERTIFICATE REQUEST-----"));
  const auto certificate = Authority("province").issue(*request);  // aborts if the signature is not good
  EXPECT_TRUE(folder.install(certificate, {"foundry-1", "", {today}}));
  EXPECT_FALSE(folder.request(Which::next, "foundry-1"));
}

TEST(Identity, ANextKeyIsMadeOnceAndChangesNothing) {
  const TemporaryFolder temporary;
  const Folder folder(temporary.path());
  ASSERT_TRUE(folder.create(Existing::refuse));
  const auto before = content_of(folder.file());
  EXPECT_TRUE(*folder.prepare_next());
  const auto next = folder.look()->next_key;
  EXPECT_FALSE(*folder.prepare_next());
  EXPECT_EQ(folder.look()->next_key, next);
  EXPECT_EQ(content_of(folder.file()), before);
  EXPECT_EQ(mode_of(folder.next_file()), 0600U);
}

TEST(Identity, ADamagedNextKeyIsMadeAnew) {
  const TemporaryFolder temporary;
  const Folder folder(temporary.path());
  ASSERT_TRUE(folder.create(Existing::refuse));
  std::ofstream(folder.next_file()) << "-----BEGIN PRIVATE KEY-----\nzzzz\n";
  EXPECT_FALSE(folder.look()->next_key);
  EXPECT_TRUE(*folder.prepare_next());
  EXPECT_TRUE(folder.look()->next_key);
}

TEST(Identity, AFileThatHoldsNoPairIsCalledCorrupt) {
  const TemporaryFolder temporary;
  const Folder one(temporary / "one");
  const Folder other(temporary / "other");
  ASSERT_TRUE(one.create(Existing::refuse));
  ASSERT_TRUE(other.create(Existing::refuse));
  const Authority province("province");
  const auto foreign = province.issue(*other.request(Which::present, "foundry-1"));
  std::ofstream(one.file(), std::ios::app) << foreign;
  EXPECT_EQ(one.look().error().kind(), ErrorKind::corrupt);
  std::ofstream(one.file(), std::ios::trunc) << "";
  EXPECT_EQ(one.look().error().kind(), ErrorKind::corrupt);
  std::ofstream(one.file(), std::ios::trunc) << std::string(pem_bytes_max + 1, 'x');
  EXPECT_EQ(one.look().error().kind(), ErrorKind::full);
}

TEST(Identity, ALinkIsNotFollowed) {
  const TemporaryFolder temporary;
  const Folder one(temporary / "one");
  const Folder other(temporary / "other");
  ASSERT_TRUE(other.create(Existing::refuse));
  std::filesystem::create_directory(temporary / "one");
  std::filesystem::create_symlink(other.file(), one.file());
  EXPECT_FALSE(one.look());
}

}  // namespace
}  // namespace jidian::identity
