#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "health/board.hpp"
#include "store/store.hpp"
#include "uplink/broker.hpp"
#include "uplink/commands_inbox.hpp"
#include "uplink/manifests.hpp"
#include "uplink/messages.hpp"
#include "uplink/outbox.hpp"
#include "uplink/pace.hpp"
#include "uplink/receipts.hpp"
#include "uplink/uplink.hpp"

namespace jidian::uplink {

/// How long a goodbye to the broker may take.
inline constexpr Millis goodbye_patience{500};

/// One instant on both clocks.
struct Now {
  SteadyTime steady;
  UtcTime utc;
};

/// All that an uplink decides: connects, publishes, judges receipts and commands, gives up and tries again. Has no
/// thread and no clock; `uplink.cpp` drives it.
class Session {
 public:
  /// Everything passed by reference must outlive it. `random` gives numbers in [0, 1). `links.command` is needed if the
  /// destination may ask for anything; the other links may be empty.
  Session(const Options& options, store::Store& store, store::Reader& reader, BrokerFactory& brokers,
          const Links& links, const std::function<double()>& random);

  /// Does what is due: connects, gives up a dead link, publishes as far as the window allows.
  void step(Now now);
  /// Takes what the present broker reports; of one that is gone only lists of orders count.
  void handle(const BrokerEvent& event, Now now);
  /// When `step` is to be called again at the latest.
  SteadyTime next_due(Now now);

  /// The store has new batches.
  void look_for_batches() { outbox_.refresh(); }
  /// The newest `live` JSON.
  void offer_live(std::string json) { live_ = std::move(json); }
  void retry_rejected() {
    manifest_tries_.clear();
    outbox_.retry_held();
  }
  /// Whether orders are heard from here on; ends the connection, which is made anew at once, or after the usual pause
  /// if another box uses the id. Blocks for `goodbye_patience` at most.
  void renew_directives(bool wanted, Now now);
  /// Precondition: fewer than `backfills_max` are running.
  void backfill(Backfill asked, Now now) { outbox_.backfill(std::move(asked), now.steady, now.utc); }
  std::size_t backfills_running() const { return outbox_.backfills().running(); }

  /// The connection in use or being made; null between attempts. Valid until the next call of `step` or `handle`.
  Broker* broker() const { return broker_.get(); }
  bool connected() const { return connected_; }

  /// From here on no batch is published.
  void stop() { stopping_ = true; }
  /// Whether the broker has answered everything.
  bool settled() const { return unanswered_.empty(); }
  /// Publishes the retained "offline". Precondition: connected.
  void say_offline(Now now);
  /// Ends the connection, if there is one. The orders that came with it are heard. Only `health` may be called behind
  /// it.
  void close();

  health::UplinkHealth health(Now now);

 private:
  struct Unanswered {
    SteadyTime sent;
    std::string topic;
    std::optional<record::BatchKey> batch;
    std::size_t bytes = 0;
    bool is_reply = false;
  };
  struct Reply {
    std::string id;  ///< The command's.
    std::string topic;
    std::string json;
    Bytes correlation;
  };
  /// Lets one notice of a kind through in a while, and counts the others.
  struct Gate {
    std::optional<SteadyTime> last;
    std::uint64_t suppressed = 0;
  };
  /// A size that was too large for the broker, which states no limit. For a while only: it may have been another's
  /// fault.
  struct TooLarge {
    std::size_t bytes = 0;
    SteadyTime until{};
    bool covers(std::size_t size, SteadyTime now) const { return bytes != 0 && size >= bytes && now < until; }
  };
  /// What was done for a destination that lacks a manifest.
  struct ManifestTries {
    int count = 0;
    bool is_gone = false;  ///< It was looked for, and nobody has it any more.
    SteadyTime next{};     ///< Before then nothing more is done.
  };

