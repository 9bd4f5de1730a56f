#include "batch.hpp"

#include <zstd.h>

#include <algorithm>
#include <iterator>

#include "record/record.pb.h"

namespace jidian::judge {
namespace {

constexpr std::size_t body_bytes_max = 1U << 20;
constexpr std::size_t covered_from = 7;  // behind format and crc32c
constexpr std::size_t readings_max = 30'000;

std::string hex_of(const std::string& bytes) {
  std::string hex;
  for (const char byte : bytes) {
    hex += "0123456789abcdef"[static_cast<unsigned char>(byte) >> 4U];
    hex += "0123456789abcdef"[static_cast<unsigned char>(byte) & 15U];
  }
  return hex;
}

/// CRC-32C of what follows the first `skipped` bytes, bit by bit: slow and obviously right.
std::uint32_t crc32c(const Bytes& bytes, std::size_t skipped) {
  std::uint32_t crc = 0xFFFFFFFF;
  for (std::size_t i = skipped; i < bytes.size(); ++i) {
    crc ^= bytes[i];
    for (int bit = 0; bit < 8; ++bit) crc = (crc >> 1U) ^ ((crc & 1U) != 0 ? 0x82F63B78U : 0U);
  }
  return ~crc;
}

Bytes decompress(const v1::Batch& message) {
  const auto& body = message.body();
  if (message.compression() == v1::NONE) return {body.begin(), body.end()};
  if (message.compression() != v1::ZSTD) throw DamagedBatch("unknown compression");
  if (message.body_size() > body_bytes_max) throw DamagedBatch("the body says it is too large");
  Bytes plain(message.body_size());
  const auto size = ZSTD_decompress(plain.data(), plain.size(), body.data(), body.size());
  if (ZSTD_isError(size) != 0 || size != plain.size()) throw DamagedBatch("the body cannot be decompressed");
  return plain;
}

void read_events(Batch& batch) {
  v1::Events message;
  if (!message.ParseFromArray(batch.body.data(), static_cast<int>(batch.body.size())))
    throw DamagedBatch("the events cannot be parsed");
  for (const auto& event : message.events()) {
    auto& read = batch.events.emplace_back();
    read.time_ms = event.time_ms();
    read.kind = static_cast<int>(event.kind());
    read.subject = event.subject();
    read.text = event.text();
    read.is_gap = event.has_gap();
    read.gap = {static_cast<int>(event.gap().cause()), event.gap().from_ms(), event.gap().until_ms(),
                event.gap().missed()};
    for (const auto& fact : event.facts()) read.facts[fact.name()] = fact.value();
    read.manifest.assign(event.manifest().begin(), event.manifest().end());
  }
}

std::uint64_t undo_zig_zag(std::uint64_t folded) {
  return (folded >> 1U) ^ (0 - (folded & 1U));
}

/// The columns of a body, one after the other; `counts` says how many values each has.
std::vector<std::uint64_t> read_columns(const std::vector<std::size_t>& counts, const v1::Readings& message) {
  const auto& shapes = message.shapes();
  const auto& planes = message.planes();
  if (shapes.size() != counts.size()) throw DamagedBatch("as many shapes as columns are needed");
  struct Column {
    std::size_t first, count, heads, width, order;
  };
  std::vector<Column> columns;
  std::size_t total = 0;
  for (std::size_t i = 0; i < counts.size(); ++i) {
    const auto shape = static_cast<unsigned char>(shapes[i]);
    const std::size_t order = shape / 16;
    columns.push_back({total, counts[i], std::min(order, counts[i]), shape % 16U, order});
    total += counts[i];
  }

  // Residuals: all columns of width 1, then of width 2 …; within a width the lowest bytes of all of them come first.
  std::vector<std::uint64_t> values(total);
  std::size_t next = 0;
  for (std::size_t width = 1; width <= 8; ++width)
    for (std::size_t plane = 0; plane < width; ++plane)
      for (const auto& column : columns) {
        if (column.width != width) continue;
        for (std::size_t i = column.heads; i < column.count; ++i, ++next) {
          if (next >= planes.size()) throw DamagedBatch("the planes are too short");
          values[column.first + i] |= std::uint64_t{static_cast<unsigned char>(planes[next])} << (8 * plane);
        }
      }
  if (next != planes.size()) throw DamagedBatch("the planes are too long");

  int head = 0;
  for (const auto& column : columns) {
    std::uint64_t value = 0;
    std::uint64_t step = 0;
    for (std::size_t i = 0; i < column.count; ++i) {
      auto& place = values[column.first + i];
      if (i < column.heads && head >= message.heads_size()) throw DamagedBatch("heads are missing");
      if (i == 0)
        value = static_cast<std::uint64_t>(message.heads(head++));
      else if (i < column.heads)
        value += step = static_cast<std::uint64_t>(message.heads(head++));
      else if (column.order == 2)
        value += step += undo_zig_zag(place);
      else
        value += undo_zig_zag(place);
      place = value;
    }
  }
  return values;
}

/// Floats travel as integers of the same order: those of negative numbers have their magnitude inverted.
std::uint64_t bits_of(std::uint64_t ordered, int type) {
  if (type == 0) return ordered;
  if (type == 2) return (ordered >> 63U) != 0 ? ordered ^ 0x7FFFFFFFFFFFFFFFU : ordered;
  const std::uint64_t low = ordered & 0xFFFFFFFFU;
  return (low >> 31U) != 0 ? low ^ 0x7FFFFFFFU : low;
}

/// Which values were there before the end of their poll: triples of poll, point and ms, in that order.
void read_early(const v1::MeterBlock& block, std::vector<Poll>& polls) {
  const auto& triples = block.early();
  if (triples.size() % 3 != 0) throw DamagedBatch("what was early does not come in triples");
  std::pair<std::uint32_t, std::uint32_t> before{};
  for (int i = 0; i < triples.size(); i += 3) {
    const std::pair place{triples[i], triples[i + 1]};
    if (place.first >= block.polls() || place.second >= block.points() || (i > 0 && place <= before))
      throw DamagedBatch("what was early is none of the block's, or not in order");
    polls[place.first].values[place.second].early_ms = triples[i + 2];
    before = place;
  }
}

/// The polls of a block with their qualities; times and values are filled in later.
std::vector<Poll> read_block(const v1::MeterBlock& block) {
  std::vector<Poll> polls(block.polls());
  std::vector<int> qualities;
  for (int i = 0; i + 1 < block.quality_runs_size(); i += 2) {
    if (block.quality_runs(i + 1) > readings_max) throw DamagedBatch("a run of qualities is too long");
    qualities.insert(qualities.end(), block.quality_runs(i + 1), static_cast<int>(block.quality_runs(i)));
  }
  const std::size_t values = std::size_t{block.polls()} * block.points();
  if (block.quality_runs_size() == 0) qualities.assign(values, 0);
  if (qualities.size() != values) throw DamagedBatch("the runs of qualities do not add up");
  auto quality = qualities.begin();
  for (auto& poll : polls) {
    poll.meter = static_cast<int>(block.meter());
    poll.values.resize(block.points());
    for (auto& value : poll.values) {
      value.quality = *quality++;
      value.present = value.quality == 0 || value.quality > 4;
    }
  }
  read_early(block, polls);
  return polls;
}

}  // namespace

void decode_polls(Batch& batch, const PointTypes& types) {
  v1::Readings message;
  if (!message.ParseFromArray(batch.body.data(), static_cast<int>(batch.body.size())))
    throw DamagedBatch("the readings cannot be parsed");
  std::size_t readings = 0;
  std::vector<std::vector<Poll>> blocks;
  std::vector<std::size_t> counts;
  for (const auto& block : message.blocks()) {
    readings += std::size_t{block.polls()} * block.points();
    if (block.meter() >= types.size() || block.polls() == 0 || block.points() != types[block.meter()].size() ||
        readings > readings_max)
      throw DamagedBatch("a block does not fit the manifest");
    blocks.push_back(read_block(block));
    counts.insert(counts.end(), 3, block.polls());
    for (std::size_t point = 0; point < block.points(); ++point)
      counts.push_back(static_cast<std::size_t>(
          std::ranges::count_if(blocks.back(), [point](const Poll& poll) { return poll.values[point].present; })));
  }

  const auto values = read_columns(counts, message);
  auto next = values.begin();
  for (auto& polls : blocks) {
    for (auto& poll : polls) poll.slot_ms = static_cast<std::int64_t>(*next++);
    for (auto& poll : polls) poll.start_ms = poll.slot_ms + static_cast<std::int64_t>(*next++);
    for (auto& poll : polls) poll.end_ms = poll.start_ms + static_cast<std::int64_t>(*next++);
    const auto& point_types = types[static_cast<std::size_t>(polls.front().meter)];
    for (std::size_t point = 0; point < point_types.size(); ++point)
      for (auto& poll : polls)
        if (poll.values[point].present) poll.values[point].bits = bits_of(*next++, point_types[point]);
    for (const auto& poll : polls)
      for (const auto& value : poll.values)
        if (poll.there_ms(value) > poll.end_ms) throw DamagedBatch("a value was early behind the end of its poll");
    std::ranges::move(polls, std::back_inserter(batch.polls));
  }
}

namespace {

std::int64_t entry(const google::protobuf::RepeatedField<std::int64_t>& list, int i) {
  return list.empty() ? 0 : list.at(i);
}

MeterRow read_meter_row(const v1::IntervalRow& row, const PointTypes& types) {
  const auto fits = [&row](int size) { return size == 0 || static_cast<std::uint32_t>(size) == row.points(); };
  if (row.meter() >= types.size() || row.points() != types[row.meter()].size() || !fits(row.first_size()) ||
      !fits(row.step_size()) || !fits(row.first_after_ms_size()) || !fits(row.last_after_ms_size()))
    throw DamagedBatch("a row does not fit the manifest");
  MeterRow read{static_cast<int>(row.meter()), row.start_ms(), row.length_s(), {}};
  for (int i = 0; i < static_cast<int>(row.points()); ++i) {
    const int type = types[row.meter()][static_cast<std::size_t>(i)];
    const auto first = static_cast<std::uint64_t>(entry(row.first(), i));
    const auto last = first + static_cast<std::uint64_t>(entry(row.step(), i));
    read.points.push_back({row.start_ms() + entry(row.first_after_ms(), i),
                           row.start_ms() + entry(row.last_after_ms(), i), bits_of(first, type), bits_of(last, type)});
  }
  return read;
}

AggregateRow read_aggregate(const v1::AggregateRow& row, std::size_t columns) {
  const auto fits = [](int size, std::size_t wanted) { return size == 0 || static_cast<std::size_t>(size) == wanted; };
  if (!fits(row.amounts_size(), columns) || !fits(row.marks_size(), columns) || !fits(row.state_ms_size(), 5))
    throw DamagedBatch("an aggregate row does not fit the manifest");
  AggregateRow read{static_cast<int>(row.kind()),
                    row.index(),
                    row.start_ms(),
                    row.length_s(),
                    row.shift(),
                    row.covered_s(),
                    {row.amounts().begin(), row.amounts().end()},
                    {row.marks().begin(), row.marks().end()},
                    0};
  read.amounts.resize(columns);
  read.marks.resize(columns);
  for (const auto ms : row.state_ms()) read.state_ms += ms;
  return read;
}

}  // namespace

void decode_rows(Batch& batch, const PointTypes& types,
                 const std::map<std::pair<int, std::size_t>, std::size_t>& amounts) {
  v1::Intervals message;
  if (!message.ParseFromArray(batch.body.data(), static_cast<int>(batch.body.size())))
    throw DamagedBatch("the rows cannot be parsed");
  for (const auto& row : message.rows()) batch.meter_rows.push_back(read_meter_row(row, types));
  for (const auto& row : message.aggregates()) {
    const auto columns = amounts.find({static_cast<int>(row.kind()), row.index()});
    if (columns == amounts.end()) throw DamagedBatch("an aggregate row of what the manifest does not have");
    batch.aggregates.push_back(read_aggregate(row, columns->second));
  }
}

Content content_of(const Batch& batch, const std::string& sha256) {
  const Key own{batch.gateway, batch.epoch, batch.stream, batch.seq};
  Bytes told(batch.manifest.begin(), batch.manifest.end());
  told.insert(told.end(), batch.body.begin(), batch.body.end());
  return {batch.copy_of ? *batch.copy_of : Origin{own, sha256}, sha256_hex(told)};
}

Batch decode_batch(const Bytes& bytes) {
  v1::Batch message;
  if (!message.ParseFromArray(bytes.data(), static_cast<int>(bytes.size()))) throw DamagedBatch("no batch");
  if (message.format() != 1) throw DamagedBatch("format " + std::to_string(message.format()) + " is not known");
  if (bytes.size() < covered_from || crc32c(bytes, covered_from) != message.crc32c())
    throw DamagedBatch("the CRC is wrong");
  const auto& header = message.header();
  if (header.stream() < v1::EVENT || header.stream() > v1::READING || header.seq() == 0)
    throw DamagedBatch("no such stream or seq");

  Batch batch;
  batch.gateway = header.gateway();
  batch.epoch = header.epoch();
  batch.stream = header.stream();
  batch.seq = header.seq();
  batch.previous = hex_of(header.previous());
  batch.manifest = hex_of(header.manifest());
  batch.count = header.count();
  if (header.has_copy_of()) {
    const auto& original = header.copy_of();
    if (original.seq() == 0 || original.sha256().size() != 32) throw DamagedBatch("it is a copy of nothing");
    batch.copy_of = {{batch.gateway, original.epoch(), batch.stream, original.seq()}, hex_of(original.sha256())};
  }
  batch.body = decompress(message);
  if (batch.stream == event_stream) read_events(batch);
  if (batch.stream == interval_stream) {
    v1::Intervals rows;
    if (!rows.ParseFromArray(batch.body.data(), static_cast<int>(batch.body.size())))
      throw DamagedBatch("the rows cannot be parsed");
    batch.rows = static_cast<std::uint64_t>(rows.rows_size()) + static_cast<std::uint64_t>(rows.aggregates_size());
  }
  return batch;
}

}  // namespace jidian::judge
