#pragma once

#include <cstdint>
#include <vector>

#include "acquire/line_watch.hpp"
#include "base/bytes.hpp"

/// What runs of bytes on a serial line are. Pure.
namespace jidian::modbus {

inline constexpr std::size_t crc_length = 2;
inline constexpr std::size_t rtu_frame_max = 256;
inline constexpr std::size_t shortest_frame = 5;  ///< That a meter sends: an exception reply.

/// CRC-16 of Modbus over serial line 1.02, 6.2.2 (polynomial 0xA001 reflected, start 0xFFFF); sent low byte first.
std::uint16_t crc16(ByteView bytes);

/// `frame` with its checksum behind it.
Bytes with_crc(ByteView frame);

/// Whether the last two bytes are the checksum of those before; false for what is too short to be a frame.
bool has_good_crc(ByteView frame);

/// A piece of a run: a whole valid frame, or bytes that belong to none.
struct Piece {
  ByteView bytes;
  bool valid = false;
};

/// Splits what was heard between two silences into valid frames and the noise around them. A valid frame has a good
/// checksum and the length its function says (functions of other lengths only if they fill the run alone), since among
/// hundreds of lengths a checksum fits by chance.
std::vector<Piece> split_run(ByteView run);

/// Whether a valid frame has the length of a request. Replies to functions 1 and 2 that carry three bytes do as well.
bool may_be_request(ByteView frame);

/// What a valid frame is, heard after `request` (with its checksum; empty if there was none yet).
acquire::FrameKind kind_of(ByteView frame, ByteView request);

}  // namespace jidian::modbus
