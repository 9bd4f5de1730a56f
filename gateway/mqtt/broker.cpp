#include "mqtt/broker.hpp"

#include <algorithm>
#include <chrono>
#include <optional>
#include <thread>
#include <unordered_set>

#include "mqtt/client.hpp"
#include "mqtt/handshake.hpp"
#include "mqtt/probe.hpp"
#include "uplink/reasons.hpp"

namespace jidian::mqtt {
namespace {

using uplink::BrokerEvent;
using uplink::BrokerOptions;

/// Paho looks at its connect time-out every three seconds; after this much more we stop waiting for it.
constexpr Millis connect_margin{5000};

SteadyTime steady_now() {
  return std::chrono::time_point_cast<Millis>(std::chrono::steady_clock::now());
}

/// Bytes of a variable byte integer.
std::size_t length_bytes(std::size_t value) {
  return value < 128 ? 1 : value < 16'384 ? 2 : value < 2'097'152 ? 3 : 4;
}

/// The size of the PUBLISH packet that carries `message`.
std::size_t packet_bytes(const uplink::Outgoing& message) {
  std::size_t properties = 0;
  if (!message.content_type.empty()) properties += 3 + message.content_type.size();
  if (!message.correlation.empty()) properties += 3 + message.correlation.size();
  const std::size_t remaining = 2 + message.topic.size() + (message.qos > 0 ? 2U : 0U) + length_bytes(properties) +
                                properties + message.payload.size();
  return 1 + length_bytes(remaining) + remaining;
}

class PahoBroker final : public uplink::Broker {
 public:
  Status connect(const BrokerOptions& options, const std::vector<std::string>& topics) override;
  Status publish(uplink::Outgoing message) override;
  void disconnect(Millis patience) override;
  std::vector<uplink::Incoming> close() override;
  std::uint64_t dropped() const override { return queue_->dropped() + early_.dropped(); }
  std::vector<BrokerEvent> wait(std::stop_token stop, SteadyTime deadline) override;
  void wake() override { queue_->wake(); }

 private:
  enum class Phase : std::uint8_t { idle, resolving, connecting, subscribing, connected, diagnosing, over };

  void handle(Signal signal, std::vector<BrokerEvent>& events);
  void start_client(std::vector<BrokerEvent>& events);
  void start_subscribing(const Accepted& accepted, std::vector<BrokerEvent>& events);
  void count_subscription(std::uint8_t reason, std::vector<BrokerEvent>& events);
  void check_subscribed(std::vector<BrokerEvent>& events);
  void diagnose(const ConnectFailed& failed, std::vector<BrokerEvent>& events);
  void end(uplink::Disconnected how, std::vector<BrokerEvent>& events);
  void check_patience(std::vector<BrokerEvent>& events);
  void take_early(std::vector<BrokerEvent>& events);

