#include "config/journal.hpp"

#include <algorithm>
#include <array>
#include <tuple>

namespace jidian::config {
namespace {

/// Longer words are nobody's slip of the pen, and cost time.
constexpr std::size_t word_length_max = 64;

/// Edits that turn `a` into `b`: a letter added, lost or changed, or two neighbours exchanged.
/// Precondition: `b` is no longer than word_length_max.
std::size_t edit_distance(std::string_view a, std::string_view b) {
  using Row = std::array<std::size_t, word_length_max + 1>;
  Row two_before{};
  Row before{};
  Row row{};
  for (std::size_t j = 0; j <= b.size(); ++j) row[j] = j;
  for (std::size_t i = 1; i <= a.size(); ++i) {
    two_before = before;
    before = row;
    row[0] = i;
    for (std::size_t j = 1; j <= b.size(); ++j) {
      const std::size_t changed = before[j - 1] + (a[i - 1] == b[j - 1] ? 0 : 1);
      row[j] = std::min({before[j] + 1, row[j - 1] + 1, changed});
      if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1])
        row[j] = std::min(row[j], two_before[j - 2] + 1);
    }
  }
  return row[b.size()];
}

}  // namespace

std::string Mistake::to_string() const {
  return file + ":" + std::to_string(line) + ":" + std::to_string(column) + ": " + (warning ? "warning: " : "") + text;
}

std::vector<Mistake> Journal::take() {
  if (failed_) std::erase_if(mistakes_, [](const Mistake& it) { return it.warning; });
  std::ranges::sort(mistakes_, {}, [](const Mistake& it) { return std::tie(it.line, it.column, it.text); });
  mistakes_.erase(std::unique(mistakes_.begin(), mistakes_.end()), mistakes_.end());
  return std::move(mistakes_);
}

void Journal::note(Place place, std::string text, bool warning) {
  failed_ = failed_ || !warning;
  mistakes_.push_back({file_, place.line, place.column, std::move(text), warning});
}

std::string_view closest(std::string_view word, std::span<const std::string_view> candidates) {
  if (word.size() > word_length_max) return {};
  std::string_view best;
  std::size_t best_distance = 2 + word.size() / 4;  // one more than is still near
  for (const std::string_view candidate : candidates) {
    if (candidate.size() > word_length_max) continue;
    const std::size_t distance = edit_distance(word, candidate);
    if (distance < best_distance && distance < candidate.size()) {
      best = candidate;
      best_distance = distance;
    }
  }
  return best;
}

std::string did_you_mean(std::string_view word, std::span<const std::string_view> candidates) {
  const std::string_view best = closest(word, candidates);
  return best.empty() ? "" : "; did you mean '" + std::string(best) + "'?";
}

std::string join_or(std::span<const std::string_view> words) {
  std::string text;
  for (std::size_t i = 0; i < words.size(); ++i) {
    if (i > 0) text += i + 1 == words.size() ? " or " : ", ";
    text += words[i];
  }
  return text;
}

}  // namespace jidian::config
