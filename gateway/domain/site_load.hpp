#pragma once

#include <optional>
#include <span>
#include <string>
#include <vector>

#include "base/time.hpp"
#include "domain/gauge.hpp"
#include "domain/manifest.hpp"
#include "domain/reading.hpp"

namespace jidian::domain {

/// What facilities draw at present, from the newest polls of their meters.
class SiteLoad {
 public:
  explicit SiteLoad(const Manifest& manifest);

  /// The sum of the active powers of the electricity meters of `facilities`, each once, in kW; of those of generation
  /// and storage as they are shown. A meter that is part of another of them (`parent`) is in that one's power already.
  /// With no facility: of the electricity accounts' meters. Nothing if there is no such meter, or if one of them tells
  /// no power, has no poll, none that can be trusted, or none of the last three periods (at least 15 s).
  /// @param newest  By meter; at most one each.
  std::optional<double> power_kw(const std::vector<std::string>& facilities,
                                 std::span<const std::optional<Poll>> newest, UtcTime now) const;

 private:
  std::vector<bool> meters_of(const std::vector<std::string>& facilities) const;
  std::optional<double> power_w(std::size_t meter, const Poll& poll) const;

  const Manifest& manifest_;
  std::vector<Gauge> gauges_;
};

}  // namespace jidian::domain
