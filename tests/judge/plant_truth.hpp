// The simulated plant as a source of truth.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "audit.hpp"
#include "tests/plant/truth.hpp"

namespace jidian::judge {

/// Finds a point's register by what it means (quantity and phase), in the plant's own map: a profile with a wrong
/// address, order or type therefore shows as false values.
class PlantTruth : public TruthSource {
 public:
  /// @param clock_error_ms  How far the gateway's clock may have been from the plant's: a value is true if it was
  ///                        shown that long before or after its poll.
  /// @throws plant::ScenarioError
  explicit PlantTruth(const std::string& scenario, std::int64_t clock_error_ms = 0);

  Answer check(const std::string& meter, const std::string& quantity, const std::string& phase, int value_type,
               std::uint64_t bits, std::int64_t start_ms, std::int64_t end_ms) override;

 private:
  const std::vector<plant::Field>& fields_of(const std::string& meter, const std::string& quantity,
                                             const std::string& phase);

  plant::Truth truth_;
  std::int64_t clock_error_ms_;
  std::map<std::string, std::vector<plant::Field>> fields_;
};

}  // namespace jidian::judge
