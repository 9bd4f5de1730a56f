#include "command/ratio_checks.hpp"

#include <cmath>

namespace jidian::command {
namespace {

/// Meters keep ratios as whole numbers or tenths: 1000/3 is 333 there.
constexpr double ratio_tolerance = 0.01;

void check_ratio(const Subject& subject, const char* name, const std::string& declared, std::vector<Check>& checks) {
  const Sides sides = sides_of(declared);
  if (sides.secondary <= 0) return;
  const double ratio = sides.primary / sides.secondary;
  const auto told = base_value(subject, name, "");
  Check check{name, Verdict::ok, "ok", {{"declared", declared}, {"ratio", rough(ratio)}}};
  if (told) check.values.emplace_back("told", rough(*told));
  if (sides.primary < sides.secondary) {
    check.verdict = Verdict::failed;
    check.because = "inverted";
  } else if (!told) {
    check.verdict = Verdict::unknown;
    check.because = "absent";
  } else if (std::abs(*told - ratio) > ratio_tolerance * ratio) {
    check.verdict = Verdict::failed;
    check.because = "differs";
  }
  checks.push_back(std::move(check));
}

}  // namespace

std::vector<Check> check_ratios(const Subject& subject) {
  std::vector<Check> checks;
  check_ratio(subject, "ct_ratio", subject.entry.ct_ratio, checks);
  check_ratio(subject, "pt_ratio", subject.entry.pt_ratio, checks);
  return checks;
}

}  // namespace jidian::command
