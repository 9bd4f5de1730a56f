#include <algorithm>
#include <cassert>

#include "record/body.hpp"
#include "record/columns.hpp"
#include "record/record.pb.h"

namespace jidian::record {
namespace {

using domain::GapCause;
using domain::Poll;
using domain::Quality;
using domain::Sample;

constexpr std::size_t time_columns = 3;  // slot, start - slot, end - start

/// Collects (code, length) pairs.
class RunWriter {
 public:
  explicit RunWriter(google::protobuf::RepeatedField<std::uint32_t>& pairs) : pairs_(pairs) {}

  void add(std::uint32_t code) {
    if (code != code_) flush(code);
    ++length_;
  }
  /// Leaves out what says only `usual`.
  void finish(std::uint32_t usual) {
    if (!pairs_.empty() || code_ != usual) flush(usual);
  }

 private:
  void flush(std::uint32_t next) {
    if (length_ > 0) {
      pairs_.Add(code_);
      pairs_.Add(length_);
    }
    code_ = next;
    length_ = 0;
  }

  google::protobuf::RepeatedField<std::uint32_t>& pairs_;
  std::uint32_t code_ = 0;
  std::uint32_t length_ = 0;
};

/// Expands pairs to exactly `count` codes. Errors: corrupt.
template <typename Code>
Result<std::vector<Code>> expand(const google::protobuf::RepeatedField<std::uint32_t>& pairs, std::size_t count,
                                 Code usual) {
  if (pairs.empty()) return std::vector<Code>(count, usual);
  const Error wrong{ErrorKind::corrupt, "the runs of a meter block do not add up"};
  if (pairs.size() % 2 != 0) return wrong;
  std::vector<Code> codes;
  for (int i = 0; i < pairs.size(); i += 2) {
    const auto code = read_code<Code>(pairs[i]);
    if (!code) return code.error();
    if (pairs[i + 1] > count - codes.size()) return wrong;
    codes.insert(codes.end(), pairs[i + 1], *code);
  }
  if (codes.size() != count) return wrong;
  return codes;
}

std::uint64_t number_of(Millis span) {
  return static_cast<std::uint64_t>(span.count());
}

/// The polls of each meter, in the order in which the meters first appear.
std::vector<std::vector<const Poll*>> group_by_meter(const Polls& polls, std::size_t meters) {
  constexpr std::size_t none = SIZE_MAX;
  std::vector<std::size_t> group_of(meters, none);
  std::vector<std::vector<const Poll*>> groups;
  for (const Poll& poll : polls) {
    assert(poll.meter < meters);
    if (group_of[poll.meter] == none) {
      group_of[poll.meter] = groups.size();
      groups.emplace_back();
    }
    groups[group_of[poll.meter]].push_back(&poll);
  }
  return groups;
}

void write_codes(const std::vector<const Poll*>& polls, ClockQuality clock, jidian::v1::MeterBlock& block) {
  RunWriter qualities(*block.mutable_quality_runs());
  RunWriter clocks(*block.mutable_clock_runs());
  RunWriter causes(*block.mutable_cause_runs());
  for (const Poll* poll : polls) {
    for (const Sample& sample : poll->samples) qualities.add(static_cast<std::uint32_t>(sample.quality));
    clocks.add(static_cast<std::uint32_t>(poll->clock));
    if (!has_any_value(*poll)) causes.add(static_cast<std::uint32_t>(poll->cause));
  }
  qualities.finish(static_cast<std::uint32_t>(Quality::ok));
  clocks.finish(static_cast<std::uint32_t>(clock));
  causes.finish(static_cast<std::uint32_t>(GapCause::meter_silent));
}

void write_early(const std::vector<const Poll*>& polls, jidian::v1::MeterBlock& block) {
  for (std::size_t i = 0; i < polls.size(); ++i)
    for (const auto& [point, end] : polls[i]->early) {
      if (end < polls[i]->start || end > polls[i]->end) continue;  // the clock was set in between
      block.add_early(static_cast<std::uint32_t>(i));
      block.add_early(point);
      block.add_early(static_cast<std::uint32_t>((end - polls[i]->start).count()));
    }
}

/// The values of one point of some polls, as ordered integers.
void collect(const std::vector<const Poll*>& polls, std::size_t point, ValueType type,
             std::vector<std::uint64_t>& values) {
  values.resize(polls.size());
  std::size_t count = 0;
  for (const Poll* poll : polls) {
    const Sample& sample = poll->samples.data()[point];  // write_polls has checked the size
    values.data()[count] = sample.bits;
    if (has_value(sample.quality)) ++count;
  }
  values.resize(count);
  if (type != ValueType::float32 && type != ValueType::float64) return;
  for (std::uint64_t& value : values) value = to_ordered(type, value);
}

void write_columns(const std::vector<const Poll*>& polls, const std::vector<domain::PointEntry>& points,
                   std::vector<std::uint64_t>& values, ColumnWriter& columns) {
  const auto add_times = [&](auto number_of_poll) {
    values.clear();
    for (const Poll* poll : polls) values.push_back(number_of_poll(*poll));
    columns.add(values);
  };
  values.reserve(polls.size());
  add_times([](const Poll& poll) { return number_of(poll.slot.time_since_epoch()); });
  add_times([](const Poll& poll) { return number_of(poll.start - poll.slot); });
  add_times([](const Poll& poll) { return number_of(poll.end - poll.start); });
  for (std::size_t i = 0; i < points.size(); ++i) {
    collect(polls, i, points[i].type, values);
    columns.add(values);
  }
}

/// What a block says before its columns are read.
struct BlockPlan {
  const std::vector<domain::PointEntry>* points = nullptr;
  std::vector<Poll> polls;  ///< With everything but times and bits; what was early, since 1970 instead of the start.
};

/// Errors: corrupt.
Status read_early(const jidian::v1::MeterBlock& block, std::vector<Poll>& polls) {
  const Error wrong{ErrorKind::corrupt, "the early values of a meter block are none of its own, or not in order"};
  const auto& triples = block.early();
  if (triples.size() % 3 != 0) return wrong;
  std::uint64_t least = 0;  // what the next one's place must be at least
  for (int i = 0; i < triples.size(); i += 3) {
    const std::uint64_t place = std::uint64_t{triples[i]} * block.points() + triples[i + 1];
    if (triples[i] >= block.polls() || triples[i + 1] >= block.points() || place < least) return wrong;
    least = place + 1;
    polls[triples[i]].early.push_back(
        {static_cast<std::uint16_t>(triples[i + 1]), UtcTime{Millis{Millis::rep{triples[i + 2]}}}});
  }
  return {};
}

Result<BlockPlan> read_block(const jidian::v1::MeterBlock& block, ClockQuality clock,
                             const domain::Manifest& manifest) {
  if (block.meter() >= manifest.meters.size() || block.points() != manifest.meters[block.meter()].points.size())
    return Error{ErrorKind::corrupt, "a meter block does not fit the manifest"};
  BlockPlan plan{&manifest.meters[block.meter()].points, {}};
  const std::size_t points = plan.points->size();
  const auto qualities = expand(block.quality_runs(), block.polls() * points, Quality::ok);
  if (!qualities) return qualities.error();
  const auto clocks = expand(block.clock_runs(), block.polls(), clock);
  if (!clocks) return clocks.error();

  plan.polls.resize(block.polls());
  std::vector<Poll*> without_value;
  for (std::size_t i = 0; i < plan.polls.size(); ++i) {
    Poll& poll = plan.polls[i];
    poll.meter = static_cast<domain::MeterIndex>(block.meter());
    poll.clock = (*clocks)[i];
    poll.samples.resize(points);
    for (std::size_t k = 0; k < points; ++k) poll.samples[k].quality = (*qualities)[i * points + k];
    if (!has_any_value(poll)) without_value.push_back(&poll);
  }
  const auto causes = expand(block.cause_runs(), without_value.size(), GapCause::meter_silent);
  if (!causes) return causes.error();
  for (std::size_t i = 0; i < without_value.size(); ++i) without_value[i]->cause = (*causes)[i];
  if (const auto early = read_early(block, plan.polls); !early) return early.error();
  return plan;
}

void append_counts(const BlockPlan& plan, std::vector<std::size_t>& counts) {
  counts.insert(counts.end(), time_columns, plan.polls.size());
  for (std::size_t k = 0; k < plan.points->size(); ++k)
    counts.push_back(static_cast<std::size_t>(
        std::ranges::count_if(plan.polls, [k](const Poll& poll) { return has_value(poll.samples[k].quality); })));
}

/// Fills times and bits from `value` on; moves it behind the block's last.
Status fill(BlockPlan& plan, const std::uint64_t*& value) {
  const std::size_t polls = plan.polls.size();
  for (std::size_t i = 0; i < polls; ++i) {
    const auto slot = read_time(static_cast<std::int64_t>(value[i]));
    const auto start = read_time(static_cast<std::int64_t>(value[i] + value[polls + i]));
    const auto end = read_time(static_cast<std::int64_t>(value[i] + value[polls + i] + value[2 * polls + i]));
    if (!slot || !start || !end) return Error{ErrorKind::corrupt, "a poll at an impossible time"};
    plan.polls[i].slot = *slot;
    plan.polls[i].start = *start;
    plan.polls[i].end = *end;
    for (domain::EarlyEnd& early : plan.polls[i].early) {
      early.end += start->time_since_epoch();
      if (early.end > *end) return Error{ErrorKind::corrupt, "a value that was early behind the end of its poll"};
    }
  }
  value += time_columns * polls;
  for (std::size_t k = 0; k < plan.points->size(); ++k)
    for (Poll& poll : plan.polls)
      if (has_value(poll.samples[k].quality)) poll.samples[k].bits = from_ordered((*plan.points)[k].type, *value++);
  return {};
}

}  // namespace

PlainBody write_polls(const Polls& polls, ClockQuality clock, const domain::Manifest& manifest) {
  jidian::v1::Readings readings;
  // Kept by the thread: a few hundred kilobytes that would otherwise be asked of the system for every batch.
  thread_local ColumnWriter columns;
  thread_local std::vector<std::uint64_t> values;
  columns.clear();
  const auto groups = group_by_meter(polls, manifest.meters.size());
  for (const auto& group : groups) {
    const auto& points = manifest.meters[group.front()->meter].points;
    for ([[maybe_unused]] const Poll* poll : group) assert(poll->samples.size() == points.size());
    auto& block = *readings.add_blocks();
    block.set_meter(group.front()->meter);
    block.set_polls(static_cast<std::uint32_t>(group.size()));
    block.set_points(static_cast<std::uint32_t>(points.size()));
    write_codes(group, clock, block);
    write_early(group, block);
    write_columns(group, points, values, columns);
  }
  const ColumnBytes& bytes = columns.finish();
  readings.set_shapes(bytes.shapes.data(), bytes.shapes.size());
  readings.mutable_heads()->Add(bytes.heads.begin(), bytes.heads.end());
  readings.set_planes(bytes.planes.data(), bytes.planes.size());
  PlainBody body{Bytes(readings.ByteSizeLong()), bytes.cuts};
  readings.SerializeWithCachedSizesToArray(body.bytes.data());
  for (std::size_t& cut : body.cuts) cut += body.bytes.size() - bytes.planes.size();  // the planes come last
  return body;
}

Result<Polls> read_polls(ByteView bytes, ClockQuality clock, const domain::Manifest& manifest) {
  jidian::v1::Readings readings;
  if (!readings.ParseFromArray(bytes.data(), static_cast<int>(bytes.size())))
    return Error{ErrorKind::corrupt, "the body is not a Readings message"};
  std::size_t samples = 0;
  std::size_t polls = 0;
  for (const auto& block : readings.blocks()) {
    polls += block.polls();
    samples += std::size_t{block.polls()} * block.points();
    if (block.polls() == 0 || polls > batch_readings_max || samples > batch_readings_max)
      return Error{ErrorKind::corrupt, "a block without polls, or more readings than a batch may have"};
  }

  std::vector<BlockPlan> plans;
  std::vector<std::size_t> counts;
  for (const auto& block : readings.blocks()) {
    auto plan = read_block(block, clock, manifest);
    if (!plan) return plan.error();
    append_counts(*plan, counts);
    plans.push_back(std::move(*plan));
  }
  const std::span heads(readings.heads().data(), static_cast<std::size_t>(readings.heads_size()));
  const auto view = [](const std::string& text) {
    return ByteView(reinterpret_cast<const std::uint8_t*>(text.data()), text.size());
  };
  const auto values = read_columns(counts, view(readings.shapes()), heads, view(readings.planes()));
  if (!values) return values.error();

  Polls all;
  const std::uint64_t* value = values->data();
  for (BlockPlan& plan : plans) {
    if (const auto filled = fill(plan, value); !filled) return filled.error();
    std::ranges::move(plan.polls, std::back_inserter(all));
  }
  return all;
}

}  // namespace jidian::record
