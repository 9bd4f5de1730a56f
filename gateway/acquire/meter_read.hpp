#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <stop_token>
#include <vector>

#include "acquire/line.hpp"
#include "acquire/poller.hpp"
#include "base/result.hpp"
#include "base/time.hpp"
#include "domain/reading.hpp"
#include "meter/registers.hpp"

namespace jidian::acquire {

/// Whether every register of `inner` is one of `outer`.
bool lies_in(const meter::Registers& inner, const meter::Registers& outer);

/// How the points of a meter are fetched: the reads, and where in them each point lies. Made once.
struct MeterPlan {
  struct Read {
    meter::Registers registers;
    std::size_t offset = 0;  ///< Where its words begin among the words of all reads.
  };
  struct Place {
    std::size_t read = 0;    ///< Position in `reads`, or `not_read`.
    std::size_t offset = 0;  ///< Where the point's words begin among the words of all reads.
  };
  static constexpr std::size_t not_read = SIZE_MAX;  ///< The meter is known to refuse the point.
  std::vector<Read> reads;
  std::vector<Place> places;  ///< One per point of the meter.
  std::size_t words = 0;      ///< Words of all reads together.
  meter::Registers probe;     ///< The shortest thing this meter must be able to answer.
};

MeterPlan plan_of(const PolledMeter& meter);

/// What is known of a meter beyond its profile.
struct PlanHints {
  std::vector<meter::Registers> splits;   ///< No read goes across their first address.
  std::vector<meter::Registers> refused;  ///< Runs that are not read; sorted.
  std::optional<meter::Registers> trial;  ///< One of `refused`, read nevertheless, by itself.
};

/// The plan for points at `places`, each to be read within its run of `needed`.
MeterPlan plan_of(std::span<const meter::Registers> needed, std::span<const meter::Registers> places,
                  meter::ReadLimits limits, const PlanHints& hints);

/// What became of one read of a plan.
struct BlockOutcome {
  bool asked = false;  ///< False: spared, because the meter or the bus had failed before.
  UtcTime start;
  UtcTime end;
  std::optional<Error> error;  ///< Nothing: its words are good.
  std::uint8_t exception = 0;  ///< The Modbus exception code, if it was refused.
};

/// What became of all reads of a plan.
struct MeterOutcome {
  UtcTime start;
  UtcTime end;
  std::vector<std::uint16_t> words;
  std::vector<BlockOutcome> blocks;  ///< One per read of the plan.

  /// Whether the meter said anything valid, be it "no".
  bool answered() const;
  bool complete() const;
  /// Whether the bus itself failed.
  bool bus_failed() const;
  /// Why the first failed read failed; nothing if none did.
  const Error* first_error() const;
};

/// What a reader needs besides the meter.
struct ReadContext {
  Line& line;
  Clock& clock;
  std::stop_token stop;
  std::function<void(Millis)> pause;  ///< Waits, at most that long.
  std::function<void()> after_read;   ///< Called after every transaction with what it may want to count.
};

/// The reads of a plan under way: what became of some of them, and which are still to be asked.
struct ReadRound {
  MeterOutcome outcome;
  std::vector<std::size_t> order;  ///< Numbers of the plan's reads, as they are asked.
  std::size_t done = 0;            ///< So many of `order` are over.
  int timeouts = 0;                ///< Of reads behind the first one.
  std::optional<Error> given_up;   ///< Why the rest is not asked.
};

/// All reads of `plan`, from number `first` on and round to it. Nothing is asked yet.
ReadRound begin_round(const MeterPlan& plan, std::size_t first);

/// The read that holds the meter's energy taken, else its first counter; nothing if no counter is read.
std::optional<std::size_t> read_of_counts(const PolledMeter& meter, const MeterPlan& plan);

/// Moves the reads that hold counters to the front of the order, that of `read_of_counts` before the others. Returns
/// how many there are. Precondition: none was asked yet.
std::size_t put_counts_first(const PolledMeter& meter, const MeterPlan& plan, ReadRound& round);

/// Carries out reads of `round` until so many of its order are over. A silent meter costs one time-out: after a
/// time-out of the first read, or a second one later, the rest is not asked. False if `stop` came before.
bool carry_on(const ReadContext& context, const PolledMeter& meter, const MeterPlan& plan, ReadRound& round,
              std::size_t until);

/// Carries out all reads of `plan`, beginning with number `first`. Nothing if `stop` came before all was asked.
std::optional<MeterOutcome> read_blocks(const ReadContext& context, const PolledMeter& meter, const MeterPlan& plan,
                                        std::size_t first);

/// A poll of which nothing could be asked, and why.
MeterOutcome failed_outcome(const MeterPlan& plan, const Error& why, UtcTime now);

/// The counters whose values were there before `outcome` ended, and when.
std::vector<domain::EarlyEnd> early_counts(const PolledMeter& meter, const MeterPlan& plan,
                                           const MeterOutcome& outcome);

/// The outcome of every point.
std::vector<domain::Sample> samples_of(const PolledMeter& meter, const MeterPlan& plan, const MeterOutcome& outcome);

/// The same for people.
MeterAnswer answer_of(const PolledMeter& meter, const MeterPlan& plan, const MeterOutcome& outcome);

}  // namespace jidian::acquire
