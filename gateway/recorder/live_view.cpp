#include "recorder/live_view.hpp"

#include <algorithm>
#include <utility>

#include "record/directives_json.hpp"
#include "record/manifest.hpp"
#include "recorder/read_back.hpp"

namespace jidian::recorder {

void LiveView::change(std::shared_ptr<const domain::Manifest> manifest, domain::PlantNow plant) {
  auto of = std::make_shared<const Of>(std::move(manifest));
  const std::scoped_lock lock(mutex_);
  std::vector<std::optional<domain::Poll>> newest(of->manifest->meters.size());
  for (const auto& poll : newest_)
    if (poll)
      if (auto moved = move_poll(*poll, *of_->manifest, *of->manifest)) newest[moved->meter] = std::move(moved);
  newest_ = std::move(newest);
  plant_ = std::move(plant);
  of_ = std::move(of);
}

std::shared_ptr<const domain::Manifest> LiveView::manifest() const {
  const std::scoped_lock lock(mutex_);
  return of_->manifest;
}

void LiveView::put(const domain::Poll& poll) {
  const std::scoped_lock lock(mutex_);
  newest_[poll.meter] = poll;
}

bool LiveView::is_whole() const {
  const std::scoped_lock lock(mutex_);
  return std::ranges::all_of(newest_, [](const auto& poll) { return poll.has_value(); });
}

void LiveView::put(domain::PlantNow plant) {
  const std::scoped_lock lock(mutex_);
  plant_ = std::move(plant);
}

domain::PlantNow LiveView::plant_now() const {
  const std::scoped_lock lock(mutex_);
  return plant_;
}

void LiveView::put(std::vector<domain::KnownDirective> orders) {
  const std::scoped_lock lock(mutex_);
  orders_ = std::move(orders);
}

void LiveView::set_now(UtcTime now) {
  const std::scoped_lock lock(mutex_);
  now_ = now;
}

std::string LiveView::json() const {
  std::vector<domain::Poll> polls;
  std::vector<domain::FacilityNow> facilities;
  std::shared_ptr<const Of> of;
  UtcTime now;
  {
    const std::scoped_lock lock(mutex_);
    of = of_;
    now = now_;
    facilities = plant_.facilities;
    for (const auto& poll : newest_)
      if (poll) polls.push_back(*poll);
  }
  std::string text = record::live_json(*of->manifest, polls, now, facilities);
  text.insert(text.size() - 1, ",\"directives\":" + directives());
  return text;
}

std::string LiveView::directives() const {
  std::vector<domain::KnownDirective> orders;
  std::vector<std::optional<domain::Poll>> newest;
  std::shared_ptr<const Of> of;
  UtcTime now;
  {
    const std::scoped_lock lock(mutex_);
    if (orders_.empty()) return "[]";
    orders = orders_;
    newest = newest_;
    of = of_;
    now = now_;
  }
  std::vector<domain::DirectiveNow> all;
  for (auto& known : orders) {
    const bool in_force = known.order.from <= now && now < known.order.to;
    const auto load = of->load.power_kw(known.order.facilities, newest, now);
    all.push_back({std::move(known), in_force, load});
  }
  return record::directives_json(all);
}

}  // namespace jidian::recorder
