#pragma once

#include <mqtt/async_client.h>

#include <memory>
#include <string>

#include "mqtt/endpoint.hpp"
#include "mqtt/event_queue.hpp"
#include "uplink/broker.hpp"

namespace jidian::mqtt {

/// One Paho client with everything its threads call. The callbacks only push into the queue. Paho runs them under its
/// own lock, which destroying the client takes: none is running any more when the rest goes.
/// Every method may throw what Paho throws.
class Client final : ::mqtt::callback {
 public:
  Client(const Endpoint& endpoint, const std::string& client_id, std::shared_ptr<EventQueue> queue);

  /// Pushes Accepted or ConnectFailed. `password` may be empty.
  void connect(const Endpoint& endpoint, const uplink::BrokerOptions& options, const std::string& password);
  /// Pushes Subscribed.
  void subscribe(const std::string& topic);
  /// Pushes PublishDone if the message has a token.
  void publish(const uplink::Outgoing& message);
  void disconnect(Millis patience);

 private:
  struct Connecting final : ::mqtt::iaction_listener {
    explicit Connecting(EventQueue& to) : queue(to) {}
    void on_success(const ::mqtt::token& token) override;
    void on_failure(const ::mqtt::token& token) override;
    EventQueue& queue;
  };
  struct Subscribing final : ::mqtt::iaction_listener {
    explicit Subscribing(EventQueue& to) : queue(to) {}
    void on_success(const ::mqtt::token& token) override;
    void on_failure(const ::mqtt::token& token) override;
    EventQueue& queue;
  };
  struct Publishing final : ::mqtt::iaction_listener {
    explicit Publishing(EventQueue& to) : queue(to) {}
    void on_success(const ::mqtt::token& token) override;
    void on_failure(const ::mqtt::token& token) override;
    void done(const ::mqtt::token& token, std::uint8_t reason);
    EventQueue& queue;
  };

  void connection_lost(const std::string& cause) override;
  void message_arrived(::mqtt::const_message_ptr message) override;

  std::shared_ptr<EventQueue> queue_;
  Connecting connecting_;
  Subscribing subscribing_;
  Publishing publishing_;
  ::mqtt::async_client client_;  // last: goes first, while all it calls is still there
};

}  // namespace jidian::mqtt
