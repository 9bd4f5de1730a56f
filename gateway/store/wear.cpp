#include "store/wear.hpp"

#include <fstream>
#include <sstream>

namespace jidian::store {

std::optional<double> DailyRate::see(UtcTime now, std::uint64_t sum) {
  if (!since_ || now < last_ || sum < sum_) {
    since_ = now;
    first_ = sum;
  }
  last_ = now;
  sum_ = sum;
  const Millis passed = now - *since_;
  if (passed < time_min) return std::nullopt;
  return static_cast<double>(sum - first_) * 86'400'000.0 / static_cast<double>(passed.count());
}

std::optional<std::uint64_t> written_in(const std::string& text) {
  std::istringstream lines(text);
  std::string name;
  for (std::uint64_t number = 0; lines >> name >> number;)
    if (name == "write_bytes:") return number;
  return std::nullopt;
}

std::optional<std::uint64_t> written_by_process() {
  std::ifstream file("/proc/self/io");
  std::ostringstream text;
  text << file.rdbuf();
  return written_in(text.str());
}

}  // namespace jidian::store
