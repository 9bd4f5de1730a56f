#pragma once

#include <toml++/toml.h>

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/time.hpp"
#include "config/journal.hpp"

namespace jidian::config {

Place place_of(const toml::node& node);
Place place_of(const toml::key& key);

/// A string of the file and where it stands.
struct Text {
  std::string value;
  Place place;
};

/// One table of a file being read. It remembers which keys were asked for: the others are mistakes when it `finish`es.
///
/// Readers return nothing where the key is absent, and where its value is wrong: then the mistake is in the journal.
/// Refers to the document; copies share nothing. `subject` begins every sentence: "meter 'press-1'".
class Section {
 public:
  Section(const toml::table& table, std::string subject, Journal& journal);

  const std::string& subject() const { return subject_; }
  Journal& journal() { return *journal_; }
  Place place() const { return place_of(*table_); }

  /// Where the value of `key` stands, or else the section.
  Place place(std::string_view key) const;
  bool has(std::string_view key) const { return table_->contains(key); }

  std::optional<std::string> text(std::string_view key);
  std::optional<bool> boolean(std::string_view key);
  std::optional<std::int64_t> integer(std::string_view key, std::int64_t least, std::int64_t most);
  /// A number with decimals, given with or without them.
  std::optional<double> number(std::string_view key, double least, double most);
  std::optional<Millis> duration(std::string_view key, Millis least, Millis most);
  /// Likewise, or the word "off", which is 0.
  std::optional<Millis> duration_or_off(std::string_view key, Millis least, Millis most);
  std::optional<std::uint64_t> size(std::string_view key, std::uint64_t least, std::uint64_t most);
  /// The text, even where it is no id: then the mistake is in the journal, and what refers to it is not blamed as well.
  std::optional<std::string> id(std::string_view key);
  /// "2025-03-01", with or without quotes.
  std::optional<std::string> date(std::string_view key);
  /// An absolute path, or "credentials:NAME". Its value is never repeated in a message: it might be the secret itself.
  std::optional<std::string> secret_file(std::string_view key);
  std::vector<Text> texts(std::string_view key);
  std::vector<std::int64_t> integers(std::string_view key, std::int64_t least, std::int64_t most);
  std::optional<Section> section(std::string_view key, std::string subject);
  /// The tables of `[[key]]`, each with `kind` and its id (else its number) as subject: "meter 'press-1'".
  std::vector<Section> sections(std::string_view key, std::string_view kind);

  /// The same, and a single `[key]` counts as a list of one.
  std::vector<Section> one_or_more(std::string_view key, std::string_view kind);

  /// One word of a closed list.
  template <typename T, std::size_t count>
  std::optional<T> choice(std::string_view key, const std::array<std::pair<std::string_view, T>, count>& words) {
    std::array<std::string_view, count> names;
    for (std::size_t i = 0; i < count; ++i) names[i] = words[i].first;
    const auto found = choose(key, names);
    if (!found) return std::nullopt;
    return words[*found].second;
  }

  /// A mistake if `key` is absent. `example` is what to write: `bus = "line-1"`.
  bool require(std::string_view key, std::string_view example);
  /// A mistake if `key` is present, with the reason.
  void forbid(std::string_view key, std::string_view reason);
  /// `key` is known, and was not read because something else is wrong already.
  void skip(std::string_view key) { known_.push_back(key); }
  /// A mistake at `key`'s value: "meter 'press-1': unit must be 1 … 247, got '300'; write …".
  void complain(std::string_view key, std::string_view what, std::string_view write);
  /// A mistake at the section's head.
  void complain(std::string_view what);
  /// A mistake where a string of an array stands.
  void complain(const Text& at, std::string_view what);

  /// The keys nobody asked for are mistakes. Call last.
  void finish();

  /// The keys of the section, for those that hold names.
  std::vector<std::pair<Text, const toml::node*>> entries() const;

 private:
  const toml::node* find(std::string_view key);
  /// `or_off`: what else may be written, as it stands in messages; empty: nothing.
  std::optional<Millis> duration(std::string_view key, Millis least, Millis most, std::string_view or_off);
  std::optional<std::size_t> choose(std::string_view key, std::span<const std::string_view> names);
  void wrong_type(std::string_view key, std::string_view expected, std::string_view write);

  const toml::table* table_;
  std::string subject_;
  Journal* journal_;
  std::vector<std::string_view> known_;
};

/// What to show of a value in a message: "'x'", "an array".
std::string show(const toml::node& node);

/// Parses `text` and hands the root to `read`; a syntax error becomes a mistake instead.
std::optional<toml::table> parse_document(std::string_view text, Journal& journal);

}  // namespace jidian::config
