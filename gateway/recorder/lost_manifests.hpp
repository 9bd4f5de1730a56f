#pragma once

#include <cstddef>
#include <map>
#include <mutex>
#include <set>
#include <vector>

#include "base/bytes.hpp"
#include "base/time.hpp"
#include "record/manifest.hpp"
#include "store/store.hpp"

namespace jidian::recorder {

/// Manifests that destinations lack while the events that told them have left the store: they are to be told anew, as
/// long as the store has their bytes. `request` may be called from any thread, `take` from the recorder's.
class LostManifests {
 public:
  /// What waits, and what is told in an hour: no destination may fill the record.
  static constexpr std::size_t told_max = 64;
  /// The same one is not told again earlier: all destinations have the event.
  static constexpr Millis rest = std::chrono::hours(1);

  /// `store` must outlive it.
  explicit LostManifests(const store::Store& store) : store_(store) {}

  /// Asks for one. If too many wait nothing happens: the destination asks again.
  void request(const Hash& manifest);

  /// Those that are to be told now; they count as told. What the store does not have, or cannot give just now, is left
  /// out: the destination asks again.
  std::vector<record::EncodedManifest> take(SteadyTime now);

 private:
  const store::Store& store_;
  std::map<Hash, SteadyTime> told_;  ///< In the last hour.

  std::mutex mutex_;
  std::set<Hash> waiting_;  ///< Guarded by the mutex.
};

}  // namespace jidian::recorder
