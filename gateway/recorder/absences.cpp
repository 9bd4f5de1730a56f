#include "recorder/absences.hpp"

#include <set>
#include <string_view>
#include <utility>

namespace jidian::recorder {

void Absences::see(const Hash& hash, const domain::Manifest& manifest, UtcTime at) {
  if (!is_news(hash)) return;
  last_ = hash;
  std::set<std::string_view> there;
  for (const auto& meter : manifest.meters) there.insert(meter.id);
  for (std::size_t i = 0; i < meters_.size(); ++i) {
    const bool was_away = std::exchange(meters_[i].is_away, !there.contains(present_.meters[i].id));
    if (was_away && !meters_[i].is_away) meters_[i].returns.push_back(at);
  }
}

std::optional<UtcTime> Absences::take_return(domain::MeterIndex meter, UtcTime slot) {
  auto& returns = meters_[meter].returns;
  std::optional<UtcTime> last;
  while (!returns.empty() && returns.front() <= slot) {
    last = returns.front();
    returns.erase(returns.begin());
  }
  return last;
}

}  // namespace jidian::recorder
