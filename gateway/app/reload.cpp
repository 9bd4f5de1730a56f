#include <iostream>
#include <nlohmann/json.hpp>

#include "app/print.hpp"
#include "app/statements.hpp"
#include "app/texts.hpp"
#include "app/verbs.hpp"

namespace jidian::app {
namespace {

using Answer = nlohmann::json;

std::string ids_in(const Answer& answer, const char* key) {
  std::string list;
  const auto found = answer.find(key);
  if (found == answer.end() || !found->is_array()) return list;
  for (const auto& id : *found)
    if (id.is_string()) list += (list.empty() ? "" : ", ") + id.get<std::string>();
  return list;
}

std::string text_in(const Answer& answer, const char* key) {
  const auto found = answer.find(key);
  return found != answer.end() && found->is_string() ? found->get<std::string>() : std::string();
}

void print_lines(const Answer& answer, const char* key, const char* before) {
  const auto found = answer.find(key);
  if (found == answer.end() || !found->is_array()) return;
  for (const auto& line : *found)
    if (line.is_string()) std::cout << before << line.get<std::string>() << '\n';
}

void print_list(const Answer& answer, const char* key, const std::string& sentence) {
  const auto ids = ids_in(answer, key);
  if (!ids.empty()) std::cout << text(sentence, {{"ids", ids}}) << '\n';
}

Exit print_taken(const Answer& answer) {
  const auto before = text_in(answer, "before");
  const auto after = text_in(answer, "after");
  std::cout << text(after.empty() ? "reload.unchanged" : "reload.taken", {{"file", text_in(answer, "file")}}) << '\n';
  print_list(answer, "added", "reload.added");
  print_list(answer, "removed", "reload.removed");
  print_list(answer, "changed", "reload.changed");
  print_list(answer, "paused", "reload.paused");
  if (before != after) std::cout << text("reload.manifest", {{"before", before}, {"after", after}}) << '\n';
  const auto why = text_in(answer, "not_stored");
  if (!why.empty()) std::cout << text("reload.not-stored", {{"why", why}}) << '\n';
  std::cout << text("reload.next") << '\n';
  return why.empty() ? Exit::ok : Exit::findings;
}

Exit print_not_taken(const Answer& answer) {
  const auto sections = ids_in(answer, "restart_needed");
  const auto problem = text_in(answer, "problem");
  if (!problem.empty()) {
    std::cout << text("reload.problem", {{"why", problem}}) << '\n';
    return Exit::device;
  }
  if (!sections.empty()) {
    std::cout << text("reload.restart", {{"sections", sections}}) << '\n' << text("reload.next-restart") << '\n';
    return Exit::findings;
  }
  std::cout << text("reload.mistakes") << '\n';
  print_lines(answer, "mistakes", "ERR   ");
  std::cout << text("reload.next-mistakes") << '\n';
  return Exit::usage;
}

}  // namespace

Exit reload(const Common& common) {
  const auto said = state(common, "reload", Answer{{"op", "reload"}});
  if (!said) return exit_of_statement(common, said.error());
  const auto answer = Answer::parse(*said, nullptr, false);
  if (!answer.is_object() || !answer.contains("taken") || !answer["taken"].is_boolean())
    return print_failure(common, Error{ErrorKind::corrupt, "the gateway's answer cannot be understood"}), Exit::device;
  const bool is_taken = answer["taken"].get<bool>();
  if (common.json) {
    std::cout << *said << '\n';
    if (is_taken) return text_in(answer, "not_stored").empty() ? Exit::ok : Exit::findings;
    if (!text_in(answer, "problem").empty()) return Exit::device;
    return ids_in(answer, "restart_needed").empty() ? Exit::usage : Exit::findings;
  }
  print_lines(answer, "warnings", "WARN  ");
  return is_taken ? print_taken(answer) : print_not_taken(answer);
}

}  // namespace jidian::app
