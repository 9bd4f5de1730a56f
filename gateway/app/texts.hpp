#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

/// The sentences of the verbs for people at the plant, in every language they are spoken in.
namespace jidian::app {

enum class Language : std::uint8_t { english, chinese };

/// Names and what to put in their place.
using Values = std::vector<std::pair<std::string, std::string>>;

/// The sentence under `key` in the language that is spoken, each {name} in it replaced by its value. Precondition:
/// there is such a key.
std::string text(std::string_view key, const Values& values = {});

/// The same in a language of one's own: what programs read is English whoever asks.
std::string text_in(Language language, std::string_view key, const Values& values = {});

/// Whether there is such a key: a newer gateway may tell of what this command line does not know.
bool has_text(std::string_view key);

/// From now on `text` speaks this language. Before any thread; English until then.
void speak(Language language);

/// The language that `text` speaks.
Language spoken_language();

/// The language of a POSIX locale's user: the first of LC_ALL, LC_MESSAGES and LANG that is not empty decides, "zh…" is
/// Chinese. Null: not set.
Language language_of(const char* lc_all, const char* lc_messages, const char* lang);

/// One sentence of a catalogue.
struct Sentence {
  std::string_view key;
  std::string_view words;
};

/// All sentences of a language, in an order of their own, that of each subject kept.
std::span<const Sentence> sentences_in(Language language);

}  // namespace jidian::app
