#pragma once

#include <string>
#include <utility>

#include "base/result.hpp"

namespace jidian::modbus {

/// Owns a file descriptor.
class Descriptor {
 public:
  Descriptor() = default;
  explicit Descriptor(int fd) : fd_(fd) {}
  Descriptor(Descriptor&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
  Descriptor& operator=(Descriptor&& other) noexcept {
    std::swap(fd_, other.fd_);
    return *this;
  }
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;
  ~Descriptor() { reset(); }

  int get() const { return fd_; }
  explicit operator bool() const { return fd_ >= 0; }
  void reset();
  /// Gives it away: somebody else closes it now.
  int release() { return std::exchange(fd_, -1); }

 private:
  int fd_ = -1;
};

/// libmodbus waits with select(2), which knows the descriptors below 1024 only. Errors: full.
Status fits_select(int fd);

/// The words for an errno, thread-safe.
std::string text_of_errno(int number);

}  // namespace jidian::modbus
