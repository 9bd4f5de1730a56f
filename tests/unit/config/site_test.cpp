#include <gmock/gmock.h>

#include "config/site.hpp"

namespace jidian::config {
namespace {

using testing::IsEmpty;

constexpr std::string_view smallest = R"([gateway]
id = "foundry-1"

[site]
credit_code = "91350100M000100Y43"
name = "Foundry"
region = "130100"
industry = "C3391"

[[bus]]
id = "plc"
kind = "tcp"
host = "127.0.0.1"
port = 1502

[[meter]]
id = "press-1"
bus = "plc"
unit = 1
period = "1s"
[meter.registers]
carrier = "electricity"
table = "holding"
type = "f32"
points = [
  { name = "active_power.total", address = 0, unit = "W" },
  { name = "active_energy_import.total", address = 2, unit = "kWh" },
  { name = "pieces", carrier = "none", address = 4, type = "u32", unit = "pcs" },
]

[[facility]]
id = "press"
kind = "production"
meters = ["press-1"]

[[uplink]]
id = "province"
url = "mqtt://127.0.0.1:1883"
)";

std::string all_of(const std::vector<Mistake>& mistakes) {
  std::string text;
  for (const Mistake& it : mistakes) text += it.to_string() + "\n";
  return text;
}

TEST(Site, TheSmallestUsefulOneIsRead) {
  const Parsed parsed = parse_site(smallest, "site.toml", {});
  ASSERT_TRUE(parsed.site) << all_of(parsed.mistakes);
  EXPECT_EQ(all_of(parsed.mistakes), "");
  const Site& site = *parsed.site;
  EXPECT_EQ(site.gateway, "foundry-1");
  ASSERT_EQ(site.meters.size(), 1U);
  EXPECT_EQ(site.meters[0].points.size(), 3U);
  EXPECT_EQ(site.meters[0].entry.points[2].modulus, 1ULL << 32);
  EXPECT_EQ(site.uplinks[0].url, "mqtt://127.0.0.1:1883");
}

}  // namespace
}  // namespace jidian::config
