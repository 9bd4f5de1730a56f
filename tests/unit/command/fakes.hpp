#pragma once

#include <algorithm>
#include <atomic>
#include <condition_variable>
#include <functional>
#include <future>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <utility>
#include <vector>

#include "acquire/poller.hpp"
#include "command/command.hpp"
#include "recorder/recorder.hpp"
#include "uplink/uplink.hpp"

namespace jidian::command {

/// 2026-03-01T08:00:00.100Z, always.
class StandingClock final : public Clock {
 public:
  UtcTime utc_now() override {
    return std::chrono::sys_days{std::chrono::year{2026} / 3 / 1} + std::chrono::hours{8} + Millis{100};
  }
  SteadyTime steady_now() override { return SteadyTime{Millis{5'000'000}}; }
  ClockQuality quality() override { return ClockQuality::synchronised; }
};

class FakeRecorder final : public recorder::Recorder {
 public:
  recorder::Inbox& inbox() override { return inbox_; }
  std::shared_ptr<const domain::Manifest> manifest() const override { return manifest_in_force; }
  std::future<recorder::Changed> change(recorder::Change, std::vector<recorder::Renumbering>) override { return {}; }
  std::string live() const override { return R"({"meters":{}})"; }
  void request_epoch(std::uint64_t, std::string) override {}
  bool request_copy(const record::BatchKey&, const std::string&) override { return true; }
  void request_manifest(const Hash&) override {}
  std::future<Result<domain::Event>> attest(recorder::Statement statement) override {
    if (on_attest) on_attest();
    std::promise<Result<domain::Event>> answer;
    if (is_prompt) answer.set_value(outcome ? Result<domain::Event>(statement.event) : outcome.error());
    statements.push_back(std::move(statement.event));
    if (statement.mark) mark_requests.push_back(std::move(*statement.mark));
    replacements.push_back(std::move(statement.replacement));
    waiting_.push_back(std::move(answer));
    return waiting_.back().get_future();
  }

  std::vector<domain::Mark> marks() const override { return marks_in_force; }

  void hear(domain::DirectiveListing listing) override { listings.push_back(std::move(listing)); }
  std::string directives() const override { return directives_json; }
  domain::PlantNow plant_now() const override { return plant; }

  std::shared_ptr<const domain::Manifest> manifest_in_force;
  std::vector<domain::DirectiveListing> listings;
  std::string directives_json = "[]";
  domain::PlantNow plant;
  std::vector<domain::Event> statements;
  std::vector<domain::MarkRequest> mark_requests;
  std::vector<domain::Mark> marks_in_force;
  std::vector<std::optional<domain::Replacement>> replacements;
  Status outcome;
  bool is_prompt = true;
  std::function<void()> on_attest;

 private:
  recorder::Inbox inbox_;
  std::vector<std::promise<Result<domain::Event>>> waiting_;
};

class FakeUplink final : public uplink::Uplink {
 public:
  void notify() override {}
  void offer_live(std::string) override {}
  void retry_rejected() override { ++retries; }
  void renew_directives(bool) override {}
  Status may_backfill(record::Stream) override { return backfill_outcome; }
  Status backfill(uplink::Backfill asked) override {
    if (backfill_outcome) backfills.push_back(std::move(asked));
    return backfill_outcome;
  }

  std::atomic<int> retries{0};
  Status backfill_outcome;
  std::vector<uplink::Backfill> backfills;
};

class DeafSink final : public acquire::Sink {
 public:
  bool offer(domain::Poll) override { return true; }
  bool offer(domain::Event) override { return true; }
  bool offer(domain::Note) override { return true; }
};

/// Decides whether a FakeBus answers at once or when the test lets it.
class Gate {
 public:
  void close() { set(false); }
  void open() { set(true); }

  /// Blocks while closed.
  void pass() {
    std::unique_lock lock(mutex_);
    ++waiting_;
    changed_.notify_all();
    changed_.wait(lock, [this] { return open_; });
    --waiting_;
  }

  /// Blocks until somebody waits at the closed gate.
  void wait_for_visitor() {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [this] { return waiting_ > 0; });
  }

 private:
  void set(bool open) {
    const std::scoped_lock lock(mutex_);
    open_ = open;
    changed_.notify_all();
  }

  std::mutex mutex_;
  std::condition_variable changed_;
  bool open_ = true;
  int waiting_ = 0;
};

/// Holds 231 in every register of unit 1; other units do not answer.
class FakeBus final : public acquire::Bus {
 public:
  explicit FakeBus(Gate& gate) : gate_(gate) {}

