#include "link.hpp"

#include <mqtt/async_client.h>

#include <chrono>
#include <iostream>
#include <thread>

namespace jidian::judge {
namespace {

using namespace std::chrono_literals;

/// A connection that breaks between two packets may leave a token that nothing completes.
constexpr auto answer_patience = 5s;

void must_be_answered(const mqtt::token_ptr& token, const char* what) {
  if (!token->wait_for(answer_patience)) throw mqtt::exception(MQTTASYNC_FAILURE, std::string("no answer to ") + what);
}

/// The contract's three batch topics; the rest is for people.
bool carries_batches(const std::string& topic) {
  return topic.ends_with("/event") || topic.ends_with("/interval") || topic.ends_with("/reading");
}

/// Paho's own spelling of a broker's address.
std::string paho_uri(const std::string& uri) {
  for (const auto& [ours, theirs] : {std::pair{"mqtts://", "ssl://"}, {"mqtt://", "tcp://"}})
    if (uri.starts_with(ours)) return theirs + uri.substr(std::string_view(ours).size());
  return uri;
}

mqtt::connect_options connect_options_of(const LinkOptions& options) {
  auto builder = mqtt::connect_options_builder().mqtt_version(MQTTVERSION_5).clean_start(true).keep_alive_interval(10s);
  builder.connect_timeout(3s);
  if (!options.ca.empty()) {
    auto ssl = mqtt::ssl_options_builder().trust_store(options.ca).verify(true);
    if (!options.certificate.empty()) ssl.key_store(options.certificate).private_key(options.key);
    builder.ssl(ssl.finalize());
  }
  return builder.finalize();
}

}  // namespace

class Link::Connection {
 public:
  explicit Connection(Link& link)
      : client_(paho_uri(link.options_.uri), link.options_.client_id,
                mqtt::create_options(MQTTVERSION_5, /*maxBufferedMessages=*/64), nullptr) {
    client_.set_message_callback([&link](const mqtt::const_message_ptr& message) {
      const auto& topic = message->get_topic();
      if (!carries_batches(topic) && !(link.options_.asks && is_for_an_asker(topic))) return;
      const auto& payload = message->get_payload();
      Message taken{topic, Bytes(payload.begin(), payload.end())};
      const auto& properties = message->get_properties();
      if (properties.contains(mqtt::property::CORRELATION_DATA))
        taken.correlation = mqtt::get<std::string>(properties, mqtt::property::CORRELATION_DATA);
      const std::scoped_lock lock(link.mutex_);
      link.inbox_.push_back(std::move(taken));
      link.arrived_.notify_one();
    });
    client_.set_connection_lost_handler([&link](const std::string&) { link.lost_ = true; });
    client_.set_disconnected_handler([&link](const mqtt::properties&, mqtt::ReasonCode) { link.lost_ = true; });
    must_be_answered(client_.connect(connect_options_of(link.options_)), "CONNECT");
    must_be_answered(client_.subscribe(link.options_.topic, 1), "SUBSCRIBE");
  }
  ~Connection() {
    try {
      if (client_.is_connected()) client_.disconnect(200)->wait_for(1s);
    } catch (const mqtt::exception&) {
      return;  // it is gone already
    }
  }
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;

  void send(const Receipt& receipt) { client_.publish(receipt.topic, receipt.json, 1, false); }
  void send(const Command& command) {
    mqtt::properties properties;
    properties.add(mqtt::property(mqtt::property::RESPONSE_TOPIC, command.response_topic));
    properties.add(mqtt::property(mqtt::property::CORRELATION_DATA, command.correlation));
    client_.publish(
        mqtt::message::create(command.topic, command.json.data(), command.json.size(), 1, false, properties));
  }

 private:
  mqtt::async_client client_;
};

Link::Link(LinkOptions options) : options_(std::move(options)) {}
Link::~Link() = default;

bool Link::connect() {
  connection_.reset();
  try {
    lost_ = false;
    connection_ = std::make_unique<Connection>(*this);
    return true;
  } catch (const mqtt::exception& error) {
    if (error.to_string() != why_) std::cerr << "jidian-judge: cannot connect: " << error.to_string() << std::endl;
    why_ = error.to_string();
    lost_ = true;
    return false;
  }
}

std::vector<Message> Link::take(std::size_t most, int patience_ms) {
  const auto patience = std::chrono::milliseconds(patience_ms);
  const bool ready = !lost_ || connect();
  std::unique_lock lock(mutex_);
  arrived_.wait_for(lock, ready ? patience : 200ms, [this] { return !inbox_.empty(); });
  std::vector<Message> taken;
  const auto count = std::min(most, inbox_.size());
  taken.assign(std::make_move_iterator(inbox_.begin()),
               std::make_move_iterator(inbox_.begin() + static_cast<std::ptrdiff_t>(count)));
  inbox_.erase(inbox_.begin(), inbox_.begin() + static_cast<std::ptrdiff_t>(count));
  return taken;
}

void Link::send(const Receipt& receipt) {
  try {
    if (connection_ && !lost_) connection_->send(receipt);
  } catch (const mqtt::exception&) {
    lost_ = true;
  }
}

void Link::send(const Command& command) {
  try {
    if (connection_ && !lost_) connection_->send(command);
  } catch (const mqtt::exception&) {
    lost_ = true;
  }
}

bool Link::is_connected() const {
  return !lost_;
}

}  // namespace jidian::judge
