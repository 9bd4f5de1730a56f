// How far the rows of a day are read back.
#include <gtest/gtest.h>

#include <map>

#include "record/manifest.hpp"
#include "recorder/read_back.hpp"
#include "tests/unit/recorder/plant.hpp"

namespace jidian::recorder {
namespace {

using record::Stream;
using std::chrono::seconds;

constexpr seconds a_minute{60};
constexpr seconds a_quarter{900};
constexpr std::uint64_t quarter_every = 100;

store::StoredBatch batch_with(seconds length, const domain::Manifest& manifest, const Hash& hash) {
  domain::IntervalRow row{0, plant::morning, length, 1, 1, {}};
  row.points.resize(manifest.meters[0].points.size());
  record::Header header;
  header.gateway = manifest.gateway;
  header.key = {1, Stream::interval, 1};
  header.manifest = hash;
  header.anchor_utc = plant::morning;
  const auto encoded = record::encode(header, record::Rows{row}, manifest);
  EXPECT_TRUE(encoded);
  store::StoredBatch batch;
  batch.key = header.key;
  if (!encoded) return batch;
  batch.start = encoded->start;
  batch.end = encoded->end;
  batch.count = encoded->count;
  batch.bytes = encoded->bytes;
  return batch;
}

/// A log of so many batches of rows, all of the wanted time: every hundredth has a quarter hour, the others a minute.
class LongDay final : public store::Reader {
 public:
  LongDay(const domain::Manifest& manifest, std::uint64_t batches)
      : manifest_(record::encode(manifest)),
        minute_(batch_with(a_minute, manifest, manifest_.hash)),
        quarter_(batch_with(a_quarter, manifest, manifest_.hash)),
        batches_(batches) {}
  Hash hash() const { return manifest_.hash; }

  std::vector<std::uint64_t> epochs() override { return {1}; }
  Result<std::optional<store::SeqRange>> extent(std::uint64_t, Stream stream) override { return range_of(stream); }
  Result<std::optional<store::SeqRange>> find(std::uint64_t, Stream stream, UtcTime, UtcTime) override {
    return range_of(stream);
  }
  Result<std::vector<store::StoredBatch>> read(std::uint64_t, Stream, store::SeqRange wanted, std::size_t rows_max,
                                               std::size_t) override {
    std::vector<store::StoredBatch> rows;
    for (std::uint64_t seq = wanted.first; seq <= wanted.last && rows.size() < rows_max; ++seq) {
      rows.push_back(seq % quarter_every == 0 ? quarter_ : minute_);
      rows.back().key.seq = seq;
    }
    return rows;
  }
  Result<Bytes> manifest(const Hash&) override { return manifest_.bytes; }
  Result<store::Ranges> acknowledged(const std::string&, std::uint64_t, Stream) override { return store::Ranges{}; }
  Result<store::DepartedLogs> departures() override { return store::DepartedLogs{}; }
  Result<store::Ranges> damage_told(std::uint64_t, Stream) override { return store::Ranges{}; }
  std::uint64_t damaged() const override { return 0; }

 private:
  std::optional<store::SeqRange> range_of(Stream stream) const {
    if (stream != Stream::interval) return std::nullopt;
    return store::SeqRange{1, batches_};
  }

  record::EncodedManifest manifest_;
  store::StoredBatch minute_;
  store::StoredBatch quarter_;
  std::uint64_t batches_;
};

struct Heard {
  std::map<seconds, std::uint64_t> rows;  ///< By length.
  std::uint64_t left_out = 0;
};

Heard read_back_of(std::uint64_t batches) {
  const domain::Manifest manifest = plant::manifest(1);
  LongDay day(manifest, batches);
  store::Opening opening;
  opening.last_commit = plant::morning + std::chrono::hours{8};
  Heard heard;
  read_back(day, opening, {manifest, day.hash()},
            {.remember =
                 [&](const record::Decoded& batch, const domain::Manifest*) {
                   for (const auto& row : std::get<record::Rows>(batch.body))
                     ++heard.rows[std::get<domain::IntervalRow>(row).length];
                 },
             .rows_left_out = [&](std::uint64_t left) { heard.left_out += left; }});
  return heard;
}

TEST(ReadBackRows, OfTheNewestBatchesAllAreTaken) {
  Heard heard = read_back_of(4'000);
  EXPECT_EQ(heard.rows[a_quarter], 40U);
  EXPECT_EQ(heard.rows[a_minute], 3'960U);
  EXPECT_EQ(heard.left_out, 0U);
}

TEST(ReadBackRows, QuarterHoursAreTakenOfTheWholeDayWhereItHasManyBatches) {
  Heard heard = read_back_of(10'000);
  EXPECT_EQ(heard.rows[a_quarter], 100U);
  EXPECT_LT(heard.rows[a_minute], 4'096U) << "the others are only looked at";
  EXPECT_EQ(heard.left_out, 0U);
}

TEST(ReadBackRows, WhatIsBeyondTheLimitIsTold) {
  Heard heard = read_back_of(40'000);
  EXPECT_EQ(heard.left_out, 40'000U - 32'768U);
  EXPECT_EQ(heard.rows[a_quarter], 328U) << "of the newest 32,768";
}

}  // namespace
}  // namespace jidian::recorder