  void connect(Now now);
  void lose(std::uint8_t reason, const std::string& why, Now now);
  bool is_deaf(Now now) const;
  void end_broker();
  void on_connected(const Connected& connected, Now now);
  void on_answer(const PublishDone& done, Now now);
  void on_receipt(const Incoming& message, Now now);
  void on_rejection(const record::BatchKey& key, const std::string& reason, Now now);
  void on_rejection_of_confirmed(const record::BatchKey& key, const std::string& reason, Now now);
  void on_conflict(const record::BatchKey& key, Now now);
  void ask_for_copies();
  void on_unknown_manifest(const record::BatchKey& key, Now now);
  bool ask_to_tell(const Hash& manifest);
  void forget_tries(const Receipt& receipt);
  void on_command(const Incoming& message, Now now);
  void on_directives(const Incoming& message);
  void hear_late();
  void on_status(const Incoming& message, Now now);
  bool is_of_earlier_run(const StatusWriter& writer, Now now);
  /// Keeps the batch back and reports it. `reason` is a word, `detail` may be empty.
  void reject(const record::BatchKey& key, const std::string& reason, const std::string& detail, Now now);
  void tell_of_rejection(const record::BatchKey& key, const std::string& why, Now now);
  void tell_of_twin(Now now);
  void hold_what_was_too_large(Now now);

  std::size_t window() const;
  Status publish(Outgoing message, std::optional<record::BatchKey> batch, Now now, bool is_reply = false);
  void announce(Now now);
  void send_replies(Now now);
  void shorten(Reply& reply, Now now);
  void send_batches(Now now);
  void send_live(Now now);
  void watch_certificate(Now now);
  void tell(Notice::Kind kind, const std::string& text, Now now);
  std::string trouble(Now now) const;

  const Options& options_;
  store::Store& store_;
  store::Reader& reader_;
  BrokerFactory& brokers_;
  const Links& links_;
  Topics topics_;
  Outbox outbox_;
  CommandsInbox commands_;
  Manifests manifests_;
  ReconnectPace pace_;
  AnswerWatch watch_;

  std::unique_ptr<Broker> broker_;
  bool connected_ = false;
  bool stopping_ = false;
  bool hears_directives_;
  std::vector<Incoming> late_;                  ///< Lists of orders of a connection that is gone, not heard yet.
  std::uint64_t lists_passed_over_ = 0;         ///< Lists that were dropped, to be told with the next one.
  bool twin_seen_ = false;                      ///< On this connection.
  std::optional<SteadyTime> began_;             ///< The first step of this run.
  std::optional<StatusWriter> old_writer_;      ///< Of a status that the broker had kept from before this run.
  SteadyTime retry_at_{};                       ///< The next attempt; meaningful without a broker.
  std::optional<UtcTime> told_of_certificate_;  ///< The end of the one that was told of.
  SteadyTime give_up_{};                        ///< End of the attempt; meaningful while connecting.
  SteadyTime connected_since_{};
  std::optional<SteadyTime> failing_since_;  ///< On this connection nothing could be published since then.
  Connected limits_;
  std::string why_not_connected_;

  std::uint64_t last_token_ = 0;
  std::map<std::uint64_t, Unanswered> unanswered_;  ///< By token: in the order of sending.
  std::optional<std::uint64_t> live_token_;         ///< The `live` message that is on its way.
  std::optional<std::string> live_;                 ///< Not sent yet; empty: to be cleared.
  std::deque<Reply> replies_;
  TooLarge reply_too_large_;
  TooLarge manifest_too_large_;
  TooLarge live_too_large_;
  /// Token and bytes of the newest `live` message that the broker may not have seen yet; 0 bytes: it has.
  std::pair<std::uint64_t, std::size_t> live_sent_{0, 0};
  bool status_due_ = false;
  bool manifest_due_ = false;
  std::string announced_manifest_;
  std::uint64_t announced_epoch_ = 0;
  SteadyTime announce_check_{};

  std::map<Notice::Kind, Gate> gates_;
  std::map<Hash, ManifestTries> manifest_tries_;
  std::optional<std::uint64_t> conflict_epoch_;
  SteadyTime refused_retry_{};
  std::string refused_topic_;  ///< A topic that is not of a stream and that the broker refuses, and why.
  std::string refused_why_;
  std::map<record::Stream, bool> without_subscriber_;
  health::UplinkHealth counts_;
};

}  // namespace jidian::uplink
