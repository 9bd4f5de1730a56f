#include "modbus/rtu_frame.hpp"

#include <algorithm>
#include <array>

namespace jidian::modbus {
namespace {

constexpr std::size_t shortest = 4;  ///< Unit, function, checksum.
constexpr std::size_t exception_length = 5;
constexpr std::size_t short_length = 8;  ///< A request to read, a write of one register, and its reply.
constexpr std::uint8_t exception_bit = 0x80;

/// The lengths a frame of this start may have, the likelier first; 0 where there is none.
std::array<std::size_t, 3> lengths_of(ByteView start) {
  const std::uint8_t function = start[1];
  if ((function & exception_bit) != 0) return {exception_length, 0, 0};
  const std::size_t counted = start.size() > 2 ? 3U + start[2] + crc_length : 0;
  switch (function) {
    case 1:
    case 2:
    case 3:
    case 4:
      return {counted, short_length, 0};
    case 5:
    case 6:
      return {short_length, 0, 0};
    case 15:
    case 16:
      return {short_length, start.size() > 6 ? 7U + start[6] + crc_length : 0, 0};
    case 17:
      return {shortest, counted, 0};
    default:
      return {};
  }
}

std::size_t frame_at(ByteView rest) {
  if (rest.size() < shortest) return 0;
  for (const std::size_t length : lengths_of(rest))
    if (length >= shortest && length <= rest.size() && has_good_crc(rest.first(length))) return length;
  return 0;
}

}  // namespace

std::uint16_t crc16(ByteView bytes) {
  std::uint32_t crc = 0xFFFF;
  for (const std::uint8_t byte : bytes) {
    crc ^= byte;
    for (int bit = 0; bit < 8; ++bit) crc = (crc & 1U) != 0 ? crc >> 1 ^ 0xA001U : crc >> 1;
  }
  return static_cast<std::uint16_t>(crc);
}

Bytes with_crc(ByteView frame) {
  Bytes whole(frame.begin(), frame.end());
  const std::uint16_t crc = crc16(frame);
  whole.push_back(static_cast<std::uint8_t>(crc & 0xFF));
  whole.push_back(static_cast<std::uint8_t>(crc >> 8));
  return whole;
}

bool has_good_crc(ByteView frame) {
  if (frame.size() < shortest) return false;
  const std::uint16_t crc = crc16(frame.first(frame.size() - crc_length));
  return frame[frame.size() - 2] == (crc & 0xFF) && frame[frame.size() - 1] == crc >> 8;
}

std::vector<Piece> split_run(ByteView run) {
  if (run.size() <= rtu_frame_max && has_good_crc(run)) return {{run, true}};
  std::vector<Piece> pieces;
  std::size_t noise = 0;  // bytes before `at` that belong to nothing
  std::size_t at = 0;
  while (at < run.size()) {
    const std::size_t length = frame_at(run.subspan(at));
    if (length == 0) {
      ++noise, ++at;
      continue;
    }
    if (noise > 0) pieces.push_back({run.subspan(at - noise, noise), false});
    pieces.push_back({run.subspan(at, length), true});
    at += length;
    noise = 0;
  }
  if (noise > 0) pieces.push_back({run.subspan(run.size() - noise), false});
  return pieces;
}

bool may_be_request(ByteView frame) {
  constexpr std::size_t identification_length = 7;
  switch (frame[1]) {
    case 1:
    case 2:
    case 3:
    case 4:
    case 5:
    case 6:
      return frame.size() == short_length;
    case 15:
    case 16:
      return frame.size() > short_length;
    case 17:
      return frame.size() == shortest;
    case 43:
      return frame.size() == identification_length;
    default:
      return (frame[1] & exception_bit) == 0;  // nobody knows how long those are
  }
}

acquire::FrameKind kind_of(ByteView frame, ByteView request) {
  if (request.size() < shortest) return acquire::FrameKind::foreign;
  if (std::ranges::equal(frame, request)) return acquire::FrameKind::echo;
  const bool ours = frame[0] == request[0] && (frame[1] & ~exception_bit) == request[1];
  return ours ? acquire::FrameKind::late : acquire::FrameKind::foreign;
}

}  // namespace jidian::modbus
