#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <stop_token>
#include <string>
#include <variant>
#include <vector>

#include "base/bytes.hpp"
#include "base/result.hpp"
#include "base/time.hpp"

namespace jidian::uplink {

/// How to reach a broker and who we are. Secrets are read from files at each connect, so that they can be renewed.
struct BrokerOptions {
  std::string uri;  ///< "mqtts://host:8883" or "mqtt://127.0.0.1:1883".
  std::string client_id;
  std::string username;
  std::string password_file;
  std::string ca_file;
  std::string certificate_file;
  std::string key_file;
  std::chrono::seconds keep_alive{30};
  std::chrono::seconds connect_timeout{20};
  std::string will_topic;
  std::string will_payload;
  std::vector<std::string> optional_topics{};  ///< Also subscribed to; the broker may refuse them.
};

/// A message to publish.
struct Outgoing {
  std::string topic;
  Bytes payload;
  int qos = 1;
  bool retain = false;
  std::string content_type;
  Bytes correlation;        ///< MQTT 5 correlation data; empty: none.
  std::uint64_t token = 0;  ///< Returned in PublishDone. 0 for messages nobody waits for.
};

struct Connected {
  std::uint16_t receive_max = 65'535;         ///< The broker's Receive Maximum.
  std::uint32_t packet_bytes_max = 0;         ///< Its Maximum Packet Size; 0: no limit stated.
  std::vector<std::string> not_subscribed{};  ///< Those of the optional topics that it refused.
};
struct PublishDone {
  std::uint64_t token = 0;
  std::uint8_t reason = 0;  ///< MQTT 5 reason code; < 0x80 is success. 0xFF: the connection ended first.
};
struct Incoming {
  std::string topic;
  Bytes payload;
  bool retained = false;
  std::string response_topic;
  Bytes correlation;
  std::uint64_t passed_over = 0;  ///< Messages of this topic that came near it, said something and were dropped.
};
struct Disconnected {
  std::uint8_t reason = 0;  ///< The server's DISCONNECT reason, 0 if there was none.
  std::string why;
};
using BrokerEvent = std::variant<Connected, PublishDone, Incoming, Disconnected>;

/// One connection to an MQTT 5 broker: connect once, use, throw away. Used by one thread; events arrive by `wait`.
class Broker {
 public:
  virtual ~Broker() = default;

  /// Starts to connect and subscribe to `topics` (QoS 1). The outcome is a Connected (after SUBACK) or a Disconnected
  /// event. Errors: invalid (uri, files that cannot be read).
  virtual Status connect(const BrokerOptions& options, const std::vector<std::string>& topics) = 0;

  /// Hands a message over without blocking. Precondition: connected. Its PublishDone comes later, exactly once, if it
  /// has a token and this returned success. Errors: unreachable, full (packet above the broker's maximum).
  virtual Status publish(Outgoing message) = 0;

  /// Says goodbye (reason 0) and closes; waits at most `patience`.
  virtual void disconnect(Millis patience) = 0;

  /// Ends the connection as destruction does, and gives the messages that came and were not fetched, in order: the
  /// sender takes them for delivered. Nothing but `dropped` may be called behind it.
  virtual std::vector<Incoming> close() = 0;

  /// Messages of this connection that came and were dropped, because more waited than there is room for.
  virtual std::uint64_t dropped() const = 0;

  /// Events in order. Blocks until there is one, `deadline` passes, `wake` was called or `stop` is requested.
  virtual std::vector<BrokerEvent> wait(std::stop_token stop, SteadyTime deadline) = 0;

  /// From any thread: makes a `wait` return.
  virtual void wake() = 0;
};

/// Makes a fresh Broker for every connection.
class BrokerFactory {
 public:
  virtual ~BrokerFactory() = default;
  virtual std::unique_ptr<Broker> make() = 0;

  /// When the certificate that this box shows ends; nothing if it shows none, or none that can be read. Reads a file.
  virtual std::optional<UtcTime> certificate_until(const BrokerOptions& /*options*/) const { return std::nullopt; }
};

}  // namespace jidian::uplink
