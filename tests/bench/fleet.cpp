#include "tests/bench/fleet.hpp"

#include <algorithm>
#include <cmath>
#include <deque>
#include <functional>
#include <memory>
#include <queue>
#include <random>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

#include "tests/bench/fleet_store.hpp"
#include "tests/bench/per_second.hpp"
#include "uplink/session.hpp"

namespace jidian::bench {
namespace {

using record::Stream;
using std::chrono::seconds;

constexpr std::uint64_t fleet_seed = 20'000;
constexpr SteadyTime fleet_begin{Millis(1'000'000)};
constexpr UtcTime fleet_morning{std::chrono::sys_days{std::chrono::year{2026} / 3 / 1}};
constexpr seconds calm{60};  ///< Connected before the outage.
constexpr Millis way{25};    ///< Between a gateway and its broker.
constexpr Millis handshake{150};
constexpr double packet_bytes = 80;  ///< Topic, properties and frame of a publish.
constexpr double reading_bytes = 1'280 * 1.1;
constexpr double interval_bytes = 1'000;
constexpr SteadyTime never = SteadyTime::max();

class Fleet;

/// A gateway's end of a connection: all it does is the fleet's to know.
class FleetBroker final : public uplink::Broker {
 public:
  FleetBroker(Fleet& fleet, std::uint32_t box) : fleet_(fleet), box_(box) {}
  Status connect(const uplink::BrokerOptions& options, const std::vector<std::string>& topics) override;
  Status publish(uplink::Outgoing message) override;
  void disconnect(Millis) override {}
  std::vector<uplink::Incoming> close() override { return {}; }
  std::uint64_t dropped() const override { return 0; }
  std::vector<uplink::BrokerEvent> wait(std::stop_token, SteadyTime) override { return {}; }
  void wake() override {}

 private:
  Fleet& fleet_;
  std::uint32_t box_;
};

class FleetBrokers final : public uplink::BrokerFactory {
 public:
  FleetBrokers(Fleet& fleet, std::uint32_t box) : fleet_(fleet), box_(box) {}
  std::unique_ptr<uplink::Broker> make() override { return std::make_unique<FleetBroker>(fleet_, box_); }

 private:
  Fleet& fleet_;
  std::uint32_t box_;
};

/// One gateway's uplink and all that it needs.
struct Box {
  Box(Fleet& fleet, std::uint32_t number, const SteadyTime& now, SteadyTime begin, const std::string& id,
      const std::function<double()>& random);

  FleetStore store;
  std::unique_ptr<store::Reader> reader;
  FleetBrokers brokers;
  uplink::Options options;
  uplink::Links links;
  std::unique_ptr<uplink::Session> session;

  std::uint32_t link = 0;        ///< Number of the attempt or connection.
  SteadyTime wake_at = never;    ///< When the session is stepped next.
  SteadyTime commit_at = never;  ///< When it looks at its store next.
  SteadyTime connected_at = never;
  SteadyTime live_at = never;  ///< First connected after the outage …
  std::uint64_t left = 0;      ///< … and what it recorded until then and has not sent.
  SteadyTime drained_at = never;
};

enum class Happening : std::uint8_t { wake, commit, accepted, refused };

struct Due {
  SteadyTime at;
  std::uint64_t number = 0;  ///< In the order of making, so that a run can be repeated.
  std::uint32_t box = 0;
  std::uint32_t link = 0;
  Happening what = Happening::wake;
  friend bool operator>(const Due& a, const Due& b) { return std::tie(a.at, a.number) > std::tie(b.at, b.number); }
};

struct Answer {
  SteadyTime at;
  std::uint32_t box = 0;
  std::uint32_t link = 0;
  std::uint64_t token = 0;
};

class Fleet {
 public:
  explicit Fleet(const FleetPlan& plan);
  FleetResult run();

  void attempt(std::uint32_t box);
  void publish(std::uint32_t box, const uplink::Outgoing& message);
  void confirmed(std::uint32_t box, Stream stream, std::uint64_t seq);

 private:
  uplink::Now both() const { return {now_, fleet_morning + (now_ - fleet_begin)}; }
  bool is_away() const { return now_ >= gone_ && now_ < back_; }
  bool is_back() const { return now_ >= back_; }
  void plan_for(SteadyTime at, std::uint32_t box, Happening what);
  void go_until(SteadyTime end);
  void happen(const Due& due);
  void answer(const Answer& answer);
  void step(std::uint32_t number);
  void connected(std::uint32_t number);
  void cut_all();
  void count_lag(SteadyTime committed, SteadyTime arrived);
  bool over() const { return is_back() && drained_ == boxes_.size(); }
  double lag_of(double share) const;
  std::array<double, 3> parts(SteadyTime Box::*when) const;

