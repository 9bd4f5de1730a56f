#include "edge_audit.hpp"

#include <gtest/gtest.h>

namespace jidian::judge {
namespace {

constexpr std::int64_t edge_ms = 1'772'352'060'000;

Manifest with_one_counter() {
  Manifest manifest;
  manifest.meters.resize(1);
  manifest.meters[0].id = "press-1";
  manifest.meters[0].points.resize(2);
  manifest.meters[0].points[0].name = "active_power.total";
  manifest.meters[0].points[1].name = "active_energy_import.total";
  return manifest;
}

Poll counted_at(std::int64_t end_ms, std::uint64_t count) {
  return {0, end_ms - 50, end_ms - 40, end_ms, {{0, true, 7}, {0, true, count}}};
}

/// A row from one sample to another, and what was read.
EdgeAudit::Outcome audit_edges(CounterEdges edges, const std::vector<Poll>& polls, std::int64_t gone_ms = 0) {
  const auto manifest = with_one_counter();
  EdgeAudit audit;
  audit.expect({0, edge_ms - 60'000, 60, {{}, edges}}, manifest);
  for (const auto& poll : polls) audit.settle(manifest.meters[0], poll);
  return audit.finish([gone_ms](const std::string&, std::int64_t at_ms) { return at_ms == gone_ms; });
}

TEST(EdgeAudit, EdgesThatWereReadAreRight) {
  const auto outcome = audit_edges({edge_ms - 59'000, edge_ms + 30, 100, 110},
                                   {counted_at(edge_ms - 59'000, 100), counted_at(edge_ms + 30, 110)});
  EXPECT_EQ(outcome.compared, 2U);
  EXPECT_EQ(outcome.wrong, 0U);
}

TEST(EdgeAudit, AnEdgeBetweenTwoSamplesIsAFinding) {
  const auto outcome = audit_edges({edge_ms - 59'000, edge_ms, 100, 108},
                                   {counted_at(edge_ms - 59'000, 100), counted_at(edge_ms + 30, 110)});
  EXPECT_EQ(outcome.wrong, 1U);
  EXPECT_NE(outcome.findings.at(0).find("press-1 active_energy_import.total"), std::string::npos);
}

TEST(EdgeAudit, AnotherCountThanTheOneReadIsAFinding) {
  EXPECT_EQ(audit_edges({0, edge_ms + 30, 0, 111}, {counted_at(edge_ms + 30, 110)}).wrong, 1U);
}

TEST(EdgeAudit, WhatWasReadEarlyIsNoEdgeLater) {
  auto poll = counted_at(edge_ms + 30, 110);
  poll.values[1].early_ms = 12;  // since its start, 50 ms before its end
  EXPECT_EQ(audit_edges({0, poll.start_ms + 12, 0, 110}, {poll}).wrong, 0U);
  EXPECT_EQ(audit_edges({0, poll.end_ms, 0, 110}, {poll}).wrong, 1U);
}

TEST(EdgeAudit, WhatIsDeclaredMissingCannotBeCompared) {
  const auto outcome = audit_edges({0, edge_ms + 30, 0, 110}, {}, edge_ms + 30);
  EXPECT_EQ(outcome.compared, 0U);
  EXPECT_EQ(outcome.wrong, 0U);
}

}  // namespace
}  // namespace jidian::judge
