#pragma once

#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <utility>
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
  explicit LiveView(std::shared_ptr<const domain::Manifest> manifest)
      : of_(std::make_shared<const Of>(std::move(manifest))), newest_(of_->manifest->meters.size()) {}

  /// Another manifest is in force; what is known of meters that are still there is shown on.
  void change(std::shared_ptr<const domain::Manifest> manifest, domain::PlantNow plant);

  std::shared_ptr<const domain::Manifest> manifest() const;

  void put(const domain::Poll& poll);

  /// Whether every meter was polled, answered or not.
  bool is_whole() const;

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
  /// What follows from the manifest.
  struct Of {
    explicit Of(std::shared_ptr<const domain::Manifest> it) : manifest(std::move(it)), load(*manifest) {}
    std::shared_ptr<const domain::Manifest> manifest;
    domain::SiteLoad load;
  };

  mutable std::mutex mutex_;  // guards what follows
  std::shared_ptr<const Of> of_;
  std::vector<std::optional<domain::Poll>> newest_;
  domain::PlantNow plant_;
  std::vector<domain::KnownDirective> orders_;
  UtcTime now_{};
};

}  // namespace jidian::recorder
