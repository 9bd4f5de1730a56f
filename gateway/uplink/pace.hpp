#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>

#include "base/time.hpp"

namespace jidian::uplink {

/// Lets `per_s` things pass a second, and as many at once after a pause.
class TokenBucket {
 public:
  explicit TokenBucket(std::uint32_t per_s) : per_s_(per_s), tokens_(per_s) {}

  /// Whether one may pass now.
  bool ready(SteadyTime now);
  /// One passes. Precondition: ready.
  void take() { tokens_ -= 1; }
  /// When the next one may pass.
  SteadyTime next(SteadyTime now);

 private:
  void refill(SteadyTime now);

  double per_s_;
  double tokens_;
  SteadyTime filled_{};
};

/// Why an attempt or a connection came to nothing.
enum class Obstacle : std::uint8_t {
  unreachable,  ///< Nobody is there, or the connection broke.
  busy,         ///< The broker is there and says that it has too much to do.
};

/// How long to wait before the next attempt to connect: 1 s … a ceiling, spread evenly, so that thousands of gateways
/// do not come back to a restarted broker at once.
///
/// The ceiling doubles with each attempt, but a broker that is not there may be back at any moment: the ceiling is then
/// no more than `short_ceiling`, or a quarter of the time that the outage has lasted where that is more. So a short
/// outage ends within seconds, and a long one is never made longer by more than a quarter. A broker that is busy gets
/// the whole of the doubling.
class ReconnectPace {
 public:
  static constexpr Millis short_ceiling{5000};
  static constexpr int outage_share = 4;  ///< A pause may be this part of the outage.

  /// `random` gives numbers in [0, 1). `longest` bounds every pause but that after a takeover.
  ReconnectPace(std::string gateway, Millis longest, std::function<double()> random);

  /// An attempt failed or the connection ended at `now`: the pause before the next attempt. The first call after
  /// `reset` begins the outage.
  Millis next(SteadyTime now, Obstacle obstacle = Obstacle::unreachable);
  /// The pause after somebody else took over our client id: at least a minute.
  Millis after_takeover();
  /// How long the outage has lasted; 0 if there is none.
  Millis outage(SteadyTime now) const { return began_ ? now - *began_ : Millis(0); }
  /// The connection proved good: the outage is over, the next pause is short again.
  void reset();

 private:
  double spread();

  std::string gateway_;
  Millis longest_;
  std::function<double()> random_;
  std::uint32_t attempt_ = 0;
  std::optional<SteadyTime> began_;
};

/// How long after a reconnect a gateway begins with its backlog: a part of its own, the same at every reconnect, of up
/// to a sixteenth of the outage and ten minutes. So a fleet whose broker was away for hours does not send its backlogs
/// all at once. After an outage of less than five minutes: at once, there is little to send.
Millis backlog_offset(const std::string& gateway, Millis outage);

/// Decides when an unanswered publish means that the link is dead, without reconnecting a slow one forever.
///
/// While anything is unanswered, an answer must come every `limit`. Each trip doubles the limit and halves the window;
/// an answer in the first limit's time brings the limit back and widens the window by one.
class AnswerWatch {
 public:
  static constexpr Millis first_limit{15'000};
  static constexpr Millis last_limit{300'000};
  static constexpr std::size_t widest_window = 10;

  /// Publishes that may be unanswered at once.
  std::size_t window() const { return window_; }
  Millis limit() const { return limit_; }

  void begin_connection(SteadyTime now) { last_answer_ = now; }
  /// A publish sent at `sent` was answered.
  void answered(SteadyTime sent, SteadyTime now);
  /// When the link is to be given up, if nothing is answered until then. `oldest`: when the oldest unanswered publish
  /// was sent.
  SteadyTime deadline(SteadyTime oldest) const;
  /// The link was given up.
  void trip();

 private:
  Millis limit_ = first_limit;
  std::size_t window_ = widest_window;
  SteadyTime last_answer_{};
};

}  // namespace jidian::uplink
