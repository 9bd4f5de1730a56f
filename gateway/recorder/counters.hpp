#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "base/time.hpp"
#include "domain/event.hpp"
#include "domain/manifest.hpp"
#include "domain/reading.hpp"
#include "recorder/swaps.hpp"

namespace jidian::recorder {

/// The last values of every counter in the record of an earlier run, and what was counted since.
class Counters {
 public:
  /// Both outlive this.
  Counters(const domain::Manifest& manifest, const Swaps& swaps)
      : manifest_(manifest), swaps_(swaps), meters_(manifest.meters.size()) {}

  /// A recorded poll; the newest wins.
  void remember(const domain::Poll& poll);

  /// Goes on as `before` would with its meter `theirs`, which is called `ours` here and has the same points.
  void take_over(const Counters& before, domain::MeterIndex theirs, domain::MeterIndex ours) {
    meters_[ours] = before.meters_[theirs];
  }

  /// Nothing is remembered of `meter`: nothing was missed.
  void forget(domain::MeterIndex meter) { meters_[meter] = {}; }

  /// The `counter_step` event of a meter's first poll with values after the start; nothing for later ones, and for
  /// meters of which nothing is remembered. A poll whose counters are implausible is waited out. Integers: the exact
  /// difference, over a rollover (`domain::rollover_between`) modulo the counter's modulus; a counter that fell or
  /// shows less without a modulus, and floats: both values. Where the meter was exchanged meanwhile, what both meters
  /// counted, as far as it is known; fact `replaced` says when.
  std::optional<domain::Event> take_step(const domain::Poll& poll, UtcTime now);

 private:
  struct Value {
    std::uint64_t bits = 0;
    UtcTime at;
  };
  struct Meter {
    bool is_remembered = false;
    std::vector<std::optional<Value>> values;  ///< By point; empty once the step is told.
  };

  const domain::Manifest& manifest_;
  const Swaps& swaps_;
  std::vector<Meter> meters_;
};

}  // namespace jidian::recorder
