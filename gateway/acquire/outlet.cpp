#include "acquire/outlet.hpp"

#include <spdlog/spdlog.h>

#include <algorithm>
#include <cstddef>
#include <iterator>
#include <utility>

namespace jidian::acquire {
namespace {

/// Changes of all meters of a bus during a long stall of the recorder.
constexpr std::size_t waiting_max = 64;

}  // namespace

void Outlet::offer(domain::Poll poll, UtcTime now) {
  const UtcTime slot = poll.slot;
  if (sink_.offer(std::move(poll))) {
    if (!gap_) return;
    gap_->until = slot;
    spdlog::warn("recorder takes polls again, gap recorded bus={} dropped_polls={}", bus_id_, gap_->missed);
    offer(take_gap(now));
    return;
  }
  ++dropped_polls_;
  if (!gap_) {
    gap_ = domain::Gap{domain::GapCause::queue_full, slot, slot, 0};
    spdlog::error("recorder's queue is full, polls are dropped and will be declared as a gap bus={}", bus_id_);
  }
  gap_->until = slot;
  ++gap_->missed;
}

domain::Event Outlet::take_gap(UtcTime now) {
  return {now,
          domain::EventKind::gap,
          bus_id_,
          "The recorder's queue was full: polls were dropped.",
          std::exchange(gap_, std::nullopt),
          {},
          {}};
}

void Outlet::offer(domain::Event event) {
  waiting_.push_back(std::move(event));
  flush();
  if (waiting_.size() > waiting_max) {
    waiting_.pop_front();
    ++dropped_events_;
  }
}

void Outlet::offer(domain::Note note) {
  notes_[std::move(note.name)] = std::move(note.text);
  flush();
}

void Outlet::flush() {
  while (!waiting_.empty() && sink_.offer(waiting_.front())) waiting_.pop_front();
  while (!notes_.empty() && sink_.offer(domain::Note{notes_.begin()->first, notes_.begin()->second}))
    notes_.erase(notes_.begin());
}

void Outlet::leave(Handover& handover, UtcTime now) {
  flush();
  if (gap_) waiting_.push_back(take_gap(now));
  std::ranges::move(std::exchange(waiting_, {}), std::back_inserter(handover.events));
  for (auto& [name, text] : std::exchange(notes_, {})) handover.notes.push_back({name, std::move(text)});
}

}  // namespace jidian::acquire
