#pragma once

#include <gtest/gtest.h>

#include <cstring>
#include <random>

#include "host/host.hpp"
#include "mqtt/broker.hpp"
#include "store/store.hpp"
#include "tests/integration/mosquitto.hpp"
#include "tests/integration/uplink/receiver.hpp"
#include "uplink/uplink.hpp"

namespace jidian::test {

/// A real store and a real uplink to a real broker. Batches are random bytes that begin with their key.
class UplinkTest : public testing::Test {
 protected:
  static constexpr const char* base = "jidian/v1/370211/box-1/";

  UplinkTest() {
    store::Options options;
    options.folder = folder_.path();
    options.destinations["province"] = {record::all_streams.begin(), record::all_streams.end()};
    store_ = *store::open_store(options, clock_->utc_now());
  }

  static record::BatchKey key_of(const Bytes& bytes) {
    record::BatchKey key;
    std::memcpy(&key, bytes.data(), std::min(bytes.size(), sizeof key));
    return key;
  }

  /// Commits a batch of `size` random bytes. Only before the uplink runs or between its calls: one thread.
  record::BatchKey add(record::Stream stream, std::size_t size = 2000) {
    const record::BatchKey key{store_->opening().epoch, stream, store_->head(stream).next_seq};
    record::Encoded batch;
    batch.bytes.resize(std::max(size, sizeof key));
    for (auto& byte : batch.bytes) byte = static_cast<std::uint8_t>(random_());
    std::memset(batch.bytes.data(), 0, sizeof key);
    std::memcpy(batch.bytes.data(), &key, sizeof key);
    batch.hash = record::sha256(batch.bytes);
    batch.start = batch.end = clock_->utc_now();
    batch.count = 1;
    added_[key] = batch.bytes;
    const store::NewBatch row{key, std::move(batch)};
    EXPECT_TRUE(store_->commit({&row, 1}, clock_->utc_now()));
    if (uplink_) uplink_->notify();
    return key;
  }

  uplink::Options options(const std::string& uri) const {
    uplink::Options options;
    options.id = "province";
    options.gateway = "box-1";
    options.region = "370211";
    options.version = "test";
    options.instance = "0000000000000001";
    options.broker.uri = uri;
    options.broker.connect_timeout = std::chrono::seconds(5);
    options.streams = {record::all_streams.begin(), record::all_streams.end()};
    options.may = {"echo"};
    options.reconnect_max = Millis(1000);
    options.backlog_batches_per_s = 1000;
    return options;
  }

  void start(uplink::Options options) {
    uplink::Links links;
    links.tell = [this](uplink::Notice notice) {
      const std::lock_guard lock(mutex_);
      notices_.push_back(std::move(notice));
    };
    links.begin_epoch = [](std::uint64_t, const std::string&) {};
    links.copy = [](const record::BatchKey&) { return true; };
    links.command = [](const std::string& json) { return json; };
    links.manifest_json = [] { return std::string("{}"); };
    links.manifest_hash = [] { return std::string(64, '0'); };
    uplink_ = uplink::Uplink::start(std::move(options), *store_, *brokers_, *clock_, board_, std::move(links));
  }

  std::unique_ptr<Receiver> receive(const std::string& uri) {
    uplink::BrokerOptions broker;
    broker.uri = uri;
    broker.client_id = "backend";
    return receive_with(std::move(broker));
  }
  std::unique_ptr<Receiver> receive_with(uplink::BrokerOptions broker) {
    auto receiver = std::make_unique<Receiver>(std::move(broker), base, key_of);
    EXPECT_TRUE(receiver->wait_until([](const Receiver& seen) { return seen.ready(); }, std::chrono::seconds(10)));
    return receiver;
  }

  health::UplinkHealth health() const {
    const auto all = board_.uplinks();
    return all.empty() ? health::UplinkHealth{} : all.front();
  }

  /// Waits until the board shows it; false after `patience`.
  bool wait_for(const std::function<bool(const health::UplinkHealth&)>& condition, Millis patience) const {
    const auto deadline = std::chrono::steady_clock::now() + patience;
    while (!condition(health())) {
      if (std::chrono::steady_clock::now() > deadline) return false;
      std::this_thread::sleep_for(std::chrono::milliseconds(20));
    }
    return true;
  }

  /// Waits until the store knows that the destination has every batch added.
  bool wait_until_confirmed(std::chrono::seconds patience) const {
    return wait_for(
        [this](const auto&) {
          return std::ranges::all_of(added_, [this](const auto& entry) {
            return store_->acknowledged("province", entry.first.epoch, entry.first.stream).contains(entry.first.seq);
          });
        },
        patience);
  }

  std::vector<uplink::Notice> notices() {
    const std::lock_guard lock(mutex_);
    return notices_;
  }

  TemporaryFolder folder_;
  std::mt19937_64 random_{7};
  std::unique_ptr<Clock> clock_ = host::make_system_clock();
  health::Board board_;
  std::unique_ptr<uplink::BrokerFactory> brokers_ = mqtt::make_broker_factory();
  std::unique_ptr<store::Store> store_;
  std::map<record::BatchKey, Bytes> added_;
  std::mutex mutex_;
  std::vector<uplink::Notice> notices_;
  std::unique_ptr<uplink::Uplink> uplink_;  // first to go
};

}  // namespace jidian::test
