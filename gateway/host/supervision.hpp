#pragma once

#include <optional>
#include <string>

#include "base/time.hpp"

namespace jidian::host {

/// Decides what systemd is told and when, from values: no clock, no socket.
///
/// The watchdog is fed at half its interval and only while nothing is stuck, so that a hung loop is restarted by
/// systemd and a broker outage is not.
class Supervision {
 public:
  /// `watchdog`: systemd's interval; nothing if it does not watch.
  explicit Supervision(std::optional<Millis> watchdog);

  struct Step {
    std::string notify;                    ///< For sd_notify; empty: nothing to say.
    std::optional<std::string> got_stuck;  ///< A loop that was well at the last step.
    std::optional<std::string> recovered;  ///< A loop that was stuck at the last step.
    Millis wait{0};                        ///< Until the next step is due.
  };

  /// `status` is one line for people; posted when it has changed.
  Step step(const std::optional<std::string>& stuck, const std::string& status);

 private:
  std::optional<Millis> watchdog_;
  bool ready_ = false;
  std::optional<std::string> stuck_;
  std::string posted_;
};

}  // namespace jidian::host
