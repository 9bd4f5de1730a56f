#include "base/time.hpp"

#include <array>
#include <cstdio>

namespace jidian {
namespace {

std::string format_date_and_time(UtcTime time) {
  const auto day = std::chrono::floor<std::chrono::days>(time);
  const std::chrono::year_month_day date{day};
  const std::chrono::hh_mm_ss clock{time - day};
  std::array<char, 64> text{};
  (void)std::snprintf(text.data(), text.size(), "%04d-%02u-%02uT%02d:%02d:%02d.%03d", static_cast<int>(date.year()),
                      static_cast<unsigned>(date.month()), static_cast<unsigned>(date.day()),
                      static_cast<int>(clock.hours().count()), static_cast<int>(clock.minutes().count()),
                      static_cast<int>(clock.seconds().count()), static_cast<int>(clock.subseconds().count()));
  return text.data();
}

}  // namespace

std::string format_utc(UtcTime time) {
  return format_date_and_time(time) + "Z";
}

std::string format_local(UtcTime time, std::chrono::minutes utc_offset) {
  const auto minutes = utc_offset.count() < 0 ? -utc_offset.count() : utc_offset.count();
  std::array<char, 16> zone{};
  (void)std::snprintf(zone.data(), zone.size(), "%c%02d:%02d", utc_offset.count() < 0 ? '-' : '+',
                      static_cast<int>(minutes / 60), static_cast<int>(minutes % 60));
  return format_date_and_time(time + utc_offset) + zone.data();
}

}  // namespace jidian
