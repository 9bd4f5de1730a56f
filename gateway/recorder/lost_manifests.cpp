#include "recorder/lost_manifests.hpp"

#include <memory>
#include <utility>

#include "record/batch.hpp"

namespace jidian::recorder {

void LostManifests::request(const Hash& manifest) {
  const std::scoped_lock lock(mutex_);
  if (waiting_.size() < told_max) waiting_.insert(manifest);
}

std::vector<record::EncodedManifest> LostManifests::take(SteadyTime now) {
  std::set<Hash> wanted;
  {
    const std::scoped_lock lock(mutex_);
    wanted.swap(waiting_);
  }
  std::vector<record::EncodedManifest> found;
  if (wanted.empty()) return found;
  std::erase_if(told_, [now](const auto& told) { return now - told.second >= rest; });
  std::unique_ptr<store::Reader> reader;
  for (const Hash& hash : wanted) {
    if (told_.contains(hash) || told_.size() >= told_max) continue;
    if (!reader) {
      auto opened = store_.reader();
      if (!opened) break;
      reader = std::move(*opened);
    }
    auto bytes = reader->manifest(hash);
    if (!bytes || record::sha256(*bytes) != hash) continue;
    told_[hash] = now;
    found.push_back({std::move(*bytes), hash});
  }
  return found;
}

}  // namespace jidian::recorder
