#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "commission/job.hpp"
#include "meter/profile.hpp"

namespace jidian::commission {

/// How far a unit is what it is taken for.
enum class Verdict : std::uint8_t {
  silent,       ///< No answer at all.
  says,         ///< It says itself that it is this model.
  looks,        ///< Voltage and frequency make sense where this model has them.
  reads,        ///< Its registers can be read; the model cannot be told from them.
  differs,      ///< It says that it is another model or none of these; or others look right, and this one does not.
  refuses,      ///< It answers, and has not got the registers of this model.
  contradicts,  ///< Its values make no sense together where this model has them.
};

/// The word for a verdict: "silent", "says", …
std::string_view name_of(Verdict verdict);

struct ProbeOptions {
  std::uint8_t unit = 1;
  std::string profile;  ///< What the unit is taken for: the id of one of `profiles`.
  std::vector<meter::Profile> profiles;
  acquire::LineSettings home;  ///< Of the line; it is not tuned.
};

/// Asks one unit whether it is what it is taken for: by its own word, where the model can say it; else by what its
/// values are together (see `check_coherence`), and where they tell too little, whether it says to be another model.
/// Emits one
/// {"type": "meter", "unit", "profile", "verdict", "ms", "serial", "voltage", "ct_ratio", "pt_ratio", "checks": […],
/// "others": […]}, where `checks` are {"check", "result", "because", "values"} of what was compared, `others` the
/// profiles it says or seems to be instead, and the ratios what its own registers hold ("40"; empty: the profile names
/// none, or it was not told). Errors: unreachable, cancelled. Precondition: `profile` is one of `profiles`.
Job probe(ProbeOptions options);

}  // namespace jidian::commission
