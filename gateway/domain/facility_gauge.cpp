#include "domain/facility_gauge.hpp"

#include <algorithm>
#include <cmath>
#include <numbers>

namespace jidian::domain {
namespace {

/// A thousandth of a unit; what is more than this is no measured value. Exact in a double, with room for sums.
constexpr double milli_most = 1e15;

constexpr std::array<std::string_view, 3> line_names{"l1", "l2", "l3"};

std::vector<Column> columns_of(const MeterEntry& meter, std::string_view quantity,
                               std::span<const std::string_view> phases) {
  std::vector<Column> found;
  for (const std::string_view phase : phases)
    for (std::size_t i = 0; i < meter.points.size(); ++i)
      if (meter.points[i].quantity == quantity && meter.points[i].phase == phase)
        found.emplace_back(meter, static_cast<std::uint16_t>(i));
  return found;
}

/// The whole's own point where there is one, else those of the phases.
std::vector<Column> power_of(const MeterEntry& meter) {
  constexpr std::array<std::string_view, 2> whole{"total", ""};
  auto found = columns_of(meter, "active_power", whole);
  if (found.empty()) return columns_of(meter, "active_power", line_names);
  found.erase(found.begin() + 1, found.end());
  return found;
}

/// The phases', else that of a meter with one.
std::vector<Column> current_of(const MeterEntry& meter) {
  constexpr std::array<std::string_view, 3> whole{"", "avg", "total"};
  auto found = columns_of(meter, "current", line_names);
  if (!found.empty()) return found;
  found = columns_of(meter, "current", whole);
  if (found.size() > 1) found.erase(found.begin() + 1, found.end());
  return found;
}

std::vector<Column> voltages_of(const MeterEntry& meter, std::string_view quantity) {
  std::vector<Column> found;
  for (std::size_t i = 0; i < meter.points.size(); ++i)
    if (meter.points[i].quantity == quantity) found.emplace_back(meter, static_cast<std::uint16_t>(i));
  return found;
}

std::vector<Column> status_of_meter(const MeterEntry& meter, const std::string& name) {
  const auto point = std::ranges::find(meter.points, name, &PointEntry::name);
  if (point == meter.points.end()) return {};
  return {Column(meter, static_cast<std::uint16_t>(point - meter.points.begin()))};
}

/// In thousandths of the base unit.
std::optional<std::int64_t> milli_of(const Column& column, std::span<const Sample> samples) {
  const double milli = column.measure(samples).value * 1000;
  if (!(std::abs(milli) <= milli_most)) return std::nullopt;  // NaN as well
  return std::llround(milli);
}

}  // namespace

FacilityGauge::FacilityGauge(const Manifest& manifest, const FacilityEntry& facility)
    : rule_(facility.run),
      either_sign_(facility.kind == FacilityKind::generation || facility.kind == FacilityKind::storage) {
  const auto percent = static_cast<double>(rule_.de_energised_percent) / 100;
  phase_voltage_mv_ = std::llround(static_cast<double>(rule_.nominal_voltage_mv) * percent);
  neutral_voltage_mv_ = std::llround(static_cast<double>(rule_.nominal_voltage_mv) * percent / std::numbers::sqrt3);
  if (rule_.source == RunSource::none) return;
  for (const std::string& id : rule_.meters) {
    const auto meter = std::ranges::find(manifest.meters, id, &MeterEntry::id);
    if (meter == manifest.meters.end()) continue;
    Source source;
    if (rule_.source == RunSource::power) source.parts = power_of(*meter);
    if (rule_.source == RunSource::current) source.parts = current_of(*meter);
    if (rule_.source == RunSource::status) source.parts = status_of_meter(*meter, rule_.point);
    if (rule_.source != RunSource::status && rule_.de_energised_percent > 0) {
      source.to_neutral = voltages_of(*meter, "voltage_ln");
      source.between_phases = voltages_of(*meter, "voltage_ll");
    }
    meters_.push_back(static_cast<MeterIndex>(meter - manifest.meters.begin()));
    sources_.push_back(std::move(source));
    period_ = std::max(period_, meter->period);
  }
}

std::optional<std::int64_t> FacilityGauge::value_of(const Source& source, std::span<const Sample> samples) const {
  if (source.parts.empty()) return std::nullopt;
  if (rule_.source == RunSource::status) {
    const Sample& sample = samples[source.parts.front().position()];
    if (!is_trusted(sample.quality) || sample.bits > INT64_MAX) return std::nullopt;
    return static_cast<std::int64_t>(sample.bits);
  }
  std::int64_t value = 0;
  for (const Column& part : source.parts) {
    const auto milli = milli_of(part, samples);
    if (!milli) return std::nullopt;
    value = rule_.source == RunSource::power ? value + *milli : std::max(value, std::abs(*milli));
  }
  return value;
}

MeterShare FacilityGauge::measure(std::size_t which, const Poll& poll) const {
  const Source& source = sources_[which];
  MeterShare share;
  share.value = value_of(source, poll.samples);
  bool is_whole = true;
  const auto see = [&](const std::vector<Column>& columns, std::int64_t least_mv) {
    for (const Column& column : columns) {
      const auto voltage = milli_of(column, poll.samples);
      if (!voltage)
        is_whole = false;
      else if (*voltage >= least_mv)
        share.supply = MeterShare::Supply::present;
      if (voltage) share.voltage_mv = std::max(share.voltage_mv.value_or(0), *voltage);
    }
  };
  see(source.to_neutral, neutral_voltage_mv_);
  see(source.between_phases, phase_voltage_mv_);
  const bool is_measured = !source.to_neutral.empty() || !source.between_phases.empty();
  if (is_measured && share.supply != MeterShare::Supply::present)
    share.supply = is_whole ? MeterShare::Supply::absent : MeterShare::Supply::not_known;
  return share;
}

std::optional<std::int64_t> FacilityGauge::total(std::span<const std::optional<MeterShare>> shares) const {
  std::int64_t sum = 0;
  for (const auto& share : shares) {
    if (!share || !share->value) return std::nullopt;
    sum += *share->value;
  }
  return either_sign_ ? std::abs(sum) : sum;
}

Shown FacilityGauge::status_of(std::int64_t value) const {
  const auto means = [&](const std::vector<std::uint64_t>& values) {
    return std::ranges::find(values, static_cast<std::uint64_t>(value)) != values.end();
  };
  if (means(rule_.running)) return Shown::at_run;
  if (means(rule_.idle)) return Shown::at_idle;
  return means(rule_.stopped) ? Shown::below_stop : Shown::nothing;
}

Shown shown_at(const RunRule& rule, std::int64_t value) {
  if (value <= -rule.start_at) return Shown::nothing;
  if (value < rule.stop_below) return Shown::below_stop;
  if (value < rule.start_at) return Shown::stop_to_start;
  if (!rule.tells_idle() || value >= rule.run_at) return Shown::at_run;
  return value < rule.idle_below ? Shown::at_idle : Shown::idle_to_run;
}

Shown FacilityGauge::judge(std::span<const std::optional<MeterShare>> shares) const {
  using Supply = MeterShare::Supply;
  const auto sum = total(shares);
  if (rule_.source == RunSource::status) return sum ? status_of(*sum) : Shown::nothing;
  const auto any = [&](Supply supply) {
    return std::ranges::any_of(shares, [&](const auto& share) { return share && share->supply == supply; });
  };
  const bool all_there = std::ranges::all_of(shares, [](const auto& share) { return share.has_value(); });
  const bool is_present = any(Supply::present);
  const bool is_known = all_there && !any(Supply::not_known);
  if (is_known && !is_present && any(Supply::absent)) {
    const bool flows = sum && std::abs(*sum) >= rule_.start_at;
    return flows ? Shown::nothing : Shown::no_voltage;
  }
  if (!sum) return Shown::nothing;
  const Shown level = shown_at(rule_, *sum);
  return level == Shown::below_stop && !is_present && !is_known ? Shown::nothing : level;
}

}  // namespace jidian::domain
