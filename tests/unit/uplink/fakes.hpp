#pragma once

#include <algorithm>
#include <cassert>
#include <deque>
#include <map>
#include <memory>
#include <nlohmann/json.hpp>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "store/store.hpp"
#include "tests/unit/uplink/unwritten_store.hpp"
#include "uplink/broker.hpp"
#include "uplink/session.hpp"

namespace jidian::uplink {

using record::BatchKey;
using record::Stream;
using store::SeqRange;

/// A store in memory: what a reader and an uplink see of one.
class FakeStore final : public UnwrittenStore {
 public:
  explicit FakeStore(std::uint64_t epoch = 1) { begin(epoch); }

  void begin(std::uint64_t epoch) {
    epochs_.push_back(epoch);
    for (const auto stream : record::all_streams) logs_[{epoch, stream}];
  }
  /// Its file is removed.
  void end(std::uint64_t epoch) {
    std::erase(epochs_, epoch);
    std::erase_if(logs_, [epoch](const auto& log) { return log.first.first == epoch; });
  }
  BatchKey add(Stream stream, Bytes bytes) {
    auto& log = logs_[{epochs_.back(), stream}];
    const std::uint64_t seq = log.empty() ? 1 : log.rbegin()->first + 1;
    names_[bytes] = (epochs_.size() == 1 ? "" : std::to_string(epochs_.back()) + ":") +
                    std::string(record::name_of(stream)) + " " + std::to_string(seq);
    log[seq] = std::move(bytes);
    return {epochs_.back(), stream, seq};
  }
  /// A batch of three bytes that tell it from all others.
  BatchKey add(Stream stream) {
    ++made_;
    return add(stream, {static_cast<std::uint8_t>(stream), static_cast<std::uint8_t>(made_ >> 8),
                        static_cast<std::uint8_t>(made_)});
  }
  /// "reading 3", with the epoch in front if it is not the first.
  std::string name_of(const Bytes& bytes) const { return names_.at(bytes); }
  const Bytes& bytes(const BatchKey& key) { return logs_.at({key.epoch, key.stream}).at(key.seq); }
  std::string sha256(const BatchKey& key) { return to_hex(ByteView(record::sha256(bytes(key)))); }
  void damage(const BatchKey& key) { damaged_.push_back(key); }
  void mend() { damaged_.clear(); }
  /// Reading it fails from now on
  void refuse(const BatchKey& key, ErrorKind kind) { refused_[key] = kind; }
  void allow(const BatchKey& key) { refused_.erase(key); }
  void evict_before(const BatchKey& key) {
    auto& log = logs_.at({key.epoch, key.stream});
    log.erase(log.begin(), log.find(key.seq));
  }
  std::string acknowledged_text(std::uint64_t epoch, Stream stream) {
    return acknowledged("province", epoch, stream).to_text();
  }

  class FakeReader final : public store::Reader {
   public:
    explicit FakeReader(const FakeStore& of) : store_(of) {}
    std::vector<std::uint64_t> epochs() override { return store_.epochs_; }
    Result<std::optional<SeqRange>> extent(std::uint64_t epoch, Stream stream) override {
      const auto& log = store_.logs_.at({epoch, stream});
      if (log.empty()) return std::optional<SeqRange>{};
      return std::optional(SeqRange{log.begin()->first, log.rbegin()->first});
    }
    Result<std::vector<store::StoredBatch>> read(std::uint64_t epoch, Stream stream, SeqRange wanted,
                                                 std::size_t rows_max, std::size_t) override {
      std::vector<store::StoredBatch> rows;
      if (rows_max > 1) ++store_.long_reads;
      const auto found = store_.logs_.find({epoch, stream});
      if (found == store_.logs_.end()) return Error{ErrorKind::not_found, "no such epoch"};
      const auto& log = found->second;
      for (auto row = log.lower_bound(wanted.first); row != log.end(); ++row) {
        const auto& [seq, bytes] = *row;
        const BatchKey key{epoch, stream, seq};
        if (seq > wanted.last || rows.size() >= rows_max) break;
        if (const auto refused = store_.refused_.find(key); refused != store_.refused_.end())
          return Error{refused->second, "it failed"};
        if (std::ranges::count(store_.damaged_, key)) continue;
        rows.push_back({key, UtcTime(Millis(seq)), UtcTime(Millis(seq)), 1, bytes});
      }
      return rows;
    }
    Result<std::optional<SeqRange>> find(std::uint64_t, Stream, UtcTime, UtcTime) override {
      return std::optional<SeqRange>{};
    }
    Result<Bytes> manifest(const Hash& hash) override {
      const auto found = store_.manifests.find(hash);
      if (found == store_.manifests.end()) return Error{ErrorKind::not_found, "no manifest"};
      return found->second;
    }
    Result<store::Ranges> acknowledged(const std::string& destination, std::uint64_t epoch, Stream stream) override {
      return store_.acknowledged(destination, epoch, stream);
    }
    Result<store::DepartedLogs> departures() override { return store::DepartedLogs{}; }
    Result<store::Ranges> damage_told(std::uint64_t, Stream) override { return store::Ranges{}; }
    std::uint64_t damaged() const override { return 0; }

