#include <linux/serial.h>
#include <sys/ioctl.h>

#include <cerrno>
#include <string_view>
#include <utility>

#include "modbus/rtu_bus.hpp"
#include "modbus/serial_port.hpp"
#include "modbus/serial_timing.hpp"

namespace jidian::modbus {
namespace {

/// libmodbus' letter for a parity.
char letter_of(meter::Parity parity) {
  constexpr std::string_view letters = "NEO";
  return letters[static_cast<std::size_t>(parity)];
}

/// Lets the kernel switch the transceiver between sending and receiving. False where the driver does not know how.
bool drive_rs485(int fd) {
  serial_rs485 mode{};
  if (::ioctl(fd, TIOCGRS485, &mode) != 0) return false;
  mode.flags |= SER_RS485_ENABLED;
  return ::ioctl(fd, TIOCSRS485, &mode) == 0;
}

/// An RS-485 line of this box.
class SerialBus final : public RtuBus {
 public:
  explicit SerialBus(SerialOptions options) : RtuBus(options.timing), options_(std::move(options)) {}

  Status retune(const acquire::LineSettings& settings) override {
    if (!is_open()) return Error{ErrorKind::unreachable, "the port is closed"};
    if (settings == timing().settings) return {};
    admit_others(lock_.get());  // else the kernel refuses us, too; who asks for the lock is still kept out
    return reconnect([&] { return open_with(settings); });
  }

  acquire::BusCounters counters() const override {
    auto counters = RtuBus::counters();
    serial_icounter_struct kernel{};
    if (fd() >= 0 && ::ioctl(fd(), TIOCGICOUNT, &kernel) == 0) {
      counters.framing_errors = static_cast<std::uint64_t>(kernel.frame);
      counters.parity_errors = static_cast<std::uint64_t>(kernel.parity);
      counters.overruns = static_cast<std::uint64_t>(kernel.overrun) + static_cast<std::uint64_t>(kernel.buf_overrun);
    }
    return counters;
  }

  std::string address() const override {
    return options_.device + " " + acquire::to_string(timing().settings) + (by_kernel_ ? ", RS-485 by kernel" : "");
  }

 private:
  Result<Context> connect(std::stop_token /*stop*/) override {
    auto lock = lock_port(options_.device);
    if (!lock) return lock.error();
    auto context = open_with(options_.timing.settings);
    if (context) lock_ = std::move(*lock);
    return context;
  }

  /// Precondition: the port is locked, or about to be.
  Result<Context> open_with(const acquire::LineSettings& settings) {
    if (!is_known_rate(settings.baud))
      return Error{ErrorKind::invalid, "a rate of " + std::to_string(settings.baud) + " baud is not supported"};
    Context context{modbus_new_rtu(options_.device.c_str(), static_cast<int>(settings.baud), letter_of(settings.parity),
                                   8, settings.stop_bits)};
    if (!context)
      return Error{ErrorKind::invalid, std::string{"the line settings make no sense: "} + modbus_strerror(errno)};
    if (modbus_connect(context.get()) != 0)
      return Error{ErrorKind::unreachable, "cannot open " + options_.device + ": " + modbus_strerror(errno)};
    const int port = modbus_get_socket(context.get());
    if (auto fits = fits_select(port); !fits) return fits.error();
    exclude_others(port);
    (void)shorten_latency(port);  // where it cannot be, replies come as late as ever
    by_kernel_ = options_.rs485 && drive_rs485(port);
    modbus_flush(context.get());
    set_settings(settings);
    return context;
  }

  void disconnected() override {
    if (lock_) admit_others(lock_.get());  // else nobody could open it, nor could we, while another program has it open
    lock_.reset();
  }

  Status transmit(modbus_t* context, const Request& request) override {
    const ByteView bytes = request.bytes();
    if (modbus_send_raw_request(context, bytes.data(), static_cast<int>(bytes.size())) < 0) return library_error(errno);
    return {};
  }

  std::string place() const override { return options_.device; }

  SerialOptions options_;
  Descriptor lock_;  ///< Holds the flock.
  bool by_kernel_ = false;
};

}  // namespace

std::unique_ptr<acquire::Bus> make_serial_bus(SerialOptions options) {
  return std::make_unique<SerialBus>(std::move(options));
}

}  // namespace jidian::modbus
