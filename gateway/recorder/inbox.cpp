#include "recorder/inbox.hpp"

#include <utility>

namespace jidian::recorder {
namespace {

/// Events beyond the bound of polls: a full queue must not hide why it is full.
constexpr std::size_t events_reserve = 1'024;

}  // namespace

bool Inbox::offer(Item item) {
  const bool is_poll = std::holds_alternative<domain::Poll>(item);
  bool was_empty = false;
  {
    const std::scoped_lock lock(mutex_);
    if (items_.size() >= items_max_ + (is_poll ? 0 : events_reserve)) return false;
    was_empty = items_.empty();
    items_.push_back(std::move(item));
  }
  if (was_empty) filled_.notify_one();
  return true;
}

std::vector<Inbox::Item> Inbox::take_all(std::stop_token stop, SteadyTime deadline) {
  std::unique_lock lock(mutex_);
  filled_.wait_until(lock, std::move(stop), deadline, [this] { return !items_.empty() || woken_; });
  woken_ = false;
  return std::exchange(items_, {});
}

void Inbox::wake() {
  {
    const std::scoped_lock lock(mutex_);
    woken_ = true;
  }
  filled_.notify_one();
}

}  // namespace jidian::recorder
