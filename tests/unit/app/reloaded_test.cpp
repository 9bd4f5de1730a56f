#include "app/reloaded.hpp"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

namespace jidian::app {
namespace {

Reloaded refused_for(std::vector<std::string> mistakes) {
  Reloaded reloaded;
  reloaded.mistakes = std::move(mistakes);
  return reloaded;
}

std::string value_of(const domain::Event& event, const std::string& name) {
  for (const auto& [key, value] : event.facts)
    if (key == name) return value;
  return "none";
}

TEST(Reloaded, SaysInOneLineWhyTheOldOneRunsOn) {
  EXPECT_EQ(why_not(refused_for({"site.toml:4:1: no"})), "site.toml:4:1: no");
  EXPECT_EQ(why_not(refused_for({"a", "b"})), "a (and 1 more mistake)");
  EXPECT_EQ(why_not(refused_for({"a", "b", "c"})), "a (and 2 more mistakes)");
  Reloaded restart;
  restart.diff.restart_needed = {"store", "uplink"};
  EXPECT_EQ(why_not(restart), "restart needed: store, uplink");
  EXPECT_NE(advice_for(restart).find("systemctl restart jidian"), std::string::npos);
  Reloaded taken;
  taken.is_taken = true;
  EXPECT_EQ(why_not(taken), "");
  EXPECT_EQ(advice_for(taken), "");
}

TEST(Reloaded, TheAnswerHasEveryMistakeAndWhatChanged) {
  auto reloaded = refused_for({"a", "b"});
  reloaded.file = "/etc/jidian/site.toml";
  auto json = nlohmann::json::parse(to_json(reloaded));
  EXPECT_EQ(json["taken"], false);
  EXPECT_EQ(json["mistakes"], (std::vector<std::string>{"a", "b"}));
  EXPECT_TRUE(json["problem"].is_null());
  reloaded = {};
  reloaded.is_taken = true;
  reloaded.diff.meters_added = {"press-2"};
  reloaded.diff.buses_changed = {"line-1"};
  reloaded.before = "aa";
  reloaded.after = "bb";
  json = nlohmann::json::parse(to_json(reloaded));
  EXPECT_EQ(json["added"], std::vector<std::string>{"press-2"});
  EXPECT_EQ(json["paused"], std::vector<std::string>{"line-1"});
  EXPECT_EQ(json["after"], "bb");
}

TEST(Reloaded, TheEventSaysWhoAndWhatAndStaysSmall) {
  config::SiteDiff diff;
  for (int i = 0; i < 2000; ++i) diff.meters_added.push_back("a-meter-with-a-long-name-" + std::to_string(i));
  diff.buses_removed = {"line-1"};
  const auto event = event_of(diff, "user-1", UtcTime{});
  EXPECT_EQ(event.kind, domain::EventKind::configuration);
  EXPECT_EQ(value_of(event, "by"), "user-1");
  EXPECT_EQ(value_of(event, "state"), "taken");
  EXPECT_EQ(value_of(event, "buses"), "line-1");
  EXPECT_EQ(value_of(event, "removed"), "none");
  EXPECT_NE(value_of(event, "added").find(" and 1936 more"), std::string::npos);
}

}  // namespace
}  // namespace jidian::app
