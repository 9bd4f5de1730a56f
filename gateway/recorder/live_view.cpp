#include "recorder/live_view.hpp"

#include <utility>

#include "record/manifest.hpp"

namespace jidian::recorder {

void LiveView::put(const domain::Poll& poll) {
  const std::scoped_lock lock(mutex_);
  newest_[poll.meter] = poll;
}

void LiveView::put(std::vector<domain::FacilityNow> facilities) {
  const std::scoped_lock lock(mutex_);
  facilities_ = std::move(facilities);
}

std::vector<domain::FacilityNow> LiveView::facilities() const {
  const std::scoped_lock lock(mutex_);
  return facilities_;
}

void LiveView::set_now(UtcTime now) {
  const std::scoped_lock lock(mutex_);
  now_ = now;
}

std::string LiveView::json() const {
  std::vector<domain::Poll> polls;
  std::vector<domain::FacilityNow> facilities;
  UtcTime now;
  {
    const std::scoped_lock lock(mutex_);
    now = now_;
    facilities = facilities_;
    for (const auto& poll : newest_)
      if (poll) polls.push_back(*poll);
  }
  return record::live_json(manifest_, polls, now, facilities);
}

}  // namespace jidian::recorder
