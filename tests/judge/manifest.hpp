// A manifest, as far as the judge needs it.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "batch.hpp"

namespace jidian::judge {

/// A counter that an amount adds up.
struct ManifestSource {
  std::size_t meter = 0;
  std::size_t point = 0;
  std::int64_t factor = 1;
  int factor_exponent = 0;
};

struct ManifestAmount {
  std::string name;
  int exponent = 0;
  std::vector<ManifestSource> sources;
};

struct ManifestPoint {
  std::string name;
  std::string quantity;
  std::string phase;
  int type = 0;  ///< 0 unsigned, 1 signed, 2 float32, 3 float64
  int exponent = 0;
  std::uint64_t modulus = 0;
  bool is_multiplied = false;  ///< It has ratio points or a scale point.
};

struct ManifestMeter {
  std::string id;
  std::string bus;
  std::int64_t period_ms = 0;
  std::vector<ManifestPoint> points;
};

struct Manifest {
  std::vector<ManifestMeter> meters;
  std::map<std::pair<int, std::size_t>, std::vector<ManifestAmount>> amounts;  ///< by kind and index of the subject
  std::map<std::pair<int, std::size_t>, std::size_t> columns;   ///< how many those are, as decode_rows wants them
  std::map<std::pair<int, std::size_t>, std::string> subjects;  ///< their ids
  PointTypes types;                                             ///< the points' types again, as decode_polls wants them
};

/// Nothing if the bytes are not a manifest of this contract.
std::optional<Manifest> decode_manifest(const Bytes& bytes);

}  // namespace jidian::judge
