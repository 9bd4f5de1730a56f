#include "modbus/serial_timing.hpp"

#include <algorithm>
#include <array>

namespace jidian::modbus {
namespace {

constexpr std::size_t longest_frame = 256;
constexpr std::uint32_t silence_fixed_above = 19'200;
constexpr Micros silence_fixed{1'750};

constexpr std::array<std::uint32_t, 14> known_rates{1'200,   2'400,   4'800,   9'600,   19'200,  38'400,  57'600,
                                                    115'200, 230'400, 460'800, 500'000, 576'000, 921'600, 1'000'000};

std::uint64_t bits_of_character(const SerialTiming& timing) {
  return 1U + 8U + (timing.settings.parity == meter::Parity::none ? 0U : 1U) + timing.settings.stop_bits;
}

Micros time_of_bits(std::uint64_t bits, std::uint32_t baud) {
  return Micros{static_cast<Micros::rep>((bits * 1'000'000 + baud - 1) / baud)};
}

}  // namespace

Micros wire_time(const SerialTiming& timing, std::size_t count) {
  return time_of_bits(bits_of_character(timing) * count, timing.settings.baud);
}

Micros frame_silence(const SerialTiming& timing) {
  if (timing.settings.baud > silence_fixed_above) return silence_fixed;
  return time_of_bits((bits_of_character(timing) * 7 + 1) / 2, timing.settings.baud);
}

Millis reply_time(const SerialTiming& timing, std::size_t request, std::size_t count) {
  return std::chrono::ceil<Millis>(timing.response_timeout + wire_time(timing, request + count));
}

Millis dead_time(const SerialTiming& timing, std::size_t request) {
  const Millis latency = std::max(timing.worst_latency, timing.response_timeout);
  return std::chrono::ceil<Millis>(latency + wire_time(timing, request + longest_frame));
}

bool is_known_rate(std::uint32_t baud) {
  return std::ranges::find(known_rates, baud) != known_rates.end();
}

}  // namespace jidian::modbus
