#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "command/subject.hpp"

namespace jidian::command {

enum class Verdict : std::uint8_t { ok, failed, unknown };

/// The word: "ok", "failed", "unknown".
std::string_view name_of(Verdict verdict);

/// One thing that was looked at.
struct Check {
  std::string name;
  Verdict verdict = Verdict::unknown;
  std::string because;  ///< A word for what was found; the command line has a sentence for each pair of name and this.
  std::vector<std::pair<std::string, std::string>> values = {};  ///< What the sentence needs, as texts.
};

/// What the phases of a meter of electricity say of one another; empty for other meters. Pure.
///
/// | check        | fails with                            | unknown with       |
/// |--------------|---------------------------------------|--------------------|
/// | voltage      | missing, unbalanced, unusual          | absent             |
/// | phase_sum    | differs                               | absent             |
/// | phase_sign   | reversed, all_reversed                | absent, no_load    |
/// | power_factor | too_large, odd, sign                  | absent, no_load    |
/// | phase_order  | left                                  | absent             |
std::vector<Check> check_phases(const Subject& subject);

}  // namespace jidian::command
