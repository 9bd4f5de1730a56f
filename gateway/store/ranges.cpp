#include "store/ranges.hpp"

#include <algorithm>
#include <charconv>

namespace jidian::store {
namespace {

/// Whether two ranges overlap or stand side by side, so that one range can say both.
bool join(const SeqRange& a, const SeqRange& b) {
  return a.first - 1 <= b.last && b.first - 1 <= a.last;
}

}  // namespace

void Ranges::add(SeqRange range) {
  assert(1 <= range.first && range.first <= range.last);
  const auto begin = std::ranges::lower_bound(ranges_, range.first - 1, {}, &SeqRange::last);
  auto end = begin;
  for (; end != ranges_.end() && join(*end, range); ++end) {
    range.first = std::min(range.first, end->first);
    range.last = std::max(range.last, end->last);
  }
  ranges_.insert(ranges_.erase(begin, end), range);
}

void Ranges::remove(SeqRange range) {
  assert(1 <= range.first && range.first <= range.last);
  const auto begin = std::ranges::lower_bound(ranges_, range.first, {}, &SeqRange::last);
  auto end = begin;
  std::vector<SeqRange> stay;  // what stands out on either side
  for (; end != ranges_.end() && end->first <= range.last; ++end) {
    if (end->first < range.first) stay.push_back({end->first, range.first - 1});
    if (end->last > range.last) stay.push_back({range.last + 1, end->last});
  }
  ranges_.insert(ranges_.erase(begin, end), stay.begin(), stay.end());
}

bool Ranges::contains(std::uint64_t seq) const {
  const auto found = std::ranges::lower_bound(ranges_, seq, {}, &SeqRange::last);
  return found != ranges_.end() && found->first <= seq;
}

std::uint64_t Ranges::size() const {
  std::uint64_t sum = 0;
  for (const SeqRange& range : ranges_) sum += range.size();
  return sum;
}

std::optional<SeqRange> Ranges::first_missing(SeqRange within) const {
  auto next = std::ranges::lower_bound(ranges_, within.first, {}, &SeqRange::last);
  if (next != ranges_.end() && next->first <= within.first) {
    if (next->last >= within.last) return std::nullopt;
    within.first = next->last + 1;
    ++next;
  }
  if (next != ranges_.end() && next->first <= within.last) within.last = next->first - 1;
  return within;
}

std::string Ranges::to_text() const {
  std::string text;
  for (const SeqRange& range : ranges_) {
    if (!text.empty()) text += ',';
    text += std::to_string(range.first) + '-' + std::to_string(range.last);
  }
  return text;
}

Result<Ranges> Ranges::from_text(std::string_view text) {
  const auto bad = [&] { return Error{ErrorKind::corrupt, "ranges '" + std::string(text.substr(0, 80)) + "'"}; };
  Ranges result;
  const char* at = text.data();
  const char* const end = at + text.size();
  while (at != end) {
    SeqRange range;
    const auto first = std::from_chars(at, end, range.first);
    if (first.ec != std::errc{} || first.ptr == end || *first.ptr != '-') return bad();
    const auto last = std::from_chars(first.ptr + 1, end, range.last);
    if (last.ec != std::errc{} || range.first == 0 || range.first > range.last) return bad();
    if (!result.ranges_.empty() && range.first - 1 <= result.ranges_.back().last) return bad();
    result.ranges_.push_back(range);
    at = last.ptr;
    if (at != end && (*at++ != ',' || at == end)) return bad();
  }
  return result;
}

}  // namespace jidian::store
