#include "recorder/live_view.hpp"

#include "record/manifest.hpp"

namespace jidian::recorder {

void LiveView::put(const domain::Poll& poll) {
  const std::scoped_lock lock(mutex_);
  newest_[poll.meter] = poll;
}

void LiveView::set_now(UtcTime now) {
  const std::scoped_lock lock(mutex_);
  now_ = now;
}

std::string LiveView::json() const {
  std::vector<domain::Poll> polls;
  UtcTime now;
  {
    const std::scoped_lock lock(mutex_);
    now = now_;
    for (const auto& poll : newest_)
      if (poll) polls.push_back(*poll);
  }
  return record::live_json(manifest_, polls, now);
}

}  // namespace jidian::recorder
