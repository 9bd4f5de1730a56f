#pragma once

#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "base/time.hpp"
#include "domain/manifest.hpp"
#include "domain/reading.hpp"

namespace jidian::recorder {

/// The newest poll of every meter, for people. From any thread.
class LiveView {
 public:
  /// `manifest` outlives this.
  explicit LiveView(const domain::Manifest& manifest) : manifest_(manifest), newest_(manifest.meters.size()) {}

  void put(const domain::Poll& poll);

  /// The present time, as far as the view knows.
  void set_now(UtcTime now);

  /// JSON as record::live_json prints it.
  std::string json() const;

 private:
  const domain::Manifest& manifest_;
  mutable std::mutex mutex_;
  std::vector<std::optional<domain::Poll>> newest_;
  UtcTime now_{};
};

}  // namespace jidian::recorder
