#pragma once

#include <string>
#include <utility>
#include <vector>

#include "command/subject.hpp"

namespace jidian::command {

/// A meter that shows what a test says.
class Metered {
 public:
  Metered() {
    entry.id = "feeder-a";
    answer.meter = "feeder-a";
  }

  /// Adds "quantity.phase" with a value as the meter shows it.
  domain::PointEntry& shows(const std::string& name, const std::string& value, const std::string& unit,
                            PointKind kind = PointKind::instantaneous) {
    const auto dot = name.find('.');
    domain::PointEntry& point = entry.points.emplace_back();
    point.name = name;
    point.quantity = name.substr(0, dot);
    point.phase = dot == std::string::npos ? "" : name.substr(dot + 1);
    point.unit = unit;
    point.carrier = Carrier::electricity;
    point.kind = kind;
    acquire::PointAnswer& said = answer.points.emplace_back();
    said.point = name;
    said.value = value;
    said.unit = unit;
    return point;
  }
  void phases(const std::string& quantity, const std::vector<std::string>& values, const std::string& unit) {
    for (std::size_t i = 0; i < values.size(); ++i) shows(quantity + ".l" + std::to_string(i + 1), values[i], unit);
  }

  Subject subject() const { return {entry, answer, generates}; }

  domain::MeterEntry entry;
  acquire::MeterAnswer answer;
  bool generates = false;
};

}  // namespace jidian::command
