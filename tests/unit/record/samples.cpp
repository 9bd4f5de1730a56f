#include "tests/unit/record/samples.hpp"

#include <algorithm>
#include <array>
#include <bit>
#include <chrono>

#include "record/manifest.hpp"

namespace jidian::record::samples {
namespace {

using domain::GapCause;
using domain::Quality;

constexpr UtcTime noon{Millis{1772352000000}};  // 2026-03-01T08:00:00Z

domain::PointEntry point(std::string name, PointKind kind, ValueType type, std::string unit, int exponent) {
  domain::PointEntry entry;
  entry.name = std::move(name);
  entry.kind = kind;
  entry.type = type;
  entry.unit = std::move(unit);
  entry.exponent = exponent;
  return entry;
}

std::uint64_t bits_of(float value) {
  return std::bit_cast<std::uint32_t>(value);
}
std::uint64_t bits_of(double value) {
  return std::bit_cast<std::uint64_t>(value);
}

}  // namespace

domain::Manifest manifest() {
  domain::Manifest manifest;
  manifest.gateway = "gw-1";
  manifest.site.credit_code = "91130100MA0000000X";
  manifest.site.name = "河北示范铸造厂";
  manifest.site.region = "130185";
  manifest.site.accounts.push_back({"grid", Carrier::electricity, "0012345678", "feeder 7", "10 kV", {"press-1"}});
  manifest.site.products.push_back({"castings", "castings", "t"});

  domain::MeterEntry press;
  press.id = "press-1";
  press.name = "一号压机";
  press.bus = "line-1";
  press.profile = "chint-dtsu666";
  press.points = {point("voltage.l1", PointKind::instantaneous, ValueType::unsigned_integer, "V", -1),
                  point("active_power.total", PointKind::instantaneous, ValueType::signed_integer, "W", 0),
                  point("active_energy.import", PointKind::counter, ValueType::unsigned_integer, "kWh", -2),
                  point("state", PointKind::state, ValueType::unsigned_integer, "", 0)};
  press.points[2].modulus = 1'000'000'000;
  press.points[1].ratio_points = {0};
  press.points[3].labels = {"0=stopped", "3=fault"};

  domain::MeterEntry flow;
  flow.id = "flow-1";
  flow.unit = 2;
  flow.points = {point("flow", PointKind::instantaneous, ValueType::float32, "m3/h", 0),
                 point("volume", PointKind::counter, ValueType::float64, "m3", 0)};
  manifest.meters = {press, flow};
  manifest.facilities.push_back({"press", "press", domain::FacilityKind::production, {"press-1"}, {}, 75'000});
  manifest.facilities.push_back({"filter", "filter", domain::FacilityKind::treatment, {}, {"press"}, 0});
  return manifest;
}

Header header(Stream stream, std::uint64_t seq) {
  Header header;
  header.gateway = "gw-1";
  header.key = {0x00C0FFEE00C0FFEE, stream, seq};
  header.manifest = encode(manifest()).hash;
  for (std::size_t i = 0; i < header.boot.size(); ++i) header.boot[i] = static_cast<std::uint8_t>(0xB0 + i);
  header.anchor_utc = noon + Millis{10'000};
  header.anchor_steady = SteadyTime{Millis{86'400'123}};
  header.clock = ClockQuality::synchronised;
  return header;
}

Polls polls(std::size_t count, Millis period) {
  Polls all;
  for (std::size_t i = 0; i < count; ++i) {
    const UtcTime slot = noon + period * static_cast<Millis::rep>(i);
    const auto jitter = Millis{static_cast<Millis::rep>(i * 7 % 3)};
    const auto k = static_cast<double>(i * 5 % 11);
    domain::Poll press{0, slot, slot + jitter, slot + jitter + Millis{40}, ClockQuality::synchronised, {}, {}};
    press.cause = GapCause::meter_silent;
    press.samples = {{2314 + i * 3 % 5, Quality::ok},
                     {~std::uint64_t{0} - i * 13 % 17, Quality::ok},
                     {48213770 + i * 2, Quality::ok},
                     {3, Quality::ok}};
    domain::Poll flow{1, slot, slot + Millis{50}, slot + Millis{92}, ClockQuality::synchronised, {}, {}};
    flow.cause = GapCause::meter_silent;
    flow.samples = {{bits_of(static_cast<float>(12.5 + k / 100)), Quality::ok}, {bits_of(1e6 + k), Quality::ok}};
    all.push_back(press);
    all.push_back(flow);
  }
  return all;
}

Polls by_meter(Polls polls) {
  std::ranges::stable_sort(polls, {}, &domain::Poll::meter);
  return polls;
}

Rows rows() {
  domain::IntervalRow press{0, noon, std::chrono::seconds{60}, 60, 60, {}};
  domain::PointInterval voltage;
  voltage.samples = 60;
  voltage.least = 2310;
  voltage.most = 2318;
  voltage.sum = 138'840;
  domain::PointInterval power;
  power.samples = 60;
  power.least = static_cast<std::uint64_t>(std::int64_t{-5});
  power.most = 12'000;
  power.sum = static_cast<std::uint64_t>(std::int64_t{-7});
  domain::PointInterval energy;
  energy.samples = 60;
  energy.first = 48'213'770;
  energy.last = 48'213'802;
  energy.first_at = noon;
  energy.last_at = noon + Millis{59'040};
  domain::PointInterval state;
  state.quality = Quality::not_available;
  press.points = {voltage, power, energy, state};

  domain::IntervalRow flow{1, noon, std::chrono::seconds{60}, 59, 60, {}};
  domain::PointInterval rate;
  rate.samples = 59;
  rate.least = bits_of(-0.5F);
  rate.most = bits_of(12.75F);
  rate.sum = bits_of(700.0625);
  domain::PointInterval volume;
  volume.samples = 59;
  volume.first = bits_of(1e6);
  volume.last = bits_of(1e6 + 0.2);
  volume.first_at = noon - Millis{3};
  volume.last_at = noon + Millis{60'000};
  flow.points = {rate, volume};
  return {press, flow};
}

domain::Manifest site_manifest() {
  using std::chrono::minutes;
  domain::Manifest plant = manifest();
  const domain::Amount energy{"energy.taken", Carrier::electricity, "kWh", -6, {{0, 2, 1, 0}}};
  plant.facilities[0].amounts = {energy, {"product.castings", Carrier::none, "t", -3, {{1, 1, 5, -3}}}};
  plant.facilities[0].fuel_switch = {"oil", minutes{45}};
  plant.site.accounts[0].amounts = {energy};
  plant.site.accounts[0].contract_m3_per_day = 5'000;
  plant.site.accounts[0].safety_minimum_m3_per_day = 800;
  plant.site.shifts = {{"day", minutes{480}, minutes{720}}, {"night", minutes{1200}, minutes{720}}};
  plant.site.sliding_demand = std::chrono::seconds{60};
  plant.site.is_covered = true;
  plant.site.amounts = {{"energy.consumed", Carrier::electricity, "kWh", -6, {{0, 2, 1, 0}, {0, 2, -1, 3}}}};
  return plant;
}

std::vector<domain::AggregateRow> aggregates() {
  domain::AggregateRow press;
  press.start = noon;
  press.polls_made = 59;
  press.polls_expected = 60;
  press.amounts = {{320'000, false, false}, {-1, true, true}};
  press.from = noon - Millis{10};
  press.until = noon + Millis{60'015};
  press.state_ms = {1'000, 0, 0, 20'000, 39'000};
  press.state = domain::FacilityState::running;
  press.starts = 1;

  domain::AggregateRow grid;
  grid.subject = {domain::SubjectKind::account, 0};
  grid.start = noon;
  grid.length = std::chrono::seconds{900};
  grid.amounts = {{12'000'000, false, true}};
  grid.from = noon;
  grid.until = noon + grid.length;
  grid.peak = {12'250'000, noon + std::chrono::seconds{660}};
  grid.month_peak = {12'500'000, noon + std::chrono::seconds{900}};

  domain::AggregateRow night;
  night.subject = {domain::SubjectKind::site, 0};
  night.start = noon - std::chrono::hours{20};
  night.length = std::chrono::hours{12};
  night.shift = 2;
  night.covered_s = 42'300;
  night.amounts = {{0, true, false}};
  return {press, grid, night};
}

Events events() {
  using domain::EventKind;
  domain::Event manifest_event{noon,         EventKind::manifest,      "", "manifest in force",
                               std::nullopt, encode(manifest()).bytes, {}};
  domain::Event gap{noon + Millis{5},
                    EventKind::gap,
                    "press-1",
                    "no answer for 3 polls",
                    domain::Gap{GapCause::meter_silent, noon, noon + Millis{3000}, 3},
                    {},
                    {}};
  domain::Event clock{noon + Millis{9}, EventKind::clock, "", "时钟", std::nullopt, {}, {{"offset_ms", "-1250"}}};
  return {{noon - Millis{1}, EventKind::start, "", "started", std::nullopt, {}, {}}, manifest_event, gap, clock};
}

domain::Manifest example_manifest() {
  domain::Manifest manifest;
  manifest.gateway = "gw-1";
  domain::MeterEntry meter;
  meter.id = "press-1";
  meter.points = {point("voltage.l1", PointKind::instantaneous, ValueType::unsigned_integer, "V", -1),
                  point("active_power", PointKind::instantaneous, ValueType::float32, "kW", 0),
                  point("active_energy", PointKind::counter, ValueType::unsigned_integer, "kWh", -2)};
  for (auto& entry : meter.points) entry.carrier = Carrier::electricity;
  manifest.meters = {meter};
  return manifest;
}

Header example_header(Stream stream) {
  Header header;
  header.gateway = "gw-1";
  header.key = {0x00C0FFEE00C0FFEE, stream, 1};
  header.manifest = encode(example_manifest()).hash;
  header.boot.fill(0xB0);
  header.anchor_utc = noon + Millis{10'000};
  header.anchor_steady = SteadyTime{Millis{86'400'123}};
  header.clock = ClockQuality::synchronised;
  return header;
}

Polls example_polls() {
  constexpr std::array<std::uint64_t, 4> tenths_of_volt{2314, 2316, 0, 2313};
  constexpr std::array<float, 4> kilowatts{51.25F, 51.5F, 0, 51.0F};
  constexpr std::array<std::uint64_t, 4> energy{4821377, 4821378, 0, 4821381};
  constexpr std::array<int, 4> duration_ms{41, 40, 300, 42};
  Polls polls;
  for (std::size_t i = 0; i < 4; ++i) {
    const UtcTime slot = noon + std::chrono::seconds{i};
    const UtcTime start = slot + Millis{i == 1 ? 3 : 2};
    domain::Poll poll{0, slot, start, start + Millis{duration_ms[i]}, ClockQuality::synchronised, {}, {}};
    const Quality quality = i == 2 ? Quality::no_answer : Quality::ok;
    const std::uint64_t power = i == 2 ? 0 : bits_of(kilowatts[i]);
    poll.samples = {{tenths_of_volt[i], quality}, {power, quality}, {energy[i], quality}};
    poll.cause = i == 2 ? GapCause::bus_fault : GapCause::meter_silent;
    polls.push_back(poll);
  }
  return polls;
}

Rows example_rows() {
  const UtcTime start = noon - std::chrono::minutes{1};
  domain::IntervalRow row{0, start, std::chrono::seconds{60}, 59, 60, {}};
  domain::PointInterval voltage;
  voltage.samples = 59;
  voltage.least = 2310;
  voltage.most = 2318;
  voltage.sum = 136'526;
  domain::PointInterval power;
  power.samples = 59;
  power.least = bits_of(51.0F);
  power.most = bits_of(51.5F);
  power.sum = bits_of(3023.75);
  domain::PointInterval energy;
  energy.samples = 59;
  energy.first = 4'821'377;
  energy.last = 4'821'462;
  energy.first_at = start + Millis{42};
  energy.last_at = noon + Millis{43};
  row.points = {voltage, power, energy};
  return {row};
}

Events example_events() {
  domain::Event gap{
      noon + Millis{4'000}, domain::EventKind::gap, "press-1", "1 poll is missing.", std::nullopt, {}, {}};
  gap.gap = domain::Gap{GapCause::bus_fault, noon + Millis{2'000}, noon + Millis{3'000}, 1};
  const domain::Event silent{
      noon + Millis{6'000}, domain::EventKind::meter_silent, "press-1", "No valid reply.", std::nullopt, {},
      {{"misses", "3"}}};
  return {gap, silent};
}

Events example_update() {
  return {{noon + Millis{6'000},
           domain::EventKind::update,
           {},
           "Version 1.5.0 was started and is on trial.",
           std::nullopt,
           {},
           {{"id", "20260301t073000z-1a2b3c4d"},
            {"state", "trying"},
            {"from", "1.4.0"},
            {"to", "1.5.0"},
            {"slot", "b"},
            {"at", "2026-03-01T08:00:01.000Z"}}}};
}

}  // namespace jidian::record::samples
