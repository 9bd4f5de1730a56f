#include "tests/bench/frame_noise.hpp"

#include <array>
#include <cstdint>
#include <cstdio>
#include <random>
#include <vector>

#include "modbus/frame.hpp"
#include "modbus/rtu_frame.hpp"
#include "tests/bench/figure.hpp"

namespace jidian::bench {
namespace {

constexpr std::uint8_t unit = 7;
constexpr meter::Registers asked{meter::Table::input, 0, 10};
constexpr std::uint64_t heavy_frames = 40'000'000;

void flip(Bytes& frame, std::size_t bit) {
  frame[bit / 8] = static_cast<std::uint8_t>(frame[bit / 8] ^ 1U << bit % 8);
}

Bytes a_reply() {
  Bytes reply{unit, 4, 20};
  for (int n = 0; n < 20; ++n) reply.push_back(static_cast<std::uint8_t>(n * 37 + 11));
  return modbus::with_crc(reply);
}

/// What the gateway asks of a reply on a serial line before it is one.
bool is_taken(const Bytes& frame) {
  if (!modbus::has_good_crc(frame)) return false;
  std::array<std::uint16_t, asked.count> words{};
  return static_cast<bool>(
      modbus::decode_reply(unit, asked, ByteView(frame).first(frame.size() - modbus::crc_length), words));
}

/// Every error of one, two and three bits, and every burst of up to 16: how many there are, and how many were missed.
std::pair<std::uint64_t, std::uint64_t> try_light_noise() {
  std::uint64_t tried = 0;
  std::uint64_t missed = 0;
  Bytes frame = a_reply();
  const std::size_t bits = frame.size() * 8;
  const auto look = [&] {
    ++tried;
    missed += modbus::has_good_crc(frame) ? 1U : 0U;
  };
  for (std::size_t a = 0; a < bits; ++a) {
    flip(frame, a);
    look();
    for (std::size_t b = a + 1; b < bits; ++b) {
      flip(frame, b);
      look();
      for (std::size_t c = b + 1; c < bits; ++c) flip(frame, c), look(), flip(frame, c);
      flip(frame, b);
    }
    for (std::uint32_t burst = 0; burst < 0x8000 && a + 16 <= bits; ++burst) {  // its first bit is wrong already
      for (std::size_t n = 0; n < 15; ++n)
        if ((burst >> n & 1U) != 0) flip(frame, a + 1 + n);
      look();
      for (std::size_t n = 0; n < 15; ++n)
        if ((burst >> n & 1U) != 0) flip(frame, a + 1 + n);
    }
    flip(frame, a);
  }
  return {tried, missed};
}

}  // namespace

bool report_frame_noise() {
  const auto [tried, light_missed] = try_light_noise();
  print_figure("faults.light_noise", {static_cast<double>(light_missed)}, ("in " + std::to_string(tried)).c_str());

  // Heavier: from each bit on half of the frame's bits are as good as thrown.
  std::mt19937_64 random(16);
  const Bytes good = a_reply();
  std::uint64_t missed = 0;
  std::uint64_t taken = 0;
  for (std::uint64_t n = 0; n < heavy_frames; ++n) {
    Bytes frame = good;
    const std::size_t from = random() % (frame.size() - 4);
    for (std::size_t at = from; at < frame.size(); ++at) frame[at] = static_cast<std::uint8_t>(random());
    if (frame == good) continue;
    if (!modbus::has_good_crc(frame)) continue;
    ++missed;
    taken += is_taken(frame) ? 1U : 0U;
  }
  const double share = static_cast<double>(missed) / static_cast<double>(heavy_frames);
  print_figure("faults.heavy_noise", {share * 65'536}, "x 2^-16");
  std::printf(
      "  %llu frames garbled from some byte on: %llu with a good checksum (1 in %.0f), %llu of them of the unit, "
      "function and "
      "length asked for\n",
      static_cast<unsigned long long>(heavy_frames), static_cast<unsigned long long>(missed), 1 / share,
      static_cast<unsigned long long>(taken));
  return light_missed == 0;
}

}  // namespace jidian::bench
