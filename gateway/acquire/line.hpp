#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <stop_token>
#include <string>
#include <utility>

#include "acquire/bus.hpp"
#include "acquire/line_guard.hpp"
#include "acquire/load.hpp"
#include "base/time.hpp"

namespace jidian::acquire {

/// A bus as the poller uses it: opened when needed, reopened with back-off, its work measured. Owned by one thread.
class Line {
 public:
  /// `name` spreads the back-off. `bus` and `clock` outlive the line. `was_down`: the line before was, and so is this
  /// one until something answers.
  Line(std::string name, Bus& bus, Clock& clock, LineManners manners, bool was_down = false);

  /// Opens the bus if it is closed and a try is due, and before its first use hears whether the line is free. Errors:
  /// unreachable or conflict (closed or another's, and when the next try is not due yet, why the last one failed),
  /// cancelled.
  Status ensure_open(std::stop_token stop);

  /// Like `Bus::read`, opening the bus if needed. A connection that turns out to have been closed by the other end is
  /// opened again and the request repeated once.
  Status read(std::uint8_t unit, meter::Registers registers, std::span<std::uint16_t> into, std::stop_token stop);

  /// Gives the bus to `task` for as long as it runs; its time counts as load. Precondition: open.
  Status lend(const std::function<Status(Bus&, std::stop_token)>& task, std::stop_token stop);

  /// The same while another master keeps us from using the line: the task can only listen. Opens the port.
  Status lend_to_listen(const std::function<Status(Bus&, std::stop_token)>& task, std::stop_token stop);

  /// Whether the bus cannot be used: opening failed, or it broke on its first use. Until something answers (or at least
  /// the request could be sent and waited for).
  bool down() const { return failures_ > 0; }

  /// When a closed bus will be tried next; the past if that may be at once.
  SteadyTime next_open() const { return next_open_; }

  std::uint8_t last_exception() const { return bus_.last_exception(); }
  bool is_open() const { return bus_.is_open() && guard_.admitted(); }
  bool is_shared() const { return bus_.is_shared_line(); }

  /// What was heard of another master that keeps us from using the line; nothing if none does.
  const Evidence* foreign_master() const {
    return !guard_.admitted() && guard_.evidence() ? &*guard_.evidence() : nullptr;
  }

  /// The time during which the line was last heard while another master was on it, or had been before.
  const std::optional<std::pair<UtcTime, UtcTime>>& kept_away() const { return kept_away_; }

  /// See `LineGuard::take_news`.
  std::optional<Evidence> take_news() { return guard_.take_news(bus_, clock_.steady_now()); }

  std::string address() const { return bus_.address(); }
  std::uint64_t requests() const { return requests_; }
  std::uint64_t reopened() const { return opened_ > 0 ? opened_ - 1 : 0; }
  double load() const { return load_.share(clock_.steady_now()); }

  /// Why the bus is down; empty while it is not.
  const std::string& trouble() const { return trouble_; }

 private:
  Status read_once(std::uint8_t unit, meter::Registers registers, std::span<std::uint16_t> into);
  void note_failure(const Error& error);

  std::string name_;
  Bus& bus_;
  Clock& clock_;
  BusLoad load_;
  LineGuard guard_;
  std::optional<std::pair<UtcTime, UtcTime>> kept_away_;
  bool used_ = false;  ///< The present connection has carried a whole transaction.
  unsigned failures_ = 0;
  SteadyTime next_open_{};
  std::string trouble_;
  std::uint64_t requests_ = 0;
  std::uint64_t opened_ = 0;
};

}  // namespace jidian::acquire
