#pragma once

#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <mutex>
#include <stop_token>
#include <string>
#include <variant>
#include <vector>

#include "base/time.hpp"
#include "mqtt/endpoint.hpp"
#include "uplink/broker.hpp"

namespace jidian::mqtt {

/// The broker's name was looked up. `why` is empty on success.
struct Resolved {
  std::vector<Address> addresses;
  std::string why;
};
/// The broker accepted the CONNECT.
struct Accepted {
  std::uint16_t receive_max = 65'535;
  std::uint32_t packet_bytes_max = 0;
};
/// The CONNECT came to nothing. `reason` is the CONNACK's, 0 if there was none.
struct ConnectFailed {
  std::uint8_t reason = 0;
  std::string why;
};
/// What the probe found out about a failed connection.
struct Diagnosed {
  std::string why;
};
/// One subscription was answered.
struct Subscribed {
  std::uint8_t reason = 0;
};
using Signal = std::variant<Resolved, Accepted, ConnectFailed, Diagnosed, Subscribed, uplink::PublishDone,
                            uplink::Incoming, uplink::Disconnected>;

/// Takes what Paho's threads and ours have to say, for the one thread that uses the broker. Never blocks a sender.
class EventQueue {
 public:
  /// Messages from the broker beyond this are dropped: receipts and commands are repeated by their senders.
  static constexpr std::size_t incoming_max = 256;

  /// From any thread.
  void push(Signal signal);

  /// From any thread: makes `wait` return.
  void wake();

  /// Everything that has arrived. Blocks until there is something, `deadline`, `wake` or `stop`.
  std::vector<Signal> wait(std::stop_token stop, SteadyTime deadline);

  /// Messages that were dropped because nobody fetched them.
  std::uint64_t dropped() const;

 private:
  mutable std::mutex mutex_;
  std::condition_variable_any changed_;
  std::deque<Signal> signals_;
  std::size_t incoming_ = 0;
  std::uint64_t dropped_ = 0;
  bool woken_ = false;
};

}  // namespace jidian::mqtt
