#include "uplink/session.hpp"

#include <algorithm>
#include <utility>

#include "identity/identity.hpp"
#include "uplink/reasons.hpp"

namespace jidian::uplink {
namespace {

/// The broker's own time-outs come first; this ends an attempt that reports nothing at all.
constexpr Millis attempt_margin{15'000};
/// A connection that lasted this long was good: the next pause is short.
constexpr Millis proven_after{30'000};
constexpr Millis announce_check_every{1000};
/// A refused `status` or `manifest` is offered again this often: somebody may mend the broker's rights meanwhile.
constexpr Millis refused_retry_every{30'000};
/// For so long messages of a size that was too large for the broker are not tried again.
constexpr Millis too_large_rest = std::chrono::hours(1);
/// A connection that takes nothing more has ended; the event that says so may be missing.
constexpr Millis publish_patience{5000};
/// `live` is not sent into a link that may be dead: it would pile up.
constexpr Millis live_patience{3000};

}  // namespace

Session::Session(const Options& options, store::Store& store, store::Reader& reader, BrokerFactory& brokers,
                 const Links& links, const std::function<double()>& random)
    : options_(options),
      store_(store),
      reader_(reader),
      brokers_(brokers),
      links_(links),
      topics_(options.region, options.gateway),
      outbox_(options, store, reader),
      commands_(options.gateway, options.may, links.command),
      manifests_(reader),
      pace_(options.gateway, options.reconnect_max, random),
      hears_directives_(options.directives) {
  counts_.id = options.id;
  counts_.address = options.broker.uri;
  counts_.confirm = options.confirm == Confirm::backend ? "backend" : "broker";
  outbox_.refresh();
}

void Session::step(Now now) {
  if (!began_) began_ = now.steady;
  hear_late();
  watch_certificate(now);
  ask_for_copies();
  if (!broker_) {
    if (!stopping_ && now.steady >= retry_at_) connect(now);
    return;
  }
  if (!connected_) {
    if (now.steady >= give_up_) lose(0, "the attempt to connect came to no end", now);
    return;
  }
  if (!settled() && now.steady >= watch_.deadline(unanswered_.begin()->second.sent)) {
    const auto limit = std::chrono::duration_cast<std::chrono::seconds>(watch_.limit());
    watch_.trip();
    return lose(0, "the broker has not answered a publish for " + std::to_string(limit.count()) + " s", now);
  }
  if (is_deaf(now)) return lose(0, "the connection has ended without a word", now);
  if (now.steady - connected_since_ >= proven_after) pace_.reset();
  if (stopping_) return;
  announce(now);
  send_replies(now);
  send_batches(now);
  send_live(now);
}

SteadyTime Session::next_due(Now now) {
  if (!broker_) return retry_at_;
  if (!connected_) return give_up_;
  auto due = outbox_.next_due(now.steady);
  if (!settled()) due = std::min(due, watch_.deadline(unanswered_.begin()->second.sent));
  if (failing_since_) due = std::min(due, *failing_since_ + publish_patience);
  return due;
}

void Session::renew_directives(bool wanted, Now now) {
  hears_directives_ = wanted;
  if (!broker_) return;  // the next connection has it
  if (connected_) broker_->disconnect(goodbye_patience);
  const bool stands_back = twin_seen_;
  lose(0, "others may give orders; connecting again", now);
  if (stands_back) return;
  pace_.reset();
  retry_at_ = now.steady;
}

bool Session::is_deaf(Now now) const {
  return failing_since_ && now.steady - *failing_since_ >= publish_patience;
}

void Session::connect(Now now) {
  auto options = options_.broker;
  if (options.client_id.empty()) options.client_id = options_.gateway;
  options.will_topic = topics_.status();
  options.will_payload = offline_status(options_, now.utc);
  options.optional_topics = {topics_.status()};
  if (hears_directives_) options.optional_topics.push_back(topics_.directives());
  std::vector<std::string> subscriptions;
  if (options_.confirm == Confirm::backend) subscriptions.push_back(topics_.receipt());
  if (!options_.may.empty()) subscriptions.push_back(topics_.command());

  counts_.certificate_until = brokers_.certificate_until(options);
  broker_ = brokers_.make();
  give_up_ = now.steady + 2 * options.connect_timeout + attempt_margin;
  if (const auto begun = broker_->connect(options, subscriptions); !begun) lose(0, begun.error().message(), now);
}

/// Once for each certificate: a connection may last for months.
void Session::watch_certificate(Now now) {
  const auto until = counts_.certificate_until;
  if (!until || told_of_certificate_ == until || *until - now.utc >= identity::renew_before) return;
  told_of_certificate_ = until;
  const auto day = format_utc(*until).substr(0, 10);
  tell(Notice::Kind::certificate,
       *until <= now.utc ? "the certificate that this box shows to '" + options_.id + "' has expired on " + day
                         : "the certificate that this box shows to '" + options_.id + "' ends on " + day,
       now);
}

void Session::lose(std::uint8_t reason, const std::string& why, Now now) {
  if (reason == reason_packet_too_large) hold_what_was_too_large(now);
  end_broker();
  connected_ = false;
  failing_since_.reset();
  unanswered_.clear();
  live_token_.reset();
  live_sent_ = {};
  replies_.clear();  // commands are repeated until they are answered
  outbox_.end_connection();
  why_not_connected_ = why;
  if (reason != reason_taken_over && !twin_seen_) {
    retry_at_ = now.steady + pace_.next(now.steady, is_busy(reason) ? Obstacle::busy : Obstacle::unreachable);
    return;
  }
  twin_seen_ = false;  // an attempt that fails behind this pause has reasons of its own
  tell_of_twin(now);
  why_not_connected_ = "another box uses the id '" + options_.gateway + "': " + why;
  retry_at_ = now.steady + pace_.after_takeover();
}

/// Lists of orders that came with it and were not fetched wait for `hear_late`: older ones may be in the caller's
/// hands.
void Session::end_broker() {
  for (auto& message : broker_->close())
    if (message.topic == topics_.directives()) late_.push_back(std::move(message));
  counts_.dropped_messages += broker_->dropped();
  broker_.reset();
}

void Session::close() {
  if (broker_) end_broker();
  connected_ = false;
  hear_late();
}

void Session::tell_of_twin(Now now) {
  tell(Notice::Kind::duplicate_identity,
       "another box connects to " + options_.broker.uri + " as '" + options_.gateway +
           "': two gateways have the same id",
       now);
}

/// The broker ended the connection over a packet and does not say which: the largest that it has not answered. Of
/// equal ones that which costs least is held back: `live`, then another than a reply.
void Session::hold_what_was_too_large(Now now) {
  const auto largest = std::ranges::max_element(
      unanswered_, {}, [](const auto& entry) { return std::pair(entry.second.bytes, !entry.second.is_reply); });
  const std::size_t bytes = largest == unanswered_.end() ? 0 : largest->second.bytes;
  const SteadyTime until = now.steady + too_large_rest;
  if (live_sent_.second > 0 && live_sent_.second >= bytes) {
    live_too_large_ = {live_sent_.second, until};
    return;
  }
  if (largest == unanswered_.end()) return;
  const Unanswered& message = largest->second;
  if (message.batch) return reject(*message.batch, "too_large", "the broker ended the connection over it", now);
  if (message.is_reply)
    reply_too_large_ = {bytes, until};  // the command comes again
  else if (message.topic == topics_.manifest())
    manifest_too_large_ = {bytes, until};
}

void Session::handle(const BrokerEvent& event, Now now) {
  const auto* list = std::get_if<Incoming>(&event);
  if (list != nullptr && list->topic == topics_.directives()) return on_directives(*list);
  if (!broker_) return;
  if (const auto* connected = std::get_if<Connected>(&event)) {
    on_connected(*connected, now);
  } else if (const auto* done = std::get_if<PublishDone>(&event)) {
    on_answer(*done, now);
  } else if (const auto* lost = std::get_if<Disconnected>(&event)) {
    lose(lost->reason, lost->why, now);
  } else if (const auto* message = std::get_if<Incoming>(&event)) {
    if (message->topic == topics_.receipt())
      on_receipt(*message, now);
    else if (message->topic == topics_.command())
      on_command(*message, now);
    else if (message->topic == topics_.status())
      on_status(*message, now);
  }
}

void Session::on_connected(const Connected& connected, Now now) {
  connected_ = true;
  connected_since_ = now.steady;
  limits_ = connected;
  why_not_connected_.clear();
  twin_seen_ = false;
  refused_topic_.clear();
  without_subscriber_.clear();
  status_due_ = manifest_due_ = true;
  if (!options_.live) live_ = "";  // values of an earlier run would stand there as the newest for ever
  announce_check_ = now.steady;
  watch_.begin_connection(now.steady);
  outbox_.begin_connection(now.steady, backlog_offset(options_.gateway, pace_.outage(now.steady)));
  ++counts_.connects;
}

void Session::on_answer(const PublishDone& done, Now now) {
  if (live_token_ == done.token) {
    live_token_.reset();
    return;
  }
  const auto found = unanswered_.find(done.token);
  if (found == unanswered_.end()) return;
  const Unanswered answered = std::move(found->second);
  unanswered_.erase(found);
  if (done.reason != reason_connection_ended) {
    watch_.answered(answered.sent, now.steady);
    if (done.token > live_sent_.first) live_sent_ = {};  // it came before this one, and was taken
  }
  if (!answered.batch) {
    if (answered.is_reply && done.reason == reason_packet_too_large) {
      reply_too_large_ = {answered.bytes, now.steady + too_large_rest};
      return;
    }
    if (done.reason >= reason_failure && done.reason != reason_connection_ended) {
      refused_topic_ = answered.topic;
      refused_why_ = describe_reason(done.reason);
      refused_retry_ = now.steady + refused_retry_every;
    } else if (answered.topic == refused_topic_) {
      refused_topic_.clear();
    }
    return;
  }
  if (done.reason == reason_packet_too_large) return reject(*answered.batch, "too_large", "the broker says so", now);
  outbox_.answered(*answered.batch, done.reason, now.steady);
  if (done.reason >= reason_failure) return;
  without_subscriber_[answered.batch->stream] = done.reason == reason_no_subscribers;
  pace_.reset();
  if (options_.confirm == Confirm::broker) ++counts_.confirmed;
}

std::size_t Session::window() const {
  return std::min<std::size_t>(watch_.window(), std::max<std::uint16_t>(limits_.receive_max, 1));
}

Status Session::publish(Outgoing message, std::optional<record::BatchKey> batch, Now now, bool is_reply) {
  message.token = ++last_token_;
  const bool answered = message.qos > 0;
  Unanswered entry{now.steady, message.topic, batch, message.payload.size(), is_reply};
  const auto published = broker_->publish(std::move(message));
  if (published && answered) unanswered_.emplace(last_token_, std::move(entry));
  if (published)
    failing_since_.reset();
  else if (published.error().kind() != ErrorKind::full && !failing_since_)
    failing_since_ = now.steady;
  return published;
}

void Session::announce(Now now) {
  const auto manifest = links_.manifest_hash ? links_.manifest_hash() : std::string();
  if (now.steady >= announce_check_) {
    announce_check_ = now.steady + announce_check_every;
    manifest_due_ = manifest_due_ || manifest != announced_manifest_;
    status_due_ = status_due_ || manifest != announced_manifest_ || outbox_.newest_epoch() != announced_epoch_;
    if (!refused_topic_.empty() && now.steady >= refused_retry_) {
      refused_retry_ = now.steady + refused_retry_every;
      status_due_ = status_due_ || refused_topic_ == topics_.status();
      manifest_due_ = manifest_due_ || refused_topic_ == topics_.manifest();
    }
  }
  if (status_due_ && unanswered_.size() < window()) {
    status_due_ = false;
    announced_epoch_ = outbox_.newest_epoch();
    const auto status = online_status(options_, announced_epoch_, manifest, now.utc);
    (void)publish({topics_.status(), {status.begin(), status.end()}, 1, true, json_type, {}, 0}, {}, now);
  }
  if (manifest_due_ && unanswered_.size() < window()) {
    manifest_due_ = false;
    announced_manifest_ = manifest;
    const auto json = links_.manifest_json ? links_.manifest_json() : std::string();
    if (json.empty() || manifest_too_large_.covers(json.size(), now.steady)) return;
    // Too large for this broker or gone again: it is for people, and the event carries the manifest itself.
    (void)publish({topics_.manifest(), {json.begin(), json.end()}, 1, true, json_type, {}, 0}, {}, now);
  }
}

void Session::send_replies(Now now) {
  while (!replies_.empty() && unanswered_.size() < window()) {
    auto& reply = replies_.front();
    if (reply_too_large_.covers(reply.json.size(), now.steady)) shorten(reply, now);
    const auto send = [&] {
      return publish({reply.topic, {reply.json.begin(), reply.json.end()}, 1, false, json_type, reply.correlation, 0},
                     {}, now, true);
    };
    if (const auto sent = send(); !sent && sent.error().kind() == ErrorKind::full) {
      shorten(reply, now);
      (void)send();  // if not even this fits, the event has to do
    }
    replies_.pop_front();
  }
}

/// A reply that the broker does not take becomes one that says so: silence would make the destination ask for ever.
void Session::shorten(Reply& reply, Now now) {
  const std::size_t bytes = reply.json.size();
  reply.json = reply_too_large(reply.id, bytes, limits_.packet_bytes_max);
  tell(Notice::Kind::command_refused,
       "from '" + options_.id + "': the reply to command '" + reply.id + "' has " + std::to_string(bytes) +
           " bytes, more than the broker takes",
       now);
}

void Session::send_batches(Now now) {
  while (unanswered_.size() < window()) {
    auto pick = outbox_.next(now.steady);
    if (!pick) return;
    const auto key = pick->batch.key;
    const auto size = pick->batch.bytes.size();
    if (key.stream == record::Stream::event) manifests_.remember(key, pick->batch.bytes);
    const auto published =
        publish({topics_.batches(key.stream), std::move(pick->batch.bytes), 1, false, batch_type, {}, 0}, key, now);
    if (!published && published.error().kind() == ErrorKind::full) {
      reject(key, "too_large", published.error().message(), now);
      continue;
    }
    if (!published) return;  // the connection is ending; its event is on the way, or `publish_patience` ends it
    outbox_.published(key, now.steady);
    ++counts_.published;
    counts_.published_bytes += size;
    if (pick->again) ++counts_.resent;
    if (pick->asked) ++counts_.backfilled;
  }
}

void Session::send_live(Now now) {
  if (!live_ || live_token_) return;
  if (!settled() && now.steady - unanswered_.begin()->second.sent >= live_patience) return;
  const std::string live = *std::exchange(live_, std::nullopt);
  if (live_too_large_.covers(live.size(), now.steady)) return;
  const auto published = publish({topics_.live(), {live.begin(), live.end()}, 0, true, json_type, {}, 0}, {}, now);
  if (!published) return;
  live_token_ = last_token_;
  live_sent_ = {last_token_, live.size()};
}

void Session::say_offline(Now now) {
  const auto status = offline_status(options_, now.utc);
  (void)publish({topics_.status(), {status.begin(), status.end()}, 1, true, json_type, {}, 0}, {}, now);
}

}  // namespace jidian::uplink
