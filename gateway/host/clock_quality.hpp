#pragma once

#include <atomic>

#include "base/time.hpp"

namespace jidian::host {

/// What the kernel says about its clock: the result and the status word of adjtimex(2).
struct KernelClock {
  int state = 0;   ///< TIME_OK … TIME_ERROR, or -1: it could not be asked.
  int status = 0;  ///< STA_… bits.
};

/// The kernel's own answer; the state is -1 where this process may not ask.
KernelClock ask_kernel_clock();

/// Turns the kernel's word into a quality, remembering whether the clock was ever synchronised. Any thread.
class QualityJudge {
 public:
  /// `synchronised_before`: the clock was synchronised since boot, before this process looked.
  explicit QualityJudge(bool synchronised_before) : synchronised_before_(synchronised_before) {}

  ClockQuality judge(KernelClock kernel);

 private:
  std::atomic<bool> synchronised_before_;
};

}  // namespace jidian::host
