#pragma once

#include <memory>
#include <optional>
#include <stop_token>
#include <string>
#include <utility>
#include <vector>

#include "acquire/bus.hpp"
#include "base/result.hpp"
#include "base/time.hpp"

namespace jidian::acquire {

/// How to behave on a line that somebody else may speak on.
struct LineManners {
  Millis listen_first{10'000};  ///< Silence kept before our first request, to hear whether there is another master.
  bool used_before = false;     ///< An earlier run of this store used the line: then a second is enough.
  bool other_master_accepted = false;  ///< The site file says to go on beside another master.
};

/// What was heard of another master: facts of an event, and a sentence for people.
struct Evidence {
  std::string text;
  std::vector<std::pair<std::string, std::string>> facts;  ///< `units`, `frames` (hexadecimal, the first ones).
};

/// Hears a shared line before it is touched. Owned by one thread.
class LineGuard {
 public:
  explicit LineGuard(LineManners manners) : manners_(manners) {}

  /// Whether our requests may go out; listens for that if the line is a shared one and was not heard yet. Precondition:
  /// the bus is open. Errors: conflict (another master; see `evidence`), cancelled, unreachable.
  Status admit(Bus& bus, const std::stop_token& stop);

  /// Whether the line was found free, or need not be.
  bool admitted() const { return admitted_; }

  /// What was heard last; nothing if that was nobody.
  const std::optional<Evidence>& evidence() const { return evidence_; }

  /// What is to be told of others that speak beside us: once when they are accepted, and at most once an hour while
  /// frames of theirs are counted.
  std::optional<Evidence> take_news(const Bus& bus, SteadyTime now);

 private:
  LineManners manners_;
  bool admitted_ = false;
  std::optional<Evidence> evidence_;
  bool accepted_untold_ = false;
  std::uint64_t foreign_told_ = 0;
  std::optional<SteadyTime> told_at_;
};

/// The same bus without a way to send: for diagnosis while another master uses the line. `bus` outlives it.
std::unique_ptr<Bus> listen_only(Bus& bus);

}  // namespace jidian::acquire
