#include "record/aggregates.hpp"

#include <gtest/gtest.h>

#include <limits>
#include <string>

#include "record/batch.hpp"
#include "record/manifest.hpp"
#include "record/record.pb.h"
#include "tests/unit/record/samples.hpp"

namespace jidian::record {
namespace {

using domain::SubjectKind;

const domain::Manifest site = samples::site_manifest();

Rows through_wire(const Rows& rows) {
  const auto encoded = encode(samples::header(Stream::interval), rows, site);
  EXPECT_TRUE(encoded) << encoded.error().message();
  const auto decoded = decode(encoded->bytes, &site);
  EXPECT_TRUE(decoded) << decoded.error().message();
  return std::get<Rows>(decoded->body);
}

jidian::v1::AggregateRow message_of(const domain::AggregateRow& row) {
  jidian::v1::AggregateRow message;
  write_aggregate(row, site, message);
  return message;
}

TEST(AggregateRows, GiveBackWhatWentIn) {
  Rows rows = samples::rows();
  for (const auto& row : samples::aggregates()) rows.emplace_back(row);
  EXPECT_EQ(through_wire(rows), rows);
}

TEST(AggregateRows, ComeBehindTheRowsOfMeters) {
  const Rows of_meters = samples::rows();
  const Row aggregate = samples::aggregates().front();
  EXPECT_EQ(through_wire({aggregate, of_meters[0], of_meters[1]}), (Rows{of_meters[0], of_meters[1], aggregate}));
}

TEST(AggregateRows, KeepTheExtremes) {
  domain::AggregateRow row = samples::aggregates().front();
  row.amounts[0].value = std::numeric_limits<std::int64_t>::max();
  row.amounts[1].value = std::numeric_limits<std::int64_t>::min();
  row.state_ms.fill(std::numeric_limits<std::uint32_t>::max());
  row.starts = std::numeric_limits<std::uint32_t>::max();
  row.from = UtcTime{Millis{1}};
  EXPECT_EQ(through_wire({row}), Rows{row});
}

TEST(AggregateRows, AreCountedAndTimedInTheHeader) {
  const auto rows = samples::aggregates();
  const auto encoded = encode(samples::header(Stream::interval), Rows(rows.begin(), rows.end()), site).value();
  EXPECT_EQ(encoded.count, rows.size());
  EXPECT_EQ(encoded.start, rows[2].start);                 // the night
  EXPECT_EQ(encoded.end, rows[1].start + rows[1].length);  // the quarter hour
}

TEST(AggregateRows, OfWhatTheManifestDoesNotHaveAreCorrupt) {
  const auto good = message_of(samples::aggregates().front());
  ASSERT_TRUE(read_aggregate(good, site));
  const auto is_corrupt = [&](auto change) {
    auto message = good;
    change(message);
    const auto read = read_aggregate(message, site);
    return !read && read.error().kind() == ErrorKind::corrupt;
  };
  EXPECT_TRUE(is_corrupt([](auto& row) { row.set_kind(0); }));
  EXPECT_TRUE(is_corrupt([](auto& row) { row.set_kind(4); }));
  EXPECT_TRUE(is_corrupt([](auto& row) { row.set_index(2); }));
  EXPECT_TRUE(is_corrupt([](auto& row) { row.set_index(65'536); }));
  EXPECT_TRUE(is_corrupt([](auto& row) { row.add_amounts(1); }));
  EXPECT_TRUE(is_corrupt([](auto& row) { row.add_marks(1); }));
  EXPECT_TRUE(is_corrupt([](auto& row) { row.add_state_ms(1); }));
  EXPECT_TRUE(is_corrupt([](auto& row) { row.set_shift(3); }));
  EXPECT_TRUE(is_corrupt([](auto& row) { row.set_start_ms(std::numeric_limits<std::int64_t>::max()); }));
  EXPECT_TRUE(is_corrupt([](auto& row) { row.set_from_ms(std::numeric_limits<std::int64_t>::min()); }));
  EXPECT_TRUE(is_corrupt([](auto& row) { row.mutable_peak()->set_until_ms(std::int64_t{1} << 62); }));
}

TEST(AggregateRows, AreToldToPeopleExactly) {
  const auto rows = samples::aggregates();
  EXPECT_EQ(to_json(rows[0], site),
            R"({"subject":"facility","id":"press","start":"2026-03-01T08:00:00.000Z","length_s":60,)"
            R"("polls_made":59,"polls_expected":60,"amounts":{"energy.taken":{"value":"0.320000","unit":"kWh"},)"
            R"("product.castings":{"value":"-0.001","unit":"t","partial":true,"spanning":true}},)"
            R"("from":"2026-03-01T07:59:59.990Z","until":"2026-03-01T08:01:00.015Z",)"
            R"("state_ms":{"unknown":1000,"de_energised":0,"stopped":0,"idle":20000,"running":39000},)"
            R"("state":"running","starts":1})");
  EXPECT_NE(to_json(rows[1], site).find(R"("month_peak":{"value":"12.500000","until":"2026-03-01T08:15:00.000Z"})"),
            std::string::npos);
  EXPECT_NE(to_json(rows[2], site).find(R"("shift":"night")"), std::string::npos);
}

TEST(Manifest, CarriesAmountsShiftsAndFuels) {
  const auto encoded = encode(site);
  EXPECT_EQ(decode_manifest(encoded.bytes).value(), site);
  const std::string json = to_json(site, encoded.hash);
  for (const char* part :
       {R"("name":"product.castings","carrier":"none","unit":"t","exponent":-3)", R"("factor":5,"factor_exponent":-3)",
        R"("shifts":[{"id":"day","start_minute":480,"minutes":720})", R"("fuel_switch":{"fuel":"oil","minutes":45})",
        R"("contract_m3_per_day":5000)", R"("sliding_demand_s":60)", R"("covered":true)"})
    EXPECT_NE(json.find(part), std::string::npos) << part << "\n" << json;
}

TEST(Manifest, WithAmountsOfWhatIsNotThereIsCorrupt) {
  const auto is_corrupt = [](auto change) {
    domain::Manifest manifest = site;
    change(manifest.facilities[0].amounts[0]);
    const auto read = decode_manifest(encode(manifest).bytes);
    return !read && read.error().kind() == ErrorKind::corrupt;
  };
  EXPECT_FALSE(is_corrupt([](auto&) {}));
  EXPECT_TRUE(is_corrupt([](auto& amount) { amount.sources[0].meter = 7; }));
  EXPECT_TRUE(is_corrupt([](auto& amount) { amount.sources[0].point = 4; }));
  EXPECT_TRUE(is_corrupt([](auto& amount) { amount.sources[0].point = 1; }));  // a power
  EXPECT_TRUE(is_corrupt([](auto& amount) { amount.exponent = 31; }));
  EXPECT_TRUE(is_corrupt([](auto& amount) { amount.sources[0].factor_exponent = -31; }));
}

}  // namespace
}  // namespace jidian::record
