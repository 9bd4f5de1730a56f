#include <iostream>
#include <nlohmann/json.hpp>

#include "app/print.hpp"
#include "app/statements.hpp"
#include "app/texts.hpp"
#include "app/verbs.hpp"

namespace jidian::app {
namespace {

using Json = nlohmann::json;

/// The texts of a mark by name, "-" where there is none.
Values mark_values(const Json& mark, const std::string& subject) {
  Values values{{"subject", subject.empty() ? text("mark.whole-site") : subject}};
  for (const char* name : {"id", "mark", "from", "until", "by", "user", "reason", "told_at", "late_s"}) {
    const auto found = mark.find(name);
    values.emplace_back(name, found != mark.end() && found->is_string() ? found->get<std::string>() : "-");
  }
  return values;
}

Exit print_marked(const Common& common, const std::string& body) {
  const auto answer = Json::parse(body, nullptr, false);
  if (!answer.is_object() || !answer.contains("facts") || !answer["facts"].is_object())
    return print_failure(common, Error{ErrorKind::corrupt, text("answer.unclear")}), Exit::device;
  if (common.json) return std::cout << body << '\n', Exit::ok;
  const Json& facts = answer["facts"];
  const Values values = mark_values(facts, answer.value("subject", ""));
  const std::string state = facts.value("state", "");
  if (state != "told")
    return std::cout << text(state == "ended" ? "mark.ended" : "mark.withdrawn", values) << '\n', Exit::ok;
  std::cout << text(facts.contains("until") ? "mark.done" : "mark.done-open", values) << '\n';
  if (facts.value("late_s", "0") != "0") std::cout << text("mark.late", values) << '\n';
  std::cout << text("mark.next", values) << '\n';
  return Exit::ok;
}

}  // namespace

Exit mark(const Common& common, const MarkOptions& options) {
  Json request{{"op", "mark"}, {"until", options.until}, {"reason", options.reason}, {"by", options.by}};
  if (options.end.empty() == (options.subject.empty() && !options.all) || (options.all && !options.subject.empty()))
    return print_failure(common, Error{ErrorKind::invalid, text("mark.what")}), Exit::usage;
  if (options.end.empty()) {
    request["subject"] = options.subject;
    request["as"] = options.as;
    request["from"] = options.from;
  } else {
    request["end"] = options.end;
  }
  const auto answer = state(common, "mark", request);
  if (!answer) return exit_of_statement(common, answer.error());
  return print_marked(common, *answer);
}

Exit marks(const Common& common) {
  const auto answer = state(common, "marks", Json{{"op", "marks"}});
  if (!answer) return exit_of_statement(common, answer.error());
  if (common.json) return std::cout << *answer << '\n', Exit::ok;
  const auto listed = Json::parse(*answer, nullptr, false);
  if (!listed.is_object() || !listed.contains("marks") || !listed["marks"].is_array())
    return print_failure(common, Error{ErrorKind::corrupt, text("answer.unclear")}), Exit::device;
  for (const Json& mark : listed["marks"]) {
    const bool is_open = !mark.contains("until") || mark["until"].is_null();
    const bool in_force = mark.value("in_force", false);
    std::cout << text(is_open ? "marks.line-open" : "marks.line", mark_values(mark, mark.value("subject", "")))
              << (in_force ? "" : " " + text("marks.ahead")) << '\n';
  }
  std::cout << text(listed["marks"].empty() ? "marks.none" : "marks.next") << '\n';
  return Exit::ok;
}

}  // namespace jidian::app
