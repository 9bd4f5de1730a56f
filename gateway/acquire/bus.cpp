#include "acquire/bus.hpp"

#include <algorithm>
#include <vector>

namespace jidian::acquire {
namespace {

Error unsupported(const std::string& what) {
  return {ErrorKind::unsupported, "this kind of bus cannot " + what};
}

}  // namespace

std::string to_string(const LineSettings& settings) {
  constexpr std::string_view letters = "NEO";
  return std::to_string(settings.baud) + " 8" + letters[static_cast<std::size_t>(settings.parity)] +
         std::to_string(settings.stop_bits);
}

std::string_view name_of(FrameKind kind) {
  switch (kind) {
    case FrameKind::request:
      return "request";
    case FrameKind::reply:
      return "reply";
    case FrameKind::late:
      return "late";
    case FrameKind::foreign:
      return "foreign";
    case FrameKind::echo:
      return "echo";
    case FrameKind::noise:
      break;
  }
  return "noise";
}

bool Heard::foreign_traffic() const {
  return std::ranges::any_of(frames, [](const Frame& frame) { return frame.kind == FrameKind::foreign; });
}

Result<Bytes> Bus::server_id(std::uint8_t /*unit*/) {
  return unsupported("ask for a server id");
}

Result<std::map<std::uint8_t, std::string>> Bus::device_identification(std::uint8_t /*unit*/) {
  return unsupported("ask for a device identification");
}

Result<Probe> Bus::probe(std::uint8_t unit, meter::Registers registers, Millis /*patience*/) {
  std::vector<std::uint16_t> words(registers.count);
  const auto done = read(unit, registers, words);
  Probe probe;
  probe.answered = done || done.error().kind() == ErrorKind::refused;
  probe.exception = last_exception();
  if (done || probe.answered) return probe;
  if (done.error().kind() == ErrorKind::corrupt) probe.noise_bytes = 1;
  if (done.error().kind() == ErrorKind::timeout || done.error().kind() == ErrorKind::corrupt) return probe;
  return done.error();
}

Result<Heard> Bus::listen(Millis /*duration*/, std::stop_token /*stop*/) {
  return unsupported("listen to others");
}

Status Bus::retune(const LineSettings& /*settings*/) {
  return unsupported("change its line settings");
}

void Bus::watch_frames(FrameWatcher /*watcher*/) {}

BusCounters Bus::counters() const {
  return {};
}

bool Bus::is_shared_line() const {
  return false;
}

}  // namespace jidian::acquire
