#include "uplink/uplink.hpp"

#include <spdlog/spdlog.h>

#include <algorithm>
#include <condition_variable>
#include <mutex>
#include <random>
#include <thread>
#include <utility>

#include "uplink/session.hpp"

namespace jidian::uplink {
namespace {

constexpr Millis settle_patience{2000};
constexpr Millis post_every{1000};
/// Changes of what is wrong are logged no more often than this; coming and going of the connection always.
constexpr Millis say_every{60'000};
/// Longest time without a sign of life: a step, the disposal of a broken connection, and some slack.
constexpr Millis longest_round{60'000};
constexpr Millis reader_retry{5000};
/// After an event that took this long, others wait for what is due.
constexpr Millis long_work{100};

/// Drives a session: owns the thread and the clocks, and says what changed.
class Loop final : public Uplink {
 public:
  Loop(Options options, store::Store& store, BrokerFactory& brokers, Clock& clock, health::Board& board, Links links)
      : options_(std::move(options)),
        store_(store),
        brokers_(brokers),
        clock_(clock),
        board_(board),
        links_(std::move(links)),
        heartbeat_(board.add_heartbeat("uplink " + options_.id, longest_round)),
        thread_([this](std::stop_token stop) { run(stop); }) {}

  void notify() override {
    const std::lock_guard lock(mutex_);
    inputs_.batches = true;
    wake();
  }
  void offer_live(std::string view) override {
    const std::lock_guard lock(mutex_);
    inputs_.live = std::move(view);
    wake();
  }
  void retry_rejected() override {
    const std::lock_guard lock(mutex_);
    inputs_.retry = true;
    wake();
  }
  void renew_directives(bool wanted) override {
    const std::lock_guard lock(mutex_);
    inputs_.directives = wanted;
    wake();
  }
  Status may_backfill(record::Stream stream) override {
    const std::lock_guard lock(mutex_);
    return room_for(stream);
  }
  Status backfill(Backfill asked) override {
    const std::lock_guard lock(mutex_);
    if (auto room = room_for(asked.stream); !room) return room;
    ++backfills_;
    inputs_.backfills.push_back(std::move(asked));
    wake();
    return {};
  }

 private:
  struct Inputs {
    bool batches = false;
    bool retry = false;
    std::optional<std::string> live;
    std::optional<bool> directives;
    std::vector<Backfill> backfills;
    bool any() const { return batches || retry || live || directives || !backfills.empty(); }
  };

  Now now() { return {clock_.steady_now(), clock_.utc_now()}; }

  /// Precondition: the mutex is held.
  Status room_for(record::Stream stream) const {
    if (!std::ranges::count(options_.streams, stream))
      return Error{ErrorKind::denied,
                   "this destination does not take the stream '" + std::string(record::name_of(stream)) + "'"};
    if (backfills_ >= backfills_max)
      return Error{ErrorKind::full, std::to_string(backfills_max) + " backfills are running; ask when one has ended"};
    return {};
  }

  /// Precondition: the mutex is held.
  void wake() {
    changed_.notify_one();
    if (waiting_on_ != nullptr) waiting_on_->wake();
  }

  std::unique_ptr<store::Reader> open_reader(const std::stop_token& stop);
  void run(const std::stop_token& stop);
  void take_inputs(Session& session);
  void go_on(Session& session);
  void count_backfills(const Session& session);
  void wait(Session& session, const std::stop_token& stop);
  void settle(Session& session);
  void report(Session& session);

  const Options options_;
  store::Store& store_;
  BrokerFactory& brokers_;
  Clock& clock_;
  health::Board& board_;
  const Links links_;
  health::Heartbeat& heartbeat_;

  std::mutex mutex_;
  std::condition_variable_any changed_;
  Inputs inputs_;                 ///< Guarded by the mutex.
  std::size_t backfills_ = 0;     ///< Guarded by the mutex: those that run or are about to.
  Broker* waiting_on_ = nullptr;  ///< Guarded by the mutex: set only while the loop waits on it.

  bool was_connected_ = false;
  std::string said_;  ///< The trouble last logged.
  std::optional<SteadyTime> said_at_;
  std::optional<SteadyTime> posted_;
  std::jthread thread_;
};

std::unique_ptr<store::Reader> Loop::open_reader(const std::stop_token& stop) {
  while (!stop.stop_requested()) {
    auto reader = store_.reader();
    if (reader) return *std::move(reader);
    health::UplinkHealth health;
    health.id = options_.id;
    health.address = options_.broker.uri;
    health.trouble = "the store cannot be read: " + reader.error().message();
    board_.post(std::move(health));
    std::unique_lock lock(mutex_);
    heartbeat_.beat(clock_.steady_now());
    changed_.wait_for(lock, stop, reader_retry, [] { return false; });
  }
  return nullptr;
}

void Loop::run(const std::stop_token& stop) {
  const auto reader = open_reader(stop);
  if (!reader) return;
  std::mt19937_64 generator{std::random_device{}()};
  Session session(options_, store_, *reader, brokers_, links_,
                  [&] { return std::uniform_real_distribution<double>(0, 1)(generator); });
  said_ = session.health(now()).trouble;  // that nothing is connected yet is no news
  while (!stop.stop_requested()) {
    take_inputs(session);
    go_on(session);
    wait(session, stop);
  }
  settle(session);
  session.close();
}

void Loop::go_on(Session& session) {
  session.step(now());
  count_backfills(session);
  report(session);
}

void Loop::take_inputs(Session& session) {
  Inputs inputs;
  {
    const std::lock_guard lock(mutex_);
    inputs = std::exchange(inputs_, {});
  }
  if (inputs.batches) session.look_for_batches();
  if (inputs.retry) session.retry_rejected();
  if (inputs.live) session.offer_live(std::move(*inputs.live));
  if (inputs.directives) {
    session.renew_directives(*inputs.directives, now());
    spdlog::info("others may give orders, connecting again uplink={}", options_.id);
  }
  for (auto& asked : inputs.backfills) session.backfill(std::move(asked), now());
}

void Loop::count_backfills(const Session& session) {
  const std::lock_guard lock(mutex_);
  backfills_ = session.backfills_running() + inputs_.backfills.size();
}

void Loop::wait(Session& session, const std::stop_token& stop) {
  const auto start = clock_.steady_now();
  const auto deadline = std::min(session.next_due(now()), start + post_every);
  auto* broker = session.broker();
  if (broker == nullptr) {
    std::unique_lock lock(mutex_);
    changed_.wait_for(lock, stop, deadline - start, [this] { return inputs_.any(); });
    return;
  }
  {
    const std::lock_guard lock(mutex_);
    if (inputs_.any()) return;
    waiting_on_ = broker;
  }
  const auto events = broker->wait(stop, deadline);
  {
    const std::lock_guard lock(mutex_);
    waiting_on_ = nullptr;
  }
  for (const auto& event : events) {
    const auto began = clock_.steady_now();
    session.handle(event, now());
    if (clock_.steady_now() - began < long_work) continue;
    // Commands that read the store may come in numbers: what else is due, the sign of life too, goes between them.
    take_inputs(session);
    if (session.broker() != nullptr) go_on(session);  // else the rest came from a connection that is gone
  }
}

void Loop::settle(Session& session) {
  session.stop();
  const auto deadline = clock_.steady_now() + settle_patience;
  const auto until_settled = [&] {
    while (session.connected() && !session.settled() && clock_.steady_now() < deadline)
      for (const auto& event : session.broker()->wait({}, deadline)) session.handle(event, now());
  };
  until_settled();
  if (!session.connected()) return;
  session.say_offline(now());
  until_settled();
  if (session.connected()) session.broker()->disconnect(goodbye_patience);
  spdlog::info("uplink said goodbye uplink={}", options_.id);
}

void Loop::report(Session& session) {
  const auto time = now();
  heartbeat_.beat(time.steady);
  if (posted_ && time.steady - *posted_ < post_every && was_connected_ == session.connected()) return;
  posted_ = time.steady;
  auto health = session.health(time);
  const bool turned = was_connected_ != health.connected;
  const bool news = said_ != health.trouble && (!said_at_ || time.steady - *said_at_ >= say_every);
  if (turned || news) {
    if (health.connected && health.trouble.empty())
      spdlog::info("uplink connected uplink={} broker={} pending={}", options_.id, options_.broker.uri, health.pending);
    else
      spdlog::warn("uplink in trouble, batches stay in the store uplink={} connected={} pending={} why=\"{}\"",
                   options_.id, health.connected, health.pending, health.trouble);
    was_connected_ = health.connected;
    said_ = health.trouble;
    said_at_ = time.steady;
  }
  board_.post(std::move(health));
}

}  // namespace

std::unique_ptr<Uplink> Uplink::start(Options options, store::Store& store, BrokerFactory& brokers, Clock& clock,
                                      health::Board& board, Links links) {
  return std::make_unique<Loop>(std::move(options), store, brokers, clock, board, std::move(links));
}

}  // namespace jidian::uplink
