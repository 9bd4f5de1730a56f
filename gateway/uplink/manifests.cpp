#include "uplink/manifests.hpp"

#include <algorithm>

namespace jidian::uplink {

void Manifests::remember(const record::BatchKey& key, ByteView batch) {
  const auto decoded = record::decode(batch, nullptr);
  if (!decoded) return;
  const auto* events = std::get_if<record::Events>(&decoded->body);
  if (events == nullptr) return;
  for (const auto& event : *events) {
    if (event.kind != domain::EventKind::manifest) continue;
    if (known_.size() >= known_max) {
      known_.clear();
      searched_.clear();
    }
    known_[record::sha256(event.manifest)] = key;
  }
}

std::optional<record::BatchKey> Manifests::find(const Hash& hash, std::uint64_t epoch) {
  has_read_all_ = true;
  if (const auto known = known_.find(hash); known != known_.end()) {
    const record::BatchKey key = known->second;
    if (is_there(key)) return key;
    known_.erase(known);
    searched_.clear();  // a search notes the oldest event that carries it: a newer one may be there
  }
  return searched_.contains(epoch) ? std::nullopt : search(hash, epoch);
}

/// Or may be, where that cannot be read just now.
bool Manifests::is_there(const record::BatchKey& key) {
  const auto rows = reader_.read(key.epoch, key.stream, {key.seq, key.seq}, 1, record::batch_bytes_max);
  return rows ? !rows->empty() : rows.error().kind() != ErrorKind::not_found;
}

std::optional<record::BatchKey> Manifests::search(const Hash& hash, std::uint64_t epoch) {
  constexpr std::uint64_t step = 64;
  std::uint64_t read = 0;
  bool all_read = true;
  auto epochs = reader_.epochs();
  epochs.erase(std::ranges::find(epochs, epoch) == epochs.end() ? epochs.end() : std::ranges::find(epochs, epoch) + 1,
               epochs.end());
  for (auto at = epochs.rbegin(); at != epochs.rend(); ++at) {
    const auto each = *at;
    const auto extent = reader_.extent(each, record::Stream::event);
    all_read = all_read && extent;
    if (!extent || !*extent) continue;
    auto last = (*extent)->last;
    while (last >= (*extent)->first && read < batches_max) {
      const auto first = std::max((*extent)->first, last >= step ? last - step + 1 : 1);
      const auto batches =
          reader_.read(each, record::Stream::event, {first, last}, step, step * record::batch_bytes_max);
      all_read = all_read && batches;
      if (!batches) break;
      for (auto batch = batches->rbegin(); batch != batches->rend(); ++batch) {
        remember(batch->key, batch->bytes);
        if (const auto known = known_.find(hash); known != known_.end()) return known->second;
      }
      read += last - first + 1;
      last = first - 1;
    }
  }
  has_read_all_ = all_read;
  if (all_read) searched_.insert(epoch);
  return std::nullopt;
}

}  // namespace jidian::uplink
