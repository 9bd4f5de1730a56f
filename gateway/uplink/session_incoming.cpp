// What a session does with what comes from the destination, and what it tells of itself.
#include <algorithm>
#include <utility>

#include "uplink/session.hpp"

namespace jidian::uplink {
namespace {

constexpr std::size_t replies_max = 16;
/// A manifest is not sent again more often than this for batches that wait for it, nor more often than so many times.
constexpr Millis manifest_pause{5000};
constexpr int manifest_tries_max = 10;
constexpr std::size_t manifests_tried_max = 64;
/// One that is nowhere is not looked for again earlier.
constexpr Millis manifest_gone_rest = std::chrono::hours(1);
constexpr const char* manifest_gone = "it is not in the store any more";

/// What others wrote may stand in a notice; the rest of a longer one is cut off.
constexpr std::size_t notice_bytes_max = 500;

/// Notices become records: a destination that repeats itself must not fill the store with them.
Millis pause_between(Notice::Kind kind) {
  switch (kind) {
    case Notice::Kind::receipt_refused:
    case Notice::Kind::command_refused:
      return Millis(60'000);
    case Notice::Kind::batch_rejected:
    case Notice::Kind::duplicate_identity:
    case Notice::Kind::certificate:
      return Millis(600'000);
  }
  return Millis(600'000);
}

std::string batch_named(const record::BatchKey& key) {
  return std::string(record::name_of(key.stream)) + " batch " + std::to_string(key.seq);
}

}  // namespace

void Session::tell(Notice::Kind kind, const std::string& text, Now now) {
  auto& gate = gates_[kind];
  if (gate.last && now.steady - *gate.last < pause_between(kind)) {
    ++gate.suppressed;
    return;
  }
  Notice notice{kind, options_.id, text.substr(0, notice_bytes_max)};
  if (gate.suppressed > 0) notice.text += " (and " + std::to_string(gate.suppressed) + " more since the last report)";
  gate = {now.steady, 0};
  if (links_.tell) links_.tell(std::move(notice));
}

void Session::on_receipt(const Incoming& message, Now now) {
  const auto refuse = [&](const std::string& why) {
    ++counts_.receipts_refused;
    tell(Notice::Kind::receipt_refused, "a receipt of '" + options_.id + "' was refused: " + why, now);
  };
  if (message.retained) return refuse("it is retained");
  const auto receipt = parse_receipt(message.payload);
  if (!receipt) return refuse(receipt.error().message());
  if (!std::ranges::count(options_.streams, receipt->stream))
    return refuse("this destination does not take the stream '" + std::string(record::name_of(receipt->stream)) + "'");
  const auto before = store_.acknowledged(options_.id, receipt->epoch, receipt->stream);
  if (const auto checked = check_receipt(*receipt, reader_, before); !checked) {
    if (checked.error().kind() == ErrorKind::refused) refuse(checked.error().message());
    return;
  }
  outbox_.heard(now.steady);
  counts_.last_receipt = now.utc;
  if (!receipt->stored.empty()) {
    outbox_.confirm(receipt->epoch, receipt->stream, receipt->stored);
    counts_.confirmed += store_.acknowledged(options_.id, receipt->epoch, receipt->stream).size() - before.size();
    if (receipt->stream != record::Stream::event) forget_tries(*receipt);
  }
  for (const auto& rejection : receipt->rejected) {
    const record::BatchKey key{receipt->epoch, receipt->stream, rejection.seq};
    if (before.contains(rejection.seq))
      on_rejection_of_confirmed(key, rejection.reason, now);
    else
      on_rejection(key, rejection.reason, now);
  }
}

/// It stays confirmed. If the destination asked for it, it may lack the manifest as well.
void Session::on_rejection_of_confirmed(const record::BatchKey& key, const std::string& reason, Now now) {
  if (!outbox_.backfills().is_on_way(key)) return;
  if (reason == "unknown_manifest") return on_unknown_manifest(key, now);
  outbox_.drop_asked(key);
}

void Session::on_rejection(const record::BatchKey& key, const std::string& reason, Now now) {
  if (reason == "unknown_manifest") return on_unknown_manifest(key, now);
  if (reason == "conflict") return on_conflict(key, now);
  reject(key, reason, "", now);
}

void Session::on_conflict(const record::BatchKey& key, Now now) {
  outbox_.hold_for_copy(key);
  tell_of_rejection(key, "conflict, it is told again in a new epoch", now);
  ask_for_copies();
  if (key.epoch != outbox_.newest_epoch() || conflict_epoch_ == key.epoch) return;
  conflict_epoch_ = key.epoch;
  if (links_.begin_epoch)
    links_.begin_epoch(key.epoch, "conflict: '" + options_.id + "' holds other bytes as " + batch_named(key) +
                                      " of epoch " + to_hex(key.epoch));
}

void Session::ask_for_copies() {
  if (links_.copy) outbox_.ask_for_copies(links_.copy);
}

void Session::reject(const record::BatchKey& key, const std::string& reason, const std::string& detail, Now now) {
  const std::string why = detail.empty() ? reason : reason + ", " + detail;
  outbox_.hold(key, why);
  tell_of_rejection(key, why, now);
}

void Session::tell_of_rejection(const record::BatchKey& key, const std::string& why, Now now) {
  tell(Notice::Kind::batch_rejected, batch_named(key) + " does not get to '" + options_.id + "': " + why, now);
}

void Session::on_unknown_manifest(const record::BatchKey& key, Now now) {
  const auto rows = reader_.read(key.epoch, key.stream, {key.seq, key.seq}, 1, record::batch_bytes_max);
  if (!rows || rows->empty()) return;
  const auto header = record::decode_header(rows->front().bytes);
  if (!header) return reject(key, "unknown_manifest", "the batch's own header cannot be read", now);

  if (manifest_tries_.size() > manifests_tried_max) manifest_tries_.clear();
  auto& tries = manifest_tries_[header->manifest];
  if (now.steady < tries.next) {
    if (tries.is_gone) return reject(key, "unknown_manifest", manifest_gone, now);
    return outbox_.send_again(key, tries.next);
  }
  if (tries.count >= manifest_tries_max) return reject(key, "unknown_manifest", "it was sent again and again", now);
  const auto carrier = manifests_.find(header->manifest, key.epoch);
  tries.is_gone = !carrier && !ask_to_tell(header->manifest);
  if (tries.is_gone && !manifests_.has_read_all()) {
    tries = {tries.count, false, now.steady + manifest_pause};
    return outbox_.send_again(key, tries.next);
  }
  if (tries.is_gone) {
    tries.next = now.steady + manifest_gone_rest;
    return reject(key, "unknown_manifest", manifest_gone, now);
  }
  ++tries.count;
  // The recorder takes its time where the store takes nothing: later tries are further apart.
  tries.next = now.steady + (carrier ? manifest_pause : manifest_pause * tries.count);
  if (carrier) outbox_.send_first(*carrier);
  outbox_.send_again(key, carrier ? now.steady : tries.next);
}

/// Whether the manifest is to come by a new event: those that carried it have left the store, its bytes have not.
bool Session::ask_to_tell(const Hash& manifest) {
  if (!links_.tell_manifest || !std::ranges::count(options_.streams, record::Stream::event)) return false;
  if (!reader_.manifest(manifest)) return false;
  links_.tell_manifest(manifest);
  return true;
}

/// A manifest that a stored batch was made under is there: should it get lost, that counts from the beginning. Others
/// may still be missing.
void Session::forget_tries(const Receipt& receipt) {
  if (manifest_tries_.empty()) return;
  const store::SeqRange head{receipt.head_seq, receipt.head_seq};
  const auto rows = reader_.read(receipt.epoch, receipt.stream, head, 1, record::batch_bytes_max);
  if (!rows || rows->empty()) return;
  if (const auto header = record::decode_header(rows->front().bytes)) manifest_tries_.erase(header->manifest);
}

void Session::on_command(const Incoming& message, Now now) {
  auto outcome = commands_.take(message, now.utc);
  if (!outcome.refused.empty())
    tell(Notice::Kind::command_refused, "from '" + options_.id + "': " + outcome.refused, now);
  if (outcome.reply.empty() || replies_.size() >= replies_max) return;
  const auto& asked = message.response_topic;
  replies_.push_back({std::move(outcome.id), topics_.may_reply_to(asked) ? asked : topics_.reply(),
                      std::move(outcome.reply), message.correlation});
}

/// Nothing at all is what a broker sends when somebody clears the topic: no order ends by that.
void Session::on_directives(const Incoming& message) {
  if (!hears_directives_ || !links_.directives) return;
  lists_passed_over_ += message.passed_over;
  if (message.payload.empty()) return;
  links_.directives(std::string(message.payload.begin(), message.payload.end()), std::exchange(lists_passed_over_, 0));
}

void Session::hear_late() {
  for (const auto& message : std::exchange(late_, {})) on_directives(message);
}

void Session::on_status(const Incoming& message, Now now) {
  // What an earlier run of this very box left retained is seen on the first connection; later it is somebody else's.
  if (counts_.connects < 2) return;
  const auto writer = writer_of(message.payload);
  if (!writer || writer->instance == options_.instance) return;
  if (message.retained && is_of_earlier_run(*writer, now)) return;
  twin_seen_ = true;
  tell_of_twin(now);
}

/// A broker that came back with an older save shows again what an earlier run left retained. Compared are the time in
/// the status and the instant, by this box's present clock, at which this run began. A box whose clock is behind writes
/// such times too, but it goes on writing: the same instance with another time is no save.
bool Session::is_of_earlier_run(const StatusWriter& writer, Now now) {
  if (!writer.time || *writer.time >= now.utc - (now.steady - *began_)) return false;
  if (old_writer_ && old_writer_->instance == writer.instance) return *old_writer_ == writer;
  old_writer_ = writer;
  return true;
}

std::string Session::trouble(Now now) const {
  if (!connected_) return why_not_connected_.empty() ? "not connected yet" : "not connected: " + why_not_connected_;
  if (twin_seen_) return "another box uses the id '" + options_.gateway + "' at this broker";
  if (auto batches = outbox_.trouble(now.steady); !batches.empty()) return batches;
  if (!refused_topic_.empty()) return "the broker refuses the topic '" + refused_topic_ + "': " + refused_why_;
  if (std::ranges::count(limits_.not_subscribed, topics_.directives()) > 0)
    return "the broker refuses the subscription to '" + topics_.directives() + "': no order can be heard";
  for (const auto& [stream, without] : without_subscriber_)
    if (without) return "nobody subscribes to '" + topics_.batches(stream) + "' at the broker";
  return {};
}

health::UplinkHealth Session::health(Now now) {
  auto health = counts_;
  health.connected = connected_;
  if (broker_) health.dropped_messages += broker_->dropped();
  health.rejected = outbox_.held();
  health.copied = outbox_.copied();
  health.pending = outbox_.pending();
  health.oldest_pending = outbox_.oldest_pending(now.steady);
  if (const auto left = outbox_.offset_left(now.steady); connected_ && health.pending > 0 && left > Millis(0))
    health.backlog_from = now.utc + left;
  health.backfills = outbox_.backfills().health();
  health.trouble = trouble(now);
  return health;
}

}  // namespace jidian::uplink
