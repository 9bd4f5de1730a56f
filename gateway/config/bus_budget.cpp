#include <algorithm>
#include <array>
#include <cmath>
#include <optional>
#include <utility>

#include "base/decimal.hpp"
#include "config/site.hpp"
#include "config/units.hpp"
#include "meter/read_plan.hpp"
#include "meter/relations.hpp"

namespace jidian::config {
namespace {

/// A request for registers: unit, function, address, count, CRC.
constexpr unsigned request_bytes = 8;
/// What an answer has beside its data: unit, function, byte count, CRC.
constexpr unsigned answer_bytes = 5;
constexpr unsigned longest_frame_bytes = 256;
/// Silence that ends a frame, in half characters: 3.5 characters, or 1.75 ms above 19,200 baud.
constexpr unsigned silence_half_characters = 7;
constexpr double silence_s_above_19200 = 0.00175;
/// What most meters take to answer, where only time on the wire is known.
constexpr double usual_latency_s = 0.03;
/// A meter that does not answer is asked once in this time at most (later ever more rarely).
constexpr double probe_interval_s = 5;

unsigned data_bytes(const meter::Registers& read) {
  const bool bits = read.table == meter::Table::coil || read.table == meter::Table::discrete_input;
  return bits ? (read.count + 7U) / 8U : 2U * read.count;
}

double seconds(Millis duration) {
  return std::chrono::duration<double>(duration).count();
}

double character_s(const Bus& bus) {
  const unsigned parity_bits = bus.parity == meter::Parity::none ? 0 : 1;
  return (1.0 + 8.0 + parity_bits + bus.stop_bits) / bus.baud;
}

double frame_silence_s(const Bus& bus) {
  return bus.baud > 19'200 ? silence_s_above_19200 : character_s(bus) * silence_half_characters / 2;
}

/// The time a transaction takes on the wire, with the silences of its two frames: behind the answer `pause_s`.
double transaction_s(const Bus& bus, const meter::Registers& read, double pause_s) {
  return (request_bytes + answer_bytes + data_bytes(read)) * character_s(bus) + frame_silence_s(bus) + pause_s;
}

/// The shares of the line's time each of the bus's meters takes.
std::vector<double> shares_of(const Bus& bus, const std::vector<Meter>& meters) {
  std::vector<double> shares;
  for (const Meter& meter : meters) {
    if (meter.bus != bus.id) continue;
    const std::vector<meter::Registers> needed = meter::runs_of(meter.points);
    const double pause_s = std::max(frame_silence_s(bus), seconds(meter.turnaround));
    double poll_s = 0;
    for (const meter::Registers& read : meter::plan_reads(needed, meter.limits))
      poll_s += transaction_s(bus, read, pause_s);
    shares.push_back(poll_s / seconds(meter.period));
  }
  return shares;
}

/// The run of the energy a meter counts, else of its first counter: what is read first of it on an edge.
std::optional<meter::Registers> energy_run_of(const Meter& meter, const std::vector<meter::Registers>& runs) {
  std::optional<meter::Registers> found;
  for (std::size_t n = 0; n < meter.points.size(); ++n) {
    const bool is_energy = meter.points[n].quantity == "active_energy_import";
    if (meter.points[n].kind != PointKind::counter || (found && !is_energy)) continue;
    found = runs[n];
    if (is_energy) break;
  }
  return found;
}

/// How many meters have counters, and how long their energies take, one read of each after the other.
std::pair<std::size_t, double> energies_of(const Bus& bus, const std::vector<Meter>& meters) {
  std::size_t count = 0;
  double time_s = 0;
  for (const Meter& meter : meters) {
    if (meter.bus != bus.id) continue;
    const std::vector<meter::Registers> runs = meter::runs_of(meter.points);
    const auto run = energy_run_of(meter, runs);
    if (!run) continue;
    ++count;
    const auto reads = meter::plan_reads(runs, meter.limits);
    const auto read = std::ranges::find_if(reads, [&](const meter::Registers& r) {
      return r.table == run->table && r.first <= run->first && r.end() >= run->end();
    });
    if (read != reads.end()) time_s += transaction_s(bus, *read, frame_silence_s(bus)) + usual_latency_s;
  }
  return {count, time_s};
}

double sum_of(const std::vector<double>& shares) {
  double sum = 0;
  for (const double share : shares) sum += share;
  return sum;
}

/// The smallest usual period that, as the least of all meters of the bus, brings the load to `goal`; 0 if none does.
Millis period_for(const Bus& bus, std::vector<Meter> meters, double goal) {
  static constexpr std::array<int, 8> periods_s{1, 2, 3, 5, 10, 15, 30, 60};
  for (const int period_s : periods_s) {
    for (Meter& meter : meters) meter.period = std::max<Millis>(meter.period, std::chrono::seconds{period_s});
    if (sum_of(shares_of(bus, meters)) <= goal) return std::chrono::seconds{period_s};
  }
  return Millis{0};
}

/// "press-1 (1s), oven (500ms) and 4 more": the meters of the bus that are read more often, with their periods.
std::string faster_than(Millis period, const Bus& bus, const std::vector<Meter>& meters) {
  constexpr std::size_t named_max = 8;
  std::string list;
  std::size_t count = 0;
  for (const Meter& meter : meters) {
    if (meter.bus != bus.id || meter.period >= period || ++count > named_max) continue;
    list += (list.empty() ? "" : ", ") + meter.id + " (" + format_duration(meter.period) + ")";
  }
  return count <= named_max ? list : list + " and " + std::to_string(count - named_max) + " more";
}

/// The lowest usual rate above the present one with which `is_enough`; 0 if none up to 115,200 is.
template <typename Check>
std::uint32_t baud_for(Bus bus, const Check& is_enough) {
  static constexpr std::array<std::uint32_t, 7> rates{2400, 4800, 9600, 19'200, 38'400, 57'600, 115'200};
  for (const std::uint32_t rate : rates) {
    if (rate <= bus.baud) continue;
    bus.baud = rate;
    if (is_enough(bus)) return rate;
  }
  return 0;
}

}  // namespace

BusBudget bus_budget(const Bus& bus, const std::vector<Meter>& meters) {
  BusBudget budget;
  if (bus.kind == BusKind::tcp) return budget;
  auto shares = shares_of(bus, meters);
  std::ranges::sort(shares, std::greater{});
  budget.load = sum_of(shares);
  // The worst that can happen is that those die which took the least.
  const double silence_s = seconds(std::max(bus.worst_latency, bus.response_timeout)) +
                           (request_bytes + longest_frame_bytes) * character_s(bus);
  double left = budget.load;
  for (double* with_dead : {&budget.one_dead, &budget.two_dead}) {
    if (!shares.empty()) {
      left += silence_s / probe_interval_s - shares.back();
      shares.pop_back();
    }
    *with_dead = left;
  }
  return budget;
}

std::string late_energies(const Bus& bus, const std::vector<Meter>& meters) {
  constexpr double most_s = 1;
  if (bus.kind == BusKind::tcp) return {};
  const auto [count, time_s] = energies_of(bus, meters);
  if (time_s <= most_s) return {};
  const std::string time = format_decimal(std::int64_t{std::lround(time_s * 10)}, -1);
  const auto in_time = static_cast<std::size_t>(static_cast<double>(count) * most_s / time_s);
  std::string text = "the energies of its " + std::to_string(count) + " meters take " + time +
                     " s to read, so those of some lie more than a second behind the edges of days; ";
  const auto is_enough = [&](const Bus& faster) { return energies_of(faster, meters).second <= most_s; };
  if (const std::uint32_t baud = baud_for(bus, is_enough); baud != 0)
    text += "write baud = " + std::to_string(baud) + " in its [[bus]], or ";
  return text + "put all but about " + std::to_string(in_time) + " of them on another line";
}

std::string advice_for(const Bus& bus, const std::vector<Meter>& meters) {
  constexpr double goal = 0.8;
  std::string advice;
  const Millis period = period_for(bus, meters, goal);
  if (const auto faster = faster_than(period, bus, meters); !faster.empty())
    advice = "write period = \"" + format_duration(period) + "\" in each [[meter]] of it that is faster: " + faster;
  const auto is_enough = [&](const Bus& quicker) { return sum_of(shares_of(quicker, meters)) <= goal; };
  if (const std::uint32_t baud = baud_for(bus, is_enough); baud != 0)
    advice += (advice.empty() ? "write baud = " : "; or baud = ") + std::to_string(baud) + " in its [[bus]]";
  return advice.empty() ? "choose fewer points, or put some meters on another line" : advice;
}

}  // namespace jidian::config
