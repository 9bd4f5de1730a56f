#pragma once

#include <condition_variable>
#include <cstddef>
#include <deque>
#include <mutex>
#include <stop_token>
#include <variant>
#include <vector>

#include "base/time.hpp"
#include "domain/event.hpp"
#include "domain/reading.hpp"

namespace jidian::recorder {

/// A bounded queue from many producers to the recorder. Producers never block.
class Inbox {
 public:
  using Item = std::variant<domain::Poll, domain::Event>;

  /// `polls_max`: 2,000 meters at 1 s for several seconds of a stalled disk.
  explicit Inbox(std::size_t items_max = 16'384) : items_max_(items_max) {}

  /// False if full. Events may use a reserve of 1,024 beyond the bound.
  bool offer(Item item);

  /// Everything that waits, in order. Blocks until there is something, `deadline` passes or `stop` is requested.
  std::vector<Item> take_all(std::stop_token stop, SteadyTime deadline);

 private:
  std::size_t items_max_;
  std::mutex mutex_;
  std::condition_variable_any filled_;
  std::vector<Item> items_;
};

}  // namespace jidian::recorder