   private:
    const FakeStore& store_;
  };

  void acknowledge(const std::string& destination, std::uint64_t epoch, Stream stream, SeqRange range) override {
    acknowledged_[destination][{epoch, stream}].add(range);
  }
  store::Ranges acknowledged(const std::string& destination, std::uint64_t epoch, Stream stream) const override {
    const auto of = acknowledged_.find(destination);
    if (of == acknowledged_.end()) return {};
    const auto found = of->second.find({epoch, stream});
    return found == of->second.end() ? store::Ranges{} : found->second;
  }
  Result<std::unique_ptr<store::Reader>> reader() const override {
    return std::unique_ptr<store::Reader>(std::make_unique<FakeReader>(*this));
  }

  std::map<Hash, Bytes> manifests;     ///< Kept beside the logs.
  mutable std::size_t long_reads = 0;  ///< Of more than one batch at once.

 private:
  using Log = std::pair<std::uint64_t, Stream>;
  std::vector<std::uint64_t> epochs_;
  std::map<Log, std::map<std::uint64_t, Bytes>> logs_;
  std::map<std::string, std::map<Log, store::Ranges>> acknowledged_;
  std::vector<BatchKey> damaged_;
  std::map<BatchKey, ErrorKind> refused_;
  std::map<Bytes, std::string> names_;
  std::uint64_t made_ = 0;
};

/// One connection as the other end sees it. Outlives its broker.
struct Wire {
  BrokerOptions options;
  std::vector<std::string> topics;
  std::vector<Outgoing> published;
  std::size_t packet_bytes_max = 0;
  bool alive = true;
  bool said_goodbye = false;
  bool takes_nothing = false;    ///< It ended, and nobody was told.
  std::vector<Incoming> unread;  ///< What came and nobody has fetched yet.
  std::uint64_t dropped = 0;     ///< What came and found no room.
};

class FakeBroker final : public Broker {
 public:
  explicit FakeBroker(std::shared_ptr<Wire> wire) : wire_(std::move(wire)) {}
  ~FakeBroker() override { wire_->alive = false; }
  Status connect(const BrokerOptions& options, const std::vector<std::string>& topics) override {
    wire_->options = options;
    wire_->topics = topics;
    return {};
  }
  Status publish(Outgoing message) override {
    if (wire_->said_goodbye || wire_->takes_nothing) return Error{ErrorKind::unreachable, "not connected"};
    if (wire_->packet_bytes_max != 0 && message.payload.size() > wire_->packet_bytes_max)
      return Error{ErrorKind::full, "too large"};
    wire_->published.push_back(std::move(message));
    return {};
  }
  void disconnect(Millis) override { wire_->said_goodbye = true; }
  std::vector<Incoming> close() override { return std::exchange(wire_->unread, {}); }
  std::uint64_t dropped() const override { return wire_->dropped; }
  std::vector<BrokerEvent> wait(std::stop_token, SteadyTime) override { return {}; }
  void wake() override {}

 private:
  std::shared_ptr<Wire> wire_;
};

class FakeBrokers final : public BrokerFactory {
 public:
  std::unique_ptr<Broker> make() override {
    wires.push_back(std::make_shared<Wire>());
    return std::make_unique<FakeBroker>(wires.back());
  }
  std::optional<UtcTime> certificate_until(const BrokerOptions& /*options*/) const override { return certificate; }
  std::vector<std::shared_ptr<Wire>> wires;
  std::optional<UtcTime> certificate;  ///< When the one that the box shows ends.
};

/// A session with everything around it in the test's hands, and a clock that only the test moves.
class Bench {
 public:
  static constexpr const char* base = "jidian/v1/370211/box-1/";

  Bench() {
    options.id = "province";
    options.gateway = "box-1";
    options.region = "370211";
    options.version = "1.0";
    options.instance = "8000800080008000";
    options.broker.uri = "mqtts://broker:8883";
    options.streams = {record::all_streams.begin(), record::all_streams.end()};
    options.may = {"echo"};
    links.tell = [this](Notice notice) { notices.push_back(std::move(notice)); };
    links.begin_epoch = [this](std::uint64_t, const std::string& reason) { new_epochs.push_back(reason); };
    links.copy = [this](const BatchKey& rejected) {
      if (copies_refused) return false;
      copies.push_back(rejected);
      return true;
    };
    links.tell_manifest = [this](const Hash& manifest) { manifests_asked.push_back(manifest); };
    links.command = [this](const std::string& json) {
      commands.push_back(json);
      return std::string(R"({"ok":true})");
    };
  }

