// An RS-485 line: a pseudo terminal whose bytes take the time they would take on the wire.
#pragma once

#include <atomic>
#include <cstdint>
#include <limits>
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

/// How many of `size` bytes may be on their way when `due` of them have passed over the wire. Frames with no pause
/// between them (see `Reply::joints`) stay so however late the plant's thread is scheduled: the receiver gets the end
/// of the one only together with the beginning of the next.
std::size_t piece_end(const std::vector<std::size_t>& joints, std::size_t size, std::size_t due);

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
    std::vector<std::size_t> joints = {};
    std::int64_t deadline_us = std::numeric_limits<std::int64_t>::max();  ///< after that it does not begin any more
  };

  void wait(std::int64_t now_us);
  void receive();
  void take_requests(std::int64_t now_us);
  void queue(Sending sending);
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
  std::int64_t listened_us_ = 0;       // when we began to listen the last time: what came then came later
  std::int64_t in_earliest_us_ = 0;    // before that the first byte of `in_` did not come
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
