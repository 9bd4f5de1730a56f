#pragma once

#include <map>
#include <optional>
#include <set>

#include "base/bytes.hpp"
#include "record/batch.hpp"
#include "store/store.hpp"

namespace jidian::uplink {

/// Knows which event batch carries a manifest, for a destination that lost it.
class Manifests {
 public:
  explicit Manifests(store::Reader& reader) : reader_(reader) {}

  /// Remembers the manifests in an event batch that is being published anyway.
  void remember(const record::BatchKey& key, ByteView batch);

  /// The event batch that carries the manifest `hash` and is still in the store, searched backwards from the newest one
  /// of `epoch`, then of the epochs before it. Reads at most `batches_max` batches; nothing if it is not among them.
  /// What was searched in vain is not searched again, whatever the manifest: the search has remembered all that it saw.
  std::optional<record::BatchKey> find(const Hash& hash, std::uint64_t epoch);

  /// Whether `find` could read all that it wanted to: if not, what it did not find may be there.
  bool has_read_all() const { return has_read_all_; }

 private:
  static constexpr std::size_t known_max = 1024;
  static constexpr std::uint64_t batches_max = 4096;

  bool is_there(const record::BatchKey& key);
  std::optional<record::BatchKey> search(const Hash& hash, std::uint64_t epoch);

  store::Reader& reader_;
  bool has_read_all_ = true;
  std::map<Hash, record::BatchKey> known_;
  std::set<std::uint64_t> searched_;  ///< Whatever a search from there backwards can find is known.
};

}  // namespace jidian::uplink
