#include "mqtt/client.hpp"

#include <algorithm>

#include "uplink/reasons.hpp"

namespace jidian::mqtt {
namespace {

/// What we take from the broker: receipts and commands are small, and few wait at once.
constexpr std::uint32_t incoming_bytes_max = 256 * 1024;
constexpr std::uint16_t incoming_in_flight_max = 32;
/// Above the uplink's window and its few other messages, so that Paho never holds one back.
constexpr int outgoing_in_flight_max = 64;
std::uint8_t reason_of(const ::mqtt::token& token) {
  return static_cast<std::uint8_t>(token.get_reason_code());
}

::mqtt::connect_options make_options(const Endpoint& endpoint, const uplink::BrokerOptions& options,
                                     const std::string& password) {
  ::mqtt::connect_options made;
  made.set_mqtt_version(MQTTVERSION_5);
  made.set_clean_start(true);
  made.set_automatic_reconnect(false);
  made.set_keep_alive_interval(options.keep_alive);
  made.set_connect_timeout(options.connect_timeout);
  made.set_max_inflight(outgoing_in_flight_max);
  ::mqtt::properties properties;
  properties.add(::mqtt::property(::mqtt::property::RECEIVE_MAXIMUM, incoming_in_flight_max));
  properties.add(::mqtt::property(::mqtt::property::MAXIMUM_PACKET_SIZE, incoming_bytes_max));
  made.set_properties(properties);
  if (!options.username.empty()) made.set_user_name(options.username);
  if (!password.empty()) made.set_password(password);
  if (!options.will_topic.empty())
    made.set_will(::mqtt::will_options(options.will_topic, options.will_payload, 1, true));
  if (endpoint.tls) {
    ::mqtt::ssl_options tls;
    if (!options.ca_file.empty()) tls.set_trust_store(options.ca_file);
    if (!options.certificate_file.empty()) tls.set_key_store(options.certificate_file);
    if (!options.key_file.empty()) tls.set_private_key(options.key_file);
    tls.set_enable_server_cert_auth(true);
    tls.set_verify(true);
    made.set_ssl(std::move(tls));
  }
  return made;
}

}  // namespace

Client::Client(const Endpoint& endpoint, const std::string& client_id, std::shared_ptr<EventQueue> queue)
    : queue_(std::move(queue)),
      connecting_(*queue_),
      subscribing_(*queue_),
      publishing_(*queue_),
      client_(endpoint.paho_uri(), client_id, ::mqtt::create_options(MQTTVERSION_5)) {
  client_.set_callback(*this);
  client_.set_disconnected_handler([this](const ::mqtt::properties&, ::mqtt::ReasonCode code) {
    const auto reason = static_cast<std::uint8_t>(code);
    queue_->push(uplink::Disconnected{reason, "the broker ended the connection: " + uplink::describe_reason(reason)});
  });
}

void Client::connect(const Endpoint& endpoint, const uplink::BrokerOptions& options, const std::string& password) {
  client_.connect(make_options(endpoint, options, password), nullptr, connecting_);
}

void Client::subscribe(const std::string& topic) {
  client_.subscribe(topic, 1, nullptr, subscribing_);
}

void Client::publish(const uplink::Outgoing& message) {
  ::mqtt::properties properties;
  if (!message.content_type.empty())
    properties.add(::mqtt::property(::mqtt::property::CONTENT_TYPE, message.content_type));
  if (!message.correlation.empty())
    properties.add(::mqtt::property(::mqtt::property::CORRELATION_DATA,
                                    std::string(message.correlation.begin(), message.correlation.end())));
  const auto packet = ::mqtt::message::create(message.topic, message.payload.data(), message.payload.size(),
                                              message.qos, message.retain, properties);
  if (message.token == 0)
    client_.publish(packet);
  else
    client_.publish(packet, reinterpret_cast<void*>(static_cast<std::uintptr_t>(message.token)), publishing_);
}

void Client::disconnect(Millis patience) {
  client_.disconnect(0)->wait_for(patience);
}

void Client::Connecting::on_success(const ::mqtt::token& token) {
  Accepted accepted;
  const auto response = token.get_connect_response();  // owns the properties
  const auto& properties = response.get_properties();
  if (properties.contains(::mqtt::property::RECEIVE_MAXIMUM))
    accepted.receive_max = ::mqtt::get<std::uint16_t>(properties, ::mqtt::property::RECEIVE_MAXIMUM);
  if (properties.contains(::mqtt::property::MAXIMUM_PACKET_SIZE))
    accepted.packet_bytes_max = ::mqtt::get<std::uint32_t>(properties, ::mqtt::property::MAXIMUM_PACKET_SIZE);
  queue.push(accepted);
}

void Client::Connecting::on_failure(const ::mqtt::token& token) {
  // A refused CONNECT arrives with its reason either as the reason code or as the library's return code.
  const int code = token.get_return_code();
  const std::uint8_t reason = reason_of(token) >= uplink::reason_failure       ? reason_of(token)
                              : code >= uplink::reason_failure && code < 0x100 ? static_cast<std::uint8_t>(code)
                                                                               : std::uint8_t{0};
  queue.push(ConnectFailed{reason, "Paho error " + std::to_string(code)});
}

void Client::Subscribing::on_success(const ::mqtt::token& token) {
  queue.push(Subscribed{reason_of(token)});
}

void Client::Subscribing::on_failure(const ::mqtt::token& token) {
  queue.push(Subscribed{std::max(reason_of(token), uplink::reason_failure)});
}

void Client::Publishing::on_success(const ::mqtt::token& token) {
  done(token, reason_of(token));
}

void Client::Publishing::on_failure(const ::mqtt::token& token) {
  done(token, reason_of(token) >= uplink::reason_failure ? reason_of(token) : uplink::reason_connection_ended);
}

void Client::Publishing::done(const ::mqtt::token& token, std::uint8_t reason) {
  queue.push(uplink::PublishDone{reinterpret_cast<std::uintptr_t>(token.get_user_context()), reason});
}

void Client::connection_lost(const std::string&) {
  queue_->push(uplink::Disconnected{0, "the connection to the broker broke"});
}

void Client::message_arrived(::mqtt::const_message_ptr message) {
  uplink::Incoming incoming;
  incoming.topic = message->get_topic();
  const auto& payload = message->get_payload();
  incoming.payload.assign(payload.begin(), payload.end());
  incoming.retained = message->is_retained();
  const auto& properties = message->get_properties();
  if (properties.contains(::mqtt::property::RESPONSE_TOPIC))
    incoming.response_topic = ::mqtt::get<std::string>(properties, ::mqtt::property::RESPONSE_TOPIC);
  if (properties.contains(::mqtt::property::CORRELATION_DATA)) {
    const auto data = ::mqtt::get<std::string>(properties, ::mqtt::property::CORRELATION_DATA);
    incoming.correlation.assign(data.begin(), data.end());
  }
  queue_->push(std::move(incoming));
}

}  // namespace jidian::mqtt
