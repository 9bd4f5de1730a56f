#include "acquire/line.hpp"

#include <utility>

#include "acquire/backoff.hpp"

namespace jidian::acquire {
namespace {

/// A replugged adapter or a rebooted device is in use again within five seconds.
constexpr Millis reopen_first{500};
constexpr Millis reopen_most{4'000};

/// How often is heard whether another master has gone.
constexpr Millis hear_again{60'000};

}  // namespace

Line::Line(std::string name, Bus& bus, Clock& clock, LineManners manners, bool was_down)
    : name_(std::move(name)), bus_(bus), clock_(clock), guard_(manners), failures_(was_down ? 1 : 0) {
  if (was_down) trouble_ = "it was down before the configuration was changed, and nothing answered since";
}

Status Line::ensure_open(std::stop_token stop) {
  if (is_open()) return {};
  if (failures_ > 0 && clock_.steady_now() < next_open_) return Error{ErrorKind::unreachable, trouble_};

  if (!bus_.is_open()) {
    if (auto opened = bus_.open(stop); !opened) {
      if (opened.error().kind() != ErrorKind::cancelled) note_failure(opened.error());
      return opened;
    }
    ++opened_;
    used_ = false;
  }
  const UtcTime from = clock_.utc_now();
  const bool was_kept_away = foreign_master() != nullptr;
  auto admitted = guard_.admit(bus_, stop);
  if (was_kept_away || foreign_master() != nullptr) kept_away_.emplace(from, clock_.utc_now());
  if (admitted || admitted.error().kind() == ErrorKind::cancelled) return admitted;
  note_failure(admitted.error());
  if (guard_.evidence()) next_open_ = clock_.steady_now() + hear_again;
  return admitted;
}

Status Line::read(std::uint8_t unit, meter::Registers registers, std::span<std::uint16_t> into, std::stop_token stop) {
  if (auto open = ensure_open(stop); !open) return open;

  const bool was_used = used_;
  auto done = read_once(unit, registers, into);
  if (done || done.error().kind() != ErrorKind::unreachable) return done;

  if (!was_used) {  // it broke on its first use: as good as not opened
    note_failure(done.error());
    return done;
  }
  if (auto open = ensure_open(std::move(stop)); !open) return open;
  done = read_once(unit, registers, into);
  if (!done && done.error().kind() == ErrorKind::unreachable) note_failure(done.error());
  return done;
}

Status Line::lend(const std::function<Status(Bus&, std::stop_token)>& task, std::stop_token stop) {
  const SteadyTime from = clock_.steady_now();
  auto done = task(bus_, std::move(stop));
  load_.add(from, clock_.steady_now());
  return done;
}

Status Line::lend_to_listen(const std::function<Status(Bus&, std::stop_token)>& task, std::stop_token stop) {
  if (!bus_.is_open())
    if (auto opened = bus_.open(stop); !opened) return opened;
  return task(*listen_only(bus_), std::move(stop));
}

Status Line::read_once(std::uint8_t unit, meter::Registers registers, std::span<std::uint16_t> into) {
  const SteadyTime from = clock_.steady_now();
  auto done = bus_.read(unit, registers, into);
  load_.add(from, clock_.steady_now());
  ++requests_;
  if (done || done.error().kind() != ErrorKind::unreachable) {
    used_ = true;
    failures_ = 0;
    trouble_.clear();
  }
  return done;
}

void Line::note_failure(const Error& error) {
  ++failures_;
  trouble_ = error.message();
  next_open_ = clock_.steady_now() + retry_delay(failures_, reopen_first, reopen_most, name_);
}

}  // namespace jidian::acquire
