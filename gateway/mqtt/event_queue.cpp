#include "mqtt/event_queue.hpp"

#include <iterator>

namespace jidian::mqtt {

void EventQueue::push(Signal signal) {
  {
    const std::lock_guard lock(mutex_);
    if (!keeps(signal)) return;
    signals_.push_back(std::move(signal));
  }
  changed_.notify_one();
}

/// Whether there is room for it. If not, it was dropped or has taken the place of the last one of its topic; nothing at
/// all, which clears a topic, takes the place of nothing that says something. The mutex is held.
bool EventQueue::keeps(Signal& signal) {
  auto* message = std::get_if<uplink::Incoming>(&signal);
  if (message == nullptr) return true;
  if (const auto count = waiting_.find(message->topic); count != waiting_.end() && count->second >= topic_max) {
    for (auto other = signals_.rbegin(); other != signals_.rend(); ++other) {
      auto* last = std::get_if<uplink::Incoming>(&*other);
      if (last == nullptr || last->topic != message->topic) continue;
      const std::uint64_t passed_over = last->passed_over + message->passed_over;
      if (message->payload.empty() && !last->payload.empty()) {
        last->passed_over = passed_over;
      } else {
        message->passed_over = passed_over + (last->payload.empty() ? 0 : 1);
        *last = std::move(*message);
      }
      break;
    }
    ++dropped_;
    return false;
  }
  if (incoming_ >= incoming_max) {
    ++dropped_;
    return false;
  }
  ++incoming_;
  ++waiting_[message->topic];
  return true;
}

void EventQueue::wake() {
  {
    const std::lock_guard lock(mutex_);
    woken_ = true;
  }
  changed_.notify_one();
}

std::vector<Signal> EventQueue::wait(std::stop_token stop, SteadyTime deadline) {
  std::unique_lock lock(mutex_);
  changed_.wait_until(lock, stop, deadline, [this] { return woken_ || !signals_.empty(); });
  woken_ = false;
  incoming_ = 0;
  waiting_.clear();
  std::vector<Signal> taken(std::make_move_iterator(signals_.begin()), std::make_move_iterator(signals_.end()));
  signals_.clear();
  return taken;
}

std::uint64_t EventQueue::dropped() const {
  const std::lock_guard lock(mutex_);
  return dropped_;
}

}  // namespace jidian::mqtt
