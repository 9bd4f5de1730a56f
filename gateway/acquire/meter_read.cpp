#include "acquire/meter_read.hpp"

#include <algorithm>
#include <cassert>
#include <string>
#include <string_view>
#include <utility>

#include "meter/decode.hpp"
#include "meter/read_plan.hpp"
#include "meter/relations.hpp"

namespace jidian::acquire {
namespace {

/// A silent meter may take the line for this many time-outs a poll.
constexpr int timeouts_max = 2;

domain::Quality quality_of(ErrorKind kind) {
  switch (kind) {
    case ErrorKind::refused:
      return domain::Quality::refused;
    case ErrorKind::corrupt:
      return domain::Quality::corrupt;
    default:
      return domain::Quality::no_answer;
  }
}

domain::Sample sample_of(const meter::Decoded& decoded) {
  switch (decoded.presence) {
    case meter::Presence::value:
      return {decoded.bits, domain::Quality::ok};
    case meter::Presence::not_available:
      return {0, domain::Quality::not_available};
    case meter::Presence::out_of_range:
      return {decoded.bits, domain::Quality::out_of_range};
    case meter::Presence::corrupt:
      break;
  }
  return {0, domain::Quality::corrupt};
}

/// Whether something that no read may go across lies between two runs.
bool is_behind(const PlanHints& hints, const meter::Registers& first, const meter::Registers& run) {
  const auto separates = [&](const meter::Registers& barrier) {
    return barrier.table == run.table && first.table == run.table && barrier.first > first.first &&
           barrier.first <= run.first;
  };
  return std::ranges::any_of(hints.splits, separates) || std::ranges::any_of(hints.refused, separates);
}

/// Why a point has no words; nothing if it has.
std::optional<Error> error_of(const MeterPlan::Place& place, const MeterOutcome& outcome) {
  if (place.read == MeterPlan::not_read)
    return Error{ErrorKind::refused, "the meter refuses this point; it is asked again once an hour"};
  return outcome.blocks[place.read].error;
}

/// The exponent that turns the number of point `n` into its value; nothing if its scale point holds none.
std::optional<int> exponent_of(const std::vector<meter::Point>& points, std::size_t n,
                               const std::vector<domain::Sample>& samples) {
  const std::string& name = points[n].scale_point;
  const auto scale = std::ranges::find(points, name, &meter::Point::name);
  if (name.empty() || scale == points.end()) return points[n].exponent;
  const domain::Sample& sample = samples[static_cast<std::size_t>(scale - points.begin())];
  if (!domain::has_value(sample.quality)) return points[n].exponent;  // then the point has no value either
  return meter::exponent_of(points[n], sample.bits);
}

std::span<const std::uint16_t> words_of(const meter::Point& point, const MeterPlan::Place& place,
                                        const MeterOutcome& outcome) {
  return std::span{outcome.words}.subspan(place.offset, point.place.count);
}

/// All points together, with what they say about one another. Those of failed reads are corrupt.
std::vector<meter::Decoded> decode_all(const PolledMeter& meter, const MeterPlan& plan, const MeterOutcome& outcome) {
  std::vector<meter::Decoded> decoded;
  decoded.reserve(meter.points.size());
  for (std::size_t n = 0; n < meter.points.size(); ++n) {
    const meter::Point& point = meter.points[n];
    decoded.push_back(error_of(plan.places[n], outcome)
                          ? meter::Decoded{0, meter::Presence::corrupt}
                          : meter::decode(point, words_of(point, plan.places[n], outcome)));
  }
  meter::relate(meter.points, decoded);
  return decoded;
}

}  // namespace

bool lies_in(const meter::Registers& inner, const meter::Registers& outer) {
  return inner.table == outer.table && inner.first >= outer.first && inner.end() <= outer.end();
}

MeterPlan plan_of(const PolledMeter& meter) {
  std::vector<meter::Registers> places;
  places.reserve(meter.points.size());
  for (const meter::Point& point : meter.points) places.push_back(point.place);
  return plan_of(meter::runs_of(meter.points), places, meter.limits, {});
}

MeterPlan plan_of(std::span<const meter::Registers> needed, std::span<const meter::Registers> places,
                  meter::ReadLimits limits, const PlanHints& hints) {
  MeterPlan plan;
  std::vector<meter::Registers> asked;
  for (const auto& run : needed)
    if (!std::ranges::binary_search(hints.refused, run)) asked.push_back(run);
  if (asked.empty()) return plan;

  plan.probe = *std::ranges::min_element(asked, {}, &meter::Registers::count);
  std::ranges::sort(asked);
  const auto add = [&plan](const meter::Registers& registers) {
    plan.reads.push_back({registers, plan.words});
    plan.words += registers.count;
  };
  for (auto from = asked.begin(); from != asked.end();) {
    const auto until = std::find_if(from, asked.end(), [&](const auto& run) { return is_behind(hints, *from, run); });
    for (const meter::Registers& registers : meter::plan_reads({from, until}, limits)) add(registers);
    from = until;
  }
  if (hints.trial) add(*hints.trial);
  for (std::size_t n = 0; n < needed.size(); ++n) {
    const auto read = std::ranges::find_if(plan.reads, [&](const auto& r) { return lies_in(needed[n], r.registers); });
    if (read == plan.reads.end()) {
      plan.places.push_back({MeterPlan::not_read, 0});
      continue;
    }
    const auto number = static_cast<std::size_t>(read - plan.reads.begin());
    plan.places.push_back({number, read->offset + places[n].first - read->registers.first});
  }
  return plan;
}

bool MeterOutcome::answered() const {
  return std::ranges::any_of(blocks, [](const auto& b) { return !b.error || b.error->kind() == ErrorKind::refused; });
}

bool MeterOutcome::complete() const {
  return std::ranges::none_of(blocks, [](const auto& b) { return b.error.has_value(); });
}

bool MeterOutcome::bus_failed() const {
  return std::ranges::any_of(blocks, [](const auto& b) {
    return b.error && (b.error->kind() == ErrorKind::unreachable || b.error->kind() == ErrorKind::conflict);
  });
}

const Error* MeterOutcome::first_error() const {
  const auto failed = std::ranges::find_if(blocks, [](const auto& b) { return b.error.has_value(); });
  return failed == blocks.end() ? nullptr : &*failed->error;
}

ReadRound begin_round(const MeterPlan& plan, std::size_t first) {
  ReadRound round;
  round.outcome.words.resize(plan.words);
  round.outcome.blocks.resize(plan.reads.size());
  round.order.reserve(plan.reads.size());
  for (std::size_t n = 0; n < plan.reads.size(); ++n) round.order.push_back((first + n) % plan.reads.size());
  return round;
}

bool carry_on(const ReadContext& context, const PolledMeter& meter, const MeterPlan& plan, ReadRound& round,
              std::size_t until) {
  MeterOutcome& outcome = round.outcome;
  if (round.done == 0) outcome.start = outcome.end = context.clock.utc_now();
  for (const std::size_t from = round.done; round.done < until; ++round.done) {
    if (context.stop.stop_requested()) return false;
    const std::size_t number = round.order[round.done];
    BlockOutcome& block = outcome.blocks[number];
    block.start = block.end = context.clock.utc_now();
    if (round.given_up) {
      block.error = round.given_up;
      continue;
    }
    if (round.done > from && meter.turnaround > Millis{0}) {
      context.pause(meter.turnaround);
      block.start = context.clock.utc_now();
    }
    block.asked = true;
    const auto& [registers, offset] = plan.reads[number];
    const auto into = std::span{outcome.words}.subspan(offset, registers.count);
    const auto done = context.line.read(meter.unit, registers, into, context.stop);
    block.end = outcome.end = context.clock.utc_now();
    context.after_read();
    if (done) continue;

    const ErrorKind kind = done.error().kind();
    if (kind == ErrorKind::cancelled) return false;
    block.error = done.error();
    if (kind == ErrorKind::refused) block.exception = context.line.last_exception();
    if (kind == ErrorKind::timeout && (round.done == 0 || ++round.timeouts >= timeouts_max))
      round.given_up = done.error();
    if (kind == ErrorKind::unreachable || kind == ErrorKind::conflict) round.given_up = done.error();
  }
  return true;
}

std::optional<std::size_t> read_of_counts(const PolledMeter& meter, const MeterPlan& plan) {
  std::optional<std::size_t> found;
  for (std::size_t n = 0; n < meter.points.size() && n < plan.places.size(); ++n) {
    const bool is_energy = meter.points[n].quantity == "active_energy_import";
    if (meter.points[n].kind != PointKind::counter || plan.places[n].read == MeterPlan::not_read) continue;
    if (!found || is_energy) found = plan.places[n].read;
    if (is_energy) break;
  }
  return found;
}

std::size_t put_counts_first(const PolledMeter& meter, const MeterPlan& plan, ReadRound& round) {
  const auto energy = read_of_counts(meter, plan);
  if (!energy) return 0;
  std::vector<bool> has_counts(plan.reads.size());
  for (std::size_t n = 0; n < meter.points.size(); ++n)
    if (meter.points[n].kind == PointKind::counter && plan.places[n].read != MeterPlan::not_read)
      has_counts[plan.places[n].read] = true;
  const auto rest =
      std::stable_partition(round.order.begin(), round.order.end(), [&](std::size_t read) { return has_counts[read]; });
  std::stable_partition(round.order.begin(), rest, [&](std::size_t read) { return read == *energy; });
  return static_cast<std::size_t>(rest - round.order.begin());
}

std::optional<MeterOutcome> read_blocks(const ReadContext& context, const PolledMeter& meter, const MeterPlan& plan,
                                        std::size_t first) {
  ReadRound round = begin_round(plan, first);
  if (!carry_on(context, meter, plan, round, plan.reads.size())) return std::nullopt;
  return std::move(round.outcome);
}

MeterOutcome failed_outcome(const MeterPlan& plan, const Error& why, UtcTime now) {
  MeterOutcome outcome;
  outcome.start = outcome.end = now;
  outcome.words.resize(plan.words);
  outcome.blocks.assign(plan.reads.size(), BlockOutcome{false, now, now, why, 0});
  if (!outcome.blocks.empty()) outcome.blocks.front().asked = true;
  return outcome;
}

std::vector<domain::EarlyEnd> early_counts(const PolledMeter& meter, const MeterPlan& plan,
                                           const MeterOutcome& outcome) {
  std::vector<domain::EarlyEnd> early;
  for (std::size_t n = 0; n < meter.points.size(); ++n) {
    if (meter.points[n].kind != PointKind::counter || error_of(plan.places[n], outcome)) continue;
    const UtcTime end = outcome.blocks[plan.places[n].read].end;
    if (end < outcome.end) early.push_back({static_cast<std::uint16_t>(n), end});
  }
  return early;
}

std::vector<domain::Sample> samples_of(const PolledMeter& meter, const MeterPlan& plan, const MeterOutcome& outcome) {
  const std::vector<meter::Decoded> decoded = decode_all(meter, plan, outcome);
  std::vector<domain::Sample> samples;
  samples.reserve(meter.points.size());
  for (std::size_t n = 0; n < meter.points.size(); ++n) {
    const auto error = error_of(plan.places[n], outcome);
    samples.push_back(error ? domain::Sample{0, quality_of(error->kind())} : sample_of(decoded[n]));
  }
  return samples;
}

MeterAnswer answer_of(const PolledMeter& meter, const MeterPlan& plan, const MeterOutcome& outcome) {
  MeterAnswer answer{meter.id, outcome.start, outcome.end, {}};
  const auto samples = samples_of(meter, plan, outcome);
  for (std::size_t n = 0; n < meter.points.size(); ++n) {
    const meter::Point& point = meter.points[n];
    PointAnswer& said = answer.points.emplace_back();
    said.point = point.name;
    said.unit = point.unit;
    said.sample = samples[n];
    if (const auto error = error_of(plan.places[n], outcome)) {
      said.error = error->message();
      continue;
    }
    const auto words = words_of(point, plan.places[n], outcome);
    said.words.assign(words.begin(), words.end());
    if (const auto exponent = exponent_of(meter.points, n, samples); !exponent)
      said.error = "its scale point holds no exponent";
    else if (domain::has_value(said.sample.quality))
      said.value = meter::format_value(said.sample.bits, meter::value_type_of(point), *exponent);
    else
      said.error = said.sample.quality == domain::Quality::not_available ? "the meter says it has no value"
                                                                         : "the registers cannot hold this type";
  }
  return answer;
}

}  // namespace jidian::acquire
