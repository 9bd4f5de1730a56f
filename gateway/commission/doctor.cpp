#include "commission/doctor.hpp"

#include <algorithm>
#include <condition_variable>
#include <mutex>
#include <nlohmann/json.hpp>
#include <utility>

namespace jidian::commission {
namespace {

using acquire::Bus;
using acquire::BusCounters;
using Json = nlohmann::ordered_json;

constexpr Millis doctor_step{1'000};
constexpr Millis progress_interval{5'000};

BusCounters difference(const BusCounters& now, const BusCounters& before) {
  BusCounters grown;
  for (const auto counter :
       {&BusCounters::requests, &BusCounters::replies, &BusCounters::exceptions, &BusCounters::timeouts,
        &BusCounters::corrupt, &BusCounters::late, &BusCounters::foreign, &BusCounters::echoes,
        &BusCounters::stray_bytes, &BusCounters::framing_errors, &BusCounters::parity_errors, &BusCounters::overruns})
    grown.*counter = now.*counter - before.*counter;
  return grown;
}

class Examination {
 public:
  Examination(const DoctorOptions& options, JobIo& io) : options_(options), io_(io) {
    for (const auto& patient : options.patients) {
      auto& unit = line_.units.emplace_back();
      unit.unit = patient.unit;
      unit.meter = patient.meter;
    }
    line_.is_line = options.is_line;
  }

  Status run() {
    const SteadyTime begin = io_.clock.steady_now();
    const SteadyTime end = begin + options_.duration;
    SteadyTime told = begin;
    if (!options_.is_line) emit(Json{{"type", "pace"}, {"requests_per_second", Millis{1'000} / endpoint_interval}});
    int failures = 0;
    const auto step = [&](Bus& bus) -> Result<bool> {
      if (!before_) before_ = bus.counters();
      const auto done = next_ < 2 * options_.patients.size() ? ask(bus) : listen(bus);
      line_.counted = difference(bus.counters(), *before_);
      if (!done && ++failures >= 3) return done.error();
      if (done) failures = 0;
      const SteadyTime now = io_.clock.steady_now();
      if (now - told >= progress_interval) {
        told = now;
        io_.emit(Json{{"type", "progress"},
                      {"percent", std::min<Millis::rep>(99, (now - begin) * 100 / Millis{options_.duration})}}
                     .dump());
      }
      return now >= end;
    };
    const auto done = in_turns(io_, {std::nullopt, options_.home}, step);
    tell();
    return done;
  }

 private:
  /// One read of one meter: short ones and long ones in turn.
  Status ask(Bus& bus) {
    const bool is_long = next_ % 2 == 1;
    const auto& patient = options_.patients[next_ / 2];
    UnitStatistics& unit = line_.units[next_ / 2];
    ++next_;
    const auto& registers = is_long ? patient.longest : patient.shortest;
    keep_pace(patient.turnaround);
    std::vector<std::uint16_t> words(registers.count);
    const BusCounters before = bus.counters();
    begun_ = io_.clock.steady_now();
    const auto read = bus.read(patient.unit, registers, words);
    ended_ = io_.clock.steady_now();
    const BusCounters grown = difference(bus.counters(), before);
    if (!read && read.error().kind() == ErrorKind::unreachable) return read;
    ++(is_long ? unit.long_requests : unit.short_requests);
    unit.extra_frames += grown.late + grown.foreign;
    if (read || read.error().kind() == ErrorKind::refused)
      ++unit.good;
    else if (read.error().kind() == ErrorKind::timeout && grown.stray_bytes == 0)
      ++unit.silent;
    else
      ++(is_long ? unit.long_corrupt : unit.short_corrupt);
    return {};
  }

  /// Waits until the next request may be sent, or the job is cancelled.
  void keep_pace(Millis turnaround) {
    if (!ended_) return;
    const Millis interval = options_.is_line ? Millis{0} : endpoint_interval;
    rest(next_request(*begun_, *ended_, turnaround, interval) - io_.clock.steady_now());
  }

  void rest(Millis left) {
    if (left <= Millis{0}) return;
    std::mutex alone;
    std::unique_lock lock(alone);
    std::condition_variable_any().wait_for(lock, io_.stop, left, [] { return false; });
  }

  /// Between two rounds nobody is asked.
  Status listen(Bus& bus) {
    next_ = 0;
    if (!options_.is_line) {
      if (options_.patients.empty()) rest(doctor_step);
      return {};
    }
    const auto heard = bus.listen(doctor_step, io_.stop);
    if (!heard) return heard.error();
    for (const auto& frame : heard->frames) {
      if (frame.kind == acquire::FrameKind::foreign)
        ++line_.idle_frames;
      else
        line_.idle_bytes += frame.bytes.size();
    }
    return {};
  }

  void tell() {
    if (options_.latency_ms) line_.latency_ms = options_.latency_ms();
    for (const auto& unit : line_.units)
      emit(Json{{"type", "unit"},
                {"unit", unit.unit},
                {"meter", unit.meter},
                {"requests", unit.requests()},
                {"good", unit.good},
                {"silent", unit.silent},
                {"corrupt", unit.corrupt()},
                {"extra_frames", unit.extra_frames}});
    const auto& counted = line_.counted;
    emit(Json{{"type", "line"},
              {"requests", counted.requests},
              {"echoes", counted.echoes},
              {"late", counted.late},
              {"foreign", counted.foreign},
              {"stray_bytes", counted.stray_bytes},
              {"idle_bytes", line_.idle_bytes},
              {"idle_frames", line_.idle_frames},
              {"framing_errors", counted.framing_errors},
              {"parity_errors", counted.parity_errors},
              {"latency_ms", line_.latency_ms ? Json(*line_.latency_ms) : Json()}});
    for (const auto& found : diagnose(line_))
      emit(Json{{"type", "diagnosis"},
                {"cause", name_of(found.cause)},
                {"fault", found.is_fault},
                {"evidence", found.evidence}});
  }

  void emit(const Json& line) { io_.emit(line.dump(-1, ' ', false, Json::error_handler_t::replace)); }

  const DoctorOptions& options_;
  JobIo& io_;
  LineStatistics line_;
  std::optional<BusCounters> before_;
  std::optional<SteadyTime> begun_;  ///< The last request.
  std::optional<SteadyTime> ended_;
  std::size_t next_ = 0;  ///< Twice the patient, and one more for the long read.
};

}  // namespace

SteadyTime next_request(SteadyTime begun, SteadyTime ended, Millis turnaround, Millis interval) {
  return std::max(begun + interval, ended + turnaround);
}

Job doctor(DoctorOptions options) {
  return [options = std::move(options)](JobIo& io) { return Examination(options, io).run(); };
}

}  // namespace jidian::commission
