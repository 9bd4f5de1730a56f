#pragma once

#include <array>
#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <span>
#include <stop_token>
#include <string>
#include <vector>

#include "acquire/bus.hpp"
#include "modbus/bus.hpp"
#include "modbus/frame.hpp"
#include "modbus/library.hpp"

namespace jidian::modbus {

/// A reply whose length nobody knows beforehand ends with this silence: server and network may pause inside it.
inline constexpr std::chrono::milliseconds end_of_reply{40};

/// A bus with RTU framing over libmodbus; how the bytes get there is for the derived class to say.
///
/// A reply carries no number, so a late one could pass for the answer to the next request. Therefore the line is
/// trusted only while every request has its answer: after any failure we wait until no reply can arrive any more,
/// throwing away what does.
class RtuBus : public acquire::Bus {
 public:
  Status open(std::stop_token stop) final;
  bool is_open() const final { return context_ != nullptr; }
  Status read(std::uint8_t unit, meter::Registers registers, std::span<std::uint16_t> into) final;
  Result<Bytes> server_id(std::uint8_t unit) final;
  Result<std::map<std::uint8_t, std::string>> device_identification(std::uint8_t unit) final;
  Result<acquire::Probe> probe(std::uint8_t unit, meter::Registers registers, Millis patience) final;
  Result<acquire::Heard> listen(Millis duration, std::stop_token stop) final;
  std::uint8_t last_exception() const final { return exception_; }
  void close() final;
  void watch_frames(acquire::FrameWatcher watcher) final { watcher_ = std::move(watcher); }
  acquire::BusCounters counters() const override { return counters_; }
  bool is_shared_line() const final { return true; }

 protected:
  explicit RtuBus(SerialTiming timing) : timing_(timing) {}

  /// A context that can send and receive. Errors: as `open`.
  virtual Result<Context> connect(std::stop_token stop) = 0;
  /// Lets go of what goes with the connection.
  virtual void disconnected() {}
  /// Sends a request with its checksum. Errors: unreachable.
  virtual Status transmit(modbus_t* context, const Request& request) = 0;
  /// For people: "/dev/ttyUSB0".
  virtual std::string place() const = 0;

  const SerialTiming& timing() const { return timing_; }
  void set_settings(const acquire::LineSettings& settings) { timing_.settings = settings; }
  /// Closes the context and makes the next one with `make`, keeping all else; closes the bus if that fails.
  Status reconnect(const std::function<Result<Context>()>& make);
  int fd() const { return context_ ? modbus_get_socket(context_.get()) : -1; }

 private:
  using SteadyClock = std::chrono::steady_clock;

  /// What came of listening.
  struct Catch {
    std::size_t bytes = 0;
    bool deadline = false;  ///< It passed in silence.
    bool gone = false;      ///< The port is not there any more.
  };

  /// A request of another master that may still be answered.
  struct Owed {
    std::array<std::uint8_t, 2> request{};  ///< Its unit and function; zeros if it was garbled.
    SteadyClock::time_point until;
  };

  /// How the wait for silence ended.
  enum class Silence : std::uint8_t {
    kept,
    broken,  ///< By something long enough to be a frame.
    none,    ///< There was none for as long as a transaction takes.
    gone,    ///< The port is not there any more.
  };

  Result<std::uint8_t> exchange(std::uint8_t unit, meter::Registers registers, std::span<std::uint16_t> into);
  Result<Bytes> ask(const Request& request);
  Result<Bytes> receive();
  Status begin(const Request& request);
  Status settle(Status done);
  void note_outcome(const Error* error);
  void note_confirmation(ByteView frame, int length, int error);
  Silence wait_for_silence(ByteView request);
  SteadyClock::time_point others_are_done(ByteView request) const;
  Status status_of(Silence silence) const;
  bool catch_up();
  void sort_run(std::uint8_t unit, acquire::Probe& probe);
  bool drain();
  bool forget_what_waits();
  Catch listen_until(SteadyClock::time_point deadline);
  void keep(ByteView bytes);
  void end_run(acquire::Heard* heard = nullptr);
  void note_other(ByteView bytes, bool is_frame);
  void count(acquire::FrameKind kind, std::size_t bytes);
  void show(acquire::FrameKind kind, ByteView bytes);
  Error gone() const;

  SerialTiming timing_;
  Context context_;  ///< Open while it exists.
  SteadyClock::time_point sent_;
  SteadyClock::time_point quiet_since_;
  std::uint8_t exception_ = 0;
  bool is_owed_ = false;  ///< A probe, or a request whose connection broke, was not answered: a reply may still come.
  bool is_unanswered_ = false;                    ///< Our last request, so far.
  SteadyClock::time_point others_until_;          ///< Until then a request of another master may be answered.
  std::array<std::uint8_t, 2> others_request_{};  ///< Its unit and function; zeros if it was garbled.
  std::vector<Owed> owed_;                        ///< All of them that were not answered yet; bounded.
  Bytes request_;                                 ///< The last one, with its checksum.
  Bytes run_;  ///< What was heard since the line was silent, beside replies; bounded.
  acquire::BusCounters counters_;
  acquire::FrameWatcher watcher_;
};

}  // namespace jidian::modbus
