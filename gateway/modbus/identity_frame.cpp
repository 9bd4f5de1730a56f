#include "modbus/identity_frame.hpp"

namespace jidian::modbus {
namespace {

constexpr int requests_max = 8;
constexpr std::size_t head_length = 8;  ///< Unit, 43, 14, level, conformity, more follows, next object, objects.

Error corrupt(const char* what) {
  return {ErrorKind::corrupt, what};
}

}  // namespace

Result<Bytes> decode_server_id(std::uint8_t unit, ByteView reply) {
  if (reply.size() < 3 || reply[0] != unit || reply[1] != 17)
    return corrupt("the reply is of another unit or function");
  if (reply[2] != reply.size() - 3) return corrupt("the reply's byte count contradicts its length");
  return Bytes(reply.begin() + 3, reply.end());
}

Result<std::map<std::uint8_t, std::string>> read_identification(
    const std::function<Result<Bytes>(std::uint8_t object)>& ask, std::uint8_t unit) {
  std::map<std::uint8_t, std::string> objects;
  std::uint8_t next = 0;
  for (int n = 0; n < requests_max; ++n) {
    const auto reply = ask(next);
    if (!reply) return reply.error();
    const ByteView bytes = *reply;
    if (bytes.size() < head_length || bytes[0] != unit || bytes[1] != 43 || bytes[2] != 14)
      return corrupt("the reply is of another unit or function");
    std::size_t at = head_length;
    for (int left = bytes[7]; left > 0; --left) {
      if (at + 2 > bytes.size() || at + 2 + bytes[at + 1] > bytes.size())
        return corrupt("the identification ends inside an object");
      const ByteView text = bytes.subspan(at + 2, bytes[at + 1]);
      objects[bytes[at]] = std::string(text.begin(), text.end());
      at += 2 + text.size();
    }
    if (at != bytes.size()) return corrupt("bytes follow the identification's last object");
    if (bytes[5] == 0 || bytes[6] <= next) break;
    next = bytes[6];
  }
  return objects;
}

}  // namespace jidian::modbus
