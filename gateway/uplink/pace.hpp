#pragma once

#include <cstdint>
#include <functional>
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

/// How long to wait before the next attempt to connect: 1 s … a ceiling that doubles with each attempt, spread evenly,
/// so that thousands of gateways do not come back to a restarted broker at once.
class ReconnectPace {
 public:
  /// `random` gives numbers in [0, 1).
  ReconnectPace(std::string gateway, Millis longest, std::function<double()> random);

  /// The pause before the next attempt.
  Millis next();
  /// The pause after somebody else took over our client id: at least a minute.
  Millis after_takeover();
  /// The connection proved good: the next pause is short again.
  void reset() { attempt_ = 0; }

 private:
  double spread();

  std::string gateway_;
  Millis longest_;
  std::function<double()> random_;
  std::uint32_t attempt_ = 0;
};

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
