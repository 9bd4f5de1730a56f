#include "modbus/frame.hpp"

#include <algorithm>
#include <array>
#include <cassert>

namespace jidian::modbus {
namespace {

// Beside the tables' functions 1…4 these are the only ones that are ever sent: nothing here can change a meter.
constexpr std::uint8_t report_server_id = 17;
constexpr std::uint8_t encapsulated = 43;
constexpr std::uint8_t device_identification = 14;

constexpr std::uint8_t exception_flag = 0x80;
constexpr std::uint8_t gateway_path_unavailable = 10;
constexpr std::uint8_t gateway_target_silent = 11;

bool is_bits(meter::Table table) {
  return table == meter::Table::coil || table == meter::Table::discrete_input;
}

std::uint8_t high(std::uint32_t word) {
  return static_cast<std::uint8_t>(word >> 8);
}
std::uint8_t low(std::uint32_t word) {
  return static_cast<std::uint8_t>(word & 0xFF);
}
std::uint16_t word_at(ByteView bytes, std::size_t at) {
  return static_cast<std::uint16_t>(bytes[at] << 8 | bytes[at + 1]);
}

std::size_t data_length(meter::Registers registers) {
  return is_bits(registers.table) ? (registers.count + 7U) / 8U : registers.count * 2U;
}

Error corrupt(std::string what) {
  return {ErrorKind::corrupt, std::move(what)};
}

std::string numbers(std::size_t got, std::size_t wanted) {
  return std::to_string(got) + " instead of " + std::to_string(wanted);
}

void unpack(meter::Registers registers, ByteView data, std::span<std::uint16_t> into) {
  const bool bits = is_bits(registers.table);
  for (std::size_t n = 0; n < into.size(); ++n)
    into[n] = bits ? static_cast<std::uint16_t>((data[n / 8] >> (n % 8)) & 1) : word_at(data, 2 * n);
}

}  // namespace

Request encode_request(std::uint8_t unit, meter::Registers registers) {
  assert(registers.count >= 1 && registers.count <= (is_bits(registers.table) ? bits_max : registers_max));
  assert(registers.end() <= 0x10000);
  return Request({unit, static_cast<std::uint8_t>(registers.table), high(registers.first), low(registers.first),
                  high(registers.count), low(registers.count)});
}

Request encode_server_id_request(std::uint8_t unit) {
  return Request({unit, report_server_id});
}

Request encode_identification_request(std::uint8_t unit, std::uint8_t object) {
  constexpr std::uint8_t basic = 1;
  return Request({unit, encapsulated, device_identification, basic, object});
}

Bytes with_tcp_header(std::uint16_t transaction, const Request& request) {
  const ByteView bytes = request.bytes();
  const auto length = static_cast<std::uint32_t>(bytes.size());
  const std::array<std::uint8_t, 6> header{high(transaction), low(transaction), 0, 0, high(length), low(length)};
  Bytes frame(header.size() + bytes.size());
  std::ranges::copy(bytes, std::ranges::copy(header, frame.begin()).out);
  return frame;
}

std::size_t reply_length(meter::Registers registers) {
  return 3 + data_length(registers);
}

Result<ByteView> check_tcp_header(std::uint16_t transaction, ByteView frame) {
  if (frame.size() < tcp_prefix_length + 3) return corrupt("the reply is too short to be one");
  if (word_at(frame, 0) != transaction)
    return corrupt("the reply belongs to another transaction: " + numbers(word_at(frame, 0), transaction));
  if (word_at(frame, 2) != 0) return corrupt("the reply is of another protocol than Modbus");
  const ByteView reply = frame.subspan(tcp_prefix_length);
  if (word_at(frame, 4) != reply.size())
    return corrupt("the reply's header tells another length: " + numbers(word_at(frame, 4), reply.size()));
  return reply;
}

Result<std::uint8_t> decode_reply(std::uint8_t unit, meter::Registers registers, ByteView reply,
                                  std::span<std::uint16_t> into) {
  assert(into.size() == registers.count);
  const auto function = static_cast<std::uint8_t>(registers.table);
  if (reply.size() < 3) return corrupt("the reply is too short to be one");
  if (reply[0] != unit) return corrupt("unit " + numbers(reply[0], unit) + " replied");
  if (reply[1] == (function | exception_flag)) {
    if (reply.size() != 3 || reply[2] == 0) return corrupt("the exception reply is malformed");
    return reply[2];
  }
  if (reply[1] != function) return corrupt("the reply is of function " + numbers(reply[1], function));
  const std::size_t wanted = data_length(registers);
  if (reply[2] != wanted) return corrupt("the reply announces a byte count of " + numbers(reply[2], wanted));
  if (reply.size() != reply_length(registers))
    return corrupt("the reply's length is " + numbers(reply.size(), reply_length(registers)));
  unpack(registers, reply.subspan(3), into);
  return std::uint8_t{0};
}

Error exception_error(std::uint8_t code) {
  static constexpr std::array words{"",
                                    "illegal function",
                                    "illegal data address",
                                    "illegal data value",
                                    "device failure",
                                    "acknowledged, no data yet",
                                    "device busy",
                                    "negative acknowledge",
                                    "memory parity error",
                                    "",
                                    "gateway has no path to the meter",
                                    "gateway got no answer from the meter"};
  const bool silent = code == gateway_path_unavailable || code == gateway_target_silent;
  std::string text = "Modbus exception " + std::to_string(code);
  if (code < words.size() && *words[code] != '\0') text.append(" (").append(words[code]).append(")");
  return {silent ? ErrorKind::timeout : ErrorKind::refused, std::move(text)};
}

}  // namespace jidian::modbus
