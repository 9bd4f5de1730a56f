#include "domain/slots.hpp"

#include <cassert>

namespace jidian::domain {
namespace {

/// The greatest integer not above dividend / divisor.
std::int64_t divide_down(std::int64_t dividend, std::int64_t divisor) {
  const std::int64_t quotient = dividend / divisor;
  return dividend % divisor < 0 ? quotient - 1 : quotient;
}

}  // namespace

bool comes_again(UtcTime slot, UtcTime now, Millis period) {
  assert(period.count() > 0);
  if (slot <= now) return false;
  return (slot - now) / period * period >= repeat_wait_max;
}

std::uint64_t count_slots(UtcTime from, UtcTime until, UtcTime phase, Millis period) {
  assert(period.count() > 0);
  if (until <= from) return 0;
  // Slots before an instant, counted from just after `phase`, are the quotient of one millisecond less.
  const Millis one{1};
  const std::int64_t before_from = divide_down((from - one - phase).count(), period.count());
  const std::int64_t before_until = divide_down((until - one - phase).count(), period.count());
  return static_cast<std::uint64_t>(before_until - before_from);
}

UtcTime align(UtcTime time, std::chrono::seconds length) {
  const std::int64_t length_ms = Millis{length}.count();
  return UtcTime{Millis{divide_down(time.time_since_epoch().count(), length_ms) * length_ms}};
}

}  // namespace jidian::domain
