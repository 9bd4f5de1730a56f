#pragma once

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <functional>
#include <map>
#include <mutex>
#include <nlohmann/json.hpp>
#include <thread>

#include "mqtt/broker.hpp"
#include "record/batch.hpp"

namespace jidian::test {

inline SteadyTime steady_now() {
  return std::chrono::time_point_cast<Millis>(std::chrono::steady_clock::now());
}

/// A destination: takes the batches of one gateway, notices other bytes under the same key, sends receipts.
/// Batches are told apart by what the test says they are: `key_of` reads the key from the bytes.
class Receiver {
 public:
  using KeyOf = std::function<record::BatchKey(const Bytes&)>;

  Receiver(uplink::BrokerOptions options, std::string base, KeyOf key_of)
      : options_(std::move(options)),
        base_(std::move(base)),
        key_of_(std::move(key_of)),
        thread_([this](std::stop_token stop) { run(stop); }) {}

  /// Whether receipts are sent. Batches are taken either way.
  void set_receipts(bool on) { receipts_ = on; }

  /// Waits until `condition` holds for what was received; false after `patience`.
  bool wait_until(const std::function<bool(const Receiver&)>& condition, std::chrono::seconds patience) {
    std::unique_lock lock(mutex_);
    return changed_.wait_for(lock, patience, [&] { return condition(*this); });
  }

  // Read inside wait_until's condition or when the receiver is quiet.
  const std::map<record::BatchKey, Bytes>& batches() const { return batches_; }
  std::uint64_t deliveries() const { return deliveries_; }
  std::uint64_t conflicts() const { return conflicts_; }
  const std::map<std::string, std::string>& texts() const { return texts_; }
  bool ready() const { return ready_; }

 private:
  void run(const std::stop_token& stop) {
    const auto factory = mqtt::make_broker_factory();
    while (!stop.stop_requested()) {
      const auto broker = factory->make();
      const auto connected = broker->connect(
          options_, {base_ + "event", base_ + "interval", base_ + "reading", base_ + "status", base_ + "reply"});
      bool over = !connected;
      while (!over && !stop.stop_requested())
        for (auto& event : broker->wait(stop, steady_now() + Millis(1000))) over = take(*broker, event) || over;
      if (stop.stop_requested()) broker->disconnect(Millis(200));
      std::unique_lock lock(mutex_);
      ready_ = false;
      stopped_.wait_for(lock, stop, std::chrono::milliseconds(200), [] { return false; });
    }
  }

  /// Whether the connection is over.
  bool take(uplink::Broker& broker, uplink::BrokerEvent& event) {
    if (std::holds_alternative<uplink::Disconnected>(event)) return true;
    const std::lock_guard lock(mutex_);
    if (std::holds_alternative<uplink::Connected>(event)) ready_ = true;
    if (auto* message = std::get_if<uplink::Incoming>(&event)) {
      const auto word = message->topic.substr(base_.size());
      if (!record::stream_of(word))
        texts_[word] = {message->payload.begin(), message->payload.end()};
      else
        store(broker, word, std::move(message->payload));
    }
    changed_.notify_all();
    return false;
  }

  void store(uplink::Broker& broker, const std::string& word, Bytes bytes) {
    ++deliveries_;
    const auto key = key_of_(bytes);
    const auto hash = record::sha256(bytes);
    const auto [known, fresh] = batches_.try_emplace(key, std::move(bytes));
    if (!fresh && record::sha256(known->second) != hash) ++conflicts_;
    if (!receipts_) return;
    const nlohmann::json receipt{{"epoch", to_hex(key.epoch)},
                                 {"stream", word},
                                 {"stored", {{key.seq, key.seq}}},
                                 {"head", {{"seq", key.seq}, {"sha256", to_hex(hash)}}}};
    const auto text = receipt.dump();
    (void)broker.publish({base_ + "receipt", {text.begin(), text.end()}, 1, false, "application/json", {}, 0});
  }

  uplink::BrokerOptions options_;
  std::string base_;
  KeyOf key_of_;
  std::atomic<bool> receipts_{true};
  std::mutex mutex_;
  std::condition_variable changed_;
  std::condition_variable_any stopped_;
  std::map<record::BatchKey, Bytes> batches_;
  std::map<std::string, std::string> texts_;
  std::uint64_t deliveries_ = 0;
  std::uint64_t conflicts_ = 0;
  bool ready_ = false;
  std::jthread thread_;
};

}  // namespace jidian::test
