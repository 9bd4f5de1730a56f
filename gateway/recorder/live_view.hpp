#pragma once

#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "base/time.hpp"
#include "domain/directive.hpp"
#include "domain/manifest.hpp"
#include "domain/plant_now.hpp"
#include "domain/reading.hpp"
#include "domain/site_load.hpp"

namespace jidian::recorder {

/// The newest poll of every meter and the orders from above, for people. From any thread.
class LiveView {
 public:
  /// `manifest` outlives this.
  explicit LiveView(const domain::Manifest& manifest)
      : manifest_(manifest), load_(manifest), newest_(manifest.meters.size()) {}

  void put(const domain::Poll& poll);

  /// What the plant does now.
  void put(domain::PlantNow plant);

  /// The same again.
  domain::PlantNow plant_now() const;

  /// The orders in force or ahead.
  void put(std::vector<domain::KnownDirective> orders);

  /// The present time, as far as the view knows.
  void set_now(UtcTime now);

  /// JSON as record::live_json prints it.
  std::string json() const;

  /// The orders with what their facilities draw, as record::directives_json prints them.
  std::string directives() const;

 private:
  const domain::Manifest& manifest_;
  const domain::SiteLoad load_;
  mutable std::mutex mutex_;
  std::vector<std::optional<domain::Poll>> newest_;
  domain::PlantNow plant_;
  std::vector<domain::KnownDirective> orders_;
  UtcTime now_{};
};

}  // namespace jidian::recorder
