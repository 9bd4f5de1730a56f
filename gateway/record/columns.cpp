#include "record/columns.hpp"

#include <algorithm>
#include <cassert>

namespace jidian::record {
namespace {

constexpr std::size_t width_max = 8;
constexpr unsigned order_max = 2;

std::size_t bytes_of(std::uint64_t number) {
  return (static_cast<std::size_t>(std::bit_width(number)) + 7) / 8;
}

struct Shape {
  unsigned order = 1;
  std::size_t width = 0;
};

struct Differences {
  std::uint64_t bits = 0;  ///< All that are set in any of them.
  std::uint64_t size = 0;  ///< Sum of their bit widths: what they cost, about.
};

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

void ColumnWriter::add(std::span<const std::uint64_t> values) {
  const std::size_t count = values.size();
  std::uint64_t size_first = 0;
  std::uint64_t size_second = 0;
  for (std::size_t i = 2; i < count; ++i) {
    const std::uint64_t step = values[i] - values[i - 1];
    const std::uint64_t step_before = values[i - 1] - values[i - 2];
    size_first += static_cast<std::uint64_t>(std::bit_width(zig_zag(step)));
    size_second += static_cast<std::uint64_t>(std::bit_width(zig_zag(step - step_before)));
  }
  const unsigned order = size_second < size_first ? 2 : 1;

  if (count > 0) bytes_.heads.push_back(static_cast<std::int64_t>(values[0]));
  if (count > 1 && order == 2) bytes_.heads.push_back(static_cast<std::int64_t>(values[1] - values[0]));
  Column column{residuals_.size(), 0, 0};
  std::uint64_t bits = 0;
  for (std::size_t i = order; i < count; ++i) {
    std::uint64_t residual = values[i] - values[i - 1];
    if (order == 2) residual -= values[i - 1] - values[i - 2];
    residuals_.push_back(zig_zag(residual));
    bits |= residuals_.back();
  }
  column.count = residuals_.size() - column.first;
  column.width = bytes_of(bits);
  columns_.push_back(column);
  bytes_.shapes.push_back(static_cast<std::uint8_t>(order << 4 | column.width));
}

ColumnBytes ColumnWriter::finish() {
  std::size_t size = 0;
  for (const Column& column : columns_) size += column.count * column.width;
  bytes_.planes.resize(size);
  auto* out = bytes_.planes.data();
  for (std::size_t width = 1; width <= width_max; ++width)
    for (std::size_t plane = 0; plane < width; ++plane)
      for (const Column& column : columns_) {
        if (column.width != width) continue;
        const std::uint64_t* residual = residuals_.data() + column.first;
        for (std::size_t i = 0; i < column.count; ++i) *out++ = static_cast<std::uint8_t>(residual[i] >> (8 * plane));
      }
  return std::move(bytes_);
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
