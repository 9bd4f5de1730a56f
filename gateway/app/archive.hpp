#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>

#include "base/bytes.hpp"
#include "base/result.hpp"
#include "domain/manifest.hpp"
#include "record/batch.hpp"
#include "store/store.hpp"

namespace jidian::app {

/// Manifests by hash, decoded once.
class Manifests {
 public:
  explicit Manifests(store::Reader& reader) : reader_(reader) {}

  /// Null for the zero hash, and where the store does not have it.
  const domain::Manifest* find(const Hash& hash);

 private:
  store::Reader& reader_;
  std::map<Hash, std::optional<domain::Manifest>> known_;
};

/// Calls `visit` for every batch of `stream` of an epoch that touches [from, until), oldest first, until it returns
/// false. Errors: io, corrupt, not_found (there is no such epoch any more).
Status for_each_batch_of(store::Reader& reader, std::uint64_t epoch, record::Stream stream, UtcTime from, UtcTime until,
                         const std::function<bool(const store::StoredBatch&)>& visit);

/// Whether the epoch left since it was listed, which is what becomes of drained ones while a gateway runs. `why` is
/// what reading it met.
bool has_left(store::Reader& reader, std::uint64_t epoch, const Error& why);

/// Epochs that could not be read, or not to their end, and why.
using Unread = std::map<std::uint64_t, Error>;

/// The same for every epoch, oldest first. It goes on behind what cannot be read: `unread` then says so.
void for_each_readable_batch(store::Reader& reader, record::Stream stream, UtcTime from, UtcTime until, Unread& unread,
                             const std::function<bool(const store::StoredBatch&)>& visit);

/// Whether the store itself has the batch that a copy names as its original; its bytes, if it does. Errors: corrupt, if
/// it has another batch under that key.
Result<std::optional<Bytes>> original_of(store::Reader& reader, const record::Header& copy);

/// One batch as a line of an evidence export: JSON with its key, its hash and its bytes in hexadecimal.
std::string evidence_line(const store::StoredBatch& batch);

/// The batch of such a line. Errors: corrupt.
Result<store::StoredBatch> parse_evidence_line(const std::string& line);

}  // namespace jidian::app
