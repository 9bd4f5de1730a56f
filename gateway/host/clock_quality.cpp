#include "host/clock_quality.hpp"

#include <sys/timex.h>

namespace jidian::host {

KernelClock ask_kernel_clock() {
  timex kernel{};
  const int state = adjtimex(&kernel);
  return {state, kernel.status};
}

ClockQuality QualityJudge::judge(KernelClock kernel) {
  if (kernel.state < 0) return ClockQuality::unknown;
  const bool synchronised = kernel.state != TIME_ERROR && (kernel.status & STA_UNSYNC) == 0;
  if (synchronised) {
    synchronised_before_ = true;
    return ClockQuality::synchronised;
  }
  return synchronised_before_ ? ClockQuality::holdover : ClockQuality::unsynchronised;
}

}  // namespace jidian::host
