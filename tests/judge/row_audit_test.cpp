#include "row_audit.hpp"

#include <gtest/gtest.h>

#include "batch.hpp"
#include "manifest.hpp"
#include "record/batch.hpp"
#include "record/manifest.hpp"

namespace jidian::judge {
namespace {

constexpr UtcTime quarter_start{Millis{1'772'352'000'000}};

/// A meter of 0.01 kWh modulo 1000, and a facility that takes its energy.
domain::Manifest one_facility() {
  domain::Manifest manifest;
  domain::MeterEntry meter;
  meter.id = "press-1";
  meter.points.resize(1);
  meter.points[0].kind = PointKind::counter;
  meter.points[0].exponent = -2;
  meter.points[0].modulus = 1'000;
  manifest.meters = {meter};
  manifest.facilities.push_back({"press", "", domain::FacilityKind::production, {"press-1"}, {}, 0});
  manifest.facilities[0].amounts = {{"energy.taken", Carrier::electricity, "kWh", -6, {{0, 0, 1, 0}}}};
  return manifest;
}

domain::IntervalRow counted(int quarter, std::uint64_t first, std::uint64_t last) {
  const UtcTime start = quarter_start + quarter * std::chrono::minutes{15};
  domain::IntervalRow row{0, start, std::chrono::seconds{900}, 1, 1, std::vector<domain::PointInterval>(1)};
  row.points[0].first = first;
  row.points[0].last = last;
  row.points[0].first_at = start;
  row.points[0].last_at = start + row.length;
  return row;
}

domain::AggregateRow told(int quarter, std::chrono::seconds length, std::int64_t value) {
  domain::AggregateRow row;
  row.start = quarter_start + quarter * std::chrono::minutes{15};
  row.length = length;
  row.amounts = {{value, false, false}};
  return row;
}

RowAudit::Outcome audit_of(const record::Rows& rows) {
  record::Header header;
  header.key = {1, record::Stream::interval, 1};
  const auto manifest = decode_manifest(record::encode(one_facility()).bytes).value();
  auto batch = decode_batch(record::encode(header, rows, one_facility()).value().bytes);
  decode_rows(batch, manifest.types, manifest.columns);
  RowAudit audit;
  audit.add(batch, manifest);
  return audit.finish();
}

constexpr std::chrono::seconds fifteen_minutes{900};
constexpr std::chrono::seconds hour{3600};

/// A first quarter hour, which is taken as it is, and then `rows`.
RowAudit::Outcome audit_behind_first(record::Rows rows) {
  rows.insert(rows.begin(), {counted(-1, 980, 990), told(-1, fifteen_minutes, 100'000)});
  return audit_of(rows);
}

TEST(RowAudit, AddsUpByItself) {
  const auto outcome = audit_behind_first({counted(0, 990, 5), counted(1, 5, 8), told(0, fifteen_minutes, 150'000),
                                           told(1, fifteen_minutes, 30'000), told(0, hour, 180'000)});
  EXPECT_EQ(outcome.aggregates, 4U);
  EXPECT_EQ(outcome.compared, 3U);
  EXPECT_EQ(outcome.wrong, 0U);
}

TEST(RowAudit, TakesAStepThatCameLateInTheNextRow) {
  EXPECT_EQ(audit_behind_first(
                {counted(0, 990, 5), counted(1, 5, 8), told(0, fifteen_minutes, 0), told(1, fifteen_minutes, 180'000)})
                .wrong,
            0U);
}

TEST(RowAudit, SeesWhatIsNotTheSum) {
  EXPECT_EQ(audit_behind_first({counted(0, 990, 5), counted(1, 5, 8), told(0, fifteen_minutes, 150'001),
                                told(1, fifteen_minutes, 30'000)})
                .wrong,
            1U);
  const auto hours =
      audit_behind_first({counted(0, 990, 5), told(0, fifteen_minutes, 150'000), told(0, hour, 149'999)});
  EXPECT_EQ(hours.wrong, 1U);
  EXPECT_NE(hours.findings.at(0).find("facility press energy.taken of 3600 s"), std::string::npos);
}

}  // namespace
}  // namespace jidian::judge
