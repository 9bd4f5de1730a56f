#include "config/site_edit.hpp"

#include <algorithm>
#include <cstdio>
#include <utility>

#include "config/section.hpp"

namespace jidian::config {
namespace {

using Position = toml::source_position;

/// A site file's text with what it means.
struct Document {
  std::string_view text;
  toml::table root;
  std::string line_end;
};

Result<toml::table> parse_toml(std::string_view text) {
  Journal journal("site file");
  auto parsed = parse_document(text, journal);
  if (parsed) return std::move(*parsed);
  return Error{ErrorKind::invalid, journal.take().front().to_string()};
}

Result<Document> open_document(std::string_view text) {
  auto root = parse_toml(text);
  if (!root) return root.error();
  return Document{text, std::move(*root), text.find("\r\n") == std::string_view::npos ? "\n" : "\r\n"};
}

/// Where the line that holds `at` begins.
std::size_t line_begin(std::string_view text, std::size_t at) {
  const auto before = at == 0 ? std::string_view::npos : text.rfind('\n', at - 1);
  return before == std::string_view::npos ? 0 : before + 1;
}

/// Behind the end of the line that holds `at`.
std::size_t line_after(std::string_view text, std::size_t at) {
  const auto end = text.find('\n', at);
  return end == std::string_view::npos ? text.size() : end + 1;
}

/// The byte at a position of the parser, which counts characters.
std::size_t offset_of(std::string_view text, const Position& position) {
  std::size_t at = 0;
  for (auto line = 1U; line < position.line && at < text.size(); ++line) at = line_after(text, at);
  const auto continues = [&](std::size_t byte) { return (static_cast<unsigned char>(text[byte]) & 0xC0U) == 0x80U; };
  for (auto column = 1U; column < position.column && at < text.size(); ++column)
    for (++at; at < text.size() && continues(at);) ++at;
  return at;
}

std::string indent_at(std::string_view text, std::size_t at) {
  const auto begin = line_begin(text, at);
  const auto end = text.find_first_not_of(" \t", begin);
  return std::string(text.substr(begin, std::min(end, text.size()) - begin));
}

bool is_blank(std::string_view line) {
  return line.find_first_not_of(" \t\r\n") == std::string_view::npos;
}

bool is_comment(std::string_view line) {
  const auto first = line.find_first_not_of(" \t");
  return first != std::string_view::npos && line[first] == '#';
}

/// Where the last thing within `node` ends.
Position end_of(const toml::node& node) {
  Position end = node.source().end;
  const auto take = [&end](const toml::node& part) {
    const Position other = end_of(part);
    if (other.line > end.line || (other.line == end.line && other.column > end.column)) end = other;
  };
  if (const auto* table = node.as_table())
    for (const auto& [key, value] : *table) take(value);
  if (const auto* list = node.as_array())
    for (const auto& value : *list) take(value);
  return end;
}

/// Behind the block that `node` ends: comments that follow at once belong to it, unless they stand over the next thing.
std::size_t after_block(std::string_view text, const toml::node& node) {
  const std::size_t after = line_after(text, offset_of(text, end_of(node)));
  std::size_t at = after;
  while (at < text.size() && is_comment(text.substr(at, line_after(text, at) - at))) at = line_after(text, at);
  const bool stands_over = at < text.size() && !is_blank(text.substr(at, line_after(text, at) - at));
  return stands_over ? after : at;
}

/// The tables `[[key]]`; nothing if they are written as a list of inline tables.
Result<std::vector<toml::table*>> tables_of(Document& document, std::string_view key) {
  std::vector<toml::table*> tables;
  toml::node* node = document.root.get(key);
  if (node == nullptr) return tables;
  const std::string name(key);
  const Error inlined{ErrorKind::unsupported,
                      "the site file has its " + name + "s in one list; write a [[" + name + "]] for each"};
  if (!node->is_array()) return inlined;
  for (auto& element : *node->as_array()) {
    auto* table = element.as_table();
    if (table == nullptr || table->is_inline()) return inlined;
    tables.push_back(table);
  }
  return tables;
}

Result<toml::table*> table_with_id(Document& document, std::string_view key, std::string_view id) {
  const auto tables = tables_of(document, key);
  if (!tables) return tables.error();
  std::string ids;
  for (auto* table : *tables) {
    const auto found = (*table)["id"].value<std::string>();
    if (found == id) return table;
    if (found) ids += (ids.empty() ? "" : ", ") + *found;
  }
  return Error{ErrorKind::not_found, "the site file has no " + std::string(key) + " '" + std::string(id) + "'; " +
                                         (ids.empty() ? "it has none" : "it has: " + ids)};
}

Result<toml::table> table_of(std::span<const Assignment> keys) {
  toml::table table;
  for (const auto& [key, value] : keys) {
    auto one = parse_toml(key + " = " + value + "\n");
    if (!one) return one.error();
    if (one->size() != 1 || !one->contains(key))
      return Error{ErrorKind::invalid, "'" + key + " = " + value + "' is more than a key and its value"};
    table.insert(key, *one->get(key));
  }
  return table;
}

/// The new text, if it means what was wanted.
Result<std::string> checked(std::string text, const toml::table& wanted) {
  const auto root = parse_toml(text);
  if (root && *root == wanted) return text;
  return Error{ErrorKind::unsupported,
               "the site file is written in a way that cannot be changed safely here; change it with an editor" +
                   (root ? std::string() : " (" + root.error().message() + ")")};
}

std::string inserted(std::string_view text, std::size_t at, const std::string& what) {
  return std::string(text.substr(0, at)) + what + std::string(text.substr(at));
}

/// Past blanks and comments.
std::size_t skip_blanks(std::string_view text, std::size_t at) {
  while (at < text.size()) {
    if (text[at] == '#')
      at = line_after(text, at);
    else if (std::string_view(" \t\r\n").find(text[at]) != std::string_view::npos)
      ++at;
    else
      break;
  }
  return at;
}

/// `text` with one more element in the list `node`.
std::string with_element(const Document& document, const toml::array& list, const std::string& element) {
  const std::string_view text = document.text;
  if (list.empty()) return inserted(text, offset_of(text, list.source().begin) + 1, element);

  const std::size_t first = offset_of(text, list.back().source().begin);
  const std::size_t last = offset_of(text, list.back().source().end);
  const bool own_line = is_blank(text.substr(line_begin(text, first), first - line_begin(text, first)));
  if (!own_line) return inserted(text, last, ", " + element);

  const std::string indent = indent_at(text, first);
  const std::size_t comma = skip_blanks(text, last);
  const bool has_comma = comma < text.size() && text[comma] == ',';
  const std::size_t from = has_comma ? comma + 1 : last;
  const std::size_t close = skip_blanks(text, from);
  const std::size_t next_line = line_after(text, from);
  const std::string new_line = indent + element + (has_comma ? "," : "");
  std::string changed = next_line <= close ? inserted(text, next_line, new_line + document.line_end)
                                           : inserted(text, from, document.line_end + new_line);
  return has_comma ? changed : inserted(changed, last, ",");
}

bool is_plain(const toml::node& node) {
  if (const auto* table = node.as_table()) return table->is_inline();
  const auto* list = node.as_array();
  return list == nullptr || !list->is_array_of_tables() || list->get(0)->as_table()->is_inline();
}

/// `text` with a plain key of `table` at this value; a key it does not have comes behind its last plain one, which is
/// `first` at least.
std::string with_key(const Document& document, const toml::table& table, const toml::node* first,
                     const Assignment& key) {
  const std::string_view text = document.text;
  if (const toml::node* old = table.get(key.key)) {
    const std::size_t begin = offset_of(text, old->source().begin);
    const std::size_t end = offset_of(text, old->source().end);
    return std::string(text.substr(0, begin)) + key.value + std::string(text.substr(end));
  }
  // An empty section has its own head only.
  Position last = first != nullptr ? first->source().end : table.source().begin;
  for (const auto& [name, node] : table)
    if (is_plain(node) && end_of(node).line > last.line) last = end_of(node);
  const std::size_t at = line_after(text, offset_of(text, last));
  const std::size_t like = offset_of(text, first != nullptr ? first->source().begin : table.source().begin);
  const std::string line = indent_at(text, like) + key.key + " = " + key.value + document.line_end;
  return inserted(text, at, (at > 0 && text[at - 1] == '\n' ? "" : document.line_end) + line);
}

Error no_plain_key(std::string_view id, std::string_view key) {
  return {ErrorKind::unsupported,
          "'" + std::string(key) + "' of meter '" + std::string(id) + "' is a section; change it with an editor"};
}

}  // namespace

std::string toml_string(std::string_view text) {
  std::string written = "\"";
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (c == '"' || c == '\\') {
      written += '\\';
      written += c;
    } else if (byte < 0x20 || byte == 0x7F) {
      std::array<char, 8> escape{};
      (void)std::snprintf(escape.data(), escape.size(), "\\u%04X", static_cast<unsigned>(byte));
      written += escape.data();
    } else {
      written += c;
    }
  }
  return written + '"';
}

