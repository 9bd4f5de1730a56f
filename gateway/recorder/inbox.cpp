#include "recorder/inbox.hpp"

#include <utility>

namespace jidian::recorder {
namespace {

/// Events beyond the bound of polls: a full queue must not hide why it is full.
constexpr std::size_t events_reserve = 1'024;

}  // namespace

bool Inbox::put(Item item) {
  const bool is_poll = std::holds_alternative<domain::Poll>(item);
  if (items_.size() >= bound() + (is_poll ? 0 : events_reserve)) return false;
  items_.push_back(std::move(item));
  if (items_.size() == 1) filled_.notify_one();
  return true;
}

bool Inbox::offer(Item item) {
  const std::scoped_lock lock(mutex_);
  return put(std::move(item));
}

bool Inbox::offer(const Door& door, domain::Poll poll) {
  const std::scoped_lock lock(mutex_);
  poll.meter = door.meters_[poll.meter];
  return put(std::move(poll));
}

void Inbox::put_left(std::vector<domain::Event> events, std::vector<domain::Note> notes) {
  const std::scoped_lock lock(mutex_);
  for (auto& event : events) items_.emplace_back(std::move(event));
  for (auto& note : notes) items_.emplace_back(std::move(note));
  filled_.notify_one();
}

void Inbox::change(ChangeOrder order, std::vector<Renumbering> doors) {
  const std::scoped_lock lock(mutex_);
  items_.emplace_back(std::move(order));
  is_changing_ = has_change_ = true;
  for (auto& renumbering : doors) renumbering.door->meters_ = std::move(renumbering.meters);
  filled_.notify_one();
}

std::vector<Inbox::Item> Inbox::take_all(std::stop_token stop, SteadyTime deadline) {
  std::unique_lock lock(mutex_);
  filled_.wait_until(lock, std::move(stop), deadline, [this] { return !items_.empty() || woken_; });
  woken_ = false;
  is_changing_ = std::exchange(has_change_, false);
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
