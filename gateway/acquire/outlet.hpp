#pragma once

#include <cstdint>
#include <deque>
#include <map>
#include <optional>
#include <string>

#include "acquire/poller.hpp"
#include "base/time.hpp"
#include "domain/event.hpp"
#include "domain/reading.hpp"

namespace jidian::acquire {

/// The poller's way to the sink: what finds it full is counted, and told in one gap event once there is room again.
class Outlet {
 public:
  Outlet(std::string bus_id, Sink& sink) : bus_id_(std::move(bus_id)), sink_(sink) {}

  void offer(domain::Poll poll, UtcTime now);

  /// An event that finds the sink full waits its turn; of more than 64 waiting the oldest is dropped.
  void offer(domain::Event event);

  /// A note that finds the sink full waits; a later one of its name takes its place.
  void offer(domain::Note note);

  /// Tries again what waits.
  void flush();

  /// Takes out what still waits, and the gap of polls that are being dropped: nothing more is offered.
  void leave(Handover& handover, UtcTime now);

  std::uint64_t dropped_polls() const { return dropped_polls_; }
  std::uint64_t dropped_events() const { return dropped_events_; }

 private:
  domain::Event take_gap(UtcTime now);

  std::string bus_id_;
  Sink& sink_;
  std::optional<domain::Gap> gap_;  ///< Polls that are being dropped at present.
  std::deque<domain::Event> waiting_;
  std::map<std::string, std::string> notes_;  ///< Waiting, by name.
  std::uint64_t dropped_polls_ = 0;
  std::uint64_t dropped_events_ = 0;
};

}  // namespace jidian::acquire
