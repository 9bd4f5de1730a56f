#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "meter/profile.hpp"

namespace jidian::commission {

/// Finds out what model a unit is, one question after the other. Pure: ask `next`, give the answer to `take`, until
/// `next` is empty.
///
/// First every place where a profile says its model is told (functions 43/14 and 17 only while nothing matched), then
/// the serial number of what matched. If nothing did: voltage and frequency of the profiles whose model cannot say what
/// it is; where both look like the mains, the model is a guess.
class Identifier {
 public:
  /// The profiles must outlive it.
  explicit Identifier(const std::vector<const meter::Profile*>& profiles);

  std::optional<meter::IdentityPlace> next();
  /// `said` as `meter::identity_of` gives it; empty if the unit refused or was silent.
  void take(const meter::IdentityPlace& place, const std::string& said);

  /// What it is: one profile, or several that say the same of it.
  const std::vector<const meter::Profile*>& models() const { return models_; }
  /// Whether the meter itself said so; false for a guess from its values.
  bool is_certain() const { return certain_; }
  const std::string& serial() const { return serial_; }
  /// The voltage that was read on the way, in V; empty if none was.
  const std::string& voltage() const { return voltage_; }

 private:
  enum class Phase : std::uint8_t { registers, functions, serial, values, done };

  const std::string* said_at(const meter::IdentityPlace& place) const;
  std::optional<meter::IdentityPlace> next_of(bool registers) const;
  std::optional<meter::IdentityPlace> next_value();
  void match();

  std::vector<const meter::Profile*> profiles_;
  std::vector<std::pair<meter::IdentityPlace, std::string>> answers_;
  std::vector<const meter::Profile*> models_;
  Phase phase_ = Phase::registers;
  bool certain_ = false;
  std::string serial_;
  std::string voltage_;
};

}  // namespace jidian::commission
