#include "command/metrics.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <set>
#include <sstream>

#include "tests/unit/command/healthy.hpp"

namespace jidian::command {
namespace {

using testing::HasSubstr;
using testing::Not;

TEST(Metrics, HaveASampleForEveryMeterAndResult) {
  const auto text = metrics_text(healthy());
  EXPECT_THAT(text, HasSubstr("# TYPE jidian_poll_total counter\n"));
  EXPECT_THAT(text, HasSubstr("jidian_poll_total{meter=\"furnace-1\",result=\"good\"} 7200\n"));
  EXPECT_THAT(text, HasSubstr("jidian_poll_total{meter=\"gas-1\",result=\"failed\"} 0\n"));
  EXPECT_THAT(text, HasSubstr("jidian_bus_load_ratio{bus=\"rtu-1\"} 0.41\n"));
  EXPECT_THAT(text, HasSubstr("jidian_store_bytes 1000000\n"));
  EXPECT_THAT(text, HasSubstr("jidian_uplink_pending_batches{uplink=\"province\"} 2\n"));
  EXPECT_THAT(text, HasSubstr("jidian_store_last_commit_timestamp_seconds 1772351996\n"));
}

TEST(Metrics, CountWhatIsLeftOfAllBackfillsOfADestination) {
  auto snapshot = healthy();
  snapshot.uplinks[0].backfilled = 12;
  snapshot.uplinks[0].backfills = {{"b-1", "reading", 40, 30, morning}, {"b-2", "event", 5, 5, morning}};
  const auto text = metrics_text(snapshot);
  EXPECT_THAT(text, HasSubstr("jidian_uplink_backfilled_batches_total{uplink=\"province\"} 12\n"));
  EXPECT_THAT(text, HasSubstr("jidian_uplink_backfill_left_batches{uplink=\"province\"} 35\n"));
}

TEST(Metrics, CountWhatWasLostBecauseNobodyLookedAtIt) {
  auto snapshot = healthy();
  snapshot.buses[0].dropped_events = 3;
  snapshot.uplinks[0].dropped_messages = 7;
  const auto text = metrics_text(snapshot);
  EXPECT_THAT(text, HasSubstr("jidian_bus_dropped_events_total{bus=\"rtu-1\"} 3\n"));
  EXPECT_THAT(text, HasSubstr("jidian_uplink_dropped_messages_total{uplink=\"province\"} 7\n"));
}

TEST(Metrics, SayWhetherTheLocalInterfaceIsAsConfigured) {
  auto snapshot = healthy();
  EXPECT_THAT(metrics_text(snapshot), HasSubstr("\njidian_interface_current 1\n"));
  snapshot.interface = {{"there is no group 'x'", "create it"}};
  EXPECT_THAT(metrics_text(snapshot), HasSubstr("\njidian_interface_current 0\n"));
}

TEST(Metrics, WhatIsNotKnownHasNoSample) {
  auto snapshot = healthy();
  snapshot.meters[0].last_good.reset();
  snapshot.store.days_left = -1;
  const auto text = metrics_text(snapshot);
  EXPECT_THAT(text, Not(HasSubstr("jidian_meter_last_good_timestamp_seconds{meter=\"furnace-1\"}")));
  EXPECT_THAT(text, HasSubstr("jidian_meter_last_good_timestamp_seconds{meter=\"press-1\"}"));
  EXPECT_THAT(text, Not(HasSubstr("\njidian_store_days_left ")));
}

TEST(Metrics, ALabelCannotBreakOut) {
  auto snapshot = healthy();
  snapshot.version = "1\"} 2\n\\";
  EXPECT_THAT(metrics_text(snapshot), HasSubstr("version=\"1\\\"} 2\\n\\\\\""));
}

TEST(Metrics, TellWhichMarksAreInForce) {
  auto snapshot = healthy();
  domain::Mark mark;
  mark.id = "260301-070000";
  mark.subject = "press-1";
  mark.from = mark.told_at = before(std::chrono::hours{1});
  snapshot.marks = {mark, mark};
  snapshot.marks[1].id = "260301-070001";
  snapshot.marks[1].subject.clear();
  snapshot.marks[1].from = morning + std::chrono::hours{1};
  const auto text = metrics_text(snapshot);
  EXPECT_THAT(text,
              HasSubstr("\njidian_mark_in_force{id=\"260301-070000\",subject=\"press-1\",mark=\"maintenance\"} 1\n"));
  EXPECT_THAT(text, HasSubstr("\njidian_mark_in_force{id=\"260301-070001\",subject=\"\",mark=\"maintenance\"} 0\n"));
}

TEST(Metrics, TellOfTheOrdersFromAbove) {
  auto snapshot = healthy();
  snapshot.directives = R"([{"id":"2026-017","issuer":"energy","in_force":true,"kind":"curtailment","level":"orange",
      "limit_kw":400,"load_kw":380.25},{"id":"2026-018","issuer":"energy","in_force":false,"load_kw":null},7])";
  snapshot.directives_refused = {0, 3, 0, 1, 0, 0};
  const auto text = metrics_text(snapshot);
  EXPECT_THAT(text, HasSubstr("\njidian_directive_in_force{issuer=\"energy\",id=\"2026-017\",kind=\"curtailment\","
                              "level=\"orange\"} 1\n"));
  EXPECT_THAT(text, HasSubstr("id=\"2026-018\",kind=\"\",level=\"\"} 0\n"));
  EXPECT_THAT(text, HasSubstr("\njidian_directive_limit_watts{issuer=\"energy\",id=\"2026-017\"} 400000\n"));
  EXPECT_THAT(text, HasSubstr("\njidian_directive_load_watts{issuer=\"energy\",id=\"2026-017\"} 380250\n"));
  EXPECT_THAT(text, Not(HasSubstr("jidian_directive_load_watts{issuer=\"energy\",id=\"2026-018\"}")));
  EXPECT_THAT(text, HasSubstr("\njidian_directives_refused_total{why=\"unknown_issuer\"} 3\n"));
  EXPECT_THAT(text, HasSubstr("\njidian_directives_refused_total{why=\"expired\"} 1\n"));
}

