#include <poll.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <cassert>
#include <cerrno>
#include <chrono>
#include <thread>
#include <utility>

#include "modbus/bus.hpp"
#include "modbus/frame.hpp"
#include "modbus/identity_frame.hpp"
#include "modbus/library.hpp"
#include "modbus/tcp_connect.hpp"

namespace jidian::modbus {
namespace {

using SteadyClock = std::chrono::steady_clock;

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
    auto socket = connect_tcp(resolver_, options_.connect_timeout, std::move(stop));
    if (!socket) return socket.error();
    modbus_set_socket(context_.get(), socket->release());
    return {};
  }

  bool is_open() const override { return fd() >= 0; }

  Status read(std::uint8_t unit, meter::Registers registers, std::span<std::uint16_t> into) override {
    assert(is_open());
    exception_ = 0;
    const auto done = exchange(unit, registers, into);
    if (!done) return failed(done.error());
    exception_ = *done;
    ++(exception_ == 0 ? counters_.replies : counters_.exceptions);
    if (exception_ != 0) return exception_error(exception_);
    return {};
  }

  Result<acquire::Probe> probe(std::uint8_t unit, meter::Registers registers, Millis patience) override {
    const auto usual = std::exchange(options_.response_timeout, patience);
    set_reply_timeout(context_.get(), patience);
    auto probe = Bus::probe(unit, registers, patience);
    options_.response_timeout = usual;
    set_reply_timeout(context_.get(), usual);
    return probe;
  }

  Result<Bytes> server_id(std::uint8_t unit) override {
    auto reply = ask(encode_server_id_request(unit));
    if (!reply) return reply.error();
    return decode_server_id(unit, *reply);
  }

  Result<std::map<std::uint8_t, std::string>> device_identification(std::uint8_t unit) override {
    return read_identification([&](std::uint8_t object) { return ask(encode_identification_request(unit, object)); },
                               unit);
  }

  void watch_frames(acquire::FrameWatcher watcher) override { watcher_ = std::move(watcher); }

  acquire::BusCounters counters() const override { return counters_; }

  std::uint8_t last_exception() const override { return exception_; }

  void close() override { modbus_close(context_.get()); }

  std::string address() const override { return endpoint_text(options_.host, options_.port); }

 private:
  int fd() const { return modbus_get_socket(context_.get()); }

  /// Counts the failure and gives the connection up: no late reply can outlive it.
  Error failed(Error error) {
    if (error.kind() == ErrorKind::timeout) ++counters_.timeouts;
    if (error.kind() == ErrorKind::corrupt) ++counters_.corrupt;
    close();
    return error;
  }

  /// Sends `request` under the next transaction number.
  Status send(const Request& request) {
    if (const auto since = SteadyClock::now() - spoke_; since < options_.pause)
      std::this_thread::sleep_for(options_.pause - since);
    if (auto quiet = check_quiet(); !quiet) return quiet;
    ++transaction_;
    ++counters_.requests;
    const Bytes frame = with_tcp_header(transaction_, request);
    show(acquire::FrameKind::request, frame);
    const auto sent = ::send(fd(), frame.data(), frame.size(), MSG_NOSIGNAL);
    if (sent < 0) return library_error(errno);
    if (sent != static_cast<ssize_t>(frame.size()))
      return Error{ErrorKind::unreachable, "the connection takes no more bytes"};
    return {};
  }

  /// The exception code, or 0 and `into` filled.
  Result<std::uint8_t> exchange(std::uint8_t unit, meter::Registers registers, std::span<std::uint16_t> into) {
    if (auto sent = send(encode_request(unit, registers)); !sent) return sent.error();

    std::array<std::uint8_t, MODBUS_TCP_MAX_ADU_LENGTH> frame{};
    const int length = modbus_receive_confirmation(context_.get(), frame.data());
    spoke_ = SteadyClock::now();
    if (length < 0) return errno == ETIMEDOUT ? no_answer(options_.response_timeout) : library_error(errno);
    const ByteView whole = ByteView{frame}.first(static_cast<std::size_t>(length));
    const auto reply = check_tcp_header(transaction_, whole);
    show(reply ? acquire::FrameKind::reply : acquire::FrameKind::noise, whole);
    if (!reply) return reply.error();
    return decode_reply(unit, registers, *reply, into);
  }

  /// The reply to `request` from the unit on; exceptions are errors.
  Result<Bytes> ask(const Request& request) {
    exception_ = 0;
    if (!is_open()) return Error{ErrorKind::unreachable, "the connection is closed"};
    auto sent = send(request);
    auto reply = sent ? receive() : Result<Bytes>{sent.error()};
    if (!reply) return failed(reply.error());
    if (reply->size() < 2 || (*reply)[0] != request.unit() || ((*reply)[1] & 0x7FU) != request.function())
      return failed({ErrorKind::corrupt, "the reply is of another unit or function"});
    if ((*reply)[1] == request.function()) {
      ++counters_.replies;
      return reply;
    }
    if (reply->size() != 3) return failed({ErrorKind::corrupt, "the exception reply is malformed"});
    exception_ = (*reply)[2];
    ++counters_.exceptions;
    return exception_error(exception_);
  }

  /// A reply from the unit on. libmodbus does not know the lengths of functions 17 and 43: the header's is taken.
  Result<Bytes> receive() {
    const auto deadline = SteadyClock::now() + options_.response_timeout;
    Bytes frame;
    for (std::size_t wanted = tcp_prefix_length; frame.size() < wanted;) {
      const auto left = std::chrono::ceil<Millis>(deadline - SteadyClock::now());
      pollfd watched{fd(), POLLIN, 0};
      if (left <= Millis{0} || ::poll(&watched, 1, static_cast<int>(left.count())) == 0)
        return no_answer(options_.response_timeout);
      std::array<std::uint8_t, MODBUS_TCP_MAX_ADU_LENGTH> bytes{};
      const auto count = ::recv(fd(), bytes.data(), wanted - frame.size(), MSG_DONTWAIT);
      if (count == 0) return Error{ErrorKind::unreachable, "the other end closed the connection"};
      if (count < 0 && errno != EAGAIN && errno != EINTR) return library_error(errno);
      if (count > 0) frame.insert(frame.end(), bytes.begin(), bytes.begin() + count);
      if (frame.size() == tcp_prefix_length) {
        const std::size_t announced = frame[4] * 256U + frame[5];
        wanted = tcp_prefix_length + std::min<std::size_t>(announced, MODBUS_TCP_MAX_ADU_LENGTH - tcp_prefix_length);
      }
    }
    spoke_ = SteadyClock::now();
    const auto reply = check_tcp_header(transaction_, frame);
    show(reply ? acquire::FrameKind::reply : acquire::FrameKind::noise, frame);
    if (!reply) return reply.error();
    return Bytes(reply->begin(), reply->end());
  }

  void show(acquire::FrameKind kind, ByteView bytes) {
    if (!watcher_) return;
    watcher_(
        {kind, std::chrono::floor<Millis>(std::chrono::system_clock::now()), {}, Bytes(bytes.begin(), bytes.end())});
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
  SteadyClock::time_point spoke_;
  acquire::BusCounters counters_;
  acquire::FrameWatcher watcher_;
};

}  // namespace

std::unique_ptr<acquire::Bus> make_tcp_bus(TcpOptions options) {
  return std::make_unique<TcpBus>(std::move(options));
}

}  // namespace jidian::modbus
