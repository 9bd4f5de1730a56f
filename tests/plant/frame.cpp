#include "frame.hpp"

#include <array>

namespace jidian::plant {
namespace {

constexpr std::size_t mbap_size = 7;
constexpr std::size_t pdu_max = 253;

constexpr std::array<std::uint16_t, 256> make_crc_table() {
  std::array<std::uint16_t, 256> table{};
  for (unsigned byte = 0; byte < 256; ++byte) {
    unsigned crc = byte;
    for (int bit = 0; bit < 8; ++bit) crc = (crc & 1U) != 0 ? (crc >> 1U) ^ 0xA001U : crc >> 1U;
    table[byte] = static_cast<std::uint16_t>(crc);
  }
  return table;
}

constexpr auto crc_table = make_crc_table();

std::uint16_t word_at(ByteView bytes, std::size_t at) {
  return static_cast<std::uint16_t>(bytes[at] << 8U | bytes[at + 1]);
}

// Length of a serial request with address and checksum; 0 if more bytes are needed to tell, -1 if it has none.
int request_length(ByteView stream) {
  if (stream.size() < 2) return 0;
  switch (stream[1]) {
    case 1:
    case 2:
    case 3:
    case 4:
    case 5:
    case 6:
    case 8:
      return 8;
    case 7:
    case 11:
    case 12:
    case 17:
      return 4;
    case 15:
    case 16:
      return stream.size() < 7 ? 0 : 9 + stream[6];
    case 20:
    case 21:
      return stream.size() < 3 ? 0 : 5 + stream[2];
    case 22:
      return 10;
    case 23:
      return stream.size() < 11 ? 0 : 13 + stream[10];
    case 24:
      return 6;
    case 43:
      return 7;
    default:
      return -1;
  }
}

}  // namespace

std::uint16_t crc16(ByteView bytes) {
  unsigned crc = 0xFFFFU;
  for (const std::uint8_t byte : bytes) crc = (crc >> 8U) ^ crc_table[(crc ^ byte) & 0xFFU];
  return static_cast<std::uint16_t>(crc);
}

Bytes to_frame(const Message& message) {
  Bytes out;
  if (message.transport == Transport::tcp) {
    const std::size_t length = message.pdu.size() + 1;
    for (const std::size_t word : {std::size_t{message.transaction}, std::size_t{0}, length}) {
      out.push_back(static_cast<std::uint8_t>(word >> 8U));
      out.push_back(static_cast<std::uint8_t>(word));
    }
  }
  out.push_back(message.unit);
  out.insert(out.end(), message.pdu.begin(), message.pdu.end());
  if (message.transport == Transport::rtu) {
    const unsigned crc = crc16(out);
    out.push_back(static_cast<std::uint8_t>(crc));
    out.push_back(static_cast<std::uint8_t>(crc >> 8U));
  }
  return out;
}

Scan scan_tcp(ByteView stream, Message& into, std::size_t& used) {
  if (stream.size() < mbap_size) return Scan::incomplete;
  const std::size_t length = word_at(stream, 4);
  if (word_at(stream, 2) != 0 || length < 2 || length > pdu_max + 1) return Scan::garbage;
  used = mbap_size - 1 + length;
  if (stream.size() < used) return Scan::incomplete;
  into.transport = Transport::tcp;
  into.transaction = word_at(stream, 0);
  into.unit = stream[6];
  into.pdu.assign(stream.begin() + mbap_size, stream.begin() + static_cast<std::ptrdiff_t>(used));
  return Scan::message;
}

Scan scan_rtu(ByteView stream, Message& into, std::size_t& used) {
  const int length = request_length(stream);
  if (length < 0) return Scan::garbage;
  if (length == 0 || stream.size() < static_cast<std::size_t>(length)) return Scan::incomplete;
  used = static_cast<std::size_t>(length);
  const std::uint16_t sent = static_cast<std::uint16_t>(stream[used - 2] | stream[used - 1] << 8U);
  if (crc16(stream.first(used - 2)) != sent) return Scan::garbage;
  into.transport = Transport::rtu;
  into.transaction = 0;
  into.unit = stream[0];
  into.pdu.assign(stream.begin() + 1, stream.begin() + static_cast<std::ptrdiff_t>(used) - 2);
  return Scan::message;
}

}  // namespace jidian::plant
