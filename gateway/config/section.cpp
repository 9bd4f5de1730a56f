#include "config/section.hpp"

#include <algorithm>
#include <sstream>

#include "base/id.hpp"
#include "config/units.hpp"

namespace jidian::config {
namespace {

/// As much of a value as a message repeats.
constexpr std::size_t shown_length_max = 60;

std::string quote(std::string_view text) {
  std::string shown = "'";
  for (const char c : text.substr(0, shown_length_max)) shown += static_cast<unsigned char>(c) < ' ' ? '?' : c;
  return shown + (text.size() > shown_length_max ? "…'" : "'");
}

bool holds_secret(std::string_view key) {
  std::string lower(key);
  std::ranges::transform(lower, lower.begin(),
                         [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; });
  static constexpr std::array<std::string_view, 7> words{"passw",       "passphrase", "secret", "token",
                                                         "private_key", "credential", "psk"};
  return std::ranges::any_of(words, [&](std::string_view word) { return lower.find(word) != std::string::npos; });
}

bool is_the_provinces(std::string_view key) {
  static constexpr std::array<std::string_view, 12> words{
      "priority",       "priority_class", "priority_level", "positive_list", "white_list",  "whitelist",
      "library_status", "approved",       "approved_by",    "approval",      "approved_on", "approvals"};
  return std::ranges::find(words, key) != words.end();
}

Place place_of(const toml::source_position& position) {
  return {static_cast<int>(position.line), static_cast<int>(position.column)};
}

std::string_view line_of(std::string_view text, int line) {
  for (int passed = 1; passed < line; ++passed) {
    const auto end = text.find('\n');
    if (end == std::string_view::npos) return {};
    text.remove_prefix(end + 1);
  }
  return text.substr(0, text.find('\n'));
}

/// What the author of a line that is no TOML probably meant.
std::string hint_for(std::string_view description, std::string_view line) {
  line.remove_prefix(std::min(line.find_first_not_of(" \t"), line.size()));
  if (line.starts_with('[') && !line.starts_with("[[") && description.find("redefine") != std::string_view::npos) {
    const std::string name(line.substr(1, line.find(']') - 1));
    return "; write [[" + name + "]] before each if there are several";
  }
  const auto equals = line.find('=');
  const auto value = equals == std::string_view::npos ? equals : line.find_first_not_of(" \t", equals + 1);
  if (value == std::string_view::npos || std::string_view("\"'[{").find(line[value]) != std::string_view::npos)
    return {};
  const auto key = line.substr(0, line.find_first_of(" \t="));
  return "; a text stands in straight quotes: " + std::string(key) + " = \"…\"";
}

}  // namespace

Place place_of(const toml::node& node) {
  return place_of(node.source().begin);
}

Place place_of(const toml::key& key) {
  return place_of(key.source().begin);
}

std::string show(const toml::node& node) {
  if (const auto* text = node.as_string()) return quote(text->get());
  if (node.is_table()) return "a table";
  if (node.is_array()) return "an array";
  std::ostringstream written;
  node.visit([&](const auto& value) {
    if constexpr (toml::is_value<decltype(value)>) written << value;
  });
  return quote(written.str());
}

Section::Section(const toml::table& table, std::string subject, Journal& journal)
    : table_(&table), subject_(std::move(subject)), journal_(&journal) {}

Place Section::place(std::string_view key) const {
  const toml::node* node = table_->get(key);
  return place_of(node != nullptr ? *node : *table_);
}

const toml::node* Section::find(std::string_view key) {
  known_.push_back(key);
  return table_->get(key);
}

std::optional<std::string> Section::text(std::string_view key) {
  const toml::node* node = find(key);
  if (node == nullptr) return std::nullopt;
  if (const auto* text = node->as_string()) return text->get();
  wrong_type(key, "a text", std::string(key) + " = \"…\"");
  return std::nullopt;
}

std::optional<bool> Section::boolean(std::string_view key) {
  const toml::node* node = find(key);
  if (node == nullptr) return std::nullopt;
  if (const auto* value = node->as_boolean()) return value->get();
  wrong_type(key, "true or false", "it without quotes");
  return std::nullopt;
}

std::optional<std::int64_t> Section::integer(std::string_view key, std::int64_t least, std::int64_t most) {
  const toml::node* node = find(key);
  if (node == nullptr) return std::nullopt;
  const auto* value = node->as_integer();
  const std::string range = std::to_string(least) + " … " + std::to_string(most);
  if (value == nullptr) {
    wrong_type(key, "a whole number", "a number from " + range + " without quotes");
  } else if (value->get() < least || value->get() > most) {
    complain(key, "is out of range", "a number from " + range);
  } else {
    return value->get();
  }
  return std::nullopt;
}

std::optional<double> Section::number(std::string_view key, double least, double most) {
  const toml::node* node = find(key);
  if (node == nullptr) return std::nullopt;
  std::optional<double> value;
  if (const auto* integer = node->as_integer()) value = static_cast<double>(integer->get());
  if (const auto* decimal = node->as_floating_point()) value = decimal->get();
  std::ostringstream range;
  range << "a number from " << least << " … " << most;
  if (!value) {
    wrong_type(key, "a number", range.str() + " without quotes");
  } else if (!(*value >= least && *value <= most)) {
    complain(key, "is out of range", range.str());
    return std::nullopt;
  }
  return value;
}

std::optional<Millis> Section::duration(std::string_view key, Millis least, Millis most) {
  return duration(key, least, most, {});
}

std::optional<Millis> Section::duration_or_off(std::string_view key, Millis least, Millis most) {
  const auto* written = table_->get_as<std::string>(key);
  if (written == nullptr || written->get() != "off") return duration(key, least, most, ", or \"off\"");
  find(key);
  return Millis{0};
}

std::optional<Millis> Section::duration(std::string_view key, Millis least, Millis most, std::string_view or_off) {
  const toml::node* node = find(key);
  if (node == nullptr) return std::nullopt;
  const auto* text = node->as_string();
  const auto value = text != nullptr ? parse_duration(text->get()) : std::nullopt;
  const std::string write = "a duration from \"" + format_duration(least) + "\" to \"" + format_duration(most) +
                            "\", in ms, s, m, h or d" + std::string(or_off);
  if (text == nullptr) {
    wrong_type(key, "a duration", write);
  } else if (!value) {
    complain(key, "is not a duration", write);
  } else if (*value < least || *value > most) {
    complain(key, "is out of range", write);
  } else {
    return value;
  }
  return std::nullopt;
}

std::optional<std::uint64_t> Section::size(std::string_view key, std::uint64_t least, std::uint64_t most) {
  const toml::node* node = find(key);
  if (node == nullptr) return std::nullopt;
  const auto* text = node->as_string();
  const auto value = text != nullptr ? parse_size(text->get()) : std::nullopt;
  const std::string write = "a size such as \"512MiB\" or \"4GB\"";
  if (text == nullptr) {
    wrong_type(key, "a size", write);
  } else if (!value) {
    complain(key, "is not a size", write);
  } else if (*value < least || *value > most) {
    complain(key, "is out of range",
             "a size from " + std::to_string(least >> 20) + "MiB to " + std::to_string(most >> 20) + "MiB");
  } else {
    return value;
  }
  return std::nullopt;
}

std::optional<std::string> Section::id(std::string_view key) {
  auto value = text(key);
  if (value && !is_id(*value)) complain(key, "is not an id", "1 to 32 of a-z, 0-9 and '-'");
  return value;
}

std::optional<std::string> Section::date(std::string_view key) {
  const toml::node* node = table_->get(key);
  if (node != nullptr && node->is_date()) {
    known_.push_back(key);
    std::ostringstream written;
    written << node->as_date()->get();
    return written.str();
  }
  auto value = text(key);
  if (!value || is_date(*value)) return value;
  complain(key, "is not a date", "\"2025-03-01\"");
  return std::nullopt;
}

std::optional<std::string> Section::secret_file(std::string_view key) {
  const toml::node* node = find(key);
  if (node == nullptr) return std::nullopt;
  if (const auto* text = node->as_string(); text != nullptr && is_file_spelling(text->get())) return text->get();
  journal_->mistake(place(key),
                    subject_ + ": " + std::string(key) +
                        " must name a file (its present value is not repeated here); write an absolute path or "
                        "\"credentials:NAME\"");
  return std::nullopt;
}

std::vector<Text> Section::texts(std::string_view key) {
  const toml::node* node = find(key);
  if (node == nullptr) return {};
  const auto* array = node->as_array();
  if (array == nullptr) {
    wrong_type(key, "a list of texts", std::string(key) + " = [\"…\"]");
    return {};
  }
  std::vector<Text> found;
  for (const toml::node& element : *array) {
    if (const auto* text = element.as_string())
      found.push_back({text->get(), place_of(element)});
    else
      journal_->mistake(place_of(element),
                        subject_ + ": " + std::string(key) + " holds texts only, got " + show(element));
  }
  return found;
}

std::vector<std::int64_t> Section::integers(std::string_view key, std::int64_t least, std::int64_t most) {
  const toml::node* node = find(key);
  if (node == nullptr) return {};
  const auto* array = node->as_array();
  if (array == nullptr) {
    wrong_type(key, "a list of whole numbers", std::string(key) + " = [1, 2]");
    return {};
  }
  std::vector<std::int64_t> found;
  for (const toml::node& element : *array) {
    const auto* value = element.as_integer();
    if (value != nullptr && value->get() >= least && value->get() <= most) {
      found.push_back(value->get());
    } else {
      journal_->mistake(place_of(element), subject_ + ": " + std::string(key) + " holds whole numbers from " +
                                               std::to_string(least) + " … " + std::to_string(most) + ", got " +
                                               show(element));
    }
  }
  return found;
}

std::optional<Section> Section::section(std::string_view key, std::string subject) {
  const toml::node* node = find(key);
  if (node == nullptr) return std::nullopt;
  if (const auto* table = node->as_table()) return Section(*table, std::move(subject), *journal_);
  wrong_type(key, "a section", "[" + std::string(key) + "] once");
  return std::nullopt;
}

std::vector<Section> Section::sections(std::string_view key, std::string_view kind) {
  const toml::node* node = find(key);
  if (node == nullptr) return {};
  const auto* array = node->as_array();
  if (array == nullptr) {
    wrong_type(key, "a list of sections", "[[" + std::string(key) + "]] before each");
    return {};
  }
  std::vector<Section> found;
  for (const toml::node& element : *array) {
    const auto* table = element.as_table();
    if (table == nullptr) {
      journal_->mistake(place_of(element),
                        subject_ + ": " + std::string(key) + " holds sections only, got " + show(element));
      continue;
    }
    const auto* name = table->get("id") != nullptr ? table->get("id") : table->get("name");
    const auto* named = name != nullptr ? name->as_string() : nullptr;
    const std::string which = named != nullptr ? quote(named->get()) : std::to_string(found.size() + 1);
    found.emplace_back(*table, std::string(kind) + " " + which, *journal_);
  }
  return found;
}

std::vector<Section> Section::one_or_more(std::string_view key, std::string_view kind) {
  const toml::node* node = table_->get(key);
  if (node == nullptr || !node->is_table()) return sections(key, kind);
  std::vector<Section> found;
  if (auto only = section(key, std::string(kind))) found.push_back(std::move(*only));
  return found;
}

std::optional<std::size_t> Section::choose(std::string_view key, std::span<const std::string_view> names) {
  const auto word = text(key);
  if (!word) return std::nullopt;
  const auto found = std::ranges::find(names, *word);
  if (found != names.end()) return static_cast<std::size_t>(found - names.begin());
  complain(key, "has no such value", join_or(names) + did_you_mean(*word, names));
  return std::nullopt;
}

bool Section::require(std::string_view key, std::string_view example) {
  if (has(key)) return true;
  known_.push_back(key);
  journal_->mistake(place(), subject_ + ": " + std::string(key) + " is missing; write " + std::string(example));
  return false;
}

void Section::forbid(std::string_view key, std::string_view reason) {
  if (find(key) == nullptr) return;
  journal_->mistake(place(key), subject_ + ": " + std::string(key) + " " + std::string(reason));
}

void Section::complain(std::string_view key, std::string_view what, std::string_view write) {
  const toml::node* node = table_->get(key);
  std::string sentence = subject_ + ": " + std::string(key) + " " + std::string(what);
  if (node != nullptr) sentence += ", got " + show(*node);
  if (!write.empty()) sentence += "; write " + std::string(write);
  journal_->mistake(place(key), std::move(sentence));
}

void Section::complain(std::string_view what) {
  journal_->mistake(place(), subject_ + ": " + std::string(what));
}

void Section::complain(const Text& at, std::string_view what) {
  journal_->mistake(at.place, subject_ + ": " + std::string(what));
}

void Section::wrong_type(std::string_view key, std::string_view expected, std::string_view write) {
  const bool secret = holds_secret(key);
  const toml::node* node = table_->get(key);
  journal_->mistake(place(key), subject_ + ": " + std::string(key) + " must be " + std::string(expected) +
                                    (secret || node == nullptr ? "" : ", got " + show(*node)) + "; write " +
                                    std::string(write));
}

void Section::finish() {
  for (const auto& [key, node] : *table_) {
    const std::string_view name = key.str();
    if (std::ranges::find(known_, name) != known_.end()) continue;
    const std::string quoted = "'" + std::string(name) + "'";
    std::string reason;
    if (is_the_provinces(name)) {
      reason = quoted + " is owned by the province, which keeps it by credit code; remove it here";
    } else if (holds_secret(name)) {
      reason = quoted + " must not stand in this file; put the secret into a file of its own and write " +
               "password_file = \"credentials:NAME\" or key_file = \"credentials:NAME\"";
    } else {
      const bool section = node.is_table() || node.is_array_of_tables();
      reason = "unknown " + std::string(section ? "section " : "key ") + quoted + did_you_mean(name, known_);
    }
    journal_->mistake(place_of(key), subject_ + ": " + reason);
  }
}

std::vector<std::pair<Text, const toml::node*>> Section::entries() const {
  std::vector<std::pair<Text, const toml::node*>> found;
  for (const auto& [key, node] : *table_) found.push_back({{std::string(key.str()), place_of(key)}, &node});
  return found;
}

std::optional<toml::table> parse_document(std::string_view text, Journal& journal) {
  try {
    return toml::parse(text);
  } catch (const toml::parse_error& error) {
    const Place place = place_of(error.source().begin);
    const auto line = line_of(text, place.line);
    const std::string why(error.description());
    journal.mistake(place, holds_secret(line) ? "this line is not TOML (not repeated here: it may hold a secret)"
                                              : "not TOML: " + why + hint_for(why, line));
    return std::nullopt;
  }
}

}  // namespace jidian::config
