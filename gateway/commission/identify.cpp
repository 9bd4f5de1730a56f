#include "commission/identify.hpp"

#include <algorithm>
#include <cmath>
#include <cstdlib>

#include "base/decimal.hpp"
#include "meter/identity.hpp"

namespace jidian::commission {
namespace {

using meter::IdentityPlace;
using meter::IdentitySource;
using meter::Profile;

const meter::Point* point_named(const Profile& profile, const std::string& name) {
  const auto found = std::ranges::find(profile.points, name, &meter::Point::name);
  return found == profile.points.end() ? nullptr : &*found;
}

/// The number that stands at a point by itself, before ratios.
std::optional<IdentityPlace> place_of(const meter::Point* point) {
  if (point == nullptr || !point->scale_point.empty() || point->valid_while) return std::nullopt;
  IdentityPlace place;
  place.place = point->place;
  place.type = point->type;
  place.words = point->words;
  place.bytes = point->bytes;
  return place;
}

/// The engineering value, or nothing.
std::optional<double> value_of(const meter::Point& point, const std::string& said) {
  if (said.empty()) return std::nullopt;
  return std::strtod(said.c_str(), nullptr) * std::pow(10.0, point.exponent) * (point.unit == "kV" ? 1000 : 1);
}

bool is_between(const std::optional<double>& value, double least, double most) {
  return value && *value >= least && *value <= most;
}

constexpr const char* voltage_name = "voltage_ln.l1";

}  // namespace

Identifier::Identifier(const std::vector<const Profile*>& profiles) {
  for (const auto* profile : profiles)
    if (!profile->sunspec) profiles_.push_back(profile);  // their addresses are known only after a walk
}

std::optional<IdentityPlace> Identifier::next() {
  if (phase_ == Phase::registers) {
    if (auto place = next_of(true)) return place;
    match();
    phase_ = models_.empty() ? Phase::functions : Phase::serial;
  }
  if (phase_ == Phase::functions) {
    if (auto place = next_of(false)) return place;
    match();
    phase_ = models_.empty() ? Phase::values : Phase::serial;
  }
  if (phase_ == Phase::values) {
    if (auto place = next_value()) return place;
    phase_ = models_.empty() ? Phase::done : Phase::serial;
  }
  if (phase_ == Phase::serial) {
    for (const auto* model : models_) {
      if (model->serial && said_at(*model->serial) == nullptr) return model->serial;
      const auto voltage = place_of(point_named(*model, voltage_name));
      if (voltage && said_at(*voltage) == nullptr) return voltage;
    }
    const auto* model = models_.front();
    if (model->serial) serial_ = *said_at(*model->serial);
    if (const auto place = place_of(point_named(*model, voltage_name)))
      if (const auto value = value_of(*point_named(*model, voltage_name), *said_at(*place)))
        voltage_ = format_decimal(static_cast<std::int64_t>(std::lround(*value * 10)), -1);
    phase_ = Phase::done;
  }
  return std::nullopt;
}

void Identifier::take(const IdentityPlace& place, const std::string& said) {
  answers_.emplace_back(place, said);
}

const std::string* Identifier::said_at(const IdentityPlace& place) const {
  const auto found = std::ranges::find(answers_, place, &std::pair<IdentityPlace, std::string>::first);
  return found == answers_.end() ? nullptr : &found->second;
}

/// The next place where a profile's model would be told, in registers or by a function of its own.
std::optional<IdentityPlace> Identifier::next_of(bool registers) const {
  for (const auto* profile : profiles_)
    for (const auto& identification : profile->identify)
      if ((identification.at.source == IdentitySource::registers) == registers && said_at(identification.at) == nullptr)
        return identification.at;
  return std::nullopt;
}

/// Profiles without identification: asked for voltage, then for frequency where the voltage was one.
std::optional<IdentityPlace> Identifier::next_value() {
  for (const auto* profile : profiles_) {
    if (!profile->identify.empty() || std::ranges::find(models_, profile) != models_.end()) continue;
    const auto* voltage = point_named(*profile, voltage_name);
    const auto* frequency = point_named(*profile, "frequency");
    const auto voltage_place = place_of(voltage);
    const auto frequency_place = place_of(frequency);
    if (!voltage_place || !frequency_place) continue;
    const auto* voltage_said = said_at(*voltage_place);
    if (voltage_said == nullptr) return voltage_place;
    if (!is_between(value_of(*voltage, *voltage_said), 180, 260)) continue;
    const auto* frequency_said = said_at(*frequency_place);
    if (frequency_said == nullptr) return frequency_place;
    if (is_between(value_of(*frequency, *frequency_said), 45, 65)) models_.push_back(profile);
  }
  return std::nullopt;
}

void Identifier::match() {
  for (const auto* profile : profiles_) {
    const bool matches = std::ranges::any_of(profile->identify, [&](const meter::Identification& identification) {
      const auto* said = said_at(identification.at);
      return said != nullptr && meter::says_model(identification, *said);
    });
    if (matches) models_.push_back(profile);
  }
  certain_ = !models_.empty();
}

}  // namespace jidian::commission