Result<std::string> add_meter(std::string_view text, std::span<const Assignment> keys) {
  auto document = open_document(text);
  if (!document) return document.error();
  auto added = table_of(keys);
  if (!added) return added.error();
  const auto meters = tables_of(*document, "meter");
  if (!meters) return meters.error();
  const auto buses = tables_of(*document, "bus");
  if (!buses) return buses.error();

  const toml::table* before = !meters->empty() ? meters->back() : !buses->empty() ? buses->back() : nullptr;
  const std::size_t at = before == nullptr ? text.size() : after_block(text, *before);
  const std::string& line_end = document->line_end;
  std::string head;
  std::string indent;
  if (before != nullptr) {
    head = indent_at(text, offset_of(text, before->source().begin));
    if (const auto* id = before->get("id")) indent = indent_at(text, offset_of(text, id->source().begin));
  }
  std::string block = at > 0 && text[at - 1] != '\n' ? line_end : "";
  block += line_end + head + "[[meter]]" + line_end;
  for (const auto& [key, value] : keys) {
    block += indent;
    block += key + " = " + value + line_end;
  }
  if (at < text.size() && !is_blank(text.substr(at, line_after(text, at) - at))) block += line_end;

  if (!document->root.contains("meter")) document->root.insert("meter", toml::array{});
  std::string changed = inserted(text, at, block);
  document->root["meter"].as_array()->push_back(std::move(*added));
  return checked(std::move(changed), document->root);
}

