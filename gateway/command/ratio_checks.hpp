#pragma once

#include <vector>

#include "command/phase_checks.hpp"
#include "command/subject.hpp"

namespace jidian::command {

/// The transformers that the site file declares, against what the meter holds in its own registers; empty where none
/// are declared. Pure.
///
/// | check                | fails with                                                       | unknown with |
/// |----------------------|------------------------------------------------------------------|--------------------------------|
/// | ct_ratio, pt_ratio   | differs (from the meter's), inverted (primary below secondary)   | absent (the meter tells
/// none)  |
std::vector<Check> check_ratios(const Subject& subject);

}  // namespace jidian::command
