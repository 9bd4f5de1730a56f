#include "host/clock_reading.hpp"

#include <sys/syscall.h>
#include <unistd.h>

#include <cstdint>

namespace jidian::host {

std::chrono::nanoseconds read_clock(clockid_t clock) {
#ifdef SYS_clock_gettime64  // machines whose other call ends in 2038
  struct {
    std::int64_t seconds = 0;
    std::int64_t nanoseconds = 0;
  } now;
  if (syscall(SYS_clock_gettime64, clock, &now) == 0)
    return std::chrono::seconds{now.seconds} + std::chrono::nanoseconds{now.nanoseconds};
#endif
  timespec time{};
  ::clock_gettime(clock, &time);
  return std::chrono::seconds{time.tv_sec} + std::chrono::nanoseconds{time.tv_nsec};
}

}  // namespace jidian::host
