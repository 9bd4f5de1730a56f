// Payload and speed of the batch on the noise model.
#include <algorithm>
#include <array>
#include <bit>
#include <chrono>
#include <cmath>
#include <cstdio>
#include <map>
#include <vector>

#include "record/batch.hpp"
#include "tests/bench/figure.hpp"
#include "tests/bench/noise_model.hpp"

namespace jidian::bench {
namespace {

constexpr std::uint32_t seed = 20260301;
constexpr std::size_t seconds_of_small = 10;  // 4,000 readings
constexpr std::size_t seconds_of_large = 60;  // 24,000 readings
constexpr std::size_t seconds_of_run = 1800;

using Run = std::vector<record::Polls>;  ///< By second.

Run make_run(Numbers numbers) {
  NoiseModel model(numbers, seed);
  Run run;
  for (std::size_t i = 0; i < seconds_of_run; ++i) run.push_back(model.next_second());
  return run;
}

record::Header header(std::uint64_t seq) {
  record::Header header;
  header.gateway = "hebei-130185-0001";
  header.key = {0x00C0FFEE00C0FFEE, record::Stream::reading, seq};
  header.previous.fill(0xA5);
  for (std::size_t i = 0; i < 32; ++i) header.manifest[i] = static_cast<std::uint8_t>(i * 73 + 5);
  header.anchor_utc = UtcTime{Millis{1772352010007}};
  header.anchor_steady = SteadyTime{Millis{86400123}};
  header.clock = ClockQuality::synchronised;
  return header;
}

using Bodies = std::vector<record::Body>;

Bodies split(const Run& run, std::size_t seconds) {
  Bodies bodies;
  for (std::size_t i = 0; i + seconds <= run.size(); i += seconds) {
    record::Polls polls;
    for (std::size_t k = i; k < i + seconds; ++k) polls.insert(polls.end(), run[k].begin(), run[k].end());
    bodies.emplace_back(std::move(polls));
  }
  return bodies;
}

double entropy_bits(const std::map<std::uint64_t, std::size_t>& counts) {
  double total = 0;
  for (const auto& [symbol, count] : counts) total += static_cast<double>(count);
  double bits = 0;
  for (const auto& [symbol, count] : counts) {
    const double share = static_cast<double>(count) / total;
    bits -= share * std::log2(share);
  }
  return bits;
}

std::uint64_t fold(std::uint64_t difference) {
  return (difference << 1) ^ (0 - (difference >> 63));
}

/// Bytes a reading that a coder would need that knows the distribution of each column's differences beforehand: the
/// mean over all columns of the entropy of the first or the second differences, whichever is smaller.
double entropy_of_integers(const Run& run) {
  double bits = 0;
  for (std::size_t meter = 0; meter < NoiseModel::meters; ++meter)
    for (std::size_t point = 0; point < NoiseModel::points; ++point) {
      std::map<std::uint64_t, std::size_t> first, second;
      std::uint64_t step_before = 0;
      for (std::size_t i = 1; i < run.size(); ++i) {
        const std::uint64_t step = run[i][meter].samples[point].bits - run[i - 1][meter].samples[point].bits;
        ++first[step];
        if (i > 1) ++second[step - step_before];
        step_before = step;
      }
      bits += std::min(entropy_bits(first), entropy_bits(second));
    }
  return bits / 8 / NoiseModel::meters / NoiseModel::points;
}

/// Bytes a reading of the four byte planes of folded differences of ordered floats, each plane of each point coded by
/// itself (all meters together).
double entropy_of_planes(const Run& run) {
  double bits = 0;
  const auto ordered = [](std::uint64_t single) {
    const auto number = static_cast<std::int64_t>(std::bit_cast<std::int32_t>(static_cast<std::uint32_t>(single)));
    return static_cast<std::uint64_t>(number < 0 ? number ^ 0x7FFFFFFF : number);
  };
  for (std::size_t point = 0; point < NoiseModel::points; ++point) {
    std::array<std::map<std::uint64_t, std::size_t>, 4> planes;
    for (std::size_t meter = 0; meter < NoiseModel::meters; ++meter)
      for (std::size_t i = 1; i < run.size(); ++i) {
        const std::uint64_t folded =
            fold(ordered(run[i][meter].samples[point].bits) - ordered(run[i - 1][meter].samples[point].bits));
        for (std::size_t plane = 0; plane < 4; ++plane) ++planes[plane][folded >> (8 * plane) & 0xFF];
      }
    for (const auto& plane : planes) bits += entropy_bits(plane);
  }
  return bits / 8 / NoiseModel::points;
}

double bytes_per_reading(const Bodies& batches, const domain::Manifest& manifest) {
  std::size_t bytes = 0;
  std::size_t readings = 0;
  for (std::size_t i = 0; i < batches.size(); ++i) {
    const auto encoded = record::encode(header(i + 1), batches[i], manifest);
    if (!encoded) return NAN;
    bytes += encoded->bytes.size();
    readings += encoded->count;
  }
  return static_cast<double>(bytes) / static_cast<double>(readings);
}

/// Encoding, compression, CRC and SHA-256 together: one sample a pass.
std::vector<double> ns_per_reading(const Bodies& batches, const domain::Manifest& manifest) {
  std::vector<double> samples;
  for (int pass = 0; pass < 9; ++pass) {
    std::size_t readings = 0;
    const auto begin = processor_time();
    for (const auto& batch : batches) readings += record::encode(header(1), batch, manifest).value().count;
    const std::chrono::duration<double, std::nano> spent = processor_time() - begin;
    samples.push_back(spent.count() / static_cast<double>(readings));
  }
  return samples;
}

void measure() {
  std::printf("# record: noise model of %zu meters x %zu points, seed %u (tests/bench/noise_model.cpp)\n",
              NoiseModel::meters, NoiseModel::points, seed);
  const domain::Manifest integers = NoiseModel(Numbers::scaled_integers, seed).manifest();
  const domain::Manifest floats = NoiseModel(Numbers::float32, seed).manifest();
  const Run integer_run = make_run(Numbers::scaled_integers);
  const Run float_run = make_run(Numbers::float32);
  const auto small = split(integer_run, seconds_of_small);
  const auto large = split(integer_run, seconds_of_large);
  const auto float_large = split(float_run, seconds_of_large);

  print_figure("noise_model.entropy.integers", {entropy_of_integers(integer_run)}, "B/reading");
  print_figure("payload.integers.4000", {bytes_per_reading(small, integers)}, "B/reading");
  print_figure("payload.integers.24000", {bytes_per_reading(large, integers)}, "B/reading");
  print_figure("payload.integers.400", {bytes_per_reading(split(integer_run, 1), integers)}, "B/reading");
  const record::Body one = record::Polls{integer_run.front().front()};
  print_figure("payload.integers.20", {bytes_per_reading({one}, integers)}, "B/reading");

  const double planes = entropy_of_planes(float_run);
  const double float_small_bytes = bytes_per_reading(split(float_run, seconds_of_small), floats);
  const double float_large_bytes = bytes_per_reading(float_large, floats);
  print_figure("noise_model.entropy.float32_planes", {planes}, "B/reading");
  print_figure("payload.float32.4000", {float_small_bytes}, "B/reading");
  print_figure("payload.float32.24000", {float_large_bytes}, "B/reading");
  print_figure("payload.float32.4000.ratio", {float_small_bytes / planes}, "x");
  print_figure("payload.float32.24000.ratio", {float_large_bytes / planes}, "x");

  print_figure("encode.integers.4000", ns_per_reading(small, integers), "ns/reading");
  print_figure("encode.integers.24000", ns_per_reading(large, integers), "ns/reading");
  print_figure("encode.float32.24000", ns_per_reading(float_large, floats), "ns/reading");
}

}  // namespace
}  // namespace jidian::bench

int main() {
  jidian::bench::measure();
  return 0;
}
