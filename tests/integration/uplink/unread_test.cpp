// Messages that a broker has had acknowledged belong to us, whatever becomes of the connection.
#include <gmock/gmock.h>
#include <poll.h>

#include <atomic>
#include <chrono>
#include <cstdint>
#include <future>
#include <memory>
#include <optional>
#include <string>
#include <thread>
#include <variant>
#include <vector>

#include "mqtt/broker.hpp"
#include "tests/integration/mosquitto.hpp"
#include "tests/integration/uplink/receiver.hpp"

namespace jidian::test {
namespace {

using testing::ElementsAre;

/// A broker for one connection, in bytes: two lists, and a say over the answer to the first of two subscriptions.
class ListingBroker {
 public:
  /// What it does when both subscriptions are there.
  enum class Manner : std::uint8_t {
    accept,                 ///< Answers them; sends nothing of its own accord.
    list_first_and_refuse,  ///< Sends the lists, has them acknowledged, then refuses the first subscription.
  };

  explicit ListingBroker(Manner manner) : manner_(manner) {
    listener_ = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof address;
    ::bind(listener_, reinterpret_cast<sockaddr*>(&address), size);
    ::listen(listener_, 1);
    ::getsockname(listener_, reinterpret_cast<sockaddr*>(&address), &size);
    uri_ = "mqtt://127.0.0.1:" + std::to_string(ntohs(address.sin_port));
    thread_ = std::jthread([this] { run(); });
  }
  ~ListingBroker() {
    thread_.join();
    if (client_ >= 0) ::close(client_);
    ::close(listener_);
  }
  ListingBroker(const ListingBroker&) = delete;
  ListingBroker& operator=(const ListingBroker&) = delete;

  const std::string& uri() const { return uri_; }

  /// Once both subscriptions are answered.
  void send_lists() {
    std::uint8_t id = 0;
    for (const std::string text : {"first", "newest"}) {
      const std::string topic = "directives";
      std::string body{'\0', static_cast<char>(topic.size())};
      body += topic;
      body += {'\0', static_cast<char>(++id), '\0'};  // packet id, no properties
      body += text;
      send(std::string{'\x32', static_cast<char>(body.size())} + body);
    }
  }
  bool wait_until_acknowledged() {
    return acknowledged_.get_future().wait_for(std::chrono::seconds(20)) == std::future_status::ready;
  }

 private:
  static constexpr int patience_ms = 20'000;

  void run() {
    pollfd waiting{listener_, POLLIN, 0};
    if (::poll(&waiting, 1, patience_ms) != 1) return;
    client_ = ::accept4(listener_, nullptr, nullptr, SOCK_CLOEXEC);
    const timeval patience{patience_ms / 1000, 0};
    ::setsockopt(client_, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
    std::vector<std::string> subscriptions;
    int acknowledgements = 0;
    while (const auto packet = read()) {
      const int type = static_cast<unsigned char>(packet->front()) & 0xF0;
      if (type == 0x10) send(std::string{'\x20', '\x03', '\0', '\0', '\0'});
      if (type == 0x80) {
        subscriptions.push_back(packet->substr(1, 2));
        if (manner_ == Manner::accept)
          answer(subscriptions.back(), '\x01');
        else if (subscriptions.size() == 2)
          send_lists();
      }
      if (type != 0x40 || ++acknowledgements != 2) continue;
      acknowledged_.set_value();
      if (manner_ == Manner::list_first_and_refuse) answer(subscriptions.front(), '\x87');
    }
  }
  void answer(const std::string& subscription, char reason) {
    send(std::string{'\x90', '\x04'} + subscription + std::string{'\0', reason});
  }
  void send(const std::string& bytes) const { ::send(client_, bytes.data(), bytes.size(), MSG_NOSIGNAL); }
  bool receive(char* into, std::size_t size) const {
    return size == 0 || ::recv(client_, into, size, MSG_WAITALL) == static_cast<ssize_t>(size);
  }
  /// A packet without its length; nothing when the client has gone.
  std::optional<std::string> read() const {
    std::string packet(1, '\0');
    if (!receive(packet.data(), 1)) return std::nullopt;
    std::size_t size = 0;
    for (int shift = 0; shift < 28; shift += 7) {
      char byte = 0;
      if (!receive(&byte, 1)) return std::nullopt;
      size |= static_cast<std::size_t>(byte & 0x7F) << shift;
      if ((byte & 0x80) == 0) break;
    }
    packet.resize(1 + size);
    if (!receive(packet.data() + 1, size)) return std::nullopt;
    return packet;
  }

  const Manner manner_;
  int listener_ = -1;
  std::atomic<int> client_{-1};
  std::string uri_;
  std::promise<void> acknowledged_;
  std::jthread thread_;
};

std::string text_of(const uplink::Incoming& message) {
  return {message.payload.begin(), message.payload.end()};
}

/// A connection that must have `receipt` and wants `directives`.
class UnreadLists : public testing::Test {
 protected:
  void connect(const ListingBroker& broker) {
    uplink::BrokerOptions options;
    options.uri = broker.uri();
    options.client_id = "box-1";
    options.optional_topics = {"directives"};
    broker_ = brokers_->make();
    ASSERT_TRUE(broker_->connect(options, {"receipt"}));
  }
  /// What happens until the first event of this kind, in words.
  template <typename Last>
  std::vector<std::string> events_until() {
    std::vector<std::string> words;
    const auto deadline = steady_now() + Millis(30'000);
    bool is_over = false;
    while (!is_over && steady_now() < deadline)
      for (const auto& event : broker_->wait({}, deadline)) {
        const auto* message = std::get_if<uplink::Incoming>(&event);
        words.push_back(message != nullptr                                    ? text_of(*message)
                        : std::holds_alternative<uplink::Connected>(event)    ? "connected"
                        : std::holds_alternative<uplink::Disconnected>(event) ? "disconnected"
                                                                              : "published");
        is_over = is_over || std::holds_alternative<Last>(event);
      }
    return words;
  }

  std::unique_ptr<uplink::BrokerFactory> brokers_ = mqtt::make_broker_factory();
  std::unique_ptr<uplink::Broker> broker_;
};

TEST_F(UnreadLists, ThatCameBeforeARefusedSubscriptionAreGivenBeforeTheEnd) {
  const ListingBroker broker(ListingBroker::Manner::list_first_and_refuse);
  ASSERT_NO_FATAL_FAILURE(connect(broker));
  EXPECT_THAT(events_until<uplink::Disconnected>(), ElementsAre("first", "newest", "disconnected"));
  broker_.reset();
}

TEST_F(UnreadLists, ThatWereAcknowledgedAreGivenWhenTheConnectionIsClosed) {
  ListingBroker broker(ListingBroker::Manner::accept);
  ASSERT_NO_FATAL_FAILURE(connect(broker));
  EXPECT_THAT(events_until<uplink::Connected>(), ElementsAre("connected"));
  broker.send_lists();
  EXPECT_TRUE(broker.wait_until_acknowledged());
  std::vector<std::string> texts;
  for (const auto& message : broker_->close()) texts.push_back(text_of(message));
  EXPECT_THAT(texts, ElementsAre("first", "newest"));
  broker_.reset();
}

}  // namespace
}  // namespace jidian::test
