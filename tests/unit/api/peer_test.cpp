#include "api/peer.hpp"

#include <gtest/gtest.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>

namespace jidian::api {
namespace {

const Access access_rules{.owner = 900, .read_group = 50, .operate_group = 60};

Peer peer(uid_t user, std::vector<gid_t> groups) {
  return {.user = user, .groups = std::move(groups)};
}

TEST(CallerOf, RootAndTheGatewaysOwnUserMayDoEverything) {
  for (const uid_t user : {uid_t{0}, uid_t{900}}) {
    const auto caller = caller_of(peer(user, {1}), access_rules);
    EXPECT_TRUE(caller.may_read);
    EXPECT_TRUE(caller.may_operate);
  }
}

TEST(CallerOf, AMemberOfTheReadGroupOnlyLooks) {
  const auto caller = caller_of(peer(1000, {1000, 50}), access_rules);
  EXPECT_TRUE(caller.may_read);
  EXPECT_FALSE(caller.may_operate);
}

TEST(CallerOf, WhoMayOperateMayAlsoRead) {
  const auto caller = caller_of(peer(1000, {60}), access_rules);
  EXPECT_TRUE(caller.may_read);
  EXPECT_TRUE(caller.may_operate);
}

TEST(CallerOf, OthersMayNothing) {
  const auto caller = caller_of(peer(1000, {1000, 51}), access_rules);
  EXPECT_FALSE(caller.may_read);
  EXPECT_FALSE(caller.may_operate);
}

TEST(CallerOf, WithoutGroupsNobodyElseGetsIn) {
  EXPECT_FALSE(caller_of(peer(1000, {0, 50, 60}), {.owner = 900, .read_group = {}, .operate_group = {}}).may_read);
}

TEST(CallerOf, IsNamedByItsUserOrItsNumber) {
  EXPECT_EQ(caller_of(peer(0, {}), access_rules).name, "root");
  EXPECT_EQ(caller_of(peer(4'000'000'000, {}), access_rules).name, "uid:4000000000");
}

TEST(PeerOf, IsTheKernelsWord) {
  std::array<int, 2> pair{};
  ASSERT_EQ(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair.data()), 0);
  const auto found = peer_of(pair[0]);
  ASSERT_TRUE(found);
  EXPECT_EQ(found->user, geteuid());
  EXPECT_NE(std::find(found->groups.begin(), found->groups.end(), getegid()), found->groups.end());
  close(pair[0]);
  close(pair[1]);
}

TEST(PeerOf, WhatIsNoSocketIsAnError) {
  EXPECT_FALSE(peer_of(-1));
}

TEST(GroupNamed, KnowsTheSystemsGroupsOnly) {
  const auto root = group_named("root");
  ASSERT_TRUE(root);
  EXPECT_EQ(*root, 0U);
  const auto none = group_named("no-such-group-here");
  ASSERT_FALSE(none);
  EXPECT_EQ(none.error().kind(), ErrorKind::invalid);
}

}  // namespace
}  // namespace jidian::api
