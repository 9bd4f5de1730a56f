#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "command/snapshot.hpp"

namespace jidian::command {

/// One thing that is wrong, for the person who has to put it right.
struct Finding {
  enum class Level : std::uint8_t {
    warning,  ///< Degraded: something is missing or about to be.
    error,    ///< Readings are not being recorded, or are about to be lost.
  };
  Level level = Level::warning;
  std::string
      about;         ///< "meter press-1", "bus rtu-1", "store", "uplink province", "clock", "configuration", "gateway".
  std::string what;  ///< One sentence.
  std::string advice;
};

/// Everything that is wrong, the gravest first. Empty while all is well.
///
/// A fault is told once, where it is: the meters of a bus that cannot be opened, or on which nothing answers, are not
/// listed one by one. One failed poll is no finding.
std::vector<Finding> find_faults(const Snapshot& snapshot);

/// How a meter is, in one word: "new" (not asked yet), "learning" (what it takes in one request is being found out),
/// "fault" (it is not read, not whole, or is another meter), "doubtful" (it has not got all of its points, or its
/// values contradict one another), "well".
std::string_view state_of(const Snapshot& snapshot, const health::MeterHealth& meter);

}  // namespace jidian::command
