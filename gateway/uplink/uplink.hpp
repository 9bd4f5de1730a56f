#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "base/time.hpp"
#include "health/board.hpp"
#include "record/batch.hpp"
#include "store/store.hpp"
#include "uplink/broker.hpp"

namespace jidian::uplink {

enum class Confirm : std::uint8_t {
  backend,  ///< A receipt for stored ranges, with the head's hash.
  broker,   ///< PUBACK: only a broker's word.
};

/// One destination.
struct Options {
  std::string id;
  std::string gateway;
  std::string region;
  std::string version;
  std::string instance;  ///< Tells this run of the gateway from another box with its id: the same for all destinations.
  BrokerOptions broker;
  Confirm confirm = Confirm::backend;
  std::vector<record::Stream> streams;
  std::vector<std::string> may;  ///< What the destination may ask: "backfill", …
  bool directives = false;       ///< Whether anybody may give orders through it, at first.
  bool live = true;              ///< Whether `live` is offered; if not, what was retained of it is cleared.
  Millis receipt_timeout{60'000};
  std::uint32_t backlog_batches_per_s = 20;  ///< Token bucket for what is older than the connection.
  Millis reconnect_max{60'000};
};

/// Something an uplink met that is worth an event in the record.
struct Notice {
  enum class Kind : std::uint8_t { receipt_refused, batch_rejected, command_refused, duplicate_identity, certificate };
  Kind kind = Kind::receipt_refused;
  std::string destination;
  std::string text;  ///< One sentence for people.
};

/// Backfills that run for one destination at once; more are refused.
inline constexpr std::size_t backfills_max = 8;

/// Stored batches that a destination asks to have again.
struct Backfill {
  std::string id;  ///< The command's, for people.
  record::Stream stream = record::Stream::reading;
  std::vector<std::pair<std::uint64_t, store::Ranges>> batches;  ///< By epoch, in the order in which they are sent.
};

/// What an uplink needs from the rest of the box. Called from the uplink's thread; must not block.
struct Links {
  std::function<void(Notice)> tell;
  /// A destination holds other bytes under a key of `epoch`: asks for the epoch after it.
  std::function<void(std::uint64_t epoch, std::string reason)> begin_epoch;
  /// Asks that the content of a batch this destination rejected as a conflict be told again in a later epoch, and that
  /// the batch then be acknowledged in this destination's name. False: not now, ask again.
  std::function<bool(const record::BatchKey& rejected)> copy;
  /// Asks that a manifest which the store has be told by an event anew: the destination lacks it, and the event that
  /// carried it has left. Asking twice changes nothing.
  std::function<void(const Hash& manifest)> tell_manifest;
  /// A command from above: returns the reply's JSON. `id`, expiry and the `may` list were checked already. May take the
  /// second that reading the store for a backfill takes.
  std::function<std::string(const std::string& json)> command;
  /// The orders that this destination holds in force, as its topic says; nothing of it was checked. `passed_over` lists
  /// that came just before it were dropped.
  std::function<void(const std::string& json, std::uint64_t passed_over)> directives;
  std::function<std::string()> manifest_json;  ///< For the retained `manifest` topic.
  std::function<std::string()> manifest_hash;
};

/// Empties the outbox of one destination, on a thread of its own.
/// Destruction settles what is in flight (≤ 2 s), publishes "offline" and says goodbye.
class Uplink {
 public:
  static std::unique_ptr<Uplink> start(Options options, store::Store& store, BrokerFactory& brokers, Clock& clock,
                                       health::Board& board, Links links);
  virtual ~Uplink() = default;

  /// New batches are in the store. From any thread.
  virtual void notify() = 0;

  /// The newest `live` JSON; only the last one offered is sent. From any thread.
  virtual void offer_live(std::string json) = 0;

  /// Sends rejected batches again (`jidian uplink retry`). From any thread.
  virtual void retry_rejected() = 0;

  /// Others may give orders through it than before, or nobody (`wanted` is false): connects again, since the broker
  /// then tells what is in force. From any thread.
  virtual void renew_directives(bool wanted) = 0;

  /// Whether `backfill` would take batches of this stream now: looking for them costs more than asking. From any
  /// thread. Errors: as `backfill`.
  virtual Status may_backfill(record::Stream stream) = 0;

  /// Sends batches again, whether they are confirmed or not: behind everything else and at the backlog's pace. From any
  /// thread. Errors: denied (the destination does not take the stream), full (`backfills_max` are running).
  virtual Status backfill(Backfill asked) = 0;
};

}  // namespace jidian::uplink
