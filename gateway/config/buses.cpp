#include <algorithm>

#include "config/points.hpp"
#include "config/site_sections.hpp"

namespace jidian::config {
namespace {

constexpr std::size_t bus_count_max = 1024;

constexpr std::array<std::pair<std::string_view, BusKind>, 3> bus_kinds{
    {{"rtu", BusKind::rtu}, {"tcp", BusKind::tcp}, {"rtu-over-tcp", BusKind::rtu_over_tcp}}};

constexpr std::array<std::int64_t, 10> bauds{1200, 2400, 4800, 9600, 19'200, 38'400, 57'600, 115'200, 230'400, 460'800};

bool is_host(std::string_view host) {
  return !host.empty() && std::ranges::all_of(host, [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '.' || c == '-' ||
           c == ':';
  });
}

void read_timing(Section& section, Bus& bus) {
  bus.baud = static_cast<std::uint32_t>(section.integer("baud", bauds.front(), bauds.back()).value_or(bus.baud));
  if (std::ranges::find(bauds, bus.baud) == bauds.end())
    section.complain("baud", "is no usual rate",
                     "1200, 2400, 4800, 9600, 19200, 38400, 57600, 115200, 230400 or 460800");
  bus.parity = section.choice("parity", parity_words).value_or(bus.parity);
  bus.stop_bits = static_cast<std::uint8_t>(section.integer("stop_bits", 1, 2).value_or(bus.stop_bits));
  bus.worst_latency = section.duration("worst_latency", Millis{10}, Millis{60'000})
                          .value_or(std::max(bus.worst_latency, 2 * bus.response_timeout));
  if (bus.worst_latency < bus.response_timeout)
    section.complain("worst_latency", "is shorter than response_timeout", "at least that: replies may still come then");
}

constexpr std::array<std::pair<std::string_view, bool>, 2> other_master_words{{{"refused", false}, {"accepted", true}}};

/// How to behave on a line that others may use.
void read_manners(Section& section, Bus& bus) {
  bus.listen_first = section.duration("listen_first", Millis{100}, Millis{30'000}).value_or(bus.listen_first);
  bus.other_master_accepted = section.choice("other_master", other_master_words).value_or(bus.other_master_accepted);
  if (bus.other_master_accepted)
    section.journal().warn(section.place("other_master"),
                           section.subject() + ": requests of two masters collide; make one of them stop instead");
}

void read_serial_line(Section& section, Bus& bus, const Site& site) {
  for (const auto key : {"host", "port"}) section.forbid(key, "is for a bus over TCP; remove it");
  section.forbid("pause", "is for kind = \"tcp\" (meters have `turnaround`); remove it");
  section.require("device", "device = \"/dev/serial/by-path/…\"");
  bus.device = read_path(section, "device").value_or("");
  if (!bus.device.empty() && std::ranges::find(site.buses, bus.device, &Bus::device) != site.buses.end())
    section.complain("device", "belongs to an earlier bus", "the other line's device, or put the meters on that bus");
  if (bus.device.starts_with("/dev/ttyUSB") || bus.device.starts_with("/dev/ttyACM"))
    section.journal().warn(section.place("device"), section.subject() + ": device '" + bus.device +
                                                        "' may change its name at a restart; better the one under "
                                                        "/dev/serial/by-path");
  bus.rs485 = section.boolean("rs485").value_or(false);
  read_timing(section, bus);
  read_manners(section, bus);
}

void read_endpoint(Section& section, Bus& bus, const Site& site) {
  section.forbid("device", "is for kind = \"rtu\"; remove it");
  section.forbid("rs485", "is for kind = \"rtu\"; remove it");
  if (bus.kind == BusKind::rtu_over_tcp) {
    section.forbid("pause", "is for kind = \"tcp\" (meters have `turnaround`); remove it");
    read_timing(section, bus);
    read_manners(section, bus);
  } else {
    for (const auto key : {"baud", "parity", "stop_bits", "listen_first", "other_master"})
      section.forbid(key, "is for kind = \"rtu\" or \"rtu-over-tcp\"; remove it");
    section.forbid("worst_latency",
                   "is for kind = \"rtu\" or \"rtu-over-tcp\" (a TCP connection is closed instead); remove it");
    bus.pause = section.duration("pause", Millis{0}, Millis{2'000}).value_or(bus.pause);
  }
  section.require("host", "host = \"192.168.1.20\"");
  bus.host = section.text("host").value_or("");
  if (section.has("host") && !is_host(bus.host)) section.complain("host", "is no host", "a name or an address");
  bus.port = static_cast<std::uint16_t>(section.integer("port", 1, 65535).value_or(bus.port));
  const bool shared = std::ranges::any_of(site.buses, [&](const Bus& other) {
    return other.kind != BusKind::rtu && other.host == bus.host && other.port == bus.port;
  });
  if (shared && !bus.host.empty())
    section.complain("host", "and port belong to an earlier bus", "another, or put the meters on that bus");
}

}  // namespace

void read_buses(Section& root, Site& site) {
  root.require("bus", "[[bus]] for each line or endpoint");
  for (Section& section : root.sections("bus", "bus")) {
    if (site.buses.size() == bus_count_max) {
      section.complain("there are more than " + std::to_string(bus_count_max) + " buses");
      break;
    }
    Bus bus;
    bus.id = read_id(section, ids_of(site.buses));
    section.require("kind", "kind = \"tcp\", \"rtu\" or \"rtu-over-tcp\"");
    const auto kind = section.choice("kind", bus_kinds);
    bus.kind = kind.value_or(BusKind::tcp);
    bus.response_timeout =
        section.duration("response_timeout", Millis{10}, Millis{60'000}).value_or(bus.response_timeout);
    if (!kind)
      for (const auto key : {"host", "port", "device", "rs485", "baud", "parity", "stop_bits", "worst_latency", "pause",
                             "listen_first", "other_master"})
        section.skip(key);
    else if (bus.kind == BusKind::rtu)
      read_serial_line(section, bus, site);
    else
      read_endpoint(section, bus, site);
    section.finish();
    site.buses.push_back(std::move(bus));
  }
}

}  // namespace jidian::config
