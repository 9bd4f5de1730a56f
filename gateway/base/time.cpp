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

/// Reads from the front of a text, and remembers that it failed.
class TextCursor {
 public:
  explicit TextCursor(std::string_view rest) : rest_(rest) {}

  int digits(std::size_t count) {
    int number = 0;
    for (std::size_t i = 0; i < count; ++i) {
      if (rest_.empty() || rest_.front() < '0' || rest_.front() > '9') return failed_ = true, 0;
      number = number * 10 + (rest_.front() - '0');
      rest_.remove_prefix(1);
    }
    return number;
  }
  bool skip(char wanted) {
    if (rest_.empty() || rest_.front() != wanted) return false;
    rest_.remove_prefix(1);
    return true;
  }
  void expect(char wanted) { failed_ |= !skip(wanted); }

  /// Milliseconds of a fraction of any length, cut.
  int fraction_ms() {
    int number = 0;
    int weight = 100;
    if (rest_.empty() || rest_.front() < '0' || rest_.front() > '9') failed_ = true;
    for (; !rest_.empty() && rest_.front() >= '0' && rest_.front() <= '9'; rest_.remove_prefix(1), weight /= 10)
      number += (rest_.front() - '0') * weight;
    return number;
  }
  bool good() const { return !failed_ && rest_.empty(); }

 private:
  std::string_view rest_;
  bool failed_ = false;
};

std::chrono::minutes parse_zone(TextCursor& text) {
  if (text.skip('Z')) return std::chrono::minutes{0};
  const bool west = text.skip('-');
  if (!west) text.expect('+');
  const int hours = text.digits(2);
  text.expect(':');
  const int minutes = text.digits(2);
  return std::chrono::minutes{(hours * 60 + minutes) * (west ? -1 : 1)};
}

}  // namespace

std::optional<UtcTime> parse_time(std::string_view text) {
  TextCursor cursor(text);
  const std::chrono::year year{cursor.digits(4)};
  cursor.expect('-');
  const std::chrono::month month{static_cast<unsigned>(cursor.digits(2))};
  cursor.expect('-');
  const std::chrono::day day{static_cast<unsigned>(cursor.digits(2))};
  cursor.expect('T');
  const int hour = cursor.digits(2);
  cursor.expect(':');
  const int minute = cursor.digits(2);
  const int second = cursor.skip(':') ? cursor.digits(2) : 0;
  const int fraction_ms = cursor.skip('.') ? cursor.fraction_ms() : 0;
  const auto zone = parse_zone(cursor);

  const std::chrono::year_month_day date{year, month, day};
  if (!cursor.good() || !date.ok() || hour > 23 || minute > 59 || second > 59) return std::nullopt;
  return UtcTime{std::chrono::sys_days{date}} + std::chrono::hours{hour} + std::chrono::minutes{minute} +
         std::chrono::seconds{second} + Millis{fraction_ms} - zone;
}

std::string_view name_of(ClockQuality quality) {
  switch (quality) {
    case ClockQuality::unknown:
      return "unknown";
    case ClockQuality::synchronised:
      return "synchronised";
    case ClockQuality::holdover:
      return "holdover";
    case ClockQuality::unsynchronised:
      return "unsynchronised";
  }
  return "unknown";
}

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
