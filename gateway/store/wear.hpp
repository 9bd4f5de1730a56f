#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "base/time.hpp"

namespace jidian::store {

/// How fast a sum grows, from the first look at it on.
class DailyRate {
 public:
  /// Shorter than this, a rate says nothing.
  static constexpr Millis time_min = std::chrono::minutes(10);

  /// What is added in a day, once it is known. A clock that was set back, and a sum that fell, begin anew.
  std::optional<double> see(UtcTime now, std::uint64_t sum);

 private:
  std::optional<UtcTime> since_;
  UtcTime last_;
  std::uint64_t first_ = 0;
  std::uint64_t sum_ = 0;
};

/// What the kernel says this process has sent to block devices, in bytes: /proc/self/io. Nothing where it says nothing.
std::optional<std::uint64_t> written_by_process();

/// "write_bytes" in such a text.
std::optional<std::uint64_t> written_in(const std::string& text);

}  // namespace jidian::store
