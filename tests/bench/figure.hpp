#pragma once

#include <time.h>

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdio>
#include <vector>

namespace jidian::bench {

/// Prints what was measured under `name`, one sample a repetition: a line for people and one of JSON, which
/// tests/bench/table.py collects and sets beside the targets. Precondition: there is a sample.
inline void print_figure(const char* name, std::vector<double> samples, const char* unit) {
  std::ranges::sort(samples);
  const double median = (samples[(samples.size() - 1) / 2] + samples[samples.size() / 2]) / 2;
  std::printf("%-36s %13.3f %s", name, median, unit);
  if (samples.size() > 1) std::printf("  (%.3f … %.3f in %zu)", samples.front(), samples.back(), samples.size());
  std::printf("\n{\"figure\": \"%s\", \"unit\": \"%s\", \"samples\": [", name, unit);
  for (std::size_t i = 0; i < samples.size(); ++i) std::printf("%s%.6g", i == 0 ? "" : ", ", samples[i]);
  std::printf("]}\n");
  std::fflush(stdout);
}

/// Time of this thread's processor: what a neighbour on the machine takes does not count.
inline std::chrono::nanoseconds processor_time() {
  timespec time{};
  (void)clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time);
  return std::chrono::seconds{time.tv_sec} + std::chrono::nanoseconds{time.tv_nsec};
}

}  // namespace jidian::bench
