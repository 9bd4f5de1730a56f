// An RS-485 line: a pseudo terminal whose bytes take the time they would take on the wire.
#pragma once

#include <atomic>
#include <cstdint>
#include <string>
#include <vector>

#include "descriptor.hpp"
#include "responder.hpp"

namespace jidian::plant {

/// Times of a line in microseconds, from its baud rate and framing.
struct WireTimes {
  double character_us;
  std::int64_t silence_us;  ///< between two frames: 3.5 characters, 1750 above 19200 baud

  explicit WireTimes(const Line& line);
  std::int64_t of(std::size_t characters) const {
    return static_cast<std::int64_t>(static_cast<double>(characters) * character_us);
  }
};

class RtuLine {
 public:
  /// Makes the terminal and lays the link to it at `path`, replacing an old link. @throws SystemError, ScenarioError
  RtuLine(const Line& line, const std::string& path, const Responder& responder, const FaultBoard& faults);
  ~RtuLine();

  /// Serves until stop(). Call once, from a thread of its own.
  void run();
  /// Any thread.
  void stop();

  Bus& bus() { return bus_; }
  const Bus& bus() const { return bus_; }
  const std::string& path() const { return path_; }

 private:
  struct Sending {
    std::int64_t due_us;
    Bytes bytes;
  };

  void wait(std::int64_t now_us);
  void receive();
  void take_requests(std::int64_t now_us);
  void queue(Bytes bytes, std::int64_t due_us);
  void transmit(std::int64_t now_us);
  void speak_as_foreign_master(std::int64_t now_us);
  void leave();
  bool hears() const;
  std::int64_t next_wake_us(std::int64_t now_us) const;

  const Line line_;
  const WireTimes wire_;
  const std::string path_;
  const Responder* responder_;
  const FaultBoard* faults_;
  Bus bus_;
  Descriptor terminal_;
  Descriptor wake_;
  std::atomic<bool> stopping_{false};

  bool peer_is_there_ = false;
  Bytes in_;
  bool in_is_garbage_ = false;
  std::int64_t in_first_us_ = 0;  // when the first byte of `in_` came
  std::int64_t in_last_us_ = 0;
  std::int64_t blocked_until_us_ = 0;  // when the last blocking reply is out
  std::int64_t wire_free_us_ = 0;      // end of the last character in either direction
  std::vector<Sending> sendings_;
  bool is_sending_ = false;  // sendings_.front()
  std::int64_t send_start_us_ = 0;
  std::size_t sent_ = 0;
  std::int64_t next_foreign_us_ = 0;
  std::uint64_t foreign_turns_ = 0;
};

}  // namespace jidian::plant
