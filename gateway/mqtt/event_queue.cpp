#include "mqtt/event_queue.hpp"

#include <iterator>

namespace jidian::mqtt {

void EventQueue::push(Signal signal) {
  {
    const std::lock_guard lock(mutex_);
    if (std::holds_alternative<uplink::Incoming>(signal)) {
      if (incoming_ >= incoming_max) {
        ++dropped_;
        return;
      }
      ++incoming_;
    }
    signals_.push_back(std::move(signal));
  }
  changed_.notify_one();
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
  std::vector<Signal> taken(std::make_move_iterator(signals_.begin()), std::make_move_iterator(signals_.end()));
  signals_.clear();
  return taken;
}

std::uint64_t EventQueue::dropped() const {
  const std::lock_guard lock(mutex_);
  return dropped_;
}

}  // namespace jidian::mqtt
