#include "app/socket_groups.hpp"

#include <gmock/gmock.h>
#include <grp.h>
#include <gtest/gtest.h>
#include <pwd.h>

#include <algorithm>

#include "app/print.hpp"
#include "app/texts.hpp"
#include "tests/unit/config/texts.hpp"
#include "tests/unit/temporary_folder.hpp"

namespace jidian::app {
namespace {

using testing::HasSubstr;

config::Site site_with(const std::string& groups) {
  auto parsed = config::parse_small(std::string(config::small_site) + "\n[api]\n" + groups);
  EXPECT_TRUE(parsed.site) << config::print(parsed.mistakes);
  return std::move(*parsed.site);
}

TEST(SocketGroups, OneThatIsNotThereIsAWarningWhereItStands) {
  const auto warnings =
      check_socket_groups(site_with("read_group = \"root\"\noperate_group = \"no-such-group\"\n"), "site.toml", 0);
  ASSERT_EQ(warnings.size(), 1U);
  const std::string before(config::small_site);
  EXPECT_EQ(warnings[0].line, std::ranges::count(before, '\n') + 4);
  EXPECT_EQ(warnings[0].column, 17);
  EXPECT_TRUE(warnings[0].warning);
  EXPECT_THAT(warnings[0].text, HasSubstr("no group 'no-such-group' on this machine (`operate_group`)"));
  EXPECT_THAT(warnings[0].text, HasSubstr("run `groupadd --system no-such-group`"));
}

TEST(SocketGroups, TheGatewaysUserHasToBeInTheGroupOfTheSocket) {
  const passwd* nobody = getpwnam("nobody");
  ASSERT_NE(nobody, nullptr);
  const uid_t user = nobody->pw_uid;
  const group* own = getgrgid(nobody->pw_gid);
  ASSERT_NE(own, nullptr);
  const std::string own_group = own->gr_name;
  const auto warnings = check_socket_groups(site_with("read_group = \"root\"\n"), "site.toml", user);
  ASSERT_EQ(warnings.size(), 1U);
  EXPECT_THAT(warnings[0].text, HasSubstr("run `usermod -aG root nobody`"));
  EXPECT_TRUE(check_socket_groups(site_with("read_group = \"" + own_group + "\"\n"), "site.toml", user).empty());
  EXPECT_TRUE(check_socket_groups(site_with("read_group = \"root\"\n"), "site.toml", 0).empty()) << "root may";
  EXPECT_TRUE(check_socket_groups(site_with("read_group = \"root\"\n"), "site.toml", std::nullopt).empty())
      << "nothing is known";
}

TEST(SocketGroups, TheGatewaysUserIsTheOneWhoseStoreItIs) {
  const TemporaryFolder folder;
  config::Site site;
  site.store.folder = folder.path();
  EXPECT_EQ(gateway_user_of(site), geteuid());
  site.store.folder = folder / "none";
  EXPECT_EQ(gateway_user_of(site), std::nullopt);
}

TEST(SocketGroups, WarningsAreToldInChinese) {
  speak(Language::chinese);
  for (auto& warning : check_socket_groups(site_with("read_group = \"no-such-group\"\n"), "site.toml", 0))
    EXPECT_THAT(line_of(warning), HasSubstr("本机没有组“no-such-group”（`read_group`）"));
  speak(Language::english);
}

}  // namespace
}  // namespace jidian::app
