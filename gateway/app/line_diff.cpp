#include "app/line_diff.hpp"

#include <algorithm>
#include <vector>

namespace jidian::app {
namespace {

using Lines = std::vector<std::string_view>;

constexpr std::size_t context = 3;
constexpr std::size_t same_again = 2;  ///< Equal lines after which two texts are taken to be in step again.

/// Lines [from, from + removed) of the old text became [to, to + added) of the new one.
struct Change {
  std::size_t from = 0;
  std::size_t removed = 0;
  std::size_t to = 0;
  std::size_t added = 0;
};

Lines lines_of(std::string_view text) {
  Lines lines;
  while (!text.empty()) {
    const auto end = std::min(text.find('\n'), text.size() - 1) + 1;
    lines.push_back(text.substr(0, end));
    text.remove_prefix(end);
  }
  return lines;
}

bool in_step(const Lines& before, std::size_t from, const Lines& after, std::size_t to) {
  for (std::size_t i = 0; i < same_again; ++i) {
    const bool old_ends = from + i >= before.size();
    const bool new_ends = to + i >= after.size();
    if (old_ends || new_ends) return old_ends && new_ends;
    if (before[from + i] != after[to + i]) return false;
  }
  return true;
}

/// The nearest place where both texts go on alike.
Change next_change(const Lines& before, std::size_t from, const Lines& after, std::size_t to) {
  const std::size_t old_left = before.size() - from;
  const std::size_t new_left = after.size() - to;
  for (std::size_t skipped = 1; skipped < old_left + new_left; ++skipped)
    for (std::size_t removed = skipped > new_left ? skipped - new_left : 0; removed <= std::min(skipped, old_left);
         ++removed)
      if (in_step(before, from + removed, after, to + skipped - removed)) return {from, removed, to, skipped - removed};
  return {from, old_left, to, new_left};
}

std::vector<Change> changes_of(const Lines& before, const Lines& after) {
  std::vector<Change> changes;
  std::size_t from = 0;
  std::size_t to = 0;
  while (from < before.size() || to < after.size()) {
    if (from < before.size() && to < after.size() && before[from] == after[to]) {
      ++from;
      ++to;
      continue;
    }
    changes.push_back(next_change(before, from, after, to));
    from += changes.back().removed;
    to += changes.back().added;
  }
  return changes;
}

void append(std::string& text, char mark, const Lines& lines, std::size_t first, std::size_t count) {
  for (std::size_t i = first; i < first + count; ++i) {
    text += mark;
    text += lines[i];
    if (!lines[i].ends_with('\n')) text += "\n\\ No newline at end of file\n";
  }
}

std::string range(std::size_t first, std::size_t count) {
  return std::to_string(count == 0 ? first : first + 1) + "," + std::to_string(count);
}

}  // namespace

std::string line_diff(std::string_view before, std::string_view after, const std::string& name) {
  const Lines old_lines = lines_of(before);
  const Lines new_lines = lines_of(after);
  const auto changes = changes_of(old_lines, new_lines);
  if (changes.empty()) return "";
  std::string text = "--- " + name + "\n+++ " + name + "\n";
  for (std::size_t i = 0; i < changes.size();) {
    std::size_t last = i;
    while (last + 1 < changes.size() &&
           changes[last + 1].from - changes[last].from - changes[last].removed <= 2 * context)
      ++last;
    const Change& begin = changes[i];
    const Change& end = changes[last];
    const std::size_t lead = std::min(context, begin.from);
    const std::size_t trail = std::min(context, old_lines.size() - end.from - end.removed);
    text += "@@ -" + range(begin.from - lead, end.from + end.removed + trail - begin.from + lead) + " +" +
            range(begin.to - lead, end.to + end.added + trail - begin.to + lead) + " @@\n";
    std::size_t at = begin.from - lead;
    for (; i <= last; ++i) {
      append(text, ' ', old_lines, at, changes[i].from - at);
      append(text, '-', old_lines, changes[i].from, changes[i].removed);
      append(text, '+', new_lines, changes[i].to, changes[i].added);
      at = changes[i].from + changes[i].removed;
    }
    append(text, ' ', old_lines, at, trail);
  }
  return text;
}

}  // namespace jidian::app
