#include "app/translate.hpp"

#include <optional>
#include <string_view>

#include "app/texts.hpp"

namespace jidian::app {
namespace {

constexpr std::string_view said_prefix = "said.";

/// Sentences stand within sentences, seldom deeper than a hint in an advice in a warning.
constexpr int depth_max = 6;

/// Whether `words` has the form of a sentence with {places}; then what stands in them is appended to `found`. A place
/// is never empty and takes as little as it can.
bool fits_form(std::string_view form, std::string_view words, Values& found) {
  const auto open = form.find('{');
  if (open == std::string_view::npos) return form == words;
  if (!words.starts_with(form.substr(0, open))) return false;
  words.remove_prefix(open);
  const auto close = form.find('}', open);
  if (close == std::string_view::npos) return false;
  const std::string name(form.substr(open + 1, close - open - 1));
  const auto rest = form.substr(close + 1);
  if (rest.empty()) {
    if (!words.empty()) found.emplace_back(name, words);
    return !words.empty();
  }
  const auto literal = rest.substr(0, rest.find('{'));
  for (auto at = words.find(literal, 1); at != std::string_view::npos; at = words.find(literal, at + 1)) {
    found.emplace_back(name, words.substr(0, at));
    if (fits_form(rest, words.substr(at), found)) return true;
    found.pop_back();
  }
  return false;
}

std::string translated_at(const std::string& english, int depth) {
  if (depth == depth_max) return english;
  for (const auto& sentence : sentences_in(Language::english)) {
    if (!sentence.key.starts_with(said_prefix)) continue;
    Values values;
    if (!fits_form(sentence.words, english, values)) continue;
    for (auto& [name, value] : values) value = translated_at(value, depth + 1);
    return text(sentence.key, values);
  }
  return english;
}

}  // namespace

std::string translated(const std::string& english) {
  return spoken_language() == Language::english ? english : translated_at(english, 0);
}

}  // namespace jidian::app