  Status open(std::stop_token) override {
    open_ = true;
    return {};
  }
  bool is_open() const override { return open_; }
  Status read(std::uint8_t unit, meter::Registers, std::span<std::uint16_t> into) override {
    gate_.pass();
    if (unit != 1) return Error{ErrorKind::timeout, "no answer"};
    std::fill(into.begin(), into.end(), std::uint16_t{231});
    return {};
  }
  std::uint8_t last_exception() const override { return 0; }
  void close() override { open_ = false; }
  std::string address() const override { return "fake"; }

 private:
  Gate& gate_;
  bool open_ = false;
};

/// A meter with two points, polled so rarely that a test meets only the reads it asks for.
inline acquire::PolledMeter rarely_polled(std::string id, std::uint8_t unit) {
  acquire::PolledMeter meter;
  meter.id = std::move(id);
  meter.unit = unit;
  meter.period = std::chrono::hours{24};
  meter::Point voltage;
  voltage.name = "voltage_ln.l1";
  voltage.unit = "V";
  meter::Point energy;
  energy.name = "active_energy_import.total";
  energy.unit = "kWh";
  energy.kind = PointKind::counter;
  energy.exponent = -1;
  meter.points = {voltage, energy};
  return meter;
}

/// The same two in the manifest.
inline domain::Manifest small_manifest() {
  domain::PointEntry voltage;
  voltage.name = "voltage_ln.l1";
  voltage.quantity = "voltage_ln";
  voltage.phase = "l1";
  voltage.unit = "V";
  domain::PointEntry energy;
  energy.name = "active_energy_import.total";
  energy.quantity = "active_energy_import";
  energy.phase = "total";
  energy.unit = "kWh";
  energy.kind = PointKind::counter;
  energy.exponent = -1;
  domain::Manifest manifest;
  for (const char* id : {"press-1", "mute-1"}) {
    domain::MeterEntry& meter = manifest.meters.emplace_back();
    meter.id = id;
    meter.points = {voltage, energy};
  }
  return manifest;
}

/// Commands over fakes: meters press-1 (answers) and mute-1 (does not) on bus rtu-1, uplink province.
struct Bench {
  explicit Bench(Millis read_patience = std::chrono::seconds{30}, store::Store* store = nullptr)
      : poller("rtu-1", std::make_unique<FakeBus>(gate), {rarely_polled("press-1", 1), rarely_polled("mute-1", 2)},
               sink, clock, board),
        commands({.gateway = "gw-1",
                  .version = "1.2.3",
                  .started = clock.utc_now(),
                  .clock = &clock,
                  .board = &board,
                  .recorder = &recorder,
                  .store = store,
                  .pollers = [this] { return std::vector{std::shared_ptr<acquire::Poller>(nobody, &poller)}; },
                  .uplinks =
                      [this] {
                        return std::map<std::string, uplink::Uplink*>{{"province", &uplink}};
                      },
                  .bus_of =
                      [](const std::string& meter) {
                        if (meter == "press-1" || meter == "mute-1") return std::string("rtu-1");
                        return meter == "orphan-1" ? std::string("gone") : std::string();
                      },
                  .read_patience = read_patience,
                  .issuers =
                      [](const std::string& id) {
                        return id == "province" ? std::vector<std::string>{"130000-energy"}
                                                : std::vector<std::string>{};
                      },
                  .reload =
                      [this](const std::string& by) {
                        reloaded_by.push_back(by);
                        return Result<std::string>(R"({"taken":true})");
                      },
                  .configuration = [this] { return configuration; },
                  .keep_configuration = [this]() -> std::shared_ptr<void> {
                    if (is_reloading) return nullptr;
                    is_kept = true;
                    return {&is_kept, [](bool* kept) { *kept = false; }};
                  },
                  .record_patience = Millis{50}}) {
    recorder.manifest_in_force = {nobody, &manifest};
  }
  ~Bench() { gate.open(); }

  std::shared_ptr<void> nobody;  ///< Owns what the bench lends.
  std::vector<std::string> reloaded_by;
  ConfigurationView configuration;
  bool is_reloading = false;
  bool is_kept = false;  ///< Nobody may take over another configuration now.
  Gate gate;
  domain::Manifest manifest = small_manifest();
  StandingClock clock;
  health::Board board;
  FakeRecorder recorder;
  FakeUplink uplink;
  DeafSink sink;
  acquire::Poller poller;
  Commands commands;
};

}  // namespace jidian::command
