#pragma once

#include <condition_variable>
#include <cstddef>
#include <mutex>
#include <span>
#include <stop_token>
#include <utility>
#include <variant>
#include <vector>

#include "base/time.hpp"
#include "domain/event.hpp"
#include "domain/note.hpp"
#include "domain/reading.hpp"
#include "recorder/change.hpp"

namespace jidian::recorder {

class Door;

/// A door, and what its poller's meters are called from now on.
struct Renumbering {
  Door* door = nullptr;
  std::vector<domain::MeterIndex> meters;
};

/// A bounded queue from many producers to the recorder. Producers never block. From any thread.
class Inbox {
 public:
  using Item = std::variant<domain::Poll, domain::Event, domain::Note, ChangeOrder>;

  /// `items_max`: 2,000 meters at 1 s for several seconds of a stalled disk. `items_max_in_change`: the same for a
  /// minute, while a change of the configuration is waiting or being carried out: then the record is read back.
  explicit Inbox(std::size_t items_max = 16'384, std::size_t items_max_in_change = 131'072)
      : items_max_(items_max), items_max_in_change_(items_max_in_change) {}

  /// False if full. Events and notes may use a reserve of 1,024 beyond the bound.
  bool offer(Item item);

  /// Puts in what a poller that has ended could not: a few dozen events and notes of each bus. Never refused.
  void put_left(std::vector<domain::Event> events, std::vector<domain::Note> notes);

  /// Puts a change in its place among the polls: what came through a door before is of the old manifest, what comes
  /// behind it of the new one. Never refused: there is one at a time. Until the recorder has carried it out, and asks
  /// for more, the inbox holds more.
  void change(ChangeOrder order, std::vector<Renumbering> doors);

  /// Everything that waits, in order. Blocks until there is something, `deadline` passes (on the real steady clock),
  /// `stop` is requested or `wake` is called. One thread only.
  std::vector<Item> take_all(std::stop_token stop, SteadyTime deadline);

  /// Ends the present (or else the next) wait of `take_all`.
  void wake();

 private:
  friend class Door;

  bool offer(const Door& door, domain::Poll poll);
  /// Under the lock. False if full.
  bool put(Item item);
  std::size_t bound() const { return is_changing_ ? items_max_in_change_ : items_max_; }

  const std::size_t items_max_;
  const std::size_t items_max_in_change_;
  std::mutex mutex_;  // guards what follows, and what doors call their meters
  std::condition_variable_any filled_;
  std::vector<Item> items_;
  bool woken_ = false;
  bool is_changing_ = false;  ///< A change waits, or was taken the last time.
  bool has_change_ = false;   ///< It waits.
};

/// A poller's way into the inbox. Its meters have numbers of its own, 0, 1, …, which stay when another manifest calls
/// them otherwise.
class Door {
 public:
  /// @param meters  What the manifest in force calls them, by the poller's numbers.
  Door(Inbox& inbox, std::vector<domain::MeterIndex> meters) : inbox_(inbox), meters_(std::move(meters)) {}

  /// False if the inbox is full. From the poller's thread.
  bool offer(domain::Poll poll) { return inbox_.offer(*this, std::move(poll)); }

 private:
  friend class Inbox;

  Inbox& inbox_;
  std::vector<domain::MeterIndex> meters_;  ///< Guarded by the inbox's mutex.
};

}  // namespace jidian::recorder