  FleetPlan plan_;
  SteadyTime now_ = fleet_begin;
  SteadyTime gone_ = fleet_begin + calm;
  SteadyTime back_ = gone_ + plan_.outage;
  std::mt19937_64 generator_{fleet_seed};
  std::vector<std::unique_ptr<Box>> boxes_;
  std::priority_queue<Due, std::vector<Due>, std::greater<>> due_;
  std::uint64_t made_ = 0;
  std::deque<Answer> answers_;       ///< In the order of `at`: one broker, one queue.
  double busy_until_ms_ = 0;         ///< Since the beginning: when the broker has taken all that came.
  PerSecond attempts_{fleet_begin};  ///< These four since it is back.
  PerSecond accepted_{fleet_begin};
  PerSecond bytes_{fleet_begin};
  std::vector<std::uint64_t> lags_;  ///< Live batches by tenths of a second.
  std::uint64_t batches_ = 0;
  std::uint64_t links_lost_ = 0;
  std::size_t drained_ = 0;  ///< Gateways.
};

Box::Box(Fleet& fleet, std::uint32_t number, const SteadyTime& now, SteadyTime begin, const std::string& id,
         const std::function<double()>& random)
    : store(begin, now, [&fleet, number](Stream stream, std::uint64_t seq) { fleet.confirmed(number, stream, seq); }),
      reader(*store.reader()),
      brokers(fleet, number) {
  options.id = "province";
  options.gateway = id;
  options.region = "130100";
  options.instance = to_hex(std::uint64_t{number});
  options.broker.uri = "mqtts://broker:8883";
  options.confirm = uplink::Confirm::broker;
  options.streams = {record::all_streams.begin(), record::all_streams.end()};
  session = std::make_unique<uplink::Session>(options, store, *reader, brokers, links, random);
}

void Fleet::confirmed(std::uint32_t number, Stream stream, std::uint64_t seq) {
  auto& box = *boxes_[number];
  if (box.live_at == never || box.left == 0 || box.store.committed_at(stream, seq) > box.live_at) return;
  if (--box.left > 0) return;
  box.drained_at = now_;
  ++drained_;
}

Status FleetBroker::connect(const uplink::BrokerOptions&, const std::vector<std::string>&) {
  fleet_.attempt(box_);
  return {};
}

Status FleetBroker::publish(uplink::Outgoing message) {
  fleet_.publish(box_, message);
  return {};
}

Fleet::Fleet(const FleetPlan& plan) : plan_(plan) {
  const auto random = [this]() -> double {
    return plan_.alike ? 0.5 : static_cast<double>(generator_() >> 11U) * 0x1p-53;
  };
  boxes_.reserve(plan.gateways);
  for (std::uint32_t number = 0; number < plan.gateways; ++number) {
    // When its commits fall has nothing to do with its id.
    const Millis phase{static_cast<std::int64_t>(number) * 7919 % FleetStore::reading_every.count()};
    const auto id = plan.alike ? std::string("gw") : "gw-" + std::to_string(number);
    boxes_.push_back(std::make_unique<Box>(*this, number, now_, fleet_begin + phase, id, random));
    plan_for(fleet_begin, number, Happening::wake);
  }
}

void Fleet::plan_for(SteadyTime at, std::uint32_t box, Happening what) {
  auto& of = *boxes_[box];
  if (what == Happening::wake) {
    at = std::max(at, now_ + Millis(1));
    if (of.wake_at <= at) return;  // it looks earlier
    of.wake_at = at;
  }
  if (what == Happening::commit) of.commit_at = at;
  due_.push({at, ++made_, box, of.link, what});
}

void Fleet::attempt(std::uint32_t box) {
  auto& of = *boxes_[box];
  ++of.link;
  if (std::exchange(of.connected_at, never) != never && is_back()) ++links_lost_;
  bool taken = !is_away();
  if (is_back()) {
    attempts_.add(now_, 1);
    taken = accepted_.in(now_) < static_cast<double>(plan_.connections_per_s);
    if (taken) accepted_.add(now_, 1);
  }
  if (taken)
    plan_for(now_ + handshake, box, Happening::accepted);
  else
    plan_for(now_ + 2 * way, box, Happening::refused);
}

void Fleet::publish(std::uint32_t box, const uplink::Outgoing& message) {
  double size = packet_bytes + static_cast<double>(message.payload.size());
  const bool is_batch = message.topic.ends_with("/reading") || message.topic.ends_with("/interval");
  const auto [stream, seq] =
      is_batch ? FleetStore::content_of(message.payload) : std::pair(Stream::event, std::uint64_t{0});
  if (is_batch) size += stream == Stream::reading ? reading_bytes : interval_bytes;

  const auto came_ms = static_cast<double>((now_ - fleet_begin + way).count());
  busy_until_ms_ = std::max(busy_until_ms_, came_ms) + size / plan_.bytes_per_s * 1000;
  const auto taken = fleet_begin + Millis(static_cast<std::int64_t>(std::ceil(busy_until_ms_)));
  auto& of = *boxes_[box];
  if (message.qos > 0) answers_.push_back({taken + way, box, of.link, message.token});
  if (!is_back()) return;
  bytes_.add(taken, size);
  if (!is_batch) return;
  ++batches_;
  const auto committed = of.store.committed_at(stream, seq);
  if (committed > of.connected_at) count_lag(committed, taken);
}

void Fleet::count_lag(SteadyTime committed, SteadyTime arrived) {
  const auto tenths = static_cast<std::size_t>((arrived - committed) / Millis(100));
  if (tenths >= lags_.size()) lags_.resize(tenths + 1);
  ++lags_[tenths];
}

void Fleet::step(std::uint32_t number) {
  auto& box = *boxes_[number];
  box.session->step(both());
  // A gateway that has sent everything looks again when it commits: nothing else can be due.
  const bool idle = box.session->connected() && box.session->settled() && box.store.unconfirmed() == 0;
  if (!idle) plan_for(box.session->next_due(both()), number, Happening::wake);
}

void Fleet::connected(std::uint32_t number) {
  auto& box = *boxes_[number];
  box.connected_at = now_;
  if (is_back() && box.live_at == never) {
    box.live_at = now_;
    box.left = box.store.unconfirmed();
    if (box.left == 0) {
      box.drained_at = now_;
      ++drained_;
    }
  }
  box.session->handle(uplink::Connected{}, both());
  if (box.commit_at == never) plan_for(box.store.next_commit(), number, Happening::commit);
}

void Fleet::happen(const Due& due) {
  auto& box = *boxes_[due.box];
  switch (due.what) {
    case Happening::wake:
      if (box.wake_at != due.at) return;  // it looked earlier
      box.wake_at = never;
      break;
    case Happening::commit:
      box.commit_at = never;
      if (!box.session->connected()) return;
      plan_for(box.store.next_commit(), due.box, Happening::commit);
      box.session->look_for_batches();
      break;
    case Happening::accepted:
      if (box.link != due.link || is_away()) return;
      connected(due.box);
      break;
    case Happening::refused:
      if (box.link != due.link) return;
      box.session->handle(uplink::Disconnected{0, "refused"}, both());
      break;
  }
  step(due.box);
}

void Fleet::answer(const Answer& answer) {
  auto& box = *boxes_[answer.box];
  if (box.link != answer.link || !box.session->connected()) return;
  box.session->handle(uplink::PublishDone{answer.token, 0}, both());
  step(answer.box);
}

void Fleet::cut_all() {
  answers_.clear();
  for (std::uint32_t number = 0; number < boxes_.size(); ++number) {
    auto& box = *boxes_[number];
    ++box.link;
    box.connected_at = never;
    box.session->handle(uplink::Disconnected{0, "the broker went away"}, both());
    step(number);
  }
}

/// Everything that is due until `end`, in the order of time.
void Fleet::go_until(SteadyTime end) {
  while (now_ < end && !over()) {
    const auto next_due = due_.empty() ? end : due_.top().at;
    const auto next_answer = answers_.empty() ? end : answers_.front().at;
    if (std::min(next_due, next_answer) >= end) break;
    now_ = std::max(now_, std::min(next_due, next_answer));
    if (next_answer <= next_due) {
      const auto first = answers_.front();
      answers_.pop_front();
      answer(first);
    } else {
      const auto first = due_.top();
      due_.pop();
      happen(first);
    }
  }
  if (!over()) now_ = end;
}

/// So many of the live batches were no older when the broker had them.
double Fleet::lag_of(double share) const {
  double all = 0;
  for (const auto count : lags_) all += static_cast<double>(count);
  double seen = 0;
  for (std::size_t tenths = 0; tenths < lags_.size(); ++tenths) {
    seen += static_cast<double>(lags_[tenths]);
    if (seen >= share * all) return static_cast<double>(tenths + 1) / 10;
  }
  return 0;
}

std::array<double, 3> Fleet::parts(SteadyTime Box::*when) const {
  std::vector<SteadyTime> times;
  for (const auto& box : boxes_) times.push_back((*box).*when);
  std::ranges::sort(times);
  std::array<double, 3> parts{};
  const std::array<double, 3> shares{0.5, 0.99, 1.0};
  for (std::size_t i = 0; i < parts.size(); ++i) {
    const auto index = static_cast<std::size_t>(std::ceil(shares[i] * static_cast<double>(times.size()))) - 1;
    if (times[index] != never) parts[i] = std::chrono::duration<double>(times[index] - back_).count();
  }
  return parts;
}

FleetResult Fleet::run() {
  go_until(gone_);
  cut_all();
  go_until(back_);
  go_until(back_ + plan_.watched);

  FleetResult result;
  result.all_live = std::ranges::all_of(boxes_, [](const auto& box) { return box->live_at != never; });
  result.all_drained = std::ranges::all_of(boxes_, [](const auto& box) { return box->drained_at != never; });
  result.attempts_per_s = static_cast<std::size_t>(attempts_.most());
  result.connections_per_s = static_cast<std::size_t>(accepted_.most());
  result.live_s = parts(&Box::live_at);
  result.drained_s = parts(&Box::drained_at);
  result.live_lag_99_s = lag_of(0.99);
  result.live_lag_s = lag_of(1);
  result.bytes_per_s = bytes_.most();
  result.batches = batches_;
  result.links_lost = links_lost_;
  return result;
}

}  // namespace

FleetResult run_fleet(const FleetPlan& plan) {
  return Fleet(plan).run();
}

}  // namespace jidian::bench
