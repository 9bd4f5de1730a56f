#pragma once

#include <functional>
#include <iterator>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "config/site.hpp"

namespace jidian::config {

/// Where something stands in a file; both count from 1.
struct Place {
  int line = 1;
  int column = 1;
};

/// Collects the mistakes of one file, so that all are told at once.
class Journal {
 public:
  explicit Journal(std::string file) : file_(std::move(file)) {}

  void mistake(Place place, std::string text) { note(place, std::move(text), false); }
  void warn(Place place, std::string text) { note(place, std::move(text), true); }

  /// Whether there is a mistake that is more than a warning.
  bool failed() const { return failed_; }

  /// Everything noted, once, in the order of the file; warnings only if there is nothing worse, which may be their
  /// cause.
  std::vector<Mistake> take();

 private:
  void note(Place place, std::string text, bool warning);

  std::string file_;
  bool failed_ = false;
  std::vector<Mistake> mistakes_;
};

/// One member of each of `things`: `pick(meters, &Meter::id)`. The views live as long as the things stay where they
/// are.
template <typename Things, typename Member>
std::vector<std::string_view> pick(const Things& things, Member member) {
  std::vector<std::string_view> picked;
  picked.reserve(std::size(things));
  for (const auto& thing : things) picked.emplace_back(std::invoke(member, thing));
  return picked;
}

/// The one of `candidates` that `word` was most likely meant to be, or empty if none is near.
std::string_view closest(std::string_view word, std::span<const std::string_view> candidates);

/// "; did you mean 'period'?" or, if no candidate is near, "".
std::string did_you_mean(std::string_view word, std::span<const std::string_view> candidates);

/// "a, b or c".
std::string join_or(std::span<const std::string_view> words);

}  // namespace jidian::config
