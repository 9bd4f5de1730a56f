#include <sys/socket.h>

#include <array>
#include <cassert>
#include <cerrno>
#include <utility>

#include "modbus/bus.hpp"
#include "modbus/frame.hpp"
#include "modbus/library.hpp"
#include "modbus/tcp_connect.hpp"

namespace jidian::modbus {
namespace {

/// A Modbus/TCP endpoint over libmodbus.
///
/// We connect ourselves and hand the socket over. libmodbus receives; the request is sent by us, because its
/// `modbus_send_raw_request` numbers every transaction 0, and then a reply that comes twice would pass for the answer
/// to the next request. After any failure the connection is given up: no late reply can outlive it.
class TcpBus final : public acquire::Bus {
 public:
  explicit TcpBus(TcpOptions options)
      : options_(std::move(options)),
        resolver_(options_.host, options_.port),
        context_(modbus_new_tcp("127.0.0.1", options_.port)) {  // the address is not used: see open()
    assert(context_);
    set_reply_timeout(context_.get(), options_.response_timeout);
  }

  Status open(std::stop_token stop) override {
    if (is_open()) return {};
    auto socket = connect_tcp(options_, resolver_, std::move(stop));
    if (!socket) return socket.error();
    modbus_set_socket(context_.get(), socket->release());
    return {};
  }

  bool is_open() const override { return fd() >= 0; }

  Status read(std::uint8_t unit, meter::Registers registers, std::span<std::uint16_t> into) override {
    assert(is_open());
    exception_ = 0;
    auto done = exchange(unit, registers, into);
    if (!done) {
      close();
      return done.error();
    }
    exception_ = *done;
    if (exception_ != 0) return exception_error(exception_);
    return {};
  }

  std::uint8_t last_exception() const override { return exception_; }

  void close() override { modbus_close(context_.get()); }

  std::string address() const override {
    const bool ipv6 = options_.host.find(':') != std::string::npos;
    return (ipv6 ? "[" + options_.host + "]" : options_.host) + ":" + std::to_string(options_.port);
  }

 private:
  int fd() const { return modbus_get_socket(context_.get()); }

  /// The exception code, or 0 and `into` filled.
  Result<std::uint8_t> exchange(std::uint8_t unit, meter::Registers registers, std::span<std::uint16_t> into) {
    if (auto quiet = check_quiet(); !quiet) return quiet.error();

    ++transaction_;
    const auto request = encode_tcp_request(transaction_, unit, registers);
    const auto sent = ::send(fd(), request.data(), request.size(), MSG_NOSIGNAL);
    if (sent < 0) return library_error(errno);
    if (sent != static_cast<ssize_t>(request.size()))
      return Error{ErrorKind::unreachable, "the connection takes no more bytes"};

    std::array<std::uint8_t, MODBUS_TCP_MAX_ADU_LENGTH> frame{};
    const int length = modbus_receive_confirmation(context_.get(), frame.data());
    if (length < 0) return errno == ETIMEDOUT ? no_answer(options_.response_timeout) : library_error(errno);
    const auto reply = check_tcp_header(transaction_, ByteView{frame}.first(static_cast<std::size_t>(length)));
    if (!reply) return reply.error();
    return decode_reply(unit, registers, *reply, into);
  }

  /// Nothing may wait to be read before a request: neither the end of the connection nor bytes nobody asked for.
  Status check_quiet() {
    std::uint8_t byte = 0;
    const auto waiting = ::recv(fd(), &byte, 1, MSG_PEEK | MSG_DONTWAIT);
    if (waiting < 0 && (errno == EAGAIN || errno == EWOULDBLOCK)) return {};
    if (waiting == 0) return Error{ErrorKind::unreachable, "the other end closed the connection"};
    if (waiting > 0) return Error{ErrorKind::unreachable, "bytes came that nobody asked for: connecting anew"};
    return library_error(errno);
  }

  TcpOptions options_;
  Resolver resolver_;
  Context context_;
  std::uint16_t transaction_ = 0;
  std::uint8_t exception_ = 0;
};

}  // namespace

std::unique_ptr<acquire::Bus> make_tcp_bus(TcpOptions options) {
  return std::make_unique<TcpBus>(std::move(options));
}

}  // namespace jidian::modbus
