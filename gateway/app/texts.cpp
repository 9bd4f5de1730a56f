#include "app/texts.hpp"

#include <algorithm>
#include <cassert>
#include <initializer_list>

#include "app/texts_tables.hpp"

namespace jidian::app {
namespace {

Language spoken = Language::english;

const Sentence* find_sentence(std::string_view key, Language language) {
  const auto sentences = sentences_in(language);
  const auto found = std::ranges::find(sentences, key, &Sentence::key);
  return found == sentences.end() ? nullptr : &*found;
}

std::vector<Sentence> joined(std::initializer_list<std::span<const Sentence>> subjects) {
  std::vector<Sentence> all;
  for (const auto& sentences : subjects) all.insert(all.end(), sentences.begin(), sentences.end());
  return all;
}

}  // namespace

std::string text(std::string_view key, const Values& values) {
  return text_in(spoken, key, values);
}

std::string text_in(Language language, std::string_view key, const Values& values) {
  const auto* sentence = find_sentence(key, language);
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
  return find_sentence(key, spoken) != nullptr;
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

Language spoken_language() {
  return spoken;
}

std::span<const Sentence> sentences_in(Language language) {
  static const auto english =
      joined({english_sentences(), english_plant_sentences(), english_uplink_sentences(), english_status_sentences(),
              english_record_sentences(), english_identity_sentences(), english_said_sentences()});
  static const auto chinese =
      joined({chinese_sentences(), chinese_plant_sentences(), chinese_uplink_sentences(), chinese_status_sentences(),
              chinese_record_sentences(), chinese_identity_sentences(), chinese_said_sentences()});
  return language == Language::chinese ? chinese : english;
}

}  // namespace jidian::app
