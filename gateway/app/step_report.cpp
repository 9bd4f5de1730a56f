#include "app/step_report.hpp"

#include <algorithm>
#include <iostream>
#include <nlohmann/json.hpp>
#include <utility>

#include "app/print.hpp"
#include "app/texts.hpp"

namespace jidian::app {
namespace {

std::string word_for(StepReport::Step step) {
  using Step = StepReport::Step;
  switch (step) {
    case Step::files:
      return "files";
    case Step::name:
      return "name";
    case Step::port:
      return "port";
    case Step::tls:
      return "tls";
    case Step::certificate:
      return "certificate";
    case Step::login:
      return "login";
    case Step::publish:
      return "publish";
    case Step::subscribe:
      return "subscribe";
    case Step::gateway:
      return "gateway";
    case Step::receipt:
      return "receipt";
    case Step::clock:
      return "clock";
  }
  return "";
}

constexpr std::size_t outcome_width = 8;
constexpr std::size_t step_width = 12;

std::string padded(std::string cell, std::size_t width) {
  const auto taken = columns_of(cell);
  return cell.append(taken < width ? width - taken : 1, ' ');
}

}  // namespace

StepReport::StepReport(bool json, std::string subject) : json_(json), subject_(std::move(subject)) {}

void StepReport::head(const std::string& sentence) const {
  if (!json_) std::cout << sentence << std::endl;
}

void StepReport::ok(Step step, const std::string& what) {
  tell(step, "ok", what, "");
}

void StepReport::skipped(Step step, const std::string& why) {
  tell(step, "skipped", why, "");
}

void StepReport::warning(Step step, const std::string& what, const std::string& advice) {
  worst_ = std::max(worst_, Exit::findings);
  tell(step, "warning", what, advice);
}

void StepReport::failed(Step step, const std::string& what, const std::string& advice, Exit exit) {
  worst_ = std::max(worst_, exit);
  tell(step, "failed", what, advice);
}

Exit StepReport::finish(const std::string& next) const {
  if (!json_) std::cout << next << std::endl;
  return worst_;
}

void StepReport::tell(Step step, const char* outcome, const std::string& what, const std::string& advice) const {
  if (json_) {
    nlohmann::ordered_json line{{"subject", subject_}, {"step", word_for(step)}, {"outcome", outcome}, {"text", what}};
    if (!advice.empty()) line["do"] = advice;
    std::cout << line.dump(-1, ' ', false, nlohmann::ordered_json::error_handler_t::replace) << std::endl;
    return;
  }
  std::cout << padded(text(std::string("step.") + outcome), outcome_width)
            << padded(text("step." + word_for(step)), step_width) << what << std::endl;
  if (!advice.empty()) std::cout << std::string(outcome_width + step_width, ' ') << "-> " << advice << std::endl;
}

}  // namespace jidian::app
