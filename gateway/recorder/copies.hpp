#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "base/result.hpp"
#include "base/time.hpp"
#include "record/batch.hpp"
#include "store/store.hpp"

namespace jidian::recorder {

/// Batches that a destination cannot take because it holds other bytes under their keys, on their way into the present
/// epoch: each is read from the store, stored again under the next key of its stream, and then acknowledged for all
/// destinations that asked. `request` may be called from any thread, everything else from the recorder's.
class Copies {
 public:
  /// What waits at most.
  static constexpr std::size_t waiting_max = 4'096;

  /// `store` must outlive it.
  explicit Copies(store::Store& store) : store_(store) {}

  /// Asks for a copy of `rejected`, for `destination`. Asking twice changes nothing. False if too many wait: ask again
  /// later.
  bool request(const record::BatchKey& rejected, const std::string& destination);

  /// Whether something waits that is not of the present epoch: batches of that are only copied into the next.
  bool has_work();

  /// Copies some of it in one transaction, each batch once however many ask. Returns how many batches were stored. On
  /// an error none was, and all wait on. A batch that cannot be read is given up: it stays rejected.
  Result<std::size_t> copy_some(UtcTime now);

 private:
  using Request = std::pair<record::BatchKey, std::string>;  ///< Which batch, and for whom.
  using Log = std::pair<std::uint64_t, record::Stream>;
  enum class Fate : std::uint8_t { copied, given_up };

  std::vector<Request> next_requests();
  Result<Fate> copy(const record::BatchKey& rejected, std::vector<store::NewBatch>& into);
  bool is_copied(const record::BatchKey& key) const;
  void note_copied(const record::BatchKey& key);

  store::Store& store_;
  std::unique_ptr<store::Reader> reader_;
  std::map<Log, store::Ranges> copied_;  ///< By this run.

  std::mutex mutex_;
  std::set<Request> waiting_;  ///< Guarded by the mutex. In the order of copying: events first, by seq.
};

}  // namespace jidian::recorder
