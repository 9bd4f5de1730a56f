#pragma once

#include <cstdint>
#include <span>
#include <vector>

/// Frames as a slave makes them, written without looking at the gateway's.
namespace jidian::test {

using Frame = std::vector<std::uint8_t>;

/// A request to read, of either framing.
struct ReadRequest {
  std::uint16_t transaction = 0;  ///< TCP only.
  std::uint8_t unit = 0;
  std::uint8_t function = 0;
  std::uint16_t first = 0;
  std::uint16_t count = 0;
};

ReadRequest parse_rtu_request(std::span<const std::uint8_t> frame);
ReadRequest parse_tcp_request(std::span<const std::uint8_t> frame);

/// What the register `address` of `unit` holds; neighbours differ, so that another block's data is never right.
std::uint16_t truth(std::uint8_t unit, std::uint32_t address);

/// Unit, function, byte count and data of a true reply.
Frame reply_to(const ReadRequest& request);
Frame exception_to(const ReadRequest& request, std::uint8_t code);

Frame with_crc(Frame reply);
Frame with_tcp_header(std::uint16_t transaction, const Frame& reply);

}  // namespace jidian::test
