#include "tests/integration/modbus/slave_frames.hpp"

namespace jidian::test {
namespace {

std::uint16_t word(std::span<const std::uint8_t> bytes, std::size_t at) {
  return static_cast<std::uint16_t>(bytes[at] << 8 | bytes[at + 1]);
}

void append(Frame& frame, std::uint16_t value) {
  frame.push_back(static_cast<std::uint8_t>(value >> 8));
  frame.push_back(static_cast<std::uint8_t>(value & 0xFF));
}

}  // namespace

ReadRequest parse_rtu_request(std::span<const std::uint8_t> frame) {
  return {0, frame[0], frame[1], word(frame, 2), word(frame, 4)};
}

ReadRequest parse_tcp_request(std::span<const std::uint8_t> frame) {
  ReadRequest request = parse_rtu_request(frame.subspan(6));
  request.transaction = word(frame, 0);
  return request;
}

std::uint16_t truth(std::uint8_t unit, std::uint32_t address) {
  return static_cast<std::uint16_t>((address * 40'503U) ^ (unit * 2'654'435'761U >> 16));
}

Frame reply_to(const ReadRequest& request) {
  Frame frame{request.unit, request.function};
  if (request.function <= 2) {
    frame.push_back(static_cast<std::uint8_t>((request.count + 7) / 8));
    for (std::uint32_t n = 0; n < request.count; ++n) {
      if (n % 8 == 0) frame.push_back(0);
      const unsigned bit = truth(request.unit, request.first + n) & 1U;
      frame.back() = static_cast<std::uint8_t>(frame.back() | (bit << (n % 8)));
    }
    return frame;
  }
  frame.push_back(static_cast<std::uint8_t>(2 * request.count));
  for (std::uint32_t n = 0; n < request.count; ++n) append(frame, truth(request.unit, request.first + n));
  return frame;
}

Frame exception_to(const ReadRequest& request, std::uint8_t code) {
  return {request.unit, static_cast<std::uint8_t>(request.function | 0x80), code};
}

Frame with_crc(Frame reply) {
  std::uint16_t crc = 0xFFFF;
  for (const auto byte : reply) {
    crc = static_cast<std::uint16_t>(crc ^ byte);
    for (int bit = 0; bit < 8; ++bit) crc = static_cast<std::uint16_t>((crc & 1) != 0 ? (crc >> 1) ^ 0xA001 : crc >> 1);
  }
  reply.push_back(static_cast<std::uint8_t>(crc & 0xFF));
  reply.push_back(static_cast<std::uint8_t>(crc >> 8));
  return reply;
}

Frame with_tcp_header(std::uint16_t transaction, const Frame& reply) {
  Frame frame;
  append(frame, transaction);
  append(frame, 0);
  append(frame, static_cast<std::uint16_t>(reply.size()));
  frame.insert(frame.end(), reply.begin(), reply.end());
  return frame;
}

}  // namespace jidian::test