Result<std::string> set_meter_key(std::string_view text, std::string_view id, const Assignment& key) {
  auto document = open_document(text);
  if (!document) return document.error();
  auto value = table_of({&key, 1});
  if (!value) return value.error();
  const auto meter = table_with_id(*document, "meter", id);
  if (!meter) return meter.error();
  const toml::node* old = (*meter)->get(key.key);
  if (old != nullptr && !is_plain(*old)) return no_plain_key(id, key.key);
  std::string changed = with_key(*document, **meter, (*meter)->get("id"), key);
  for (const auto& [name, node] : *value) (*meter)->insert_or_assign(name, node);
  return checked(std::move(changed), document->root);
}

Result<std::string> remove_meter_key(std::string_view text, std::string_view id, std::string_view key) {
  auto document = open_document(text);
  if (!document) return document.error();
  const auto meter = table_with_id(*document, "meter", id);
  if (!meter) return meter.error();
  const toml::node* old = (*meter)->get(key);
  if (old == nullptr) return std::string(text);
  if (!is_plain(*old)) return no_plain_key(id, key);
  const std::size_t begin = line_begin(text, offset_of(text, old->source().begin));
  const std::size_t end = line_after(text, offset_of(text, end_of(*old)));
  std::string changed = std::string(text.substr(0, begin)) + std::string(text.substr(end));
  (*meter)->erase(key);
  return checked(std::move(changed), document->root);
}

