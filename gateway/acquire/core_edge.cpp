#include <algorithm>
#include <chrono>
#include <utility>

#include "acquire/core.hpp"

/// What a poller's core does on the edge of a quarter hour: one read of each meter, that of its energy; then what else
/// there is of counters; then the rest of the polls. Each remains one poll of its meter.
namespace jidian::acquire {
namespace {

/// The line is lent for about that long (1.5 s) at a time. What would reach into an edge waits until it is over.
constexpr Millis edge_quiet{2'000};

}  // namespace

bool PollerCore::is_at_edge() const {
  return !open_.empty() || schedule_.next_edge() - clock_.utc_now() < edge_quiet;
}

/// Begins the polls of all meters whose edge is due. False if there are none. Where the clock was set into another
/// quarter hour while polls are open, the edge of their meters waits for them: a meter has one plan, for one poll.
bool PollerCore::serve_edge(UtcTime now, const std::stop_token& stop) {
  const auto is_open = [this](std::size_t meter) {
    return std::ranges::find(open_, meter, &OpenPoll::meter) != open_.end();
  };
  std::vector<Slot> slots;
  while (const auto slot = schedule_.take_edge(now, is_open)) slots.push_back(*slot);
  // A time-out must not stand between the others and the edge.
  std::stable_partition(slots.begin(), slots.end(),
                        [&](const Slot& slot) { return meters_[slot.meter].health.misses_in_row == 0; });
  for (const Slot& slot : slots) open_poll(slot, stop);
  return !slots.empty();
}

/// Reads a meter's energy; its poll waits for the rest.
void PollerCore::open_poll(const Slot& slot, const std::stop_token& stop) {
  Meter& meter = meters_[slot.meter];
  if (!take_up(meter, slot, stop)) return;
  OpenPoll open{slot.meter, slot.due, std::nullopt, 0};
  const bool knows_where = !meter.polled.sunspec || meter.is_placed;
  if (knows_where && !meter.counts_silent) {
    meter.learner.begin_poll(clock_.steady_now());
    open.round = make_round(meter);
    open.counts = put_counts_first(meter.polled, meter.learner.plan(), *open.round);
    if (open.counts > 0) (void)advance(meter, *open.round, 1, stop);  // stopping: it stays open
  }
  open_.push_back(std::move(open));
}

/// Reads on in one of the polls that were begun on an edge, counters first, or ends one. False if there are none.
bool PollerCore::serve_open(const std::stop_token& stop) {
  if (open_.empty()) return false;
  for (OpenPoll& open : open_)
    if (open.round && open.round->done < open.counts) {
      (void)advance(meters_[open.meter], *open.round, open.counts, stop);
      return true;
    }
  OpenPoll open = std::move(open_.front());
  open_.pop_front();
  Meter& meter = meters_[open.meter];
  meter.changed = true;
  const auto outcome = open.round ? finish_rounds(meter, std::move(*open.round), stop) : read_meter(meter, stop);
  if (outcome)
    offer_poll(meter, open.slot, *outcome, true, stop);
  else  // stopping: its slot was not served
    open_.push_front({open.meter, open.slot, std::nullopt, 0});
  return true;
}

/// A poll that was begun on an edge and is not over was not served, nor was any other of its quarter hour: whoever goes
/// on with the meter begins with it, or with what is the edge by then.
Handover PollerCore::hand_over() {
  Handover handover;
  for (std::size_t i = 0; i < meters_.size(); ++i)
    handover.meters[meters_[i].polled.id] = {schedule_.last(i), meters_[i].silent_since};
  for (const OpenPoll& open : open_)
    handover.meters[meters_[open.meter].polled.id].last_slot = quarter_of(open.slot) - Millis{1};
  if (down_reported_) handover.down_since = down_since_;
  outlet_.leave(handover, clock_.utc_now());
  return handover;
}

}  // namespace jidian::acquire
