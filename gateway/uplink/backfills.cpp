#include "uplink/backfills.hpp"

#include <algorithm>
#include <utility>

namespace jidian::uplink {

using record::BatchKey;
using record::Stream;

void Backfills::begin(Backfill asked, SteadyTime now, UtcTime utc) {
  assert(running_.size() < backfills_max);
  Running running{std::move(asked.id), asked.stream, {}, 0, now, utc};
  for (auto& [epoch, ranges] : asked.batches) {
    if (ranges.size() == 0) continue;
    running.batches += ranges.size();
    running.parts.push_back({epoch, std::move(ranges), {}});
  }
  if (!running.parts.empty()) running_.push_back(std::move(running));
}

std::optional<BatchKey> Backfills::next(const std::function<bool(Stream)>& may_send) const {
  for (const Running& running : running_) {
    if (!may_send(running.stream)) continue;
    for (const Part& part : running.parts)
      if (!part.left.ranges().empty()) return BatchKey{part.epoch, running.stream, part.left.ranges().front().first};
  }
  return std::nullopt;
}

Backfills::Part* Backfills::part_with(const BatchKey& key, store::Ranges Part::*where) {
  for (Running& running : running_) {
    if (running.stream != key.stream) continue;
    for (Part& part : running.parts)
      if (part.epoch == key.epoch && (part.*where).contains(key.seq)) return &part;
  }
  return nullptr;
}

void Backfills::took(const BatchKey& key) {
  Part* part = part_with(key, &Part::left);
  if (part == nullptr) return;
  part->left.remove({key.seq, key.seq});
  part->on_way.add({key.seq, key.seq});
}

void Backfills::put_back(const BatchKey& key) {
  Part* part = part_with(key, &Part::on_way);
  if (part == nullptr) return;
  part->on_way.remove({key.seq, key.seq});
  part->left.add({key.seq, key.seq});
}

void Backfills::arrived(std::uint64_t epoch, Stream stream, store::SeqRange range) {
  for (Running& running : running_) {
    if (running.stream != stream) continue;
    for (Part& part : running.parts) {
      if (part.epoch != epoch) continue;
      part.left.remove(range);
      part.on_way.remove(range);
    }
  }
  std::erase_if(running_, [](const Running& running) {
    return std::ranges::all_of(
        running.parts, [](const Part& part) { return part.left.ranges().empty() && part.on_way.ranges().empty(); });
  });
}

void Backfills::expire(SteadyTime now) {
  std::erase_if(running_, [now](const Running& running) { return now - running.began >= life; });
}

bool Backfills::is_on_way(const BatchKey& key) const {
  return std::ranges::any_of(running_, [&](const Running& running) {
    return running.stream == key.stream && std::ranges::any_of(running.parts, [&](const Part& part) {
             return part.epoch == key.epoch && part.on_way.contains(key.seq);
           });
  });
}

std::vector<health::BackfillHealth> Backfills::health() const {
  std::vector<health::BackfillHealth> all;
  for (const Running& running : running_) {
    std::uint64_t left = 0;
    for (const Part& part : running.parts) left += part.left.size() + part.on_way.size();
    all.push_back({running.id, std::string(record::name_of(running.stream)), running.batches, left, running.since});
  }
  return all;
}

}  // namespace jidian::uplink
