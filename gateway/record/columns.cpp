#include "record/columns.hpp"

#include <algorithm>
#include <cassert>

namespace jidian::record {
namespace {

constexpr unsigned order_max = 2;

std::size_t bytes_of(std::uint64_t number) {
  return (static_cast<std::size_t>(std::bit_width(number)) + 7) / 8;
}

struct Shape {
  unsigned order = 1;
  std::size_t width = 0;
};

/// What a residual costs, about.
std::uint64_t cost_of(std::uint64_t difference) {
  return static_cast<std::uint64_t>(std::bit_width(zig_zag(difference) | 1));
}

/// Fills `steps` with the first differences of `values`. Returns the order of differences that costs less.
unsigned difference(std::span<const std::uint64_t> values, std::span<std::uint64_t> steps) {
  std::uint64_t cost_first = 0;
  std::uint64_t cost_second = 0;
  if (!steps.empty()) steps[0] = values[1] - values[0];
  for (std::size_t i = 1; i < steps.size(); ++i) {
    steps[i] = values[i + 1] - values[i];
    cost_first += cost_of(steps[i]);
    cost_second += cost_of(steps[i] - steps[i - 1]);
  }
  return cost_second < cost_first ? 2 : 1;
}

/// Turns first differences into second; the first stays.
void difference_again(std::span<std::uint64_t> steps) {
  for (std::size_t i = steps.size() - 1; i > 0; --i) steps[i] -= steps[i - 1];
}

/// Folds residuals in place. Returns how many bytes the widest needs.
std::size_t fold(std::span<std::uint64_t> residuals) {
  std::uint64_t bits = 0;
  for (std::uint64_t& residual : residuals) {
    residual = zig_zag(residual);
    bits |= residual;
  }
  return bytes_of(bits);
}

}  // namespace

std::uint64_t to_ordered(ValueType type, std::uint64_t bits) {
  if (type == ValueType::float64) return bits ^ ((0 - (bits >> 63)) >> 1);
  if (type != ValueType::float32) return bits;
  assert(bits >> 32 == 0);
  const std::uint64_t extended = bits | (0 - (bits >> 31 & 1)) << 32;
  return extended ^ ((0 - (bits >> 31 & 1)) >> 33);
}

std::uint64_t from_ordered(ValueType type, std::uint64_t ordered) {
  if (type == ValueType::float64) return ordered ^ ((0 - (ordered >> 63)) >> 1);
  if (type != ValueType::float32) return ordered;
  const std::uint64_t bits = ordered & 0xFFFF'FFFF;
  return bits ^ ((0 - (bits >> 31)) >> 33);
}

void ColumnWriter::clear() {
  for (auto& residuals : by_width_) residuals.clear();
  bytes_.shapes.clear();
  bytes_.heads.clear();
  bytes_.cuts.clear();
}

void ColumnWriter::add(std::span<const std::uint64_t> values) {
  unsigned order = 1;
  std::size_t width = 0;
  if (!values.empty()) {
    steps_.resize(values.size() - 1);
    order = difference(values, steps_);
    bytes_.heads.push_back(static_cast<std::int64_t>(values[0]));
    if (order == 2) bytes_.heads.push_back(static_cast<std::int64_t>(steps_[0]));
    if (order == 2) difference_again(steps_);
    const std::span residuals = std::span(steps_).subspan(order - 1);
    width = fold(residuals);
    if (width > 0) by_width_[width - 1].insert(by_width_[width - 1].end(), residuals.begin(), residuals.end());
  }
  bytes_.shapes.push_back(static_cast<std::uint8_t>(order << 4 | width));
}

const ColumnBytes& ColumnWriter::finish() {
  std::size_t size = 0;
  for (std::size_t i = 0; i < width_max; ++i) size += by_width_[i].size() * (i + 1);
  bytes_.planes.resize(size);
  std::size_t at = 0;
  for (std::size_t width = 1; width <= width_max; ++width)
    for (std::size_t plane = 0; plane < width; ++plane) {
      const std::span<const std::uint64_t> residuals = by_width_[width - 1];
      std::uint8_t* const out = bytes_.planes.data() + at;
      for (std::size_t i = 0; i < residuals.size(); ++i)
        out[i] = static_cast<std::uint8_t>(residuals[i] >> (8 * plane));
      bytes_.cuts.push_back(at);
      at += residuals.size();
    }
  return bytes_;
}

Result<std::vector<std::uint64_t>> read_columns(std::span<const std::size_t> counts, ByteView shapes,
                                                std::span<const std::int64_t> heads, ByteView planes) {
  const Error wrong{ErrorKind::corrupt, "the columns of the batch contradict their sizes"};
  if (shapes.size() != counts.size()) return wrong;
  std::vector<std::uint64_t> values;
  std::size_t total = 0;
  std::size_t heads_needed = 0;
  std::size_t planes_needed = 0;
  const auto shape_of = [&](std::size_t i) { return Shape{unsigned{shapes[i]} >> 4, shapes[i] & 0x0FU}; };
  const auto heads_of = [&](std::size_t i) { return std::min<std::size_t>(shape_of(i).order, counts[i]); };
  for (std::size_t i = 0; i < counts.size(); ++i) {
    const Shape shape = shape_of(i);
    if (shape.order < 1 || shape.order > order_max || shape.width > width_max) return wrong;
    total += counts[i];
    heads_needed += heads_of(i);
    planes_needed += (counts[i] - heads_of(i)) * shape.width;
  }
  if (heads.size() != heads_needed || planes.size() != planes_needed) return wrong;

  values.resize(total);
  const std::uint8_t* in = planes.data();
  for (std::size_t width = 1; width <= width_max; ++width)
    for (std::size_t plane = 0; plane < width; ++plane)
      for (std::size_t i = 0, first = 0; i < counts.size(); first += counts[i], ++i) {
        if (shape_of(i).width != width) continue;
        for (std::size_t k = first + heads_of(i); k < first + counts[i]; ++k)
          values[k] |= std::uint64_t{*in++} << (8 * plane);
      }

  std::size_t head = 0;
  for (std::size_t i = 0, first = 0; i < counts.size(); first += counts[i], ++i) {
    if (counts[i] == 0) continue;
    std::uint64_t value = values[first] = static_cast<std::uint64_t>(heads[head++]);
    std::uint64_t step = 0;
    std::size_t k = first + 1;
    if (heads_of(i) == 2) values[k++] = value += step = static_cast<std::uint64_t>(heads[head++]);
    for (; k < first + counts[i]; ++k) {
      const std::uint64_t residual = undo_zig_zag(values[k]);
      step = shape_of(i).order == 2 ? step + residual : residual;
      values[k] = value += step;
    }
  }
  return values;
}

}  // namespace jidian::record
