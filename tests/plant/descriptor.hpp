// A file descriptor that closes itself, the clocks of the servers, and the system's reasons as exceptions.
#pragma once

#include <time.h>
#include <unistd.h>

#include <cerrno>
#include <cstdint>
#include <string>
#include <system_error>
#include <utility>

#include "error.hpp"

namespace jidian::plant {

class Descriptor {
 public:
  Descriptor() = default;
  explicit Descriptor(int number) : number_(number) {}
  Descriptor(Descriptor&& other) noexcept : number_(std::exchange(other.number_, -1)) {}
  Descriptor& operator=(Descriptor&& other) noexcept {
    if (this != &other) {
      reset();
      number_ = std::exchange(other.number_, -1);
    }
    return *this;
  }
  ~Descriptor() { reset(); }

  int get() const { return number_; }
  bool is_open() const { return number_ >= 0; }
  void reset() {
    if (number_ >= 0) ::close(number_);
    number_ = -1;
  }

 private:
  int number_ = -1;
};

/// Passes a successful result on. @throws SystemError made of `what` and errno.
inline int checked(int result, const std::string& what) {
  if (result < 0) throw SystemError(what + ": " + std::generic_category().message(errno));
  return result;
}

inline std::int64_t read_clock_us(clockid_t clock) {
  timespec now{};
  clock_gettime(clock, &now);
  return std::int64_t{now.tv_sec} * 1'000'000 + now.tv_nsec / 1000;
}

/// For deadlines and durations.
inline std::int64_t steady_us() {
  return read_clock_us(CLOCK_MONOTONIC);
}
/// UTC.
inline std::int64_t utc_ms() {
  return read_clock_us(CLOCK_REALTIME) / 1000;
}

}  // namespace jidian::plant
