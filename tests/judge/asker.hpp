// Asks gateways for the batches that the receiving side lacks.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "ledger.hpp"
#include "receiver.hpp"

namespace jidian::judge {

/// A request to a gateway, with what MQTT 5 says beside it.
struct Command {
  std::string topic;
  std::string json;
  std::string response_topic;
  std::string correlation;
};

/// Whether a message is no batch, but tells an asker of a gateway or of its reply.
inline bool is_for_an_asker(const std::string& topic) {
  return topic.ends_with("/status") || topic.ends_with("/reply");
}

/// One command at a time for each gateway: holes in the seqs of a stream, or, of a stream of which nothing was there
/// when the gateway was heard first, everything up to now. Of each epoch it asks once whether it went
/// on behind the last batch. A command is repeated until it is answered. What a gateway
/// says it will not send is not asked for again.
class Asker {
 public:
  static constexpr std::int64_t repeat_ms = 5'000;   ///< Without a reply.
  static constexpr std::int64_t expiry_ms = 60'000;  ///< Then the command is given up.
  static constexpr std::int64_t pause_ms = 3'000;    ///< From a reply to a look at what is still missing.
  static constexpr std::size_t ranges_max = 64;
  static constexpr std::uint64_t beyond_max = 1000;  ///< Batches asked for behind the last one.

  /// `ledger` must outlive it.
  explicit Asker(Ledger& ledger) : ledger_(ledger) {}

  /// Takes any message of a gateway: where there is one, and what it replies. Counts the answers in the ledger.
  void hear(const Message& message, std::int64_t now_ms);

  /// What is to be sent now.
  std::vector<Command> due(std::int64_t now_ms);

 private:
  struct Refused {
    std::uint64_t epoch = 0;
    std::uint64_t first = 0;
    std::uint64_t last = 0;
  };
  /// What is asked for next.
  struct Wish {
    std::string stream;
    bool is_all = false;
    std::vector<Ledger::Hole> ranges;
    std::vector<std::uint64_t> ends;  ///< Epochs of which what lies behind the last batch is among `ranges`.
  };
  struct Gateway {
    std::optional<Command> open;
    Wish wish;  ///< Of the open command.
    std::int64_t sent_ms = 0;
    std::int64_t given_up_ms = 0;
    std::int64_t look_ms = 0;
    std::set<std::string> wants_all;  ///< Streams of which nothing was there at the beginning.
    std::map<std::string, std::vector<Refused>> refused;
    std::set<std::pair<std::string, std::uint64_t>> ends_asked;  ///< By stream and epoch.
  };

  void take_reply(Gateway& gateway, const Message& message, std::int64_t now_ms);
  Command command_for(const std::string& base, const Wish& wish, std::int64_t now_ms);
  std::optional<Wish> wish_for(const std::string& base, const Gateway& gateway) const;

  Ledger& ledger_;
  std::map<std::string, Gateway> gateways_;  ///< By their topic without its last level.
  std::uint64_t asked_ = 0;
};

}  // namespace jidian::judge
