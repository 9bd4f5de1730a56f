// What an outbox tells of itself: counts and sentences for status.
#include <algorithm>

#include "uplink/messages.hpp"
#include "uplink/outbox.hpp"
#include "uplink/reasons.hpp"

namespace jidian::uplink {
namespace {

constexpr Millis look_again{1000};

/// How many seqs of `within` are in the set.
std::uint64_t count_in(const store::Ranges& set, store::SeqRange within) {
  std::uint64_t count = 0;
  for (const auto& range : set.ranges()) {
    const auto first = std::max(range.first, within.first);
    const auto last = std::min(range.last, within.last);
    if (first <= last) count += last - first + 1;
  }
  return count;
}

}  // namespace

SteadyTime Outbox::next_due(SteadyTime now) {
  return backlog_pace_.ready(now) ? now + look_again : std::min(now + look_again, backlog_pace_.next(now));
}

std::uint64_t Outbox::pending() const {
  std::uint64_t pending = 0;
  for (const auto& lane : lanes_) {
    if (!lane.extent) continue;
    const auto acknowledged = store_.acknowledged(options_.id, lane.epoch, lane.stream);
    pending += lane.extent->size() - count_in(acknowledged, *lane.extent);
    // What cannot be read will never be sent; the store tells of it.
    for (store::SeqRange range : lane.unreadable.ranges()) {
      range = {std::max(range.first, lane.extent->first), std::min(range.last, lane.extent->last)};
      if (range.first <= range.last) pending -= range.size() - count_in(acknowledged, range);
    }
  }
  return pending;
}

std::uint64_t Outbox::held() const {
  std::uint64_t held = 0;
  for (const auto& lane : lanes_) {
    const auto acknowledged = store_.acknowledged(options_.id, lane.epoch, lane.stream);
    for (const auto& range : lane.held.ranges()) held += range.size() - count_in(acknowledged, range);
  }
  return held - std::min<std::uint64_t>(held, copying_.size());
}

std::optional<UtcTime> Outbox::oldest_pending(SteadyTime now) {
  for (auto& lane : lanes_) {
    if (!lane.extent) continue;
    const auto missing = store_.acknowledged(options_.id, lane.epoch, lane.stream).first_missing(*lane.extent);
    if (!missing) continue;
    const record::BatchKey key{lane.epoch, lane.stream, missing->first};
    if (oldest_ != key && now >= lane.rest_until) {
      const auto batch = read(lane, {missing->first, missing->first}, now);
      oldest_start_ = batch && *batch ? std::optional((*batch)->start) : std::nullopt;
      if (batch) oldest_ = key;
    }
    return oldest_ == key ? oldest_start_ : std::nullopt;
  }
  oldest_.reset();
  return std::nullopt;
}

std::string Outbox::trouble(SteadyTime now) const {
  const auto unread = std::ranges::find_if(lanes_, [](const Lane& lane) { return !lane.trouble.empty(); });
  if (unread != lanes_.end()) return "the store cannot be read: " + unread->trouble;
  const Topics topics(options_.region, options_.gateway);
  for (const auto& [stream, refusal] : refusals_)
    if (refusal.reason >= reason_failure)
      return "the broker refuses the topic '" + topics.batches(stream) + "': " + describe_reason(refusal.reason) +
             "; nothing is dropped, it is tried again every " +
             std::to_string(std::chrono::duration_cast<std::chrono::seconds>(refusal.pause).count()) + " s";
  if (const auto count = held(); count > 0)
    return std::to_string(count) + " batches are rejected and kept" +
           (last_held_.empty() ? "" : " (last: " + last_held_ + ")") + ": see `jidian uplink retry`";
  if (!copying_.empty())
    return std::to_string(copying_.size()) +
           " batches are being copied into a new epoch, because the destination holds other bytes under their keys";
  if (stalled(now))
    return "the broker takes batches, but the destination has sent no receipt for more than " +
           std::to_string(std::chrono::duration_cast<std::chrono::seconds>(options_.receipt_timeout).count()) + " s";
  const auto cut_off = std::ranges::find_if(
      lanes_, [](const Lane& lane) { return lane.extent && lane.unreadable.contains(lane.extent->last); });
  if (cut_off != lanes_.end())
    return "the end of the log " + std::string(record::name_of(cut_off->stream)) + " of epoch " +
           to_hex(cut_off->epoch) + " cannot be read; it is tried again every hour";
  return {};
}

}  // namespace jidian::uplink
