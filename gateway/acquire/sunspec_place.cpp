#include "acquire/sunspec_place.hpp"

#include <utility>
#include <vector>

#include "meter/sunspec.hpp"

namespace jidian::acquire {
namespace {

constexpr std::uint32_t table_end = 65'536;

}  // namespace

Result<SunspecPlace> find_sunspec(const ReadContext& context, const PolledMeter& meter) {
  meter::SunspecWalk walk(*meter.sunspec);
  while (const auto registers = walk.next()) {
    std::vector<std::uint16_t> words(registers->count);
    if (meter.turnaround > Millis{0}) context.pause(meter.turnaround);
    const auto done = context.line.read(meter.unit, *registers, words, context.stop);
    context.after_read();
    if (done)
      walk.take(words);
    else if (done.error().kind() == ErrorKind::refused)
      walk.refuse();
    else
      return done.error();
    if (context.stop.stop_requested()) return Error{ErrorKind::cancelled, "asked to stop"};
  }
  if (!walk.found()) return Error{ErrorKind::refused, walk.reason()};
  return SunspecPlace{walk.found()->base, walk.found()->common};
}

void place_sunspec(PolledMeter& meter, const SunspecPlace& place) {
  meter.points = meter::at_base(std::move(meter.points), place.base);
  if (meter.serial && place.common != 0 && place.common + meter.serial->place.end() <= table_end)
    meter.serial = meter::at_base(*meter.serial, place.common);
  else
    meter.serial.reset();
}

}  // namespace jidian::acquire
