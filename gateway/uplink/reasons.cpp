#include "uplink/reasons.hpp"

#include <array>

#include "base/bytes.hpp"

namespace jidian::uplink {
namespace {

struct Meaning {
  std::uint8_t reason;
  const char* text;
};

constexpr std::array meanings{
    Meaning{0x00, "success"},
    Meaning{reason_no_subscribers, "nobody subscribes to this topic"},
    Meaning{0x80, "unspecified error"},
    Meaning{0x81, "malformed packet"},
    Meaning{0x82, "protocol error"},
    Meaning{0x83, "implementation specific error"},
    Meaning{0x84, "the broker does not speak MQTT 5"},
    Meaning{0x85, "client id not accepted"},
    Meaning{0x86, "wrong user name or password"},
    Meaning{0x87, "not authorised"},
    Meaning{0x88, "server unavailable"},
    Meaning{reason_server_busy, "server busy"},
    Meaning{0x8A, "banned"},
    Meaning{0x8B, "server shutting down"},
    Meaning{0x8C, "bad authentication method"},
    Meaning{0x8D, "keep-alive timeout"},
    Meaning{reason_taken_over, "another client took over this client id"},
    Meaning{0x8F, "topic filter invalid"},
    Meaning{0x90, "topic name invalid"},
    Meaning{0x91, "packet identifier in use"},
    Meaning{0x93, "receive maximum exceeded"},
    Meaning{reason_packet_too_large, "packet too large"},
    Meaning{reason_message_rate, "message rate too high"},
    Meaning{reason_quota, "quota exceeded"},
    Meaning{0x98, "administrative action"},
    Meaning{0x99, "payload format invalid"},
    Meaning{0x9A, "retain not supported"},
    Meaning{0x9B, "quality of service not supported"},
    Meaning{0x9C, "use another server"},
    Meaning{0x9D, "server moved"},
    Meaning{reason_connection_rate, "connection rate exceeded"},
    Meaning{reason_connection_ended, "the connection ended first"},
};

}  // namespace

bool is_busy(std::uint8_t reason) {
  return reason == reason_server_busy || reason == reason_message_rate || reason == reason_quota ||
         reason == reason_connection_rate;
}

std::string describe_reason(std::uint8_t reason) {
  const std::array digits{reason};
  const std::string code = " (0x" + to_hex(ByteView(digits)) + ")";
  for (const auto& meaning : meanings)
    if (meaning.reason == reason) return meaning.text + code;
  return "unknown reason" + code;
}

}  // namespace jidian::uplink
