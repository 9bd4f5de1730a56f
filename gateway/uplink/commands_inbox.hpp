#pragma once

#include <deque>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "base/time.hpp"
#include "uplink/broker.hpp"

namespace jidian::uplink {

/// Checks commands from above before anything is done about them, and remembers the replies.
class CommandsInbox {
 public:
  /// Commands remembered at once; more are refused until the oldest have expired.
  static constexpr std::size_t remembered_max = 1024;
  /// Bytes of remembered replies; the oldest replies are forgotten first, their ids are not.
  static constexpr std::size_t reply_bytes_max = 1 << 20;
  /// How far ahead a command may expire: as long as its id is remembered.
  static constexpr std::chrono::hours memory{24};

  /// `may`: the operations this destination may ask for. `carry_out` gets the command's JSON and returns the reply's.
  CommandsInbox(std::string gateway, std::vector<std::string> may,
                std::function<std::string(const std::string&)> carry_out);

  struct Outcome {
    std::string id;       ///< The command's; empty if it has none that could be answered.
    std::string reply;    ///< JSON to answer with; empty: no answer.
    std::string refused;  ///< Why the command was refused, for the record; empty if it was not.
  };

  /// Takes a message of the `command` topic. The same id within 24 h gets the same reply and is not carried out again.
  Outcome take(const Incoming& message, UtcTime now);

 private:
  struct Known {
    UtcTime until;
    std::string reply;
  };
  void forget(UtcTime now);
  void remember(const std::string& id, std::string reply, UtcTime until);

  std::string gateway_;
  std::vector<std::string> may_;
  std::function<std::string(const std::string&)> carry_out_;
  std::map<std::string, Known> known_;
  std::deque<std::string> order_;  ///< Ids, oldest first.
  std::size_t reply_bytes_ = 0;
};

/// What is answered in place of a reply that the broker does not take: "too_large", with both sizes.
/// @param bytes_max  What it takes at most; 0: not known.
std::string reply_too_large(const std::string& id, std::size_t bytes, std::size_t bytes_max);

/// Reads "2026-03-01T08:00:00Z", with or without a fraction of a second; nothing if it is anything else.
std::optional<UtcTime> parse_utc(const std::string& text);

}  // namespace jidian::uplink