  Session& session() {
    if (!session_) {
      reader_ = *store.reader();
      session_ = std::make_unique<Session>(options, store, *reader_, brokers, links, [] { return 0.5; });
    }
    return *session_;
  }
  Wire& wire() { return *brokers.wires.back(); }
  void pass(Millis time) {
    now.steady += time;
    now.utc += time;
  }
  void step() {
    session().look_for_batches();
    session().step(now);
  }
  /// Connects, lets the broker answer what is announced, and publishes what may go.
  void connect(std::uint16_t receive_max = 65'535) {
    step();
    session().handle(Connected{receive_max, 0}, now);
    step();
    answer_others();
    step();
  }
  /// Connects after the pause that is due.
  void reconnect() {
    now.steady = std::max(now.steady, session().next_due(now));
    connect();
  }
  void lose(std::uint8_t reason = 0) { session().handle(Disconnected{reason, "cable pulled"}, now); }
  void answer(std::uint64_t token, std::uint8_t reason = 0) { session().handle(PublishDone{token, reason}, now); }

  /// What this connection carried of the streams, and was not answered yet.
  std::vector<Outgoing> open_batches() {
    const auto& published = wire().published;
    const auto is_open = [&](const Outgoing& message) {
      return is_batch(message) && !answered_.contains(message.token);
    };
    auto& settled = settled_[&wire()];
    while (settled < published.size() && !is_open(published[settled])) ++settled;
    std::vector<Outgoing> open;
    std::copy_if(published.begin() + static_cast<std::ptrdiff_t>(settled), published.end(), std::back_inserter(open),
                 is_open);
    return open;
  }
  void answer_batch(const Outgoing& message, std::uint8_t reason = 0) {
    answered_.insert(message.token);
    answer(message.token, reason);
  }
  /// The broker takes everything that is open, and all that follows from it.
  void answer_all(std::uint8_t reason = 0) {
    for (auto open = open_batches(); !open.empty(); open = open_batches()) {
      for (const auto& message : open) answer_batch(message, reason);
      step();
    }
  }
  void answer_others() {
    const auto published = wire().published;
    for (const auto& message : published)
      if (!is_batch(message) && answered_.insert(message.token).second) answer(message.token);
  }
  /// "event 1", "reading 3", … as published on this connection, in order.
  std::vector<std::string> carried() {
    std::vector<std::string> names;
    for (const auto& message : wire().published)
      if (is_batch(message)) names.push_back(name_of(message));
    return names;
  }
  std::string name_of(const Outgoing& message) { return store.name_of(message.payload); }

  void say(const std::string& topic, const std::string& payload, bool retained = false,
           const std::string& response_topic = "") {
    session().handle(Incoming{base + topic, {payload.begin(), payload.end()}, retained, response_topic, {1, 2}}, now);
  }
  /// An honest receipt for `first` … `head`.
  void receipt(const BatchKey& head, std::uint64_t first) {
    const nlohmann::json json{{"epoch", to_hex(head.epoch)},
                              {"stream", record::name_of(head.stream)},
                              {"stored", {{first, head.seq}}},
                              {"head", {{"seq", head.seq}, {"sha256", store.sha256(head)}}}};
    say("receipt", json.dump());
  }
  void receipt(const BatchKey& one) { receipt(one, one.seq); }
  void reject(const BatchKey& key, const std::string& reason) {
    const nlohmann::json json{{"epoch", to_hex(key.epoch)},
                              {"stream", record::name_of(key.stream)},
                              {"rejected", {{{"seq", key.seq}, {"reason", reason}}}}};
    say("receipt", json.dump());
  }

  FakeStore store;
  FakeBrokers brokers;
  Options options;
  Links links;
  Now now{SteadyTime(Millis(1'000'000)), UtcTime(std::chrono::sys_days(std::chrono::year(2026) / 3 / 1))};
  std::vector<Notice> notices;
  std::vector<std::string> new_epochs;
  std::vector<BatchKey> copies;  ///< What was asked to be copied.
  bool copies_refused = false;
  std::vector<Hash> manifests_asked;  ///< What was asked to be told anew.
  std::vector<std::string> commands;

 private:
  static bool is_batch(const Outgoing& message) {
    return record::stream_of(message.topic.substr(std::string(base).size())).has_value();
  }

  std::unique_ptr<store::Reader> reader_;
  std::unique_ptr<Session> session_;
  std::set<std::uint64_t> answered_;
  std::map<const Wire*, std::size_t> settled_;  ///< Messages of a connection before this need no answer any more.
};

}  // namespace jidian::uplink
