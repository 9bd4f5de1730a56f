// Whether what a row says a counter showed at its ends was read then.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "batch.hpp"
#include "manifest.hpp"

namespace jidian::judge {

/// Holds the edges of rows against the polls: an edge is a sample with its instant, never something between two
/// samples. First all rows, then all polls.
class EdgeAudit {
 public:
  /// The edges of one meter's row, under its manifest.
  void expect(const MeterRow& row, const Manifest& manifest);

  /// A recorded poll of `meter`: its values were read between its start and when they were there.
  void settle(const ManifestMeter& meter, const Poll& poll);

  struct Outcome {
    std::uint64_t compared = 0;
    std::uint64_t wrong = 0;
    std::vector<std::string> findings;
  };
  /// `is_gone` says of a meter and an instant whether its polls were declared to be missing.
  Outcome finish(const std::function<bool(const std::string&, std::int64_t)>& is_gone) const;

 private:
  void add(const ManifestMeter& meter, std::size_t point, std::int64_t at_ms, std::uint64_t bits);

  using Instant = std::pair<std::string, std::int64_t>;  // meter, ms
  using Sample = std::pair<std::string, std::uint64_t>;  // point, bits
  std::map<Instant, std::map<Sample, bool>> edges_;      // whether a poll had it
};

}  // namespace jidian::judge
