#pragma once

#include <array>
#include <cstdint>
#include <functional>
#include <future>
#include <memory>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "base/result.hpp"
#include "base/time.hpp"
#include "domain/directive.hpp"
#include "domain/event.hpp"
#include "domain/manifest.hpp"
#include "domain/plant_now.hpp"
#include "domain/reading.hpp"
#include "domain/update.hpp"
#include "health/board.hpp"
#include "record/batch.hpp"
#include "recorder/change.hpp"
#include "recorder/desk.hpp"
#include "recorder/inbox.hpp"
#include "store/store.hpp"

namespace jidian::recorder {

struct Options {
  std::string gateway;
  domain::Manifest manifest;
  Millis commit_interval{10'000};  ///< What a power cut may cost; events are committed at once.
  Millis live_interval{60'000};    ///< 0: never.
  std::array<std::uint8_t, 16> boot{};
  std::string version;
  bool ended_by_watchdog = false;  ///< The run before, as far as it ended without a goodbye.
  /// What the box says of its newest update, if that is news since the last time. Asked every few seconds, first by who
  /// starts the recorder, then by its thread; must not block. Empty: there is no such thing.
  std::function<std::optional<domain::UpdateReport>()> update_news = {};
};

/// What the recorder tells others. Called from the recorder's thread, or by who starts it; must not block.
struct Listeners {
  std::function<void()> committed;                    ///< New batches are in the store.
  std::function<void(const std::string& json)> live;  ///< A new view of the newest values.
  /// Once: what the start tells is in the store, with the gap before it and its cause. With a store that takes nothing
  /// that is long after the start, or never.
  std::function<void()> start_stored = {};
};

/// Turns polls into batches and commits them: owns all domain state and the one writer thread.
/// Destruction drains the inbox, writes the `stop` event and commits.
class Recorder {
 public:
  /// Writes the `start` event (with the gap since the last commit and its cause) and the manifest before it returns, as
  /// far as the store takes them.
  static Result<std::unique_ptr<Recorder>> start(Options options, store::Store& store, Clock& clock,
                                                 health::Board& board, Listeners listeners);
  virtual ~Recorder() = default;

  /// Where pollers and others put what happened.
  virtual Inbox& inbox() = 0;

  /// The manifest in force. From any thread.
  virtual std::shared_ptr<const domain::Manifest> manifest() const = 0;

  /// Takes over another configuration, in its place among the polls: those that came through `doors` until now are of
  /// the old manifest, those that come from now on of the new one, in which their meters are called as said. Pollers
  /// whose meters are gone or have other points have stopped before. The manifest goes on record before its first use,
  /// with an event that names both. The future is ready once that is durable, or once it is known that the store takes
  /// nothing now: within seconds. From one thread at a time; carried out by the recorder's thread.
  virtual std::future<Changed> change(Change change, std::vector<Renumbering> doors) = 0;

  /// The newest poll of every meter as JSON, for `watch`. From any thread.
  virtual std::string live() const = 0;

  /// What the plant does, as last told; at most a second old. From any thread.
  virtual domain::PlantNow plant_now() const { return {}; }

  /// Asks for the epoch after `epoch`, because a destination reported a conflict; nothing happens if another is in
  /// force already. From any thread; carried out by the recorder's thread, at most every ten minutes.
  virtual void request_epoch(std::uint64_t epoch, std::string reason) = 0;

  /// Asks that the content of a batch which `destination` rejected as a conflict be told again in the epoch after its
  /// own. Once the copy is durable, the batch counts as acknowledged by `destination`. Asking twice changes nothing.
  /// False if too many wait: ask again later. From any thread; carried out by the recorder's thread.
  virtual bool request_copy(const record::BatchKey& rejected, const std::string& destination) = 0;

  /// Asks that a manifest which the store has be told by an event anew, because a destination lacks it and the event
  /// that told it has left the store. What is in force does not change by that. Each is told once an hour at most, for
  /// all destinations together; the one in force is told behind it. From any thread; carried out by the recorder's
  /// thread.
  virtual void request_manifest(const Hash& manifest) = 0;

  /// Puts a person's statement on record and gives the event as it was recorded. The future is ready once that is
  /// durable, or once it is known that it is not: as a rule within a commit. From any thread; carried out by the
  /// recorder's thread. Errors: conflict (a replacement that cannot have been so, with the numbers), invalid and
  /// not_found (of a mark), full (too many wait, or too many marks), io (the store takes nothing now: the statement
  /// waits and is stored with what comes next), cancelled.
  virtual std::future<Result<domain::Event>> attest(Statement statement) = 0;

  /// The marks that are in force or ahead, in the order in which they were told. From any thread.
  virtual std::vector<domain::Mark> marks() const = 0;

  /// What a destination holds in force now. Every list is judged, in the order in which they came; `Listings` says how
  /// many may wait. From any thread; carried out by the recorder's thread.
  virtual void hear(domain::DirectiveListing listing) = 0;

  /// The orders in force or ahead with what their facilities draw, as a JSON array. From any thread.
  virtual std::string directives() const = 0;
};

}  // namespace jidian::recorder
