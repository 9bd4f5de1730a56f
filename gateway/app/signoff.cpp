#include <algorithm>
#include <array>
#include <iostream>
#include <nlohmann/json.hpp>

#include "app/local_client.hpp"
#include "app/print.hpp"
#include "app/statements.hpp"
#include "app/texts.hpp"
#include "app/verbs.hpp"

namespace jidian::app {
namespace {

using Json = nlohmann::json;

/// All that a check can find. A gateway of another release may know more.
constexpr auto known_findings = std::to_array<std::string_view>({
    "energy.ok",
    "energy.differs",
    "energy.display_larger",
    "energy.reading_larger",
    "ct_ratio.ok",
    "ct_ratio.differs",
    "ct_ratio.inverted",
    "ct_ratio.absent",
    "pt_ratio.ok",
    "pt_ratio.differs",
    "pt_ratio.inverted",
    "pt_ratio.absent",
    "voltage.ok",
    "voltage.missing",
    "voltage.unbalanced",
    "voltage.unusual",
    "voltage.absent",
    "phase_sum.ok",
    "phase_sum.differs",
    "phase_sum.absent",
    "phase_sign.ok",
    "phase_sign.no_load",
    "phase_sign.feeds_back",
    "phase_sign.reversed",
    "phase_sign.absent",
    "phase_sign.all_reversed",
    "power_factor.ok",
    "power_factor.no_load",
    "power_factor.too_large",
    "power_factor.odd",
    "power_factor.sign",
    "power_factor.absent",
    "phase_order.ok",
    "phase_order.left",
    "phase_order.absent",
});

Values values_of(const Json& check) {
  Values values;
  if (check.contains("values") && check["values"].is_object())
    for (const auto& [name, value] : check["values"].items())
      if (value.is_string()) values.emplace_back(name, value.get<std::string>());
  return values;
}

/// "CT ratio 40 and 10^3": what makes the reading the display.
std::string reason_of(const Values& values) {
  std::string reason;
  for (const std::string_view part : {"ct", "pt", "ten"})
    if (std::ranges::find(values, part, &Values::value_type::first) != values.end())
      reason += (reason.empty() ? "" : text("signoff.and")) + text("signoff.by-" + std::string(part), values);
  return reason;
}

std::string sentence_of(const Json& check) {
  const std::string found = check.value("check", "") + "." + check.value("because", "");
  if (std::ranges::find(known_findings, found) == known_findings.end()) return found;
  Values values = values_of(check);
  values.emplace_back("reason", reason_of(values));
  return text("signoff." + found, values);
}

Exit print_signoff(const Common& common, const std::string& body) {
  const auto answer = Json::parse(body, nullptr, false);
  if (!answer.is_object() || !answer.contains("checks"))
    return print_failure(common, Error{ErrorKind::corrupt, text("answer.unclear")}), Exit::device;
  const bool recorded = answer.value("recorded", false);
  if (common.json) {
    std::cout << body << '\n';
    return recorded ? Exit::ok : Exit::findings;
  }
  std::cout << text("signoff.head", {{"meter", answer.value("meter", "")},
                                     {"point", answer.value("point", "")},
                                     {"read", answer.value("read", "")}})
            << '\n';
  for (const auto& check : answer["checks"]) {
    const auto verdict = check.value("verdict", "unknown");
    const char* mark = verdict == "ok"       ? "signoff.mark-ok"
                       : verdict == "failed" ? "signoff.mark-failed"
                                             : "signoff.mark-unknown";
    std::cout << text(mark) << "  " << sentence_of(check) << '\n';
  }
  const char* last = !recorded ? "signoff.refused" : answer.value("holds", false) ? "signoff.done" : "signoff.accepted";
  std::cout << text(last, {{"meter", answer.value("meter", "")},
                           {"by", answer.value("by", "")},
                           {"user", answer.value("user", "")}})
            << '\n';
  return recorded ? Exit::ok : Exit::findings;
}

}  // namespace

Exit signoff(const Common& common, const SignoffOptions& options) {
  const auto answer = state(common, "signoff",
                            Json{{"op", "signoff"},
                                 {"meter", options.meter},
                                 {"display", options.display},
                                 {"point", options.point},
                                 {"by", options.by},
                                 {"note", options.note},
                                 {"accept", options.accept}});
  if (!answer) return exit_of_statement(common, answer.error());
  return print_signoff(common, *answer);
}

}  // namespace jidian::app
