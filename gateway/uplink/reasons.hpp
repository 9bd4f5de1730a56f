#pragma once

#include <cstdint>
#include <string>

namespace jidian::uplink {

/// MQTT 5 reason codes that a decision hangs on.
inline constexpr std::uint8_t reason_no_subscribers = 0x10;
inline constexpr std::uint8_t reason_failure = 0x80;  ///< This and above: not done.
inline constexpr std::uint8_t reason_server_busy = 0x89;
inline constexpr std::uint8_t reason_taken_over = 0x8E;
inline constexpr std::uint8_t reason_packet_too_large = 0x95;
inline constexpr std::uint8_t reason_message_rate = 0x96;
inline constexpr std::uint8_t reason_quota = 0x97;
inline constexpr std::uint8_t reason_connection_rate = 0x9F;
inline constexpr std::uint8_t reason_connection_ended = 0xFF;  ///< Ours: no answer came.

/// Whether the broker says by it that it is there and has too much to do.
bool is_busy(std::uint8_t reason);

/// What an MQTT 5 reason code means, for people: "not authorised (0x87)".
std::string describe_reason(std::uint8_t reason);

}  // namespace jidian::uplink
