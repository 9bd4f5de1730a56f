#include "commission/trace.hpp"

#include <array>
#include <condition_variable>
#include <deque>
#include <memory>
#include <mutex>
#include <nlohmann/json.hpp>
#include <utility>

namespace jidian::commission {
namespace {

using acquire::Frame;
using acquire::FrameKind;
using Json = nlohmann::ordered_json;

constexpr std::size_t tcp_prefix = 6;
constexpr std::size_t crc_length = 2;
constexpr std::size_t shown_max = 32;     ///< Data bytes of a frame that are printed.
constexpr std::size_t waiting_max = 512;  ///< Frames; nobody may hold up the line.
constexpr Millis trace_step{500};

std::string hex_word(unsigned number) {
  return to_hex(std::uint64_t{number}).substr(12);
}

std::string table_of(std::uint8_t function) {
  static constexpr std::array names{"", "coil", "discrete-input", "holding", "input"};
  return names[function];
}

std::string describe_data(ByteView data) {
  std::string text = std::to_string(data.size()) + " bytes";
  for (std::size_t i = 0; i < data.size() && i < shown_max; ++i) {
    if (i % 2 == 0) text += ' ';
    text += to_hex(ByteView{&data[i], 1});
  }
  return text + (data.size() > shown_max ? " …" : "");
}

/// A queue between the thread that uses the bus and the one that tells.
class Window {
 public:
  void put(const Frame& frame) {
    const std::scoped_lock lock(mutex_);
    if (frames_.size() >= waiting_max) {
      ++lost_;
      return;
    }
    frames_.push_back(frame);
    came_.notify_one();
  }

  /// What came; waits a little if nothing has.
  std::deque<Frame> take(const std::stop_token& stop, Millis patience) {
    std::unique_lock lock(mutex_);
    came_.wait_for(lock, stop, patience, [this] { return !frames_.empty(); });
    return std::exchange(frames_, {});
  }

  std::uint64_t lost() {
    const std::scoped_lock lock(mutex_);
    return std::exchange(lost_, 0);
  }

 private:
  std::mutex mutex_;
  std::condition_variable_any came_;
  std::deque<Frame> frames_;
  std::uint64_t lost_ = 0;
};

class Trace {
 public:
  Trace(std::chrono::seconds duration, JobIo& io) : duration_(duration), io_(io) {}

  Status run() {
    const auto window = std::make_shared<Window>();
    bool is_line = true;
    auto watched = io_.lender.lend([&](acquire::Bus& bus, std::stop_token) -> Status {
      is_line = bus.is_shared_line();
      bus.watch_frames([window](const Frame& frame) { window->put(frame); });
      return {};
    });
    if (!watched) return watched;
    const auto done = watch(*window, is_line);
    const auto ended = io_.lender.lend([](acquire::Bus& bus, std::stop_token) -> Status {
      bus.watch_frames({});
      return {};
    });
    return done ? ended : done;
  }

 private:
  Status watch(Window& window, bool is_line) {
    const SteadyTime begin = io_.clock.steady_now();
    while (duration_ == std::chrono::seconds{0} || io_.clock.steady_now() - begin < duration_) {
      if (io_.stop.stop_requested()) return Error{ErrorKind::cancelled, "asked to stop"};
      if (!io_.lender.is_polled()) {
        const auto listened = io_.lender.lend([&](acquire::Bus& bus, std::stop_token) -> Status {
          const auto heard = bus.listen(trace_step, io_.stop);
          return heard ? Status{} : Status{heard.error()};
        });
        if (!listened) return listened;
      }
      for (const auto& frame : window.take(io_.stop, io_.lender.is_polled() ? trace_step : Millis{0}))
        tell(frame, !is_line);
      if (const auto lost = window.lost(); lost > 0) io_.emit(Json{{"type", "lost"}, {"frames", lost}}.dump());
    }
    return {};
  }

  void tell(const Frame& frame, bool is_tcp) {
    const auto gap = last_ ? (frame.time - *last_).count() : 0;
    last_ = frame.time;
    io_.emit(Json{{"type", "frame"},
                  {"time", format_utc(frame.time)},
                  {"gap_ms", gap},
                  {"duration_us", frame.duration.count()},
                  {"kind", acquire::name_of(frame.kind)},
                  {"says", describe(frame, is_tcp)},
                  {"bytes", to_hex(frame.bytes)}}
                 .dump());
  }

  std::chrono::seconds duration_;
  JobIo& io_;
  std::optional<UtcTime> last_;
};

}  // namespace

std::string describe(const Frame& frame, bool is_tcp) {
  ByteView body = frame.bytes;
  if (frame.kind == FrameKind::noise || body.size() < (is_tcp ? tcp_prefix + 2 : 2 + crc_length))
    return describe_data(body);
  body = is_tcp ? body.subspan(tcp_prefix) : body.first(body.size() - crc_length);
  const std::string unit = "unit " + std::to_string(body[0]) + " ";
  const std::uint8_t function = body[1] & 0x7FU;
  if ((body[1] & 0x80U) != 0 && body.size() >= 3)
    return unit + "refuses function " + std::to_string(function) + ": exception " + std::to_string(body[2]);
  const bool reads = function >= 1 && function <= 4;
  const bool may_be_request = frame.kind != FrameKind::reply && frame.kind != FrameKind::late;
  if (reads && may_be_request && body.size() == 6)
    return unit + "is asked for " + table_of(function) + " 0x" + hex_word(body[2] * 256U + body[3]) + "+" +
           std::to_string(body[4] * 256U + body[5]);
  if (reads && body.size() >= 3 && body.size() == 3U + body[2])
    return unit + "answers from " + table_of(function) + ": " + describe_data(body.subspan(3));
  return unit + "function " + std::to_string(function) + ": " + describe_data(body.subspan(2));
}

Job trace(std::chrono::seconds duration) {
  return [duration](JobIo& io) { return Trace(duration, io).run(); };
}

}  // namespace jidian::commission
