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
    if (known_.size() >= known_max) known_.clear();
    known_[record::sha256(event.manifest)] = key;
  }
}

std::optional<record::BatchKey> Manifests::find(const Hash& hash, std::uint64_t epoch) {
  if (const auto known = known_.find(hash); known != known_.end()) return known->second;
  constexpr std::uint64_t step = 64;
  std::uint64_t read = 0;
  auto epochs = reader_.epochs();
  epochs.erase(std::ranges::find(epochs, epoch) == epochs.end() ? epochs.end() : std::ranges::find(epochs, epoch) + 1,
               epochs.end());
  for (auto at = epochs.rbegin(); at != epochs.rend(); ++at) {
    const auto each = *at;
    const auto extent = reader_.extent(each, record::Stream::event);
    if (!extent || !*extent) continue;
    auto last = (*extent)->last;
    while (last >= (*extent)->first && read < batches_max) {
      const auto first = std::max((*extent)->first, last >= step ? last - step + 1 : 1);
      const auto batches =
          reader_.read(each, record::Stream::event, {first, last}, step, step * record::batch_bytes_max);
      if (!batches) break;
      for (auto batch = batches->rbegin(); batch != batches->rend(); ++batch) {
        remember(batch->key, batch->bytes);
        if (const auto known = known_.find(hash); known != known_.end()) return known->second;
      }
      read += last - first + 1;
      last = first - 1;
    }
  }
  return std::nullopt;
}

}  // namespace jidian::uplink