Result<std::string> add_to_facility(std::string_view text, std::string_view id, std::string_view meter) {
  auto document = open_document(text);
  if (!document) return document.error();
  const auto facility = table_with_id(*document, "facility", id);
  if (!facility) return facility.error();
  auto* list = (**facility)["meters"].as_array();
  if (list == nullptr)
    return Error{ErrorKind::unsupported,
                 "facility '" + std::string(id) + "' has no list of meters; write meters = [] into it"};
  for (const auto& element : *list)
    if (element.value<std::string_view>() == meter)
      return Error{ErrorKind::conflict,
                   "facility '" + std::string(id) + "' lists meter '" + std::string(meter) + "' already"};
  std::string changed = with_element(*document, *list, toml_string(meter));
  list->push_back(std::string(meter));
  return checked(std::move(changed), document->root);
}

namespace {

constexpr std::string_view run_in_one_line = "' has its run rule in one line; write a section [facility.run] behind it";

/// The section of facility `id`, or null. Errors: not_found, unsupported.
Result<toml::table*> run_of(Document& document, std::string_view id) {
  const auto facility = table_with_id(document, "facility", id);
  if (!facility) return facility.error();
  toml::node* run = (*facility)->get("run");
  if (run == nullptr) return static_cast<toml::table*>(nullptr);
  toml::table* table = run->as_table();
  if (table == nullptr || table->is_inline())
    return Error{ErrorKind::unsupported, "facility '" + std::string(id) + std::string(run_in_one_line)};
  return table;
}

Result<std::string> add_run(std::string_view text, std::string_view id, std::span<const Assignment> keys) {
  auto document = open_document(text);
  if (!document) return document.error();
  auto added = table_of(keys);
  if (!added) return added.error();
  const auto facility = table_with_id(*document, "facility", id);
  if (!facility) return facility.error();
  const std::size_t at = after_block(text, **facility);
  const std::string indent = indent_at(text, offset_of(text, (*facility)->source().begin));
  std::string block = at > 0 && text[at - 1] != '\n' ? document->line_end : "";
  block += indent + "[facility.run]" + document->line_end;
  for (const auto& [key, value] : keys) {
    block += indent;
    block += key + " = " + value + document->line_end;
  }
  std::string changed = inserted(text, at, block);
  (*facility)->insert("run", std::move(*added));
  return checked(std::move(changed), document->root);
}

Result<std::string> set_run_key(std::string_view text, std::string_view id, const Assignment& key) {
  auto document = open_document(text);
  if (!document) return document.error();
  auto value = table_of({&key, 1});
  if (!value) return value.error();
  const auto run = run_of(*document, id);
  if (!run) return run.error();
  std::string changed = with_key(*document, **run, (*run)->empty() ? nullptr : &(*run)->begin()->second, key);
  for (const auto& [name, node] : *value) (*run)->insert_or_assign(name, node);
  return checked(std::move(changed), document->root);
}

Result<std::string> remove_run_key(std::string_view text, std::string_view id, std::string_view key) {
  auto document = open_document(text);
  if (!document) return document.error();
  const auto run = run_of(*document, id);
  if (!run) return run.error();
  const toml::node* old = *run == nullptr ? nullptr : (*run)->get(key);
  if (old == nullptr) return std::string(text);
  const std::size_t begin = line_begin(text, offset_of(text, old->source().begin));
  const std::size_t end = line_after(text, offset_of(text, end_of(*old)));
  std::string changed = std::string(text.substr(0, begin)) + std::string(text.substr(end));
  (*run)->erase(key);
  return checked(std::move(changed), document->root);
}

}  // namespace

Result<std::string> set_facility_run(std::string_view text, std::string_view id, std::span<const Assignment> keys,
                                     std::span<const std::string_view> removed) {
  auto document = open_document(text);
  if (!document) return document.error();
  const auto run = run_of(*document, id);
  if (!run) return run.error();
  if (*run == nullptr) return add_run(text, id, keys);
  Result<std::string> changed = std::string(text);
  for (const Assignment& key : keys)
    if (changed) changed = set_run_key(*changed, id, key);
  for (const std::string_view key : removed)
    if (changed) changed = remove_run_key(*changed, id, key);
  return changed;
}

}  // namespace jidian::config
