// Modbus frames, written from the specification: the plant shares no code with what it tests.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

namespace jidian::plant {

using Bytes = std::vector<std::uint8_t>;
using ByteView = std::span<const std::uint8_t>;

/// CRC-16/MODBUS; it travels low byte first.
std::uint16_t crc16(ByteView bytes);

enum class Transport { tcp, rtu };

/// What one request or reply says, whatever carries it.
struct Message {
  Transport transport = Transport::tcp;
  std::uint16_t transaction = 0;  ///< tcp only
  std::uint8_t unit = 0;
  Bytes pdu;  ///< function code and what follows, without checksum
};

/// The bytes on the wire.
Bytes to_frame(const Message& message);

enum class Scan { message, incomplete, garbage };

/// Takes the first request off a stream of Modbus/TCP bytes.
/// message: `into` is filled and `used` bytes belong to it; garbage: no Modbus/TCP header, the stream is lost.
Scan scan_tcp(ByteView stream, Message& into, std::size_t& used);

/// Takes the first request off what a serial line received since its last silence. Only requests have a known length:
/// garbage means that no request begins here, or that its checksum is wrong.
Scan scan_rtu(ByteView stream, Message& into, std::size_t& used);

}  // namespace jidian::plant
