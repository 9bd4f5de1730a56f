#include "app/texts.hpp"

#include <algorithm>
#include <cassert>

#include "app/texts_tables.hpp"

namespace jidian::app {
namespace {

Language spoken = Language::english;

const Sentence* find_sentence(std::string_view key) {
  const auto sentences = sentences_in(spoken);
  const auto found = std::ranges::find(sentences, key, &Sentence::key);
  return found == sentences.end() ? nullptr : &*found;
}

}  // namespace

std::string text(std::string_view key, const Values& values) {
  const auto* sentence = find_sentence(key);
  assert(sentence != nullptr);
  // In one pass, so that a value that looks like a {name} stays as it is.
  std::string filled;
  std::string_view rest = sentence->words;
  while (!rest.empty()) {
    const auto open = rest.find('{');
    const auto close = open == std::string_view::npos ? open : rest.find('}', open);
    if (close == std::string_view::npos) break;
    const auto value = std::ranges::find(values, rest.substr(open + 1, close - open - 1), &Values::value_type::first);
    filled += rest.substr(0, open);
    filled += value == values.end() ? rest.substr(open, close - open + 1) : std::string_view(value->second);
    rest.remove_prefix(close + 1);
  }
  return filled.append(rest);
}

bool has_text(std::string_view key) {
  return find_sentence(key) != nullptr;
}

void speak(Language language) {
  spoken = language;
}

Language language_of(const char* lc_all, const char* lc_messages, const char* lang) {
  for (const char* locale : {lc_all, lc_messages, lang})
    if (locale != nullptr && *locale != '\0')
      return std::string_view(locale).starts_with("zh") ? Language::chinese : Language::english;
  return Language::english;
}

std::span<const Sentence> sentences_in(Language language) {
  static const auto english = [] {
    std::vector<Sentence> all;
    for (const auto part : {english_sentences(), english_plant_sentences()})
      all.insert(all.end(), part.begin(), part.end());
    return all;
  }();
  return language == Language::chinese ? chinese_sentences() : std::span<const Sentence>(english);
}

}  // namespace jidian::app
