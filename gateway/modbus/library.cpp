#include "modbus/library.hpp"

#include <cassert>
#include <cerrno>
#include <cstdint>

namespace jidian::modbus {

void set_reply_timeout(modbus_t* context, Millis whole_reply) {
  const auto count = static_cast<std::uint64_t>(whole_reply.count());
  assert(count > 0);
  [[maybe_unused]] const int done = modbus_set_response_timeout(context, static_cast<std::uint32_t>(count / 1000),
                                                                static_cast<std::uint32_t>(count % 1000 * 1000));
  assert(done == 0);
  modbus_set_byte_timeout(context, 0, 0);
}

std::size_t confirmation_length(ByteView frame) {
  constexpr std::size_t around = 4;  // unit, function, checksum
  const std::uint8_t function = frame[1];
  if (function == 5 || function == 6 || function == 15 || function == 16) return around + 4;
  if (function == 22) return around + 6;
  const bool counted = function <= 4 || function == 17 || function == 23;
  return around + 1 + (counted ? frame[2] : 0U);
}

Error library_error(int number) {
  switch (number) {
    case EMBBADCRC:
      return {ErrorKind::corrupt, "the reply's checksum is wrong"};
    case EMBBADDATA:
    case EMBMDATA:
      return {ErrorKind::corrupt, "the reply is longer than Modbus allows"};
    case ECONNRESET:
    case EPIPE:
      return {ErrorKind::unreachable, "the other end closed the connection"};
    default:
      return {ErrorKind::unreachable, std::string{"the port failed: "} + modbus_strerror(number)};
  }
}

Error no_answer(Millis timeout) {
  return {ErrorKind::timeout, "no answer within " + std::to_string(timeout.count()) + " ms"};
}

}  // namespace jidian::modbus
