#include "acquire/poller.hpp"

#include <cassert>
#include <condition_variable>
#include <deque>
#include <mutex>
#include <optional>
#include <utility>

#include "acquire/core.hpp"
#include "acquire/sunspec_place.hpp"

namespace jidian::acquire {
namespace {

/// People ask for one meter at a time; more than this is a script gone wild.
constexpr std::size_t requests_max = 16;

Error given_up(const std::string& bus_id) {
  return {ErrorKind::cancelled,
          "bus '" + bus_id + "' is given up: the gateway stops, or takes another configuration; ask again"};
}

}  // namespace

class Poller::Loop {
 public:
  Loop(std::string bus_id, std::unique_ptr<Bus> bus, std::vector<PolledMeter> meters, Sink& sink, Clock& clock,
       health::Board& board, LineManners manners, std::optional<UtcTime> down_since)
      : bus_id_(bus_id),
        bus_(std::move(bus)),
        core_(
            std::move(bus_id), *bus_, std::move(meters), sink, clock, board, [this](Millis time) { pause(time); },
            manners, down_since) {}

  void run(std::stop_token stop) {
    stop_ = stop;
    while (!stop.stop_requested()) {
      const bool is_taken = core_.is_at_edge();
      if (!is_taken) serve_request();
      const Millis wait = core_.step(stop);
      if (wait == Millis{0}) continue;
      std::unique_lock lock(mutex_);
      asked_.wait_for(lock, stop, wait, [&] { return !is_taken && !requests_.empty(); });
    }
    core_.post_health();
    bus_->close();
    refuse_requests();
    core_.rest();
  }

  std::future<Result<MeterAnswer>> read(const std::string& meter_id) {
    auto promise = std::make_shared<std::promise<Result<MeterAnswer>>>();
    auto answer = promise->get_future();
    ask({[this, promise, meter_id] { promise->set_value(core_.read(meter_id, stop_)); },
         [promise](Error why) { promise->set_value(std::move(why)); }});
    return answer;
  }

  std::future<Result<Identity>> identify(const std::string& meter_id, const std::string& stated) {
    auto promise = std::make_shared<std::promise<Result<Identity>>>();
    auto answer = promise->get_future();
    ask({[this, promise, meter_id, stated] { promise->set_value(core_.identify(meter_id, stated, stop_)); },
         [promise](Error why) { promise->set_value(std::move(why)); }});
    return answer;
  }

  std::future<Status> adopt(const std::string& meter_id, const std::string& serial) {
    auto promise = std::make_shared<std::promise<Status>>();
    auto answer = promise->get_future();
    ask({[this, promise, meter_id, serial] { promise->set_value(core_.adopt(meter_id, serial)); },
         [promise](Error why) { promise->set_value(std::move(why)); }});
    return answer;
  }

  std::future<Status> lend(Task task) {
    auto promise = std::make_shared<std::promise<Status>>();
    auto answer = promise->get_future();
    ask({[this, promise, task = std::move(task)] { promise->set_value(core_.lend(task, stop_)); },
         [promise](Error why) { promise->set_value(std::move(why)); }});
    return answer;
  }

  Handover hand_over() { return core_.hand_over(); }

  const std::string& bus_id() const { return bus_id_; }

 private:
  /// Something that wants the bus between two slots. Exactly one of the two is called.
  struct Request {
    std::function<void()> serve;
    std::function<void(Error)> refuse;
  };

  void ask(Request request) {
    std::optional<Error> refusal;
    {
      const std::scoped_lock lock(mutex_);
      if (closed_)
        refusal = given_up(bus_id_);
      else if (requests_.size() >= requests_max)
        refusal = Error{ErrorKind::full, "too many requests for bus '" + bus_id_ + "' are waiting"};
      else
        return take(std::move(request));
    }
    request.refuse(std::move(*refusal));
  }

  /// Under the lock.
  void take(Request request) {
    requests_.push_back(std::move(request));
    asked_.notify_all();
  }

  /// One request between two slots: a flood of them slows polling, it does not stop it.
  void serve_request() {
    std::optional<Request> request;
    {
      const std::scoped_lock lock(mutex_);
      if (requests_.empty()) return;
      request = std::move(requests_.front());
      requests_.pop_front();
    }
    request->serve();
  }

  void refuse_requests() {
    std::deque<Request> waiting;
    {
      const std::scoped_lock lock(mutex_);
      closed_ = true;
      waiting.swap(requests_);
    }
    for (Request& request : waiting) request.refuse(given_up(bus_id_));
  }

  void pause(Millis time) {
    std::unique_lock lock(mutex_);
    asked_.wait_for(lock, stop_, time, [] { return false; });
  }

  std::string bus_id_;
  std::unique_ptr<Bus> bus_;
  std::mutex mutex_;
  std::condition_variable_any asked_;
  std::deque<Request> requests_;
  bool closed_ = false;
  std::stop_token stop_;  ///< Of the running thread; used on it only.
  PollerCore core_;
};

Poller::Poller(std::string bus_id, std::unique_ptr<Bus> bus, std::vector<PolledMeter> meters, Sink& sink, Clock& clock,
               health::Board& board, LineManners manners, std::optional<UtcTime> down_since)
    : loop_(std::make_unique<Loop>(std::move(bus_id), std::move(bus), std::move(meters), sink, clock, board, manners,
                                   down_since)),
      thread_([loop = loop_.get()](std::stop_token stop) { loop->run(std::move(stop)); }) {}

std::string line_note_name_of(const std::string& bus_id) {
  return "line/" + bus_id;
}

std::string note_name_of(const PolledMeter& meter) {
  return "meter/" + meter.id;
}

Poller::~Poller() = default;

std::future<Result<MeterAnswer>> Poller::read_meter(const std::string& meter_id) {
  return loop_->read(meter_id);
}

std::future<Result<Identity>> Poller::identify(const std::string& meter_id, const std::string& stated) {
  return loop_->identify(meter_id, stated);
}

std::future<Status> Poller::adopt(const std::string& meter_id, const std::string& serial) {
  return loop_->adopt(meter_id, serial);
}

std::future<Status> Poller::lend(Task task) {
  return loop_->lend(std::move(task));
}

void Poller::request_stop() {
  thread_.request_stop();
}

void Poller::stop() {
  request_stop();
  if (thread_.joinable()) thread_.join();
}

Handover Poller::hand_over() {
  assert(!thread_.joinable());
  return loop_->hand_over();
}

const std::string& Poller::bus_id() const {
  return loop_->bus_id();
}

MeterAnswer read_once(Bus& bus, const PolledMeter& meter, Clock& clock, LineManners manners) {
  Line line("read", bus, clock, manners);
  std::mutex mutex;
  std::condition_variable_any never;
  const auto pause = [&](Millis time) {
    std::unique_lock lock(mutex);
    never.wait_for(lock, time, [] { return false; });
  };
  const ReadContext context{line, clock, {}, pause, [] {}};
  PolledMeter placed = meter;
  if (meter.sunspec) {
    const auto place = find_sunspec(context, meter);
    if (!place) {
      const MeterPlan plan = plan_of(meter);
      return answer_of(meter, plan, failed_outcome(plan, place.error(), clock.utc_now()));
    }
    place_sunspec(placed, *place);
  }
  const MeterPlan plan = plan_of(placed);
  const auto outcome = read_blocks(context, placed, plan, 0);
  return answer_of(placed, plan, *outcome);  // without a stop token the outcome is always there
}

}  // namespace jidian::acquire
