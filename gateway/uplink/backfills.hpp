#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "base/time.hpp"
#include "health/board.hpp"
#include "record/batch.hpp"
#include "store/ranges.hpp"
#include "uplink/uplink.hpp"

namespace jidian::uplink {

/// What a destination asked to have again, and how far that has come. Forgotten when the gateway stops: whoever still
/// lacks something asks again.
class Backfills {
 public:
  /// A backfill that has not come to its end by then is given up.
  static constexpr std::chrono::hours life{24};

  /// Precondition: fewer than `backfills_max` are running.
  void begin(Backfill asked, SteadyTime now, UtcTime utc);

  /// The batch that is to be sent next, of a stream that `may_send`; the oldest request first, each in its own order.
  std::optional<record::BatchKey> next(const std::function<bool(record::Stream)>& may_send) const;

  /// It was handed to the broker.
  void took(const record::BatchKey& key);
  /// It did not get through: it is to be sent again.
  void put_back(const record::BatchKey& key);
  /// The destination has these.
  void arrived(std::uint64_t epoch, record::Stream stream, store::SeqRange range);
  /// It will never be sent: it left the store, or the destination refused it.
  void drop(const record::BatchKey& key) { arrived(key.epoch, key.stream, {key.seq, key.seq}); }
  void expire(SteadyTime now);

  /// Whether it was handed over for a backfill and not confirmed since.
  bool is_on_way(const record::BatchKey& key) const;
  std::size_t running() const { return running_.size(); }
  /// The running ones, the oldest first.
  std::vector<health::BackfillHealth> health() const;

 private:
  struct Part {
    std::uint64_t epoch = 0;
    store::Ranges left;
    store::Ranges on_way;
  };
  struct Running {
    std::string id;
    record::Stream stream = record::Stream::reading;
    std::vector<Part> parts;
    std::uint64_t batches = 0;
    SteadyTime began;
    UtcTime since;
  };

  Part* part_with(const record::BatchKey& key, store::Ranges Part::*where);

  std::deque<Running> running_;
};

}  // namespace jidian::uplink
