#include <gmock/gmock.h>

#include <algorithm>
#include <filesystem>

#include "texts.hpp"

namespace jidian::config {
namespace {

using testing::ElementsAre;

std::vector<std::string> names_of(const Meter& meter) {
  std::vector<std::string> names;
  for (const meter::Point& point : meter.points) names.push_back(point.name);
  return names;
}

Site parse_whole(std::string_view text) {
  Parsed parsed = parse_small(text);
  EXPECT_EQ(print(parsed.mistakes), "");
  return std::move(parsed.site).value();
}

TEST(Site, ASmallOneIsRead) {
  const Site site = parse_whole(small_site);
  EXPECT_EQ(site.gateway, "foundry-1");
  EXPECT_EQ(site.card.region, "130100");
  EXPECT_EQ(site.card.utc_offset, std::chrono::minutes{480});
  ASSERT_EQ(site.buses.size(), 2U);
  EXPECT_EQ(site.buses[0].kind, BusKind::rtu);
  EXPECT_EQ(site.buses[0].device, "/dev/serial/by-path/x");
  EXPECT_EQ(site.buses[0].worst_latency, Millis{1000});
  EXPECT_EQ(site.buses[1].host, "127.0.0.1");
  EXPECT_EQ(site.buses[1].port, 1502);
  ASSERT_EQ(site.meters.size(), 2U);
  EXPECT_EQ(site.meters[0].profile, "test-meter");
  EXPECT_EQ(site.meters[0].entry.profile, "test-meter");
  EXPECT_EQ(site.meters[1].entry.profile, "inline");
  EXPECT_EQ(site.uplinks[0].url, "mqtts://broker.example.org:8883");
  EXPECT_THAT(site.uplinks[0].streams, ElementsAre("event", "interval", "reading"));
  EXPECT_THAT(site.uplinks[0].may, ElementsAre("backfill"));
}

TEST(Site, MayBeginWithoutAMeter) {
  const auto begin = small_site.find("[[meter]]");
  const auto end = small_site.find("[[uplink]]");
  const Parsed parsed = parse_small(std::string(small_site.substr(0, begin)) + std::string(small_site.substr(end)));
  ASSERT_TRUE(parsed.site) << print(parsed.mistakes);
  EXPECT_TRUE(parsed.site->meters.empty());
  EXPECT_NE(print(parsed.mistakes).find("no meter is on this bus yet; jidian scan finds them"), std::string::npos);
}

TEST(Site, WorstLatencyFollowsALongResponseTimeout) {
  const Site site = parse_whole(replace(small_site, "device = \"/dev/serial/by-path/x\"",
                                        "device = \"/dev/serial/by-path/x\"\nresponse_timeout = \"900ms\""));
  EXPECT_EQ(site.buses[0].worst_latency, Millis{1800});
}

TEST(Site, UplinksCarryTheirPort) {
  const auto url = [](std::string_view line) {
    return parse_whole(replace(small_site, "url = \"mqtts://broker.example.org\"", line)).uplinks[0].url;
  };
  EXPECT_EQ(url("url = \"mqtt://localhost\""), "mqtt://localhost:1883");
  EXPECT_EQ(url("url = \"mqtt://[::1]\""), "mqtt://[::1]:1883");
  EXPECT_EQ(url("url = \"mqtts://broker.example.org:443\""), "mqtts://broker.example.org:443");
}

TEST(Site, SaysWhoMayGiveOrdersThroughWhichUplink) {
  const Site site = parse_whole(std::string(small_site) +
                                "\n[[issuer]]\nid = \"130000-energy\"\nname = \"Energy\"\nuplink = \"province\"\n");
  ASSERT_EQ(site.issuers.size(), 1U);
  EXPECT_EQ(site.issuers[0].id, "130000-energy");
  EXPECT_EQ(site.issuers[0].uplink, "province");
}

TEST(Site, ATcpEndpointHasUnitsThatALineHasNot) {
  EXPECT_EQ(parse_whole(replace(small_site, "bus = \"plc\"\nunit = 1", "bus = \"plc\"\nunit = 255")).meters[1].unit,
            255);
}

TEST(Site, TwoPortsOfAHostAreTwoEndpoints) {
  const std::string more =
      "[[bus]]\nid = \"plc-2\"\nkind = \"tcp\"\nhost = \"127.0.0.1\"\n[[meter]]\nid = \"plc-2\"\nbus = \"plc-2\"\nunit "
      "= 1\n"
      "profile = \"test-meter\"\n[[facility]]\nid = \"two\"\nkind = \"auxiliary\"\nmeters = [\"plc-2\"]\n"
      "rated_power_kw = 5\n";
  EXPECT_EQ(parse_whole(replace(small_site, "[[uplink]]\n", more + "[[uplink]]\n")).buses[2].port, 502);
}

TEST(Selection, IsEveryDefaultPointThatIsNoText) {
  EXPECT_THAT(
      names_of(parse_whole(small_site).meters[0]),
      ElementsAre("ct_ratio", "voltage_ln.l1", "active_power.l1", "active_power.total", "active_energy_import.total"));
}

TEST(Selection, TakesWhatMatchesInTheProfilesOrderAndAddsTheRatios) {
  const auto select = [](std::string_view points) {
    const std::string unjudged = replace(small_site, "rated_power_kw = 30", "run = { source = \"none\" }");
    return names_of(parse_whole(replace(unjudged, "period = \"1s\"", points)).meters[0]);
  };
  EXPECT_THAT(select("points = [\"thd_voltage.l1\", \"voltage_ln.*\"]"),
              ElementsAre("voltage_ln.l1", "thd_voltage.l1"));
  EXPECT_THAT(select("points = [\"*.total\"]"),
              ElementsAre("ct_ratio", "active_power.total", "active_energy_import.total"));
  EXPECT_THAT(select("points = [\"active_power.l1\", \"*\"]").size(), 6U) << "a text matched by * is left out silently";
}

TEST(Site, TheSlowestMeterOfALineSaysHowLateRepliesMayBe) {
  const std::string slow = replace(small_profile, "[registers]", "[limits]\nworst_latency = \"3s\"\n\n[registers]");
  const Parsed parsed =
      parse_site(small_site, "site.toml", {{"test-meter", parse_profile(slow, "test-meter.toml").profile.value()}});
  ASSERT_TRUE(parsed.site) << print(parsed.mistakes);
  EXPECT_EQ(parsed.site->buses[0].worst_latency, Millis{3000});
  EXPECT_EQ(parsed.site->buses[1].worst_latency, Millis{1000});
}

TEST(Site, AShorterOneOfAMeterDoesNotShortenTheLines) {
  const std::string quick = replace(small_profile, "[registers]", "[limits]\nworst_latency = \"20ms\"\n\n[registers]");
  const Parsed parsed =
      parse_site(small_site, "site.toml", {{"test-meter", parse_profile(quick, "test-meter.toml").profile.value()}});
  ASSERT_TRUE(parsed.site) << print(parsed.mistakes);
  EXPECT_EQ(parsed.site->buses[0].worst_latency, Millis{1000});
}

TEST(Site, ALineIsHeardFirstAndOthersAreRefused) {
  const Site site = parse_whole(small_site);
  EXPECT_EQ(site.buses[0].listen_first, Millis{10'000});
  EXPECT_FALSE(site.buses[0].other_master_accepted);
  const Parsed parsed = parse_small(replace(small_site, "device = \"/dev/serial/by-path/x\"",
                                            "device = \"/d\"\nlisten_first = \"2s\"\nother_master = \"accepted\""));
  ASSERT_TRUE(parsed.site) << print(parsed.mistakes);
  EXPECT_EQ(parsed.site->buses[0].listen_first, Millis{2'000});
  EXPECT_TRUE(parsed.site->buses[0].other_master_accepted);
  EXPECT_THAT(print(parsed.mistakes), testing::HasSubstr("requests of two masters collide"));
}

TEST(Site, AMeterMayOverrideItsProfilesLimits) {
  const Site site = parse_whole(
      replace(small_site, "period = \"1s\"", "period = \"500ms\"\ncount_max = 10\ngap_max = 0\nturnaround = \"20ms\""));
  EXPECT_EQ(site.meters[0].limits, (meter::ReadLimits{10, 0}));
  EXPECT_EQ(site.meters[0].turnaround, Millis{20});
  EXPECT_EQ(site.meters[0].period, Millis{500});
}

TEST(Manifest, SaysWhatEachColumnMeans) {
  const domain::Manifest manifest = manifest_of(parse_whole(small_site));
  EXPECT_EQ(manifest.gateway, "foundry-1");
  ASSERT_EQ(manifest.meters.size(), 2U);
  const domain::PointEntry& energy = manifest.meters[0].points[4];
  EXPECT_EQ(energy.name, "active_energy_import.total");
  EXPECT_EQ(energy.quantity, "active_energy_import");
  EXPECT_EQ(energy.phase, "total");
  EXPECT_EQ(energy.kind, PointKind::counter);
  EXPECT_EQ(energy.unit, "kWh");
  EXPECT_EQ(energy.modulus, 1ULL << 32);
  EXPECT_THAT(energy.ratio_points, ElementsAre(0));
  EXPECT_EQ(manifest.meters[0].points[2].type, ValueType::signed_integer);
  EXPECT_EQ(manifest.meters[0].points[2].modulus, 0U) << "only counters roll over";
  EXPECT_EQ(manifest.facilities.size(), 1U);
}

TEST(Manifest, ACounterRollsOverWhereItsTypeEnds) {
  const auto modulus = [](std::string_view type) {
    const std::string point = "{ name = \"pieces\", address = 4, unit = \"pcs\", " + std::string(type) + " }";
    return parse_whole(replace(small_site, "{ name = \"pieces\", address = 4, type = \"u32\", unit = \"pcs\" }", point))
        .meters[1]
        .entry.points[0]
        .modulus;
  };
  EXPECT_EQ(modulus("type = \"u16\""), 65536U);
  EXPECT_EQ(modulus("type = \"s32\""), 1ULL << 32);
  EXPECT_EQ(modulus("type = \"u64\""), 0U) << "0 stands for 2^64";
  EXPECT_EQ(modulus("type = \"f32\""), 0U) << "floats do not roll over";
  EXPECT_EQ(modulus("type = \"bcd\", registers = 3"), 1'000'000'000'000U);
  EXPECT_EQ(modulus("type = \"mod10k\", registers = 4"), 10'000'000'000'000'000U);
  EXPECT_EQ(modulus("type = \"sign-magnitude\", registers = 2"), 1ULL << 31);
  EXPECT_EQ(modulus("type = \"bits\", bit = 4, bit_count = 12"), 4096U);
  EXPECT_EQ(modulus("type = \"u32\", modulus = 1_000_000"), 1'000'000U);
}

TEST(BusBudget, CountsBytesAndSilences) {
  Site site = parse_whole(small_site);
  // One read of 6 … 17: 8 + 5 + 24 bytes and twice 3.5 characters, 10 bits each, at 9600 baud, once a second.
  EXPECT_NEAR(bus_budget(site.buses[0], site.meters).load, 44 * 10 / 9600.0, 1e-9);
  site.buses[0].parity = meter::Parity::even;
  EXPECT_NEAR(bus_budget(site.buses[0], site.meters).load, 44 * 11 / 9600.0, 1e-9);
  site.meters[0].turnaround = Millis{100};
  EXPECT_NEAR(bus_budget(site.buses[0], site.meters).load, 40.5 * 11 / 9600.0 + 0.1, 1e-9);
  site.meters[0].turnaround = Millis{0};
  site.meters[0].points.resize(1);
  site.meters[0].points[0].place = {meter::Table::coil, 0, 9};
  EXPECT_NEAR(bus_budget(site.buses[0], site.meters).load, 22 * 11 / 9600.0, 1e-9) << "nine coils are two bytes";
  EXPECT_EQ(bus_budget(site.buses[1], site.meters).load, 0) << "TCP has no wire time to speak of";
}

/// The small site's line with `count` meters like its own.
Site crowded(int count) {
  Site site = parse_whole(small_site);
  const Meter first = site.meters[0];
  site.meters.resize(1, first);
  while (site.meters.size() < static_cast<std::size_t>(count)) site.meters.push_back(first);
  return site;
}

TEST(BusBudget, ADeadMeterCostsASilenceEveryFiveSeconds) {
  Site site = crowded(3);
  const double own = 44 * 10 / 9600.0;
  site.buses[0].worst_latency = Millis{1'000};
  const double silence = 1.0 + 264 * 10 / 9600.0;
  const BusBudget budget = bus_budget(site.buses[0], site.meters);
  EXPECT_NEAR(budget.load, 3 * own, 1e-9);
  EXPECT_NEAR(budget.one_dead, 2 * own + silence / 5, 1e-9);
  EXPECT_NEAR(budget.two_dead, own + 2 * silence / 5, 1e-9);
}

TEST(BusBudget, TheSlowestPolledIsTheWorstToLose) {
  Site site = crowded(2);
  site.meters[1].period = Millis{10'000};
  const double own = 44 * 10 / 9600.0;
  const BusBudget budget = bus_budget(site.buses[0], site.meters);
  EXPECT_NEAR(budget.one_dead - budget.load, (1.0 + 264 * 10 / 9600.0) / 5 - own / 10, 1e-9);
}

TEST(BusBudget, AdviceBringsTheLineToFourFifths) {
  const Site site = crowded(25);  // 115 %
  const std::string advice = advice_for(site.buses[0], site.meters);
  EXPECT_THAT(advice, testing::StartsWith("write period = \"2s\" in each [[meter]] of it that is faster: "));
  EXPECT_THAT(advice, testing::HasSubstr("(1s), "));
  EXPECT_THAT(advice, testing::EndsWith(" (1s) and 17 more; or baud = 19200 in its [[bus]]"));
  Site hopeless = crowded(250);
  hopeless.buses[0].baud = 1200;
  EXPECT_EQ(advice_for(hopeless.buses[0], hopeless.meters), "choose fewer points, or put some meters on another line");
}

TEST(LateEnergies, AreTellingOfALineThatIsTooSlowForItsMeters) {
  // The one read of each: 44 characters and 30 ms.
  const Site full = crowded(13);
  EXPECT_EQ(late_energies(full.buses[0], full.meters), "");
  Site late = crowded(14);
  EXPECT_EQ(
      late_energies(late.buses[0], late.meters),
      "the energies of its 14 meters take 1.1 s to read, so those of some lie more than a second behind the edges of "
      "days; write baud = 19200 in its [[bus]], or put all but about 13 of them on another line");
  late.meters[3].points.resize(3);  // one without a counter
  EXPECT_EQ(late_energies(late.buses[0], late.meters), "");
  Site hopeless = crowded(250);
  EXPECT_THAT(late_energies(hopeless.buses[0], hopeless.meters),
              testing::EndsWith("; put all but about 13 of them on another line"));
  hopeless.buses[0].kind = BusKind::tcp;
  EXPECT_EQ(late_energies(hopeless.buses[0], hopeless.meters), "");
}

TEST(ResolveFile, KnowsPathsAndCredentials) {
  EXPECT_EQ(resolve_file("/etc/ca.pem", "").value(), "/etc/ca.pem");
  EXPECT_EQ(resolve_file("credentials:key", "/run/credentials/jidian.service").value(),
            "/run/credentials/jidian.service/key");
  EXPECT_FALSE(resolve_file("credentials:key", ""));
  for (const auto spelling : {"", "key", "/", "credentials:", "credentials:../key", "credentials:a/b", "./key"})
    EXPECT_FALSE(resolve_file(spelling, "/run")) << spelling;
}

Catalogue load_catalogue() {
  static Catalogue catalogue;
  if (!catalogue.empty()) return catalogue;
  for (const auto& entry : std::filesystem::directory_iterator("config/meters")) {
    ParsedProfile parsed = parse_profile(read_text(entry.path()), entry.path());
    EXPECT_EQ(print(parsed.mistakes), "");
    if (parsed.profile) catalogue[parsed.profile->id] = std::move(*parsed.profile);
  }
  return catalogue;
}

TEST(ExampleSite, HasNoMistakeAndNoWarning) {
  const Parsed parsed = parse_site(read_text("config/example-site.toml"), "config/example-site.toml", load_catalogue());
  EXPECT_EQ(print(parsed.mistakes), "");
  ASSERT_TRUE(parsed.site);
  EXPECT_EQ(parsed.site->meters.size(), 9U);
  EXPECT_EQ(parsed.site->store.quota_bytes, 8ULL << 30);
  EXPECT_EQ(parsed.site->store.flash_endurance_gb, 30'000U);
  EXPECT_EQ(parsed.site->store.retention.at("reading"), std::chrono::hours{90 * 24});
  EXPECT_EQ(parsed.site->uplinks[0].key_file, "credentials:uplink_gateway-key");
  EXPECT_EQ(parsed.site->facilities[3].rated_power_w, 40'500);
  const Meter& plc = parsed.site->meters[8];
  EXPECT_THAT(plc.entry.points[1].labels, ElementsAre("0=stopped", "1=running", "3=fault"));
  EXPECT_EQ(plc.points[2].place.table, meter::Table::discrete_input);
  EXPECT_EQ(plc.points[2].type, meter::RawType::bits);
}

TEST(Catalogue, HoldsTheFirstEightMeters) {
  std::vector<std::string> ids;
  for (const auto& [id, profile] : load_catalogue()) {
    ids.push_back(id);
    EXPECT_NE(profile.confidence, meter::Confidence::verified) << id << " was tried on no hardware";
    EXPECT_GE(profile.vectors.size(), 7U) << id;
  }
  EXPECT_THAT(ids,
              testing::IsSupersetOf({"acrel-adl400", "carlo-gavazzi-em340", "chint-dtsu666", "chint-pd666",
                                     "eastron-sdm630", "janitza-umg96rm", "schneider-iem3155", "siemens-pac3200"}));
}

}  // namespace
}  // namespace jidian::config
