// A manifest, as far as the judge needs it.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "batch.hpp"

namespace jidian::judge {

struct ManifestPoint {
  std::string name;
  std::string quantity;
  std::string phase;
  int type = 0;  ///< 0 unsigned, 1 signed, 2 float32, 3 float64
};

struct ManifestMeter {
  std::string id;
  std::string bus;
  std::int64_t period_ms = 0;
  std::vector<ManifestPoint> points;
};

struct Manifest {
  std::vector<ManifestMeter> meters;
  PointTypes types;  ///< the points' types again, as decode_polls wants them
};

/// Nothing if the bytes are not a manifest of this contract.
std::optional<Manifest> decode_manifest(const Bytes& bytes);

}  // namespace jidian::judge
