#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <utility>

#include "base/bytes.hpp"
#include "base/result.hpp"
#include "meter/registers.hpp"

/// What stands in the bytes of a request and of a reply. Pure.
namespace jidian::modbus {

/// What one request may ask for (Modbus Application Protocol 1.1b3, 6.1 and 6.3).
inline constexpr std::uint16_t registers_max = 125;
inline constexpr std::uint16_t bits_max = 2000;

/// Length of the Modbus/TCP header up to, not including, the unit.
inline constexpr std::size_t tcp_prefix_length = 6;

/// What may be sent, from the unit on, without checksum or header: both framings carry the same. Only the three
/// functions below make one, so nothing else can leave the gateway.
class Request {
 public:
  ByteView bytes() const { return bytes_; }
  std::uint8_t unit() const { return bytes_[0]; }
  std::uint8_t function() const { return bytes_[1]; }

 private:
  explicit Request(Bytes bytes) : bytes_(std::move(bytes)) {}
  friend Request encode_request(std::uint8_t unit, meter::Registers registers);
  friend Request encode_server_id_request(std::uint8_t unit);
  friend Request encode_identification_request(std::uint8_t unit, std::uint8_t object);

  Bytes bytes_;
};

/// Unit, function, first address, count. The function is the table's number, 1…4.
Request encode_request(std::uint8_t unit, meter::Registers registers);

/// Function 17, report server id.
Request encode_server_id_request(std::uint8_t unit);

/// Function 43/14, read device identification: the stream of basic objects from `object` on.
Request encode_identification_request(std::uint8_t unit, std::uint8_t object);

/// `request` as a whole Modbus/TCP frame.
Bytes with_tcp_header(std::uint16_t transaction, const Request& request);

/// Bytes of a good reply from the unit to the last data byte.
std::size_t reply_length(meter::Registers registers);

/// Checks the Modbus/TCP header of `frame` and gives what follows it: the reply from the unit on.
/// Errors: corrupt (another transaction, another protocol, a length that contradicts the frame).
Result<ByteView> check_tcp_header(std::uint16_t transaction, ByteView frame);

/// Checks `reply` (from the unit to the last data byte, no CRC) against the request and unpacks it into `into`, one
/// word a register or bit. Gives 0, or the exception code the meter replied with instead (`into` is then untouched).
/// Errors: corrupt. Precondition: into.size() == registers.count.
Result<std::uint8_t> decode_reply(std::uint8_t unit, meter::Registers registers, ByteView reply,
                                  std::span<std::uint16_t> into);

/// The failure an exception code stands for. A gateway whose meter is silent (10, 11) is `timeout`, all else `refused`.
Error exception_error(std::uint8_t code);

}  // namespace jidian::modbus
