#include "acquire/load.hpp"

#include <algorithm>

namespace jidian::acquire {

void BusLoad::add(SteadyTime from, SteadyTime until) {
  began_ = std::min(began_, from);
  while (from < until) {  // a long transaction is split where a bucket ends
    const Millis::rep number = from.time_since_epoch() / bucket_length;
    const SteadyTime edge{bucket_length * (number + 1)};
    Bucket& bucket = buckets_[static_cast<std::size_t>(number) % buckets];
    if (bucket.number != number) bucket = {number, Millis{0}};
    bucket.busy += std::min(until, edge) - from;
    from = std::min(until, edge);
  }
}

double BusLoad::share(SteadyTime now) const {
  const Millis::rep number = now.time_since_epoch() / bucket_length;
  const Millis::rep oldest = number - static_cast<Millis::rep>(buckets) + 1;
  Millis busy{0};
  for (const Bucket& bucket : buckets_)
    if (bucket.number >= oldest && bucket.number <= number) busy += bucket.busy;

  const SteadyTime since = std::max(began_, SteadyTime{bucket_length * oldest});
  if (since >= now) return 0;
  const double share = static_cast<double>(busy.count()) / static_cast<double>((now - since).count());
  return std::min(share, 1.0);
}

}  // namespace jidian::acquire