/// Whether `line` is `name{label="…",…} number` or `name number`.
bool is_sample(std::string_view line, std::string_view name) {
  if (!line.starts_with(name)) return false;
  line.remove_prefix(name.size());
  if (line.starts_with('{')) {
    do {
      line.remove_prefix(1);
      const auto equals = line.find("=\"");
      const auto quote = line.find('"', equals == line.npos ? line.npos : equals + 2);
      if (quote == line.npos || equals == 0) return false;
      line.remove_prefix(quote + 1);
    } while (line.starts_with(','));
    if (!line.starts_with('}')) return false;
    line.remove_prefix(1);
  }
  return line.size() > 1 && line.starts_with(' ') && line.find_first_not_of("0123456789.e+", 1) == line.npos;
}

// The text format demands: HELP and TYPE once per family, before its samples; no sample elsewhere; no sample twice.
TEST(Metrics, EveryLineIsWellFormedAndInItsFamily) {
  std::istringstream text(metrics_text(healthy()));
  std::set<std::string> families;
  std::set<std::string> samples;
  std::string family;
  for (std::string line; std::getline(text, line);) {
    if (line.starts_with("# HELP ")) {
      family = line.substr(7, line.find(' ', 7) - 7);
      EXPECT_TRUE(families.insert(family).second) << line;
    } else if (line.starts_with("# TYPE ")) {
      const bool counter = line == "# TYPE " + family + " counter";
      EXPECT_TRUE(counter || line == "# TYPE " + family + " gauge") << line;
      EXPECT_EQ(counter, family.ends_with("_total")) << line;
    } else {
      EXPECT_TRUE(is_sample(line, family)) << line;
      EXPECT_TRUE(samples.insert(line.substr(0, line.rfind(' '))).second) << line;
    }
  }
  EXPECT_GT(families.size(), 25U);
}

}  // namespace
}  // namespace jidian::command
