#include "app/jobs.hpp"

#include <algorithm>
#include <fstream>
#include <nlohmann/json.hpp>
#include <optional>

#include "acquire/meter_read.hpp"
#include "app/buses.hpp"
#include "app/load.hpp"
#include "commission/doctor.hpp"
#include "commission/probe.hpp"
#include "commission/scan.hpp"
#include "commission/show_as.hpp"
#include "commission/trace.hpp"
#include "config/words.hpp"

namespace jidian::app {
namespace {

using Json = nlohmann::json;

// Long enough to get something done beside the polls of a line, short enough that their slots are met.
constexpr Millis turn_beside_polls{1'500};
constexpr Millis turn_alone{3'600'000};

class PollerLender final : public commission::Lender {
 public:
  explicit PollerLender(acquire::Poller& poller) : poller_(poller) {}
  Status lend(Task task) override { return poller_.lend(std::move(task)).get(); }
  Millis turn() const override { return turn_beside_polls; }
  bool is_polled() const override { return true; }

 private:
  acquire::Poller& poller_;
};

class BusLender final : public commission::Lender {
 public:
  explicit BusLender(acquire::Bus& bus) : bus_(bus) {}
  Status lend(Task task) override {
    if (!bus_.is_open())
      if (auto opened = bus_.open({}); !opened) return opened.error().during("opening " + bus_.address());
    return task(bus_, {});
  }
  Millis turn() const override { return turn_alone; }
  bool is_polled() const override { return false; }

 private:
  acquire::Bus& bus_;
};

/// A whole number of `args` within bounds. Errors: invalid.
Result<std::uint32_t> number_in(const Json& args, const char* key, std::uint32_t least, std::uint32_t most) {
  const auto found = args.find(key);
  if (found != args.end() && found->is_number_integer())
    if (const auto number = found->get<std::int64_t>(); number >= least && number <= most)
      return static_cast<std::uint32_t>(number);
  return Error{ErrorKind::invalid,
               std::string{"'"} + key + "' must be " + std::to_string(least) + " … " + std::to_string(most)};
}

std::optional<meter::Table> table_named(const std::string& name) {
  using meter::Table;
  for (const auto table : {Table::coil, Table::discrete_input, Table::holding, Table::input})
    if (config::word_for(table) == name) return table;
  return std::nullopt;
}

Result<commission::Job> make_show_as(const Json& args) {
  const auto unit = number_in(args, "unit", 1, 255);
  if (!unit) return unit.error();
  const auto name = args.find("table");
  const auto table = name != args.end() && name->is_string() ? table_named(name->get<std::string>()) : std::nullopt;
  if (!table) return Error{ErrorKind::invalid, "the table must be holding, input, coil or discrete-input"};
  const auto address = number_in(args, "address", 0, 65'535);
  if (!address) return address.error();
  const auto count =
      number_in(args, "count", 1, std::min<std::uint32_t>(commission::words_shown_max, 65'536 - *address));
  if (!count) return count.error();
  return commission::show_as(static_cast<std::uint8_t>(*unit),
                             {*table, static_cast<std::uint16_t>(*address), static_cast<std::uint16_t>(*count)});
}

Result<commission::Job> make_scan(const config::Site& site, const config::Bus& bus,
                                  const std::filesystem::path& profiles, const Json& args) {
  commission::ScanOptions options;
  const auto depth = args.value("depth", "normal");
  options.request.depth = depth == "full"    ? commission::ScanDepth::full
                          : depth == "quick" ? commission::ScanDepth::quick
                                             : commission::ScanDepth::normal;
  options.request.despite_other_master = args.value("despite_other_master", false);
  if (args.contains("unit_first")) {
    const auto first = number_in(args, "unit_first", 1, 247);
    if (!first) return first.error();
    const auto last = number_in(args, "unit_last", *first, 247);
    if (!last) return last.error();
    options.request.unit_first = static_cast<std::uint8_t>(*first);
    options.request.unit_last = static_cast<std::uint8_t>(*last);
  }
  options.line = {.is_tunable = bus.kind == config::BusKind::rtu,
                  .is_line = bus.kind != config::BusKind::tcp,
                  .home = {bus.baud, bus.parity, bus.stop_bits}};
  auto known = load_catalogue(profiles);
  if (!known.problem.empty()) return Error{ErrorKind::invalid, known.problem};
  for (auto& [id, profile] : known.catalogue) options.profiles.push_back(std::move(profile));
  for (const auto& meter : site.meters)
    if (meter.bus == bus.id) options.configured[meter.unit] = meter.id;
  return commission::scan(std::move(options));
}

Result<commission::Job> make_probe(const config::Bus& bus, const std::filesystem::path& profiles, const Json& args) {
  const auto unit = number_in(args, "unit", 0, 255);
  if (!unit) return unit.error();
  commission::ProbeOptions options{
      static_cast<std::uint8_t>(*unit), args.value("profile", ""), {}, {bus.baud, bus.parity, bus.stop_bits}};
  auto known = load_catalogue(profiles);
  if (!known.problem.empty()) return Error{ErrorKind::invalid, known.problem};
  if (!known.catalogue.contains(options.profile))
    return Error{ErrorKind::invalid, "there is no profile '" + options.profile + "'"};
  for (auto& [id, profile] : known.catalogue) options.profiles.push_back(std::move(profile));
  return commission::probe(std::move(options));
}

/// The latency timer of the USB adapter behind `device` as it is now, in ms; nothing if it has none.
std::optional<int> usb_latency_ms(const std::string& device) {
  std::error_code failed;
  const auto port = std::filesystem::canonical(device, failed);
  if (failed) return std::nullopt;
  std::ifstream file("/sys/class/tty/" + port.filename().string() + "/device/latency_timer");
  int latency = 0;
  if (!(file >> latency)) return std::nullopt;
  return latency;
}

Result<commission::Job> make_doctor(const config::Site& site, const config::Bus& bus, const Json& args) {
  const auto seconds = number_in(args, "seconds", 5, 3'600);
  if (!seconds) return seconds.error();
  commission::DoctorOptions options;
  options.home = {bus.baud, bus.parity, bus.stop_bits};
  options.duration = std::chrono::seconds{*seconds};
  options.is_line = bus.kind != config::BusKind::tcp;
  if (bus.kind == config::BusKind::rtu) options.latency_ms = [device = bus.device] { return usb_latency_ms(device); };
  for (const auto& meter : site.meters) {
    if (meter.bus != bus.id) continue;
    const auto plan = acquire::plan_of(polled_meter_of(meter, 0));
    commission::Patient patient{meter.id, meter.unit, plan.probe, plan.probe, meter.turnaround};
    for (const auto& read : plan.reads)
      if (read.registers.count > patient.longest.count) patient.longest = read.registers;
    options.patients.push_back(std::move(patient));
  }
  return commission::doctor(std::move(options));
}

Result<commission::Job> make_checked_job(const config::Site& site, const std::filesystem::path& profiles,
                                         const std::string& what, const Json& args) {
  const auto id = args.find("bus");
  const auto bus = std::ranges::find_if(site.buses, [&](const config::Bus& candidate) {
    return id != args.end() && id->is_string() && candidate.id == id->get<std::string>();
  });
  if (bus == site.buses.end()) return Error{ErrorKind::not_found, "the site file has no such bus"};
  if (what == "show-as") return make_show_as(args);
  if (what == "probe") return make_probe(*bus, profiles, args);
  if (what == "scan") return make_scan(site, *bus, profiles, args);
  if (what == "doctor") return make_doctor(site, *bus, args);
  if (what == "trace") {
    const auto seconds = number_in(args, "seconds", 0, 86'400);
    if (!seconds) return seconds.error();
    return commission::trace(std::chrono::seconds{*seconds});
  }
  return Error{ErrorKind::invalid, "there is no job '" + what + "'; write show-as, probe, scan, trace or doctor"};
}

}  // namespace

std::unique_ptr<commission::Lender> lend_from(acquire::Poller& poller) {
  return std::make_unique<PollerLender>(poller);
}

std::unique_ptr<commission::Lender> lend_from(acquire::Bus& bus) {
  return std::make_unique<BusLender>(bus);
}

Result<commission::Job> make_job(const config::Site& site, const std::filesystem::path& profiles,
                                 const std::string& what, const Json& args) {
  try {
    return make_checked_job(site, profiles, what, args);
  } catch (const Json::exception& exception) {
    return Error{ErrorKind::invalid, std::string{"an argument is of the wrong kind: "} + exception.what()};
  }
}

}  // namespace jidian::app
