#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <string>

#include "base/bytes.hpp"
#include "base/result.hpp"

/// Replies by which a meter says what it is (Modbus Application Protocol 1.1b3, 6.13 and 6.21). Pure.
namespace jidian::modbus {

/// The bytes behind the byte count of a reply to function 17. `reply` reaches from the unit on, without checksum.
/// Errors: corrupt.
Result<Bytes> decode_server_id(std::uint8_t unit, ByteView reply);

/// Collects the objects of function 43/14, asking on while the meter says that more follow, at most 8 times.
/// `ask` sends the request that begins with an object and gives the reply from the unit on, without checksum.
/// Errors: corrupt, and what `ask` gives.
Result<std::map<std::uint8_t, std::string>> read_identification(
    const std::function<Result<Bytes>(std::uint8_t object)>& ask, std::uint8_t unit);

}  // namespace jidian::modbus
