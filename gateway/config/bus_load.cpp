#include <algorithm>

#include "config/site.hpp"
#include "meter/read_plan.hpp"
#include "meter/relations.hpp"

namespace jidian::config {
namespace {

/// A request for registers: unit, function, address, count, CRC.
constexpr unsigned request_bytes = 8;
/// What an answer has beside its data: unit, function, byte count, CRC.
constexpr unsigned answer_bytes = 5;
/// Silence that ends a frame, in half characters: 3.5 characters, or 1.75 ms above 19,200 baud.
constexpr unsigned silence_half_characters = 7;
constexpr double silence_s_above_19200 = 0.00175;

unsigned data_bytes(const meter::Registers& read) {
  const bool bits = read.table == meter::Table::coil || read.table == meter::Table::discrete_input;
  return bits ? (read.count + 7U) / 8U : 2U * read.count;
}

}  // namespace

double bus_load(const Bus& bus, const std::vector<Meter>& meters) {
  if (bus.kind == BusKind::tcp) return 0;
  const unsigned parity_bits = bus.parity == meter::Parity::none ? 0 : 1;
  const double character_s = (1.0 + 8.0 + parity_bits + bus.stop_bits) / bus.baud;
  const double silence_s = bus.baud > 19'200 ? silence_s_above_19200 : character_s * silence_half_characters / 2;

  double load = 0;
  for (const Meter& meter : meters) {
    if (meter.bus != bus.id) continue;
    const std::vector<meter::Registers> needed = meter::runs_of(meter.points);
    const double pause_s = std::max(silence_s, std::chrono::duration<double>(meter.turnaround).count());
    double poll_s = 0;
    for (const meter::Registers& read : meter::plan_reads(needed, meter.limits))
      poll_s += (request_bytes + answer_bytes + data_bytes(read)) * character_s + silence_s + pause_s;
    load += poll_s / std::chrono::duration<double>(meter.period).count();
  }
  return load;
}

}  // namespace jidian::config
