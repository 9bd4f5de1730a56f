#include <gtest/gtest.h>

#include <string>

#include "app/verbs.hpp"
#include "record/manifest.hpp"
#include "store/store.hpp"
#include "tests/integration/app/known_rows.hpp"
#include "tests/unit/record/samples.hpp"
#include "tests/unit/temporary_folder.hpp"

namespace jidian::app {
namespace {

const UtcTime opened{std::chrono::sys_days{std::chrono::year{2026} / 3 / 1} + std::chrono::hours{9}};

/// A store on disk with a batch of rows of a facility, an account and the site, beside those of meters.
class ExportRows : public testing::Test {
 protected:
  ExportRows() {
    store::Options options;
    options.folder = folder_ / "store";
    options.quota_bytes = 64 << 20;
    const auto store = store::open_store(options, opened).value();
    const auto manifest = record::samples::site_manifest();
    const auto encoded = record::encode(manifest);
    store->add_manifest(encoded.hash, encoded.bytes);
    record::Rows rows = record::samples::rows();
    for (const auto& row : record::samples::aggregates()) rows.emplace_back(row);
    auto header = record::samples::header(record::Stream::interval);
    header.key.epoch = store->opening().epoch;
    header.manifest = encoded.hash;
    const store::NewBatch batch{header.key, record::encode(header, rows, manifest).value()};
    EXPECT_TRUE(store->commit({&batch, 1}, opened));
    EXPECT_TRUE(store->close(opened));
  }

  /// What the verb prints.
  std::string print(const std::string& format, const std::string& from = "", const std::string& until = "") {
    ExportOptions options;
    options.store = folder_ / "store";
    options.format = format;
    options.from = from;
    options.until = until;
    options.rows = true;
    testing::internal::CaptureStdout();
    testing::internal::CaptureStderr();
    exit_ = export_period({}, options);
    told_ = testing::internal::GetCapturedStderr();
    return testing::internal::GetCapturedStdout();
  }

  TemporaryFolder folder_{memory_or_disk()};
  Exit exit_ = Exit::usage;
  std::string told_;
};

constexpr std::string_view csv_head = "subject,id,start,length_s,shift,amount,value,unit,marks,from,until,covered_s\n";
constexpr std::string_view csv_of_today =
    "facility,press,2026-03-01T08:00:00.000Z,60,,energy.taken,0.320000,kWh,,"
    "2026-03-01T07:59:59.990Z,2026-03-01T08:01:00.015Z,\n"
    "facility,press,2026-03-01T08:00:00.000Z,60,,product.castings,-0.001,t,partial spanning,"
    "2026-03-01T07:59:59.990Z,2026-03-01T08:01:00.015Z,\n"
    "facility,press,2026-03-01T08:00:00.000Z,60,,state.unknown,1.000,s,,,,\n"
    "facility,press,2026-03-01T08:00:00.000Z,60,,state.de_energised,0.000,s,,,,\n"
    "facility,press,2026-03-01T08:00:00.000Z,60,,state.stopped,0.000,s,,,,\n"
    "facility,press,2026-03-01T08:00:00.000Z,60,,state.idle,20.000,s,,,,\n"
    "facility,press,2026-03-01T08:00:00.000Z,60,,state.running,39.000,s,,,,\n"
    "facility,press,2026-03-01T08:00:00.000Z,60,,starts,1,,,,,\n"
    "account,grid,2026-03-01T08:00:00.000Z,900,,energy.taken,12.000000,kWh,spanning,"
    "2026-03-01T08:00:00.000Z,2026-03-01T08:15:00.000Z,\n"
    "account,grid,2026-03-01T08:00:00.000Z,900,,peak,12.250000,kWh,,"
    "2026-03-01T07:56:00.000Z,2026-03-01T08:11:00.000Z,\n"
    "account,grid,2026-03-01T08:00:00.000Z,900,,month_peak,12.500000,kWh,,"
    "2026-03-01T08:00:00.000Z,2026-03-01T08:15:00.000Z,\n";
constexpr std::string_view csv_of_the_night =
    "site,site,2026-02-28T12:00:00.000Z,43200,night,energy.consumed,0.000000,kWh,partial,,,42300\n";

TEST_F(ExportRows, CsvHasALineForEachAmountPeakAndState) {
  EXPECT_EQ(print("csv"), std::string(csv_head) + std::string(csv_of_today) + std::string(csv_of_the_night));
  EXPECT_EQ(exit_, Exit::ok);
  EXPECT_EQ(told_, "1 batches, 3 rows\n") << "rows of meters are not in it";
}

TEST_F(ExportRows, JsonHasALineForEachRow) {
  std::string expected;
  for (const auto row : known_rows) expected.append(row).append("\n");
  EXPECT_EQ(print("jsonl"), expected);
  EXPECT_EQ(exit_, Exit::ok);
}

TEST_F(ExportRows, APeriodHasTheRowsThatBeginInIt) {
  EXPECT_EQ(print("csv", "2026-03-01T08:00:00Z"), std::string(csv_head) + std::string(csv_of_today));
  EXPECT_EQ(told_, "1 batches, 2 rows\n");
  EXPECT_EQ(print("csv", "2026-02-28T20:00:00+08:00", "2026-03-01T16:00:00+08:00"),
            std::string(csv_head) + std::string(csv_of_the_night));
  EXPECT_EQ(print("csv", "2026-03-01T08:00:00.001Z"), csv_head);
}

TEST_F(ExportRows, AreOfNoMeterAndNoEvidence) {
  ExportOptions options;
  options.store = folder_ / "store";
  options.rows = true;
  options.format = "evidence";
  testing::internal::CaptureStderr();
  EXPECT_EQ(export_period({}, options), Exit::usage);
  options.format = "csv";
  options.meter = "press-1";
  EXPECT_EQ(export_period({}, options), Exit::usage);
  EXPECT_NE(testing::internal::GetCapturedStderr().find("leave --meter and --format evidence out"), std::string::npos);
}

}  // namespace
}  // namespace jidian::app
