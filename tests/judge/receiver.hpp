// The receiving side of the contract: stores what arrives, then says so.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "ledger.hpp"

namespace jidian::judge {

/// How the receipts misbehave, to see what a gateway makes of it.
enum class ReceiptFault { none, never, forged, twice, partial };

struct ReceiverOptions {
  ReceiptFault fault = ReceiptFault::none;
};

/// One message off the broker.
struct Message {
  std::string topic;
  Bytes payload;
  std::string correlation{};  ///< MQTT 5 correlation data, of a reply.
};

/// One message to it.
struct Receipt {
  std::string topic;
  std::string json;
};

/// Stores a handful of messages in one transaction, then returns the receipts for them. What cannot be stored is
/// rejected with its reason; what is stored already is receipted again.
std::vector<Receipt> receive(Ledger& ledger, const std::vector<Message>& messages, const ReceiverOptions& options,
                             std::int64_t now_ms);

}  // namespace jidian::judge
