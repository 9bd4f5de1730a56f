#include "record/batch.hpp"
#include "record/body.hpp"

namespace jidian::record {
namespace {

/// Takes a base-128 number from the front of `bytes`; nothing if it does not end.
std::optional<std::uint64_t> take_number(ByteView& bytes) {
  std::uint64_t number = 0;
  for (unsigned shift = 0; shift < 64 && !bytes.empty(); shift += 7) {
    const std::uint8_t byte = bytes.front();
    bytes = bytes.subspan(1);
    number |= static_cast<std::uint64_t>(byte & 0x7FU) << shift;
    if (byte < 0x80) return number;
  }
  return std::nullopt;
}

}  // namespace

bool is_bounded(ByteView bytes) {
  // Fields with a length: 1 has blocks, rows or events, 2 has aggregates.
  constexpr std::uint64_t message_tag = 0x0A;
  constexpr std::uint64_t aggregate_tag = 0x12;
  std::size_t messages = 0;
  std::size_t aggregates = 0;
  while (!bytes.empty()) {
    const auto tag = take_number(bytes);
    if (!tag) return false;
    std::uint64_t skip = 0;
    switch (*tag & 7U) {
      case 0:
        if (!take_number(bytes)) return false;
        break;
      case 1:
        skip = 8;
        break;
      case 2: {
        const auto length = take_number(bytes);
        if (!length) return false;
        skip = *length;
        break;
      }
      case 5:
        skip = 4;
        break;
      default:
        return false;  // groups, which proto3 does not write
    }
    if (skip > bytes.size()) return false;
    bytes = bytes.subspan(static_cast<std::size_t>(skip));
    messages += *tag == message_tag ? 1U : 0U;
    aggregates += *tag == aggregate_tag ? 1U : 0U;
    if (messages > batch_readings_max || aggregates > batch_readings_max) return false;
  }
  return true;
}

}  // namespace jidian::record
