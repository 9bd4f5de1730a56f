#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <utility>

#include "record/batch.hpp"
#include "store/ranges.hpp"

namespace jidian::store {

/// Seqs of logs, by epoch and stream.
using LogRanges = std::map<std::pair<std::uint64_t, record::Stream>, Ranges>;

/// What of the record cannot be read: stretches of seqs, each told once. From any thread.
///
/// Damage in the file counts at once. What the disk refuses (io) may be read the next time: it counts once it was
/// refused in `refusals_max` rounds of maintenance, which go on only while the store can be written.
class Damage {
 public:
  static constexpr int refusals_max = 3;
  static constexpr std::size_t places_max = 4096;  ///< More are counted, and not told: the store is a wreck anyway.
  static constexpr std::size_t refused_max = 256;  ///< Places that are refused and do not count yet.

  Damage() = default;
  /// @param whole  Knows along, if given, and its rounds count. Without one every refusal is a round of its own.
  explicit Damage(std::shared_ptr<Damage> whole) : whole_(std::move(whole)), has_rounds_(whole_ != nullptr) {}

  /// The one of a store, whose maintenance calls `begin_round`.
  static std::shared_ptr<Damage> with_rounds() {
    auto damage = std::make_shared<Damage>();
    damage->has_rounds_ = true;
    return damage;
  }

  /// These cannot be read.
  void add(std::uint64_t epoch, record::Stream stream, SeqRange range);
  /// The disk refused the batch. Whether it has done so for too long: then it counts as damaged.
  bool is_refused_for_good(const record::BatchKey& key);
  /// The batch was read after all.
  void was_read(const record::BatchKey& key);
  void begin_round();

  /// The end of the known damage around a batch; nothing if it is not known to be damaged.
  std::optional<std::uint64_t> end_around(const record::BatchKey& key) const;

  /// These were told by an earlier run: they are no news.
  void know_told(const LogRanges& told);
  /// What was not taken before.
  LogRanges take_new();
  /// These were taken and could not be told: they are taken again.
  void put_back(std::uint64_t epoch, record::Stream stream, SeqRange range);
  /// An epoch is gone.
  void forget(std::uint64_t epoch);

  /// Places found in this run.
  std::uint64_t count() const;
  /// How often another place was met beyond `places_max`.
  std::uint64_t beyond() const;
  /// Whether rounds of maintenance pass, so that it is worth to come back later.
  bool has_rounds() const { return has_rounds_; }

 private:
  struct Refusal {
    int rounds = 0;
    std::uint64_t last_round = 0;
  };

  std::shared_ptr<Damage> whole_;
  bool has_rounds_ = false;
  mutable std::mutex mutex_;
  LogRanges found_;
  LogRanges told_;  ///< By earlier runs, and taken from this one.
  LogRanges new_;
  std::map<record::BatchKey, Refusal> refused_;
  std::uint64_t round_ = 1;
  std::uint64_t count_ = 0;
  std::uint64_t beyond_ = 0;
};

}  // namespace jidian::store
