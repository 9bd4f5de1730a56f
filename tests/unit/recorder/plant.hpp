#pragma once

#include <array>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "domain/event.hpp"
#include "domain/manifest.hpp"
#include "domain/reading.hpp"
#include "record/batch.hpp"
#include "recorder/core.hpp"
#include "recorder/recorder.hpp"

// A small plant in virtual time, and a record in memory, shared by the tests of this folder.
namespace jidian::recorder::plant {

inline constexpr UtcTime morning{std::chrono::sys_days{std::chrono::year{2026} / 3 / 1} + std::chrono::hours{8}};

/// `meters` meters "m-0" … on bus "bus-0", each with a power (signed), an energy (counter modulo 1,000,000) and a flow
/// counter (float32), all with the same period.
domain::Manifest manifest(std::size_t meters = 2, Millis period = Millis{1000});

Options options(domain::Manifest manifest);

/// A good poll of `meter` in `slot`, answered 20 ms later.
domain::Poll poll(std::size_t meter, UtcTime slot, std::uint64_t energy = 1000);

/// A poll without any value.
domain::Poll hole(std::size_t meter, UtcTime slot, domain::GapCause cause = domain::GapCause::meter_silent);

/// Both clocks, moved by hand. The steady clock began 1,000 s ago.
struct HandClock {
  Instant now{morning, SteadyTime{Millis{1'000'000}}, ClockQuality::synchronised};
  void pass(Millis time) {
    now.utc += time;
    now.steady += time;
  }
};

/// The record of one epoch as batches of bytes.
class MemoryRecord {
 public:
  explicit MemoryRecord(domain::Manifest manifest) : manifest_(std::move(manifest)) {}

  std::array<store::Head, 3> heads() const { return heads_; }

  /// Checks that seq and chain go on, and keeps them.
  void commit(const std::vector<store::NewBatch>& batches);

  std::vector<record::Decoded> decoded(record::Stream stream) const;
  record::Events events() const;
  record::Events events(domain::EventKind kind) const;
  record::Polls polls() const;
  std::vector<domain::IntervalRow> rows() const;
  std::vector<domain::AggregateRow> aggregates() const;

  /// Shows `core` the record as read_back would.
  void remember(Core& core) const;

  /// The same for a core under `present`, in its columns, as `read_back` moves them.
  void remember(Core& core, const domain::Manifest& present,
                const std::function<void(record::Stream)>& after_stream) const;

  /// Another manifest that batches may be made under.
  void know(const domain::Manifest& manifest);
  const domain::Manifest& made_under(const Hash& hash) const;

  /// As the store keeps it.
  void note(const domain::Note& note);

  std::size_t commits = 0;
  UtcTime shown_since = UtcTime::min();  ///< Events and polls of earlier batches are too old to be shown to a core.
  std::map<std::string, std::string> notes;

 private:
  template <typename Row>
  std::vector<Row> rows_of() const;

  domain::Manifest manifest_;
  std::map<Hash, domain::Manifest> others_;
  std::array<store::Head, 3> heads_;
  std::vector<record::Decoded> batches_;
};

/// A core that commits to a record in memory whenever it is due.
class Run {
 public:
  /// @param update  What the box says of its newest update when the core begins.
  Run(const Options& options, MemoryRecord& record, HandClock& clock, bool new_epoch = false, PendingLimits limits = {},
      std::optional<domain::UpdateReport> update = {});

  /// Accepts a poll now, after the clock reached the end of it.
  void take(domain::Poll poll);
  /// Accepts a poll now, also one whose slot lies ahead: it was under way when the clock was set back.
  void deliver(domain::Poll poll);
  void take(domain::Event event);
  /// A statement of an exchange, as the recorder takes it: the event that is on record then.
  Result<domain::Event> replace(const domain::Replacement& stated);
  /// A mark, or the end of one, likewise.
  Result<domain::Event> mark(const domain::MarkRequest& request);
  /// What a destination holds in force.
  void hear(const domain::DirectiveListing& listing);
  /// Lets time pass in steps of at most a second.
  void pass(Millis time);
  void flush();
  void stop();

  bool store_fails = false;
  Core core;

 private:
  void round();
  void commit(Flush flush);

  MemoryRecord& record_;
  HandClock& clock_;
};

}  // namespace jidian::recorder::plant
