#include "recorder/absences.hpp"

#include <map>
#include <string_view>
#include <utility>

namespace jidian::recorder {

void Absences::see(const Hash& hash, const domain::Manifest& manifest, UtcTime at) {
  if (!is_news(hash)) return;
  last_ = hash;
  std::map<std::string_view, Millis> periods;
  for (const auto& meter : manifest.meters) periods.emplace(meter.id, meter.period);
  for (std::size_t i = 0; i < meters_.size(); ++i) {
    Meter& meter = meters_[i];
    const auto period = periods.find(present_.meters[i].id);
    const bool was_away = std::exchange(meter.is_away, period == periods.end());
    if (!meter.is_away) {
      if (was_away) meter.returns.push_back(at);
      meter.has_same_slots = period->second == present_.meters[i].period;
      meter.away_since.reset();
    } else if (!was_away && meter.has_same_slots) {
      meter.away_since = at;
    }
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
