#pragma once

#include <fstream>
#include <sstream>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

#include "config/site.hpp"

namespace jidian::config {

/// A small site without a mistake or warning.
inline constexpr std::string_view small_site = R"([gateway]
id = "foundry-1"

[site]
credit_code = "91350100M000100Y43"
name = "Foundry"
region = "130100"
industry = "C3391"

[[bus]]
id = "line-1"
kind = "rtu"
device = "/dev/serial/by-path/x"

[[bus]]
id = "plc"
kind = "tcp"
host = "127.0.0.1"
port = 1502

[[meter]]
id = "press-1"
bus = "line-1"
unit = 1
profile = "test-meter"
period = "1s"

[[meter]]
id = "plc-1"
bus = "plc"
unit = 1
[meter.registers]
carrier = "none"
table = "holding"
points = [
  { name = "pieces", address = 4, type = "u32", unit = "pcs" },
]

[[facility]]
id = "press"
kind = "production"
meters = ["press-1", "plc-1"]
rated_power_kw = 30

[[uplink]]
id = "province"
url = "mqtts://broker.example.org"
)";

/// A small profile without a mistake.
inline constexpr std::string_view small_profile = R"(vendor = "Nobody"
model = "Test"
confidence = "high"
provenance = "made up"

[registers]
carrier = "electricity"
table = "holding"
type = "u16"
points = [
  { name = "ct_ratio", address = 6 },
  { name = "voltage_ln.l1", address = 10, unit = "V", exponent = -1 },
  { name = "active_power.l1", address = 12, type = "s32", unit = "W", ratios = ["ct_ratio"] },
  { name = "active_power.total", address = 14, type = "s32", unit = "W", ratios = ["ct_ratio"] },
  { name = "active_energy_import.total", address = 16, type = "u32", unit = "kWh", ratios = ["ct_ratio"] },
  { name = "thd_voltage.l1", address = 20, unit = "%", by_default = false },
  { name = "model_id", address = 30, type = "string", registers = 4 },
]

[test]
vectors = [
  { point = "voltage_ln.l1", words = [2305], value = "230.5", source = "derived" },
  { point = "active_power.l1", words = [0xFFFF, 0xFFFE], value = "-2", source = "derived" },
  { point = "active_energy_import.total", words = [1, 0], value = "65536", source = "derived" },
  { point = "model_id", words = [0x4142, 0x4300, 0, 0], value = "ABC", source = "derived" },
]
)";

/// `text` with the only occurrence of `from` replaced.
inline std::string replace(std::string_view text, std::string_view from, std::string_view to) {
  const auto at = text.find(from);
  if (at == std::string_view::npos || text.find(from, at + 1) != std::string_view::npos)
    throw std::invalid_argument("not there exactly once: " + std::string(from));
  return std::string(text.substr(0, at)) + std::string(to) + std::string(text.substr(at + from.size()));
}

inline Catalogue test_catalogue() {
  return {{"test-meter", parse_profile(small_profile, "test-meter.toml").profile.value()}};
}

inline Parsed parse_small(std::string_view text) {
  return parse_site(text, "site.toml", test_catalogue());
}

/// All mistakes and warnings, one a line.
inline std::string print(const std::vector<Mistake>& mistakes) {
  std::string text;
  for (const Mistake& it : mistakes) text += it.to_string() + "\n";
  return text;
}

inline std::string read_text(const std::string& path) {
  std::ifstream input(path);
  std::ostringstream text;
  text << input.rdbuf();
  if (!input) throw std::runtime_error("cannot read " + path);
  return text.str();
}

}  // namespace jidian::config
