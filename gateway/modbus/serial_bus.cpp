#include <poll.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cassert>
#include <cerrno>
#include <chrono>
#include <ctime>
#include <string_view>
#include <utility>

#include "modbus/bus.hpp"
#include "modbus/frame.hpp"
#include "modbus/library.hpp"
#include "modbus/serial_port.hpp"
#include "modbus/serial_timing.hpp"

namespace jidian::modbus {
namespace {

using SteadyClock = std::chrono::steady_clock;

constexpr std::size_t crc_length = 2;
constexpr std::size_t request_length = 6 + crc_length;
constexpr std::size_t shortest_frame = 5;  ///< An exception reply.

/// libmodbus' letter for a parity.
char letter_of(meter::Parity parity) {
  constexpr std::string_view letters = "NEO";
  return letters[static_cast<std::size_t>(parity)];
}

/// An RS-485 line over libmodbus.
///
/// A reply carries no number, so a late one could pass for the answer to the next request. Therefore the line is
/// trusted only while every request has its answer: after any failure we wait until no reply can arrive any more,
/// throwing away what does. Kernel RS-485 settings are left as the system configured them.
class SerialBus final : public acquire::Bus {
 public:
  explicit SerialBus(SerialOptions options) : options_(std::move(options)) {}

  Status open(std::stop_token stop) override {
    if (is_open()) return {};
    if (stop.stop_requested()) return Error{ErrorKind::cancelled, "asked to stop"};
    if (!is_known_rate(options_.baud))
      return Error{ErrorKind::invalid, "a rate of " + std::to_string(options_.baud) + " baud is not supported"};
    auto lock = lock_port(options_.device);
    if (!lock) return lock.error();

    Context context{modbus_new_rtu(options_.device.c_str(), static_cast<int>(options_.baud), letter_of(options_.parity),
                                   8, options_.stop_bits)};
    if (!context)
      return Error{ErrorKind::invalid, std::string{"the line settings make no sense: "} + modbus_strerror(errno)};
    if (modbus_connect(context.get()) != 0)
      return Error{ErrorKind::unreachable, "cannot open " + options_.device + ": " + modbus_strerror(errno)};
    if (auto fits = fits_select(modbus_get_socket(context.get())); !fits) return fits;
    exclude_others(modbus_get_socket(context.get()));
    modbus_flush(context.get());

    lock_ = std::move(*lock);
    context_ = std::move(context);
    quiet_since_ = SteadyClock::now();
    return {};
  }

  bool is_open() const override { return context_ != nullptr; }

  Status read(std::uint8_t unit, meter::Registers registers, std::span<std::uint16_t> into) override {
    assert(is_open());
    exception_ = 0;
    sent_ = SteadyClock::now();
    const auto done = exchange(unit, registers, into);
    if (done) {
      exception_ = *done;
      if (exception_ != 0) return exception_error(exception_);
      return {};
    }
    if (done.error().kind() == ErrorKind::unreachable || !drain()) {
      close();
      if (done.error().kind() != ErrorKind::unreachable)
        return Error{ErrorKind::unreachable, "the port is gone: " + options_.device};
    }
    return done.error();
  }

  std::uint8_t last_exception() const override { return exception_; }

  void close() override {
    context_.reset();
    lock_.reset();
  }

  std::string address() const override {
    return options_.device + " " + acquire::to_string({options_.baud, options_.parity, options_.stop_bits});
  }

 private:
  /// What came of listening.
  struct Heard {
    std::size_t bytes = 0;
    bool deadline = false;  ///< It passed in silence.
    bool gone = false;      ///< The port is not there any more.
  };

  int fd() const { return modbus_get_socket(context_.get()); }

