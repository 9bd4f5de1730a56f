#include "record/manifest.hpp"

#include <gtest/gtest.h>

#include <limits>

#include "record/batch.hpp"
#include "tests/unit/record/samples.hpp"

namespace jidian::record {
namespace {

TEST(Manifest, GivesBackWhatWentIn) {
  const auto encoded = encode(samples::manifest());
  const auto back = decode_manifest(encoded.bytes);
  ASSERT_TRUE(back) << back.error().message();
  EXPECT_EQ(*back, samples::manifest());
  EXPECT_EQ(encoded.hash, sha256(encoded.bytes));
}

TEST(Manifest, CarriesTheScalePoint) {
  auto manifest = samples::manifest();
  manifest.meters[0].points[1].scale_point = 0;
  EXPECT_EQ(decode_manifest(encode(manifest).bytes).value(), manifest);
  EXPECT_NE(encode(manifest).hash, encode(samples::manifest()).hash) << "position 0 is not the same as none";

  manifest.meters[0].points[1].scale_point = 999;
  EXPECT_EQ(decode_manifest(encode(manifest).bytes).error().kind(), ErrorKind::corrupt);
}

TEST(Manifest, CarriesParentsAndWhatIsImplausible) {
  auto manifest = samples::manifest();
  const auto plain = encode(manifest);
  manifest.meters[1].parent = manifest.meters[0].id;
  manifest.meters[0].unchecked = {"phase_sum", "ct_reversed"};
  manifest.plausibility = {2, 30, 6, 200, 7, 3, std::chrono::hours(6)};
  const auto encoded = encode(manifest);
  EXPECT_EQ(decode_manifest(encoded.bytes).value(), manifest);
  const std::string json = to_json(manifest, encoded.hash);
  EXPECT_NE(json.find("\"unchecked\":[\"phase_sum\",\"ct_reversed\"]"), std::string::npos) << json;
  EXPECT_NE(json.find("\"parent_percent\":7"), std::string::npos) << json;

  // What is as usual takes no byte, so that a release without it names the same manifest alike.
  manifest = samples::manifest();
  manifest.plausibility = {};
  EXPECT_EQ(encode(manifest).bytes, plain.bytes);
}

TEST(Manifest, CarriesWhenDataAreInQuestion) {
  auto manifest = samples::manifest();
  const auto plain = encode(manifest);
  using std::chrono::seconds;
  manifest.data_rules = {seconds(1'800), 30, 90, 200, seconds(7'200), seconds(600)};
  manifest.meters[0].unchecked = {"rows", "cover"};
  const auto encoded = encode(manifest);
  EXPECT_EQ(decode_manifest(encoded.bytes).value(), manifest);
  EXPECT_NE(to_json(manifest, encoded.hash).find("\"minutes_least\":30"), std::string::npos);

  manifest = samples::manifest();
  manifest.data_rules.minutes_least = 44;
  EXPECT_NE(encode(manifest).hash, plain.hash) << "a rule that is loosened shows";
  EXPECT_EQ(decode_manifest(encode(manifest).bytes).value(), manifest);
  manifest.data_rules = {};
  EXPECT_EQ(encode(manifest).bytes, plain.bytes) << "what is as usual takes no byte";
}

TEST(Manifest, CarriesHowAStateIsToldAndWhatCouldBeDoneWithout) {
  auto manifest = samples::manifest();
  const auto plain = encode(manifest);
  domain::FacilityEntry& press = manifest.facilities[0];
  press.run = {domain::RunSource::power,
               {"press-1"},
               3'750'000,
               7'500'000,
               20'000'000,
               25'000'000,
               3,
               {},
               {},
               {},
               {},
               15,
               690'000};
  press.loads = {10'000, 60'000, 30, 5'000, 2};
  manifest.facilities[1].run = {domain::RunSource::status, {"press-1"}, 0, 0, 0, 0, 2, "state", {0, 3}, {2}, {1}};
  const auto encoded = encode(manifest);
  EXPECT_EQ(decode_manifest(encoded.bytes).value(), manifest);
  EXPECT_NE(encoded.hash, plain.hash);
  const std::string json = to_json(manifest, encoded.hash);
  EXPECT_NE(json.find(R"("run":{"source":"power","meters":["press-1"],"hold":3,"unit":"0.001 W","stop_below":3750000,)"
                      R"("start_at":7500000,"idle_below":20000000,"run_at":25000000,"de_energised_percent":15,)"
                      R"("nominal_voltage_mv":690000})"),
            std::string::npos)
      << json;
  EXPECT_NE(json.find(R"("interruptible_w":60000,"interruptible_minutes":30)"), std::string::npos) << json;
  EXPECT_NE(json.find(R"("point":"state","stopped":[0,3],"idle":[2],"running":[1]})"), std::string::npos) << json;

  // A facility whose state is not told takes no byte for it: a release without it names the same manifest alike.
  manifest = samples::manifest();
  manifest.facilities[0].run.hold = 7;
  EXPECT_EQ(encode(manifest).bytes, plain.bytes);
}

TEST(LiveJson, AddsTheScaleToTheExponent) {
  domain::Manifest manifest;
  manifest.meters.push_back({});
  auto& points = manifest.meters[0].points;
  points.resize(2);
  points[0].name = "power";
  points[0].exponent = -1;
  points[0].scale_point = 1;
  points[1].name = "scale";
  points[1].type = ValueType::signed_integer;
  domain::Poll poll;
  poll.samples = {{2314, domain::Quality::ok}, {static_cast<std::uint64_t>(-2), domain::Quality::ok}};
  EXPECT_NE(live_json(manifest, {&poll, 1}, UtcTime{}).find("\"value\":2.314"), std::string::npos);
  poll.samples[1] = {0, domain::Quality::not_available};
  EXPECT_EQ(live_json(manifest, {&poll, 1}, UtcTime{}).find("2314"), std::string::npos);
}

TEST(Manifest, HasTheSameBytesEveryTime) {
  EXPECT_EQ(encode(samples::manifest()).bytes, encode(samples::manifest()).bytes);
  auto changed = samples::manifest();
  changed.meters[1].points[0].exponent = -1;
  EXPECT_NE(encode(samples::manifest()).hash, encode(changed).hash);
}

TEST(Manifest, OfTwoThousandMetersFitsInABatch) {
  domain::Manifest manifest = samples::manifest();
  const domain::MeterEntry one = manifest.meters[0];
  manifest.meters.clear();
  for (int i = 0; i < 2000; ++i) {
    manifest.meters.push_back(one);
    manifest.meters.back().id = "meter-" + std::to_string(i);
    manifest.meters.back().bus = "bus-" + std::to_string(i / 8);
    manifest.meters.back().serial = std::to_string(20'260'000 + i * 7919);
  }
  const auto encoded = encode(manifest);
  EXPECT_EQ(decode_manifest(encoded.bytes).value(), manifest);
  domain::Event event = samples::events()[1];
  event.manifest = encoded.bytes;
  EXPECT_TRUE(encode(samples::header(Stream::event), Events{event}, manifest));
}

TEST(Manifest, OfAnotherFormatIsUnsupported) {
  Bytes bytes = encode(samples::manifest()).bytes;
  ASSERT_EQ(bytes[0], 0x08);
  bytes[1] = 2;
  EXPECT_EQ(decode_manifest(bytes).error().kind(), ErrorKind::unsupported);
}

TEST(Manifest, CutAnywhereIsRefusedOrIsNotTheSame) {
  const Bytes bytes = encode(samples::manifest()).bytes;
  for (std::size_t size = 0; size < bytes.size(); ++size) {
    const auto back = decode_manifest(ByteView(bytes).first(size));
    EXPECT_FALSE(back && *back == samples::manifest()) << size;
  }
}

TEST(LiveJson, ShowsExactDecimalsUnitsAndQuality) {
  auto polls = samples::polls(1);
  polls[1].samples[1] = {0, domain::Quality::no_answer};
  const auto json = live_json(samples::manifest(), polls, polls[0].end + Millis{1250});
  EXPECT_EQ(json, R"({"gateway":"gw-1","time":"2026-03-01T08:00:01.290Z","meters":{)"
                  R"("press-1":{"time":"2026-03-01T08:00:00.040Z","age_s":1.250,"quality":"ok","points":{)"
                  R"("voltage.l1":{"value":231.4,"unit":"V","quality":"ok"},)"
                  R"("active_power.total":{"value":-1,"unit":"W","times":["voltage.l1"],"quality":"ok"},)"
                  R"("active_energy.import":{"value":482137.70,"unit":"kWh","quality":"ok"},)"
                  R"("state":{"value":3,"label":"fault","unit":"","quality":"ok"}}},)"
                  R"("flow-1":{"time":"2026-03-01T08:00:00.092Z","age_s":1.198,"quality":"ok","points":{)"
                  R"("flow":{"value":12.5,"unit":"m3/h","quality":"ok"},)"
                  R"("volume":{"value":null,"unit":"m3","quality":"no_answer"}}}}})");
}

TEST(LiveJson, ShowsWhatFacilitiesDo) {
  auto manifest = samples::manifest();
  manifest.facilities[0].run.source = domain::RunSource::power;
  const UtcTime noon = samples::polls(1)[0].slot;
  const std::vector<domain::FacilityNow> facilities{
      {domain::FacilityState::running, noon - std::chrono::hours(1), 51'250'000, noon}, {}};
  const auto json = live_json(manifest, {}, noon, facilities);
  EXPECT_EQ(json, R"({"gateway":"gw-1","time":"2026-03-01T08:00:00.000Z","meters":{},"facilities":{)"
                  R"("press":{"state":"running","since":"2026-03-01T07:00:00.000Z","power_kw":51.250000,)"
                  R"("time":"2026-03-01T08:00:00.000Z"},"filter":{"state":"unknown","since":null}}})");
}

TEST(LiveJson, HasNoValueForWhatJsonCannotSay) {
  auto polls = samples::polls(1);
  polls[1].samples[0].bits = 0x7FC00000;
  const auto json = live_json(samples::manifest(), std::span(polls).last(1), polls[0].end);
  EXPECT_NE(json.find(R"("flow":{"value":null,"unit":"m3/h","quality":"ok"})"), std::string::npos) << json;
}

TEST(LiveJson, OfAMeterWithoutAnyGoodPointSaysWhy) {
  auto polls = samples::polls(1);
  for (auto& sample : polls[0].samples) sample = {0, domain::Quality::refused};
  const auto json = live_json(samples::manifest(), std::span(polls).first(1), polls[0].end);
  EXPECT_NE(json.find(R"("age_s":0.000,"quality":"refused")"), std::string::npos) << json;
}

TEST(ManifestJson, NamesEverythingByItsWord) {
  const auto manifest = samples::manifest();
  const auto json = to_json(manifest, encode(manifest).hash);
  for (const std::string& part :
       {"\"manifest\":\"" + to_hex(encode(manifest).hash) + "\"", std::string(R"("name":"河北示范铸造厂")"),
        std::string(R"("kind":"counter","type":"unsigned_integer")"), std::string(R"("modulus":1000000000)"),
        std::string(R"("kind":"treatment","meters":[],"treats":["press"])"), std::string(R"("times":["voltage.l1"])")})
    EXPECT_NE(json.find(part), std::string::npos) << part << "\n" << json;
}

}  // namespace
}  // namespace jidian::record
