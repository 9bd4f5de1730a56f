#include "command/directives.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "tests/unit/command/fakes.hpp"

namespace jidian::command {
namespace {

using domain::Refusal;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;
using Json = nlohmann::json;

Json curtailment() {
  return {
      {"id", "2026-017"},
      {"version", 2},
      {"issuer", "130000-energy"},
      {"from", "2026-03-01T08:00:00Z"},
      {"to", "2026-03-01T12:00:00Z"},
      {"supersedes", Json::array({"2026-016"})},
      {"content",
       {{"kind", "curtailment"}, {"level", "orange"}, {"facilities", Json::array({"furnace"})}, {"limit_kw", 400.5}}}};
}

domain::DirectiveListing listed(const Json& orders) {
  static const std::vector<std::string> issuers{"130000-energy"};
  domain::Manifest manifest;
  manifest.facilities.emplace_back().id = "furnace";
  return listing_of(Json{{"directives", orders}}.dump(), "province", issuers, manifest);
}

/// Why an order with `change` merged into it is refused.
domain::RefusedDirective refused(const Json& change) {
  Json order = curtailment();
  order.merge_patch(change);
  const auto listing = listed(Json::array({order}));
  EXPECT_THAT(listing.orders, IsEmpty());
  EXPECT_THAT(listing.refused, SizeIs(1));
  return listing.refused.empty() ? domain::RefusedDirective{} : listing.refused[0];
}

TEST(Directives, AnOrderIsReadWhole) {
  const auto listing = listed(Json::array({curtailment()}));
  EXPECT_TRUE(listing.is_whole);
  EXPECT_THAT(listing.refused, IsEmpty());
  ASSERT_THAT(listing.orders, SizeIs(1));
  const auto& order = listing.orders[0];
  EXPECT_EQ(order.id, "2026-017");
  EXPECT_EQ(order.version, 2U);
  EXPECT_EQ(order.to, parse_time("2026-03-01T12:00:00Z"));
  EXPECT_EQ(order.level, "orange");
  EXPECT_EQ(order.limit_kw, "400.5");
  EXPECT_EQ(order.limit_kwh, "");
  EXPECT_THAT(order.facilities, testing::ElementsAre("furnace"));
  EXPECT_THAT(order.supersedes, testing::ElementsAre("2026-016"));
}

TEST(Directives, NoneInForceIsAListToo) {
  const auto listing = listed(Json::array());
  EXPECT_TRUE(listing.is_whole);
  EXPECT_THAT(listing.orders, IsEmpty());
}

TEST(Directives, WhoMayNotOrderIsRefused) {
  const auto unknown = refused({{"issuer", "130000-nobody"}});
  EXPECT_EQ(unknown.why, Refusal::unknown_issuer);
  EXPECT_EQ(unknown.id, "2026-017");
  EXPECT_EQ(refused({{"content", {{"facilities", Json::array({"furnace", "mill"})}}}}).why, Refusal::unknown_facility);
}

TEST(Directives, WhatCannotBeUnderstoodIsRefusedWithTheReason) {
  EXPECT_THAT(refused({{"version", 0}}).text, HasSubstr("version"));
  EXPECT_THAT(refused({{"version", -1}}).text, HasSubstr("version"));
  EXPECT_THAT(refused({{"from", "tomorrow"}}).text, HasSubstr("from"));
  EXPECT_THAT(refused({{"to", "2026-03-01T08:00:00Z"}}).text, HasSubstr("behind"));
  EXPECT_THAT(refused({{"content", {{"kind", "shutdown"}}}}).text, HasSubstr("kind"));
  EXPECT_THAT(refused({{"content", {{"limit_kw", "400"}}}}).text, HasSubstr("limit_kw"));
  EXPECT_THAT(refused({{"content", {{"limit_kw", -1}}}}).text, HasSubstr("limit_kw"));
  EXPECT_THAT(refused({{"content", {{"facilities", "furnace"}}}}).text, HasSubstr("facilities"));
  EXPECT_THAT(refused({{"content", {{"level", "two\nlines"}}}}).text, HasSubstr("level"));
  EXPECT_THAT(refused({{"content", {{"level", nullptr}, {"limit_kw", nullptr}}}}).text, HasSubstr("neither"));
  EXPECT_THAT(refused({{"content", nullptr}}).text, HasSubstr("content"));
  EXPECT_THAT(refused({{"lifted", "yes"}}).text, HasSubstr("lifted"));
  EXPECT_EQ(refused({{"id", "Not An Id"}}).id, "");
}

TEST(Directives, ALiftedOneNeedsNoContent) {
  const auto listing =
      listed(Json::array({{{"id", "2026-017"}, {"version", 3}, {"issuer", "130000-energy"}, {"lifted", true}}}));
  ASSERT_THAT(listing.orders, SizeIs(1));
  EXPECT_TRUE(listing.orders[0].lifted);
}

TEST(Directives, WhatIsNoListLiftsNothing) {
  const domain::Manifest manifest;
  for (const std::string& payload : {std::string("x"), std::string("[]"), std::string(R"({"directives":{}})"),
                                     std::string(R"({"directives":[7]})"), std::string(70'000, ' ')}) {
    const auto listing = listing_of(payload, "province", {}, manifest);
    EXPECT_FALSE(listing.is_whole) << payload.substr(0, 20);
    EXPECT_THAT(listing.refused, SizeIs(1));
  }
  EXPECT_FALSE(listed(Json::array({curtailment(), {{"id", 7}}})).is_whole)
      << "it may be one of those that are in force";
}

TEST(Directives, AListOfManyLevelsIsRefusedAsAWhole) {
  const std::string deep = std::string(30'000, '[') + std::string(30'000, ']');
  for (const std::string& payload : {R"({"directives":[)" + deep + "]}", R"({"directives":[{"id":)" + deep + "}]}"}) {
    const auto listing = listing_of(payload, "province", {}, domain::Manifest{});
    EXPECT_FALSE(listing.is_whole);
    ASSERT_THAT(listing.refused, SizeIs(1));
    EXPECT_THAT(listing.refused[0].text, HasSubstr("16 levels"));
  }
}

TEST(Directives, WhatIsRefusedIsToldFromAnotherOfItsName) {
  const auto garbled = [](const std::string& payload) {
    return listing_of(payload, "province", {}, domain::Manifest{}).refused.at(0);
  };
  EXPECT_EQ(garbled("no list"), garbled("no list"));
  EXPECT_NE(garbled("no list"), garbled("no list either"));
  const auto nobody = [](double limit) {
    return refused({{"issuer", "130000-nobody"}, {"content", {{"limit_kw", limit}}}});
  };
  EXPECT_EQ(nobody(1), nobody(1));
  EXPECT_NE(nobody(1), nobody(2));
}

TEST(Directives, TheHigherOfTwoVersionsCounts) {
  Json higher = curtailment();
  higher["version"] = 5;
  for (const Json& pair : {Json::array({curtailment(), higher}), Json::array({higher, curtailment()})}) {
    const auto listing = listed(pair);
    ASSERT_THAT(listing.orders, SizeIs(1));
    EXPECT_EQ(listing.orders[0].version, 5U);
  }
}

TEST(Directives, OneVersionWithTwoContentsIsAReplayOfTheFirst) {
  Json other = curtailment();
  other["content"]["limit_kw"] = 300;
  const auto listing = listed(Json::array({curtailment(), other, curtailment()}));
  ASSERT_THAT(listing.orders, SizeIs(1));
  EXPECT_EQ(listing.orders[0].limit_kw, "400.5");
  ASSERT_THAT(listing.refused, SizeIs(1)) << "the same again says nothing new";
  EXPECT_EQ(listing.refused[0].id, "2026-017");
  EXPECT_EQ(listing.refused[0].version, "2");
  EXPECT_EQ(listing.refused[0].why, Refusal::replayed);
  EXPECT_THAT(listing.refused[0].text, HasSubstr("version 2 twice"));
  EXPECT_TRUE(listing.is_whole);
}

TEST(Directives, AreHeardThroughTheirUplinkOnly) {
  Bench bench;
  Json order = curtailment();
  order["content"]["facilities"] = Json::array();
  bench.commands.hear("province", Json{{"directives", {order}}}.dump(), 0);
  bench.commands.hear("bureau", Json{{"directives", {order}}}.dump(), 3);
  ASSERT_THAT(bench.recorder.listings, SizeIs(2));
  EXPECT_THAT(bench.recorder.listings[0].orders, SizeIs(1));
  EXPECT_THAT(bench.recorder.listings[1].orders, IsEmpty());
  EXPECT_EQ(bench.recorder.listings[1].refused.at(0).why, Refusal::unknown_issuer);
  EXPECT_EQ(bench.recorder.listings[1].passed_over, 3U);
}

TEST(Directives, TheStatusShowsThem) {
  Bench bench;
  bench.recorder.directives_json = R"([{"id":"2026-017","load_kw":null}])";
  const Caller looker{.name = "guest", .may_read = true, .may_operate = false};
  const auto status = bench.commands.run(looker, R"({"op":"status"})");
  ASSERT_TRUE(status);
  EXPECT_EQ(Json::parse(*status)["directives"][0]["id"], "2026-017");
}

}  // namespace
}  // namespace jidian::command
