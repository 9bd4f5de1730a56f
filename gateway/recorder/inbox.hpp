#pragma once

#include <condition_variable>
#include <cstddef>
#include <mutex>
#include <stop_token>
#include <variant>
#include <vector>

#include "base/time.hpp"
#include "domain/event.hpp"
#include "domain/note.hpp"
#include "domain/reading.hpp"

namespace jidian::recorder {

/// A bounded queue from many producers to the recorder. Producers never block. From any thread.
class Inbox {
 public:
  using Item = std::variant<domain::Poll, domain::Event, domain::Note>;

  /// `items_max`: 2,000 meters at 1 s for several seconds of a stalled disk.
  explicit Inbox(std::size_t items_max = 16'384) : items_max_(items_max) {}

  /// False if full. Events and notes may use a reserve of 1,024 beyond the bound.
  bool offer(Item item);

  /// Everything that waits, in order. Blocks until there is something, `deadline` passes (on the real steady clock),
  /// `stop` is requested or `wake` is called. One thread only.
  std::vector<Item> take_all(std::stop_token stop, SteadyTime deadline);

  /// Ends the present (or else the next) wait of `take_all`.
  void wake();

 private:
  std::size_t items_max_;
  std::mutex mutex_;
  std::condition_variable_any filled_;
  std::vector<Item> items_;
  bool woken_ = false;
};

}  // namespace jidian::recorder
