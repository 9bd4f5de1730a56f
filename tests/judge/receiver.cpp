#include "receiver.hpp"

#include <nlohmann/json.hpp>
#include <set>

#include "batch.hpp"

namespace jidian::judge {
namespace {

constexpr const char* stream_names[] = {"", "event", "interval", "reading"};

std::string epoch_hex(std::uint64_t epoch) {
  std::string text(16, '0');
  for (auto digit = text.rbegin(); digit != text.rend(); ++digit, epoch >>= 4U)
    *digit = "0123456789abcdef"[epoch & 15U];
  return text;
}

/// What a receipt for one stream of one epoch of one gateway will say.
struct Answer {
  std::map<std::uint64_t, std::string> stored;    // seq, hash
  std::map<std::uint64_t, std::string> rejected;  // seq, reason
};

struct Stream {
  std::string topic;
  std::uint64_t epoch = 0;
  std::string name;
  friend auto operator<=>(const Stream&, const Stream&) = default;
};

nlohmann::json ranges_of(const std::map<std::uint64_t, std::string>& stored) {
  auto ranges = nlohmann::json::array();
  for (const auto& [seq, hash] : stored) {
    if (!ranges.empty() && ranges.back()[1].get<std::uint64_t>() + 1 == seq)
      ranges.back()[1] = seq;
    else
      ranges.push_back({seq, seq});
  }
  return ranges;
}

std::string json_of(const Stream& stream, const Answer& answer, bool forged) {
  nlohmann::json json{
      {"epoch", epoch_hex(stream.epoch)}, {"stream", stream.name}, {"stored", ranges_of(answer.stored)}};
  if (!answer.stored.empty()) {
    const auto& [seq, hash] = *answer.stored.rbegin();
    json["head"] = {{"seq", seq}, {"sha256", forged ? std::string(64, '0') : hash}};
  }
  for (const auto& [seq, reason] : answer.rejected) json["rejected"].push_back({{"seq", seq}, {"reason", reason}});
  return json.dump();
}

/// Why a batch cannot be taken; empty if it can.
std::string reason_against(Ledger& ledger, const Batch& batch) {
  if (!batch.manifest.empty() && batch.stream != event_stream && !ledger.manifest(batch.manifest))
    return "unknown_manifest";
  return "";
}

void store(Ledger& ledger, const Message& message, std::int64_t now_ms, std::map<Stream, Answer>& answers) {
  const auto slash = message.topic.rfind('/');
  const auto topic_stream = message.topic.substr(slash + 1);
  Batch batch;
  try {
    batch = decode_batch(message.payload);
  } catch (const DamagedBatch&) {
    ledger.count("damaged");
    return;
  }
  if (topic_stream != stream_names[batch.stream]) {
    ledger.count("wrong_topic");
    return;
  }
  auto& answer = answers[{message.topic.substr(0, slash), batch.epoch, topic_stream}];
  const auto reason = reason_against(ledger, batch);
  if (!reason.empty()) {
    ledger.count(reason);
    answer.rejected[batch.seq] = reason;
    return;
  }
  const auto hash = sha256_hex(message.payload);
  const Key key{batch.gateway, batch.epoch, batch.stream, batch.seq};
  switch (ledger.add({key, hash, message.payload, now_ms}, content_of(batch, hash))) {
    case Stored::conflict:
      ledger.count("conflicts");
      answer.rejected[batch.seq] = "conflict";
      return;
    case Stored::already_there:
      ledger.count("duplicates");
      break;
    case Stored::added:
    case Stored::added_without_content:
      break;
  }
  for (const auto& event : batch.events)
    if (!event.manifest.empty()) ledger.add_manifest(sha256_hex(event.manifest), event.manifest);
  answer.stored[batch.seq] = hash;
}

}  // namespace

std::vector<Receipt> receive(Ledger& ledger, const std::vector<Message>& messages, const ReceiverOptions& options,
                             std::int64_t now_ms) {
  std::map<Stream, Answer> answers;
  ledger.begin();
  for (const auto& message : messages) store(ledger, message, now_ms, answers);
  ledger.commit();

  std::vector<Receipt> receipts;
  if (options.fault == ReceiptFault::never) return receipts;
  for (auto& [stream, answer] : answers) {
    if (options.fault == ReceiptFault::partial && !answer.stored.empty()) answer.stored.erase(answer.stored.begin());
    if (answer.stored.empty() && answer.rejected.empty()) continue;
    const Receipt receipt{stream.topic + "/receipt", json_of(stream, answer, options.fault == ReceiptFault::forged)};
    receipts.push_back(receipt);
    if (options.fault == ReceiptFault::twice) receipts.push_back(receipt);
  }
  return receipts;
}

}  // namespace jidian::judge
