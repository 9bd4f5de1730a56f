// A batch read from the contract alone: the generated protobuf classes, zstd, and nothing of the gateway.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include "ledger.hpp"

namespace jidian::judge {

inline constexpr int event_stream = 1;
inline constexpr int interval_stream = 2;
inline constexpr int reading_stream = 3;

/// Not a batch of this contract; `what()` says why.
struct DamagedBatch : std::runtime_error {
  using std::runtime_error::runtime_error;
};

struct Value {
  int quality = 0;
  bool present = false;
  std::uint64_t bits = 0;
  std::optional<std::int64_t> early_ms{};  ///< Since the poll's start: it was there before the poll's end.
};

struct Poll {
  int meter = 0;
  std::int64_t slot_ms = 0;
  std::int64_t start_ms = 0;
  std::int64_t end_ms = 0;
  std::vector<Value> values;

  /// When a value was there: at the end, if it was not early.
  std::int64_t there_ms(const Value& value) const { return value.early_ms ? start_ms + *value.early_ms : end_ms; }
};

/// What a meter's counter shows at the two ends of an interval.
struct CounterEdges {
  std::int64_t first_ms = 0;  ///< 0: it has no step.
  std::int64_t last_ms = 0;
  std::uint64_t first = 0;
  std::uint64_t last = 0;
};

struct MeterRow {
  int meter = 0;
  std::int64_t start_ms = 0;
  std::uint32_t length_s = 0;
  std::vector<CounterEdges> points;
};

struct AggregateRow {
  int kind = 0;
  std::size_t index = 0;
  std::int64_t start_ms = 0;
  std::uint32_t length_s = 0;
  std::uint32_t shift = 0;
  std::uint32_t covered_s = 0;
  std::vector<std::int64_t> amounts;
  std::vector<std::uint32_t> marks;
  std::uint64_t state_ms = 0;  ///< of all states together
};

struct Gap {
  int cause = 0;
  std::int64_t from_ms = 0;
  std::int64_t until_ms = 0;
  std::uint64_t missed = 0;
};

struct Event {
  std::int64_t time_ms = 0;
  int kind = 0;
  std::string subject;
  std::string text;
  bool is_gap = false;
  Gap gap;
  Bytes manifest;
  std::map<std::string, std::string> facts;
};

struct Batch {
  std::string gateway;
  std::uint64_t epoch = 0;
  int stream = 0;
  std::uint64_t seq = 0;
  std::string previous;  ///< hexadecimal
  std::string manifest;  ///< hexadecimal; empty: none in force
  std::uint32_t count = 0;
  std::optional<Origin> copy_of;
  std::vector<Event> events;
  std::uint64_t rows = 0;
  std::vector<MeterRow> meter_rows;      ///< only after decode_rows
  std::vector<AggregateRow> aggregates;  ///< only after decode_rows
  std::vector<Poll> polls;               ///< only after decode_polls
  Bytes body;                            ///< decompressed
};

/// Whose content the batch tells: what it is a copy of, or itself. `sha256` is of the batch's own bytes.
Content content_of(const Batch& batch, const std::string& sha256);

/// Which points of each meter are floats of 32 (1) or 64 bits (2), or integers (0).
using PointTypes = std::vector<std::vector<int>>;

/// Header, CRC, decompression; events are taken apart. @throws DamagedBatch
Batch decode_batch(const Bytes& bytes);

/// Fills the rows of an interval batch. `amounts` says how many columns the aggregate rows of a facility (1), an
/// account (2) or the site (3) have, by kind and index. @throws DamagedBatch
void decode_rows(Batch& batch, const PointTypes& types,
                 const std::map<std::pair<int, std::size_t>, std::size_t>& amounts);

/// Fills `polls` of a reading batch. @throws DamagedBatch
void decode_polls(Batch& batch, const PointTypes& types);

}  // namespace jidian::judge