  /// The exception code, or 0 and `into` filled.
  Result<std::uint8_t> exchange(std::uint8_t unit, meter::Registers registers, std::span<std::uint16_t> into) {
    if (auto silent = wait_for_silence(); !silent) return silent.error();

    const auto request = encode_request(unit, registers);
    modbus_set_slave(context_.get(), unit);
    sent_ = SteadyClock::now();
    if (modbus_send_raw_request(context_.get(), request.data(), static_cast<int>(request.size())) < 0)
      return library_error(errno);

    const std::size_t wanted = reply_length(registers) + crc_length;
    set_reply_timeout(context_.get(), reply_time(options_, request_length, wanted));
    std::array<std::uint8_t, MODBUS_RTU_MAX_ADU_LENGTH> frame{};
    const int length = modbus_receive_confirmation(context_.get(), frame.data());
    quiet_since_ = SteadyClock::now();
    if (length < 0) return errno == ETIMEDOUT ? no_answer(options_.response_timeout) : library_error(errno);
    if (length == 0) return Error{ErrorKind::corrupt, "another unit than " + std::to_string(unit) + " replied"};
    assert(static_cast<std::size_t>(length) > crc_length);
    const auto reply =
        decode_reply(unit, registers, ByteView{frame}.first(static_cast<std::size_t>(length) - crc_length), into);
    if (!reply) return reply;
    if (auto silent = wait_for_silence(); !silent) return silent.error();  // a second frame: which one is the answer?
    return reply;
  }

  /// Waits until the line has been silent for the time between two frames. Single bytes heard meanwhile are the noise
  /// of drivers switching and thrown away; what is long enough to be a frame, or never ends, means that the line is out
  /// of step or not ours alone. Errors: corrupt, unreachable.
  Status wait_for_silence() {
    const auto patience = SteadyClock::now() + dead_time(options_, request_length);
    std::size_t count = 0;
    while (SteadyClock::now() < patience) {
      const Heard heard = listen_until(quiet_since_ + frame_silence(options_));
      if (heard.gone) return Error{ErrorKind::unreachable, "the port is gone: " + options_.device};
      count += heard.bytes;
      if (!heard.deadline) continue;
      if (count < shortest_frame) return {};
      return Error{ErrorKind::corrupt, "a frame came that nobody asked for"};
    }
    return Error{ErrorKind::corrupt, "the line is never silent: noise, or another master"};
  }

  /// Listens until no reply to the last request can arrive any more and the line is silent. False: the port is gone.
  bool drain() {
    const auto dead = sent_ + dead_time(options_, request_length);
    const auto give_up = dead + dead_time(options_, request_length);
    auto until = dead;
    while (SteadyClock::now() < give_up) {
      const Heard heard = listen_until(until);
      if (heard.gone) return false;
      if (heard.deadline) break;
      until = std::max(dead, quiet_since_ + frame_silence(options_));
    }
    modbus_flush(context_.get());
    return true;
  }

  /// Waits for bytes, counts them and throws them away.
  Heard listen_until(SteadyClock::time_point deadline) {
    const auto left = std::max<SteadyClock::duration>(deadline - SteadyClock::now(), SteadyClock::duration::zero());
    const auto seconds = std::chrono::floor<std::chrono::seconds>(left);
    const timespec timeout{seconds.count(), std::chrono::nanoseconds(left - seconds).count()};
    pollfd watched{fd(), POLLIN, 0};
    const int ready = ::ppoll(&watched, 1, &timeout, nullptr);
    if (ready == 0) return {.deadline = true};
    if (ready < 0) return {.gone = errno != EINTR};

    std::array<std::uint8_t, 256> trash{};
    const auto count = ::read(fd(), trash.data(), trash.size());
    if (count <= 0) return {.gone = count == 0 || (errno != EAGAIN && errno != EINTR)};
    quiet_since_ = SteadyClock::now();
    return {.bytes = static_cast<std::size_t>(count)};
  }

  SerialOptions options_;
  Descriptor lock_;  ///< Holds the flock.
  Context context_;  ///< Open while it exists.
  SteadyClock::time_point sent_;
  SteadyClock::time_point quiet_since_;
  std::uint8_t exception_ = 0;
};

}  // namespace

std::unique_ptr<acquire::Bus> make_serial_bus(SerialOptions options) {
  return std::make_unique<SerialBus>(std::move(options));
}

}  // namespace jidian::modbus
