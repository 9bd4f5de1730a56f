#include <sys/socket.h>

#include <cassert>
#include <cerrno>
#include <utility>

#include "modbus/rtu_bus.hpp"
#include "modbus/rtu_frame.hpp"
#include "modbus/tcp_connect.hpp"

namespace jidian::modbus {
namespace {

/// A serial line behind a device server. The server passes late replies to whoever is connected, so a new connection
/// is no cure for them: the line is silenced and drained as if it were ours.
class RtuOverTcpBus final : public RtuBus {
 public:
  explicit RtuOverTcpBus(RtuOverTcpOptions options)
      : RtuBus(options.timing), options_(std::move(options)), resolver_(options_.host, options_.port) {}

  std::string address() const override { return place() + ", RTU " + acquire::to_string(timing().settings); }

 private:
  Result<Context> connect(std::stop_token stop) override {
    auto socket = connect_tcp(resolver_, options_.connect_timeout, std::move(stop));
    if (!socket) return socket.error();
    Context context{modbus_new_rtu("device server", 9600, 'N', 8, 1)};  // for its framing: the socket is ours
    assert(context);
    modbus_set_socket(context.get(), socket->release());
    return context;
  }

  /// libmodbus would write to the socket and raise SIGPIPE when the other end has closed it.
  Status transmit(modbus_t* context, const Request& request) override {
    const Bytes frame = with_crc(request.bytes());
    const auto sent = ::send(modbus_get_socket(context), frame.data(), frame.size(), MSG_NOSIGNAL);
    if (sent < 0) return library_error(errno);
    if (sent != static_cast<ssize_t>(frame.size()))
      return Error{ErrorKind::unreachable, "the connection takes no more bytes"};
    return {};
  }

  std::string place() const override { return endpoint_text(options_.host, options_.port); }

  RtuOverTcpOptions options_;
  Resolver resolver_;
};

}  // namespace

std::unique_ptr<acquire::Bus> make_rtu_over_tcp_bus(RtuOverTcpOptions options) {
  return std::make_unique<RtuOverTcpBus>(std::move(options));
}

}  // namespace jidian::modbus