  std::shared_ptr<EventQueue> queue_ = std::make_shared<EventQueue>();
  Phase phase_ = Phase::idle;
  SteadyTime give_up_{};  ///< When a connection that is not there yet counts as failed.
  Endpoint endpoint_;
  std::vector<Address> addresses_;
  BrokerOptions options_;
  std::string password_;
  std::vector<std::string> topics_;
  std::size_t subscribed_ = 0;
  EventQueue early_;  ///< What came before the last SUBACK: retained messages.
  uplink::Connected limits_;
  std::unordered_set<std::uint64_t> outstanding_;
  std::unique_ptr<Client> client_;
  std::jthread probe_;
};

Status PahoBroker::connect(const BrokerOptions& options, const std::vector<std::string>& topics) {
  assert(phase_ == Phase::idle);
  auto endpoint = parse_uri(options.uri);
  if (!endpoint) return endpoint.error();
  endpoint_ = *std::move(endpoint);
  if (!options.password_file.empty()) {
    auto password = read_secret(options.password_file);
    if (!password) return password.error();
    password_ = *std::move(password);
  }
  if (endpoint_.tls) {
    using File = std::pair<const std::string&, const char*>;
    for (const auto& [path, what] : {File{options.ca_file, "CA file"}, File{options.certificate_file, "certificate"},
                                     File{options.key_file, "key"}})
      if (!path.empty())
        if (const auto readable = check_readable(path, what); !readable) return readable;
    if (const auto fits = check_identity(options); !fits) return fits;
  }
  options_ = options;
  topics_ = topics;
  phase_ = Phase::resolving;
  give_up_ = steady_now() + options.connect_timeout;
  return resolve(endpoint_, queue_);
}

Status PahoBroker::publish(uplink::Outgoing message) {
  if (phase_ != Phase::connected) return Error{ErrorKind::unreachable, "not connected"};
  if (limits_.packet_bytes_max != 0 && packet_bytes(message) > limits_.packet_bytes_max)
    return Error{ErrorKind::full, "a packet of " + std::to_string(packet_bytes(message)) +
                                      " bytes is above the broker's maximum of " +
                                      std::to_string(limits_.packet_bytes_max)};
  if (message.token != 0) outstanding_.insert(message.token);
  try {
    client_->publish(message);
  } catch (const std::exception& failed) {
    outstanding_.erase(message.token);
    return Error{ErrorKind::unreachable, failed.what()};
  }
  return {};
}

void PahoBroker::disconnect(Millis patience) {
  if (phase_ != Phase::connected) return;
  phase_ = Phase::over;
  try {
    client_->disconnect(patience);
  } catch (const std::exception&) {
    // The connection is gone already, which is what was asked for.
  }
}

/// The client goes first: what it still acknowledges while it goes is in the queue then.
std::vector<uplink::Incoming> PahoBroker::close() {
  phase_ = Phase::over;
  client_.reset();
  std::vector<BrokerEvent> events;
  take_early(events);
  for (auto& signal : queue_->wait({}, SteadyTime{}))
    if (auto* message = std::get_if<uplink::Incoming>(&signal)) events.emplace_back(std::move(*message));
  std::vector<uplink::Incoming> messages;
  messages.reserve(events.size());
  for (auto& event : events) messages.push_back(std::get<uplink::Incoming>(std::move(event)));
  return messages;
}

std::vector<BrokerEvent> PahoBroker::wait(std::stop_token stop, SteadyTime deadline) {
  std::vector<BrokerEvent> events;
  while (true) {
    const bool pending = phase_ > Phase::idle && phase_ < Phase::connected;
    auto signals = queue_->wait(stop, pending ? std::min(deadline, give_up_) : deadline);
    const bool woken = signals.empty();
    for (auto& signal : signals) handle(std::move(signal), events);
    check_patience(events);
    if (!events.empty() || woken) return events;
  }
}

void PahoBroker::handle(Signal signal, std::vector<BrokerEvent>& events) {
  if (auto* done = std::get_if<uplink::PublishDone>(&signal)) {
    if (outstanding_.erase(done->token) != 0) events.emplace_back(*done);
  } else if (auto* message = std::get_if<uplink::Incoming>(&signal)) {
    if (phase_ == Phase::connected || phase_ == Phase::over)  // it was acknowledged, also where the end came first
      events.emplace_back(std::move(*message));
    else if (phase_ == Phase::subscribing)
      early_.push(std::move(*message));
  } else if (auto* lost = std::get_if<uplink::Disconnected>(&signal)) {
    end(std::move(*lost), events);
  } else if (auto* resolved = std::get_if<Resolved>(&signal)) {
    if (phase_ != Phase::resolving) return;
    addresses_ = std::move(resolved->addresses);
    if (!resolved->why.empty()) return end({0, std::move(resolved->why)}, events);
    start_client(events);
  } else if (auto* accepted = std::get_if<Accepted>(&signal)) {
    if (phase_ == Phase::connecting) start_subscribing(*accepted, events);
  } else if (auto* subscribed = std::get_if<Subscribed>(&signal)) {
    if (phase_ == Phase::subscribing) count_subscription(subscribed->reason, events);
  } else if (auto* failed = std::get_if<ConnectFailed>(&signal)) {
    if (phase_ == Phase::connecting) diagnose(*failed, events);
  } else if (auto* diagnosed = std::get_if<Diagnosed>(&signal)) {
    if (phase_ == Phase::diagnosing) end({0, std::move(diagnosed->why)}, events);
  }
}

void PahoBroker::start_client(std::vector<BrokerEvent>& events) {
  phase_ = Phase::connecting;
  give_up_ = steady_now() + options_.connect_timeout + connect_margin;
  try {
    client_ = std::make_unique<Client>(endpoint_, options_.client_id, queue_);
    client_->connect(endpoint_, options_, password_);
  } catch (const std::exception& failed) {
    end({0, "cannot start to connect: " + std::string(failed.what())}, events);
  }
}

void PahoBroker::start_subscribing(const Accepted& accepted, std::vector<BrokerEvent>& events) {
  phase_ = Phase::subscribing;
  limits_ = {accepted.receive_max, accepted.packet_bytes_max, {}};
  try {
    for (const auto& topic : topics_) client_->subscribe(topic);
    for (const auto& topic : options_.optional_topics) client_->subscribe(topic);
  } catch (const std::exception& failed) {
    return end({0, "cannot subscribe: " + std::string(failed.what())}, events);
  }
  check_subscribed(events);
}

void PahoBroker::count_subscription(std::uint8_t reason, std::vector<BrokerEvent>& events) {
  // SUBACKs come in the order of the SUBSCRIBEs.
  if (reason >= uplink::reason_failure && subscribed_ < topics_.size())
    return end({reason, "the broker refuses the subscription to '" + topics_[subscribed_] +
                            "': " + uplink::describe_reason(reason)},
               events);
  if (reason >= uplink::reason_failure)
    limits_.not_subscribed.push_back(options_.optional_topics[subscribed_ - topics_.size()]);
  ++subscribed_;
  check_subscribed(events);
}

void PahoBroker::check_subscribed(std::vector<BrokerEvent>& events) {
  if (subscribed_ < topics_.size() + options_.optional_topics.size()) return;
  phase_ = Phase::connected;
  events.emplace_back(limits_);
  take_early(events);
}

void PahoBroker::take_early(std::vector<BrokerEvent>& events) {
  for (auto& early : early_.wait({}, SteadyTime{})) events.emplace_back(std::get<uplink::Incoming>(std::move(early)));
}

void PahoBroker::diagnose(const ConnectFailed& failed, std::vector<BrokerEvent>& events) {
  if (failed.reason != 0)
    return end({failed.reason, "the broker refuses the connection: " + uplink::describe_reason(failed.reason)}, events);
  phase_ = Phase::diagnosing;
  probe_ = std::jthread([queue = queue_, endpoint = endpoint_, addresses = addresses_, options = options_,
                         fallback = failed.why](std::stop_token stop) {
    auto why = find_obstacle(stop, endpoint, addresses, options);
    if (why.empty())
      why = "the broker at " + endpoint.name() + " does not complete the connection" + " (" + fallback + ")";
    queue->push(Diagnosed{std::move(why)});
  });
}

void PahoBroker::end(uplink::Disconnected how, std::vector<BrokerEvent>& events) {
  if (phase_ == Phase::over) return;
  phase_ = Phase::over;
  for (const auto token : outstanding_)
    events.emplace_back(uplink::PublishDone{token, uplink::reason_connection_ended});
  outstanding_.clear();
  take_early(events);  // they were acknowledged, whatever became of the subscriptions
  events.emplace_back(std::move(how));
}

void PahoBroker::check_patience(std::vector<BrokerEvent>& events) {
  if (steady_now() < give_up_) return;
  if (phase_ == Phase::resolving)
    end({0, "cannot find the broker '" + endpoint_.host + "': the name server does not answer"}, events);
  else if (phase_ == Phase::connecting || phase_ == Phase::subscribing)
    end({0, "the broker at " + endpoint_.name() + " does not answer within " +
                std::to_string(options_.connect_timeout.count()) + " s"},
        events);
}

class PahoFactory final : public uplink::BrokerFactory {
 public:
  std::unique_ptr<uplink::Broker> make() override { return std::make_unique<PahoBroker>(); }

  std::optional<UtcTime> certificate_until(const BrokerOptions& options) const override {
    if (options.certificate_file.empty()) return std::nullopt;
    const auto chain = read_certificates(options.certificate_file);  // its own comes first
    return chain ? std::optional(chain->front().until) : std::nullopt;
  }

 private:
  /// Never connected. While it lives, Paho does not stop its threads whenever the last other client goes, which would
  /// block for a second at each reconnect, and race with another uplink that is just connecting.
  ///
  /// The price is a second of Paho's own at each reconnect: CONNECT leaves 1.0 to 1.1 s after the connection was
  /// accepted (0.1 s at the first one), probably because its receiving thread waits up to a second for something to
  /// read and sees only between two waits that a connection is there. Nothing of the library's interface shortens that.
  ::mqtt::async_client idle_{"tcp://127.0.0.1:1", "idle", ::mqtt::create_options(MQTTVERSION_5)};
};

}  // namespace

std::unique_ptr<uplink::BrokerFactory> make_broker_factory() {
  return std::make_unique<PahoFactory>();
}

}  // namespace jidian::mqtt
