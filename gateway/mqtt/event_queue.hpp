#pragma once

#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <map>
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
  /// Messages of one topic that wait at most. Receipts and commands are repeated by their senders; of `directives` the
  /// newest must be there, which nobody repeats: one more takes the place of the last and says so in `passed_over`. An
  /// empty payload is none of them and takes no other's place.
  static constexpr std::size_t topic_max = 64;
  /// Messages of all topics: those of the four that are subscribed to. More come from a broker that sends others, and
  /// are dropped.
  static constexpr std::size_t incoming_max = 4 * topic_max;

  /// From any thread.
  void push(Signal signal);

  /// From any thread: makes `wait` return.
  void wake();

  /// Everything that has arrived. Blocks until there is something, `deadline`, `wake` or `stop`.
  std::vector<Signal> wait(std::stop_token stop, SteadyTime deadline);

  /// Messages that were dropped because nobody fetched them.
  std::uint64_t dropped() const;

 private:
  bool keeps(Signal& signal);

  mutable std::mutex mutex_;
  std::condition_variable_any changed_;
  std::deque<Signal> signals_;
  std::size_t incoming_ = 0;
  std::map<std::string, std::size_t> waiting_;  ///< Messages by topic: no more topics than messages.
  std::uint64_t dropped_ = 0;
  bool woken_ = false;
};

}  // namespace jidian::mqtt
