#include <gmock/gmock.h>

#include "meter/relations.hpp"
#include "texts.hpp"

namespace jidian::config {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

constexpr std::string_view spare = "  { name = \"thd_voltage.l1\", address = 20, unit = \"%\", by_default = false },";
constexpr std::string_view scale = "  { name = \"w_sf\", quantity = \"scale_exponent\", address = 8, type = \"s16\" },";
constexpr std::string_view scale_vector =
    "vectors = [\n  { point = \"w_sf\", words = [0xFFFE], value = \"-2\", source = \"derived\" },";

ParsedProfile parse(std::string_view points, std::string_view vectors = scale_vector) {
  return parse_profile(replace(replace(small_profile, spare, points), "vectors = [", vectors), "x.toml");
}

/// What is said of these points, which stand beside the small profile's.
std::string said_of(std::string_view points) {
  return print(parse(points).mistakes);
}

std::string with_scale(std::string_view point) {
  std::string points(scale);
  points += "\n  ";
  points += point;
  return points;
}

/// What the small profile says with `text` before its registers.
std::string said_with(std::string_view text) {
  const auto parsed =
      parse_profile(replace(small_profile, "[registers]", std::string(text) + "\n[registers]"), "x.toml");
  EXPECT_EQ(parsed.profile.has_value(), parsed.mistakes.empty());
  return print(parsed.mistakes);
}

meter::Profile profile_with(std::string_view text) {
  return parse_profile(replace(small_profile, "[registers]", std::string(text) + "\n[registers]"), "x.toml")
      .profile.value();
}

TEST(References, ScaleSignAndCondition) {
  const auto parsed = parse(with_scale(
      "{ name = \"error\", kind = \"state\", address = 9 },\n"
      "  { name = \"flow\", address = 20, unit = \"m3/h\", scale = \"w_sf\", sign = \"error\", note = \"n\", "
      "valid_while = { point = \"error\", equals = [0, -1] } },"));
  ASSERT_TRUE(parsed.profile) << print(parsed.mistakes);
  const meter::Point& flow = parsed.profile->points[7];
  EXPECT_EQ(flow.scale_point, "w_sf");
  EXPECT_EQ(flow.sign_point, "error");
  EXPECT_EQ(flow.valid_while, (meter::Condition{"error", {0, -1}}));
  EXPECT_EQ(flow.note, "n");
  EXPECT_EQ(meter::runs_of(parsed.profile->points)[7], (meter::Registers{meter::Table::holding, 8, 13}));
}

TEST(References, MustNameAWholeNumberOfTheSameTable) {
  const auto scaled_by = [](std::string_view name, std::string_view more = "") {
    return said_of(with_scale("{ name = \"current.l1\", address = 20, unit = \"A\", scale = \"" + std::string(name) +
                              "\" },\n" + std::string(more)));
  };
  EXPECT_EQ(scaled_by("w_sf"), "");
  EXPECT_EQ(scaled_by("w_sv"),
            "x.toml:17:60: registers: scale 'w_sv' of point 'current.l1' is no point here; did you mean 'w_sf'?\n");
  EXPECT_THAT(scaled_by("model_id"), HasSubstr("scale 'model_id' of point 'current.l1' must be a whole number"));
  EXPECT_THAT(scaled_by("voltage_ln.l1"), HasSubstr("must be a state or an attribute; write kind = \"state\" there"));
  EXPECT_THAT(scaled_by("current.l1"), HasSubstr("is the point itself"));
  EXPECT_THAT(scaled_by("far", "{ name = \"far\", kind = \"state\", address = 1, table = \"input\" },"),
              HasSubstr("stands in another table, so the two cannot come from one request"));
  EXPECT_THAT(scaled_by("two", "{ name = \"two\", kind = \"state\", address = 1, scale = \"w_sf\" },"),
              HasSubstr("has a scale, sign or valid_while of its own"));
  EXPECT_THAT(scaled_by("ten", "{ name = \"ten\", kind = \"state\", address = 1, exponent = 1 },"),
              HasSubstr("is an exponent: it can have neither exponent nor ratios"));
}

TEST(References, ASignNeedsANumberWithoutOne) {
  const auto signed_as = [](std::string_view coding) {
    return said_of(with_scale("{ name = \"extra\", address = 20, " + std::string(coding) + ", sign = \"w_sf\" },"));
  };
  EXPECT_EQ(signed_as("kind = \"instantaneous\", type = \"u32\""), "");
  EXPECT_THAT(signed_as("kind = \"instantaneous\", type = \"s16\""), HasSubstr("needs type u16, u32, bcd or mod10k"));
  EXPECT_THAT(signed_as("kind = \"counter\""), HasSubstr("cannot be: a counter is never negative"));
}

TEST(References, AConditionNeedsValues) {
  const auto valid = [](std::string_view condition) {
    return said_of(with_scale(
        "{ name = \"current.l1\", address = 20, unit = \"A\", valid_while = " + std::string(condition) + " },"));
  };
  EXPECT_THAT(valid("{ point = \"w_sf\" }"), HasSubstr("point 'current.l1': valid_while: equals is missing"));
  EXPECT_THAT(valid("{ equals = [0] }"), HasSubstr("valid_while: point is missing"));
  EXPECT_THAT(valid("{ point = \"w_sf\", equals = [] }"), HasSubstr("equals holds no value that could be met"));
  EXPECT_THAT(valid("{ point = \"w_sf\", equals = [0], else = 1 }"), HasSubstr("valid_while: unknown key 'else'"));
  EXPECT_THAT(valid("\"w_sf\""), HasSubstr("valid_while must be a section"));
}

TEST(References, MustFitIntoOneRequest) {
  const auto limited = [](std::string_view limits) {
    const auto text = replace(replace(small_profile, spare,
                                      with_scale("{ name = \"current.l1\", address = 20, unit = "
                                                 "\"A\", scale = \"w_sf\" },")),
                              "vectors = [", scale_vector);
    return print(parse_profile(replace(text, "[registers]", std::string(limits) + "\n[registers]"), "x.toml").mistakes);
  };
  EXPECT_EQ(limited("[limits]\ncount_max = 13"), "");
  EXPECT_THAT(limited("[limits]\ncount_max = 12"),
              HasSubstr("limits: count_max = 12 is less than the 13 registers from point 'current.l1' to 'w_sf', which "
                        "must come from one request"));
  EXPECT_THAT(limited("[limits]\nshort_count_max = 12"), HasSubstr("limits: short_count_max = 12 is less than the 13"));
}

TEST(References, MustLieWithinReachOfOneRequest) {
  const auto scaled = [](std::string_view from, std::string_view to) {
    return said_of(with_scale("{ name = \"current.l1\", address = " + std::string(from) +
                              ", unit = \"A\", scale = \"far\" },\n  { name = \"far\", kind = \"state\", address = " +
                              std::string(to) + " },"));
  };
  const std::string too_far =
      "scale 'far' of point 'current.l1' is too far from it: no request has more than 125 registers, and the two must "
      "come from one; correct an address, or remove it\n";
  EXPECT_EQ(scaled("100", "224"), "");
  EXPECT_THAT(scaled("100", "225"), HasSubstr(too_far));
  EXPECT_THAT(scaled("0", "65535"), HasSubstr(too_far));
  EXPECT_THAT(scaled("65535", "0"), HasSubstr(too_far));
}

TEST(References, AGroupMustFitIntoOneRequest) {
  const std::string points =
      "{ name = \"current.l1\", address = 100, unit = \"A\", scale = \"far\" },\n"
      "  { name = \"current.l2\", address = 300, unit = \"A\", scale = \"far\" },\n"
      "  { name = \"far\", kind = \"state\", address = 200 },";
  EXPECT_THAT(said_of(with_scale(points)),
              HasSubstr("limits: count_max = 125 is less than the 201 registers from point 'current.l1' to 'far'"));
}

TEST(References, VectorsSayWhatTheOtherPointsHold) {
  const auto vector = [](std::string_view with) {
    const auto parsed = parse(
        with_scale("{ name = \"current.l1\", address = 20, unit = \"A\", exponent = -1, scale = \"w_sf\" },"),
        std::string(scale_vector) + "{ point = \"current.l1\", words = [42], value = \"0.042\", source = \"derived\"" +
            std::string(with) + " },");
    return print(parsed.mistakes) + (parsed.profile ? print(check_vectors(*parsed.profile, "x.toml")) : "");
  };
  EXPECT_EQ(vector(", with = { w_sf = [0xFFFE] }"), "");
  EXPECT_THAT(vector(", with = { w_sf = [0] }"), HasSubstr("the words give '4.2', not '0.042'"));
  EXPECT_THAT(vector(""), HasSubstr("with is missing; write with = { w_sf = [0xFFFE] }"));
  EXPECT_THAT(vector(", with = { w_sf = [0, 0] }"), HasSubstr("w_sf must be as many as the point has registers, 1"));
  EXPECT_THAT(vector(", with = { ct_ratio = [0] }"), HasSubstr("with: unknown key 'ct_ratio'"));
}

TEST(References, GoIntoTheManifestAndWithTheSelection) {
  Catalogue catalogue{{"test-meter", parse(with_scale("{ name = \"current.l1\", address = 20, unit = \"A\", scale = "
                                                      "\"w_sf\" },"))
                                         .profile.value()}};
  const auto text = replace(small_site, "period = \"1s\"", "points = [\"current.l1\"]");
  const Parsed parsed = parse_site(text, "site.toml", catalogue);
  ASSERT_TRUE(parsed.site) << print(parsed.mistakes);
  const auto& points = parsed.site->meters[0].entry.points;
  ASSERT_EQ(points.size(), 2U);
  EXPECT_EQ(points[0].name, "w_sf");
  EXPECT_EQ(points[1].scale_point, 0);
}

TEST(Identify, AlternativesRangesAndBeingAlone) {
  const meter::Profile profile = profile_with(R"([[identify]]
table = "input"
address = 11
type = "u16"
alone = true
matches = ["330..337", "0x0155"]
[[identify]]
object = 0x01
matches = ["EM340*"]
[[identify]]
server_id = true
matches = ["*EM340*"])");
  ASSERT_EQ(profile.identify.size(), 3U);
  EXPECT_TRUE(profile.identify[0].at.alone);
  EXPECT_THAT(profile.identify[0].matches, ElementsAre("330..337", "0x0155"));
  EXPECT_EQ(profile.identify[1].at.source, meter::IdentitySource::device_object);
  EXPECT_EQ(profile.identify[1].at.object, 1);
  EXPECT_EQ(profile.identify[1].at.type, meter::RawType::text);
  EXPECT_EQ(profile.identify[2].at.source, meter::IdentitySource::server_id);
}

TEST(Identify, Mistakes) {
  const auto identify = [](std::string_view text) { return said_with("[identify]\n" + std::string(text)); };
  const std::string place = "table = \"input\"\naddress = 11\ntype = \"u16\"\n";
  EXPECT_EQ(identify(place + "matches = [\"345..330\"]"),
            "x.toml:10:12: identify: matches of a number are numbers, got '345..330'; write \"341\", \"0x0155\", "
            "\"330..345\" or \"34*\"\n");
  EXPECT_THAT(identify(place + "matches = []"), HasSubstr("identify: matches holds nothing that could be met"));
  EXPECT_THAT(identify(place), HasSubstr("identify: matches is missing"));
  EXPECT_THAT(identify("object = 1\naddress = 4\nmatches = [\"x\"]"),
              HasSubstr("address is for registers, not for an object of function 43; remove it"));
  EXPECT_THAT(identify("object = 256\nmatches = [\"x\"]"), HasSubstr("object is out of range, got '256'"));
  EXPECT_THAT(identify("object = 1\nserver_id = true\nmatches = [\"x\"]"),
              HasSubstr("object and server_id exclude each other"));
  EXPECT_THAT(identify("table = \"input\"\naddress = 1\ntype = \"f32\"\nmatches = [\"1\"]"),
              HasSubstr("type cannot name a thing, got 'f32'"));
}

TEST(Serial, AndFirmwareHavePlaces) {
  const meter::Profile profile = profile_with(R"([serial]
table = "holding"
address = 0xFC00
type = "u32"
word_order = "low-first"
[firmware]
object = 2)");
  ASSERT_TRUE(profile.serial && profile.firmware);
  EXPECT_EQ(profile.serial->place, (meter::Registers{meter::Table::holding, 0xFC00, 2}));
  EXPECT_EQ(profile.serial->words, meter::WordOrder::low_first);
  EXPECT_EQ(profile.firmware->object, 2);
  EXPECT_THAT(said_with("[serial]\ntable = \"holding\"\naddress = 1\ntype = \"u16\"\nmatches = [\"1\"]"),
              HasSubstr("serial: unknown key 'matches'"));
}

TEST(LimitsAndLink, SayWhatAMeterCanBeSetTo) {
  const meter::Profile profile = profile_with(R"([link]
bauds = [2400, 9600]
parities = ["none", "even"]
[limits]
worst_latency = "2s"
short_count_max = 10)");
  EXPECT_THAT(profile.link.bauds, ElementsAre(2400U, 9600U));
  EXPECT_THAT(profile.link.parities, ElementsAre(meter::Parity::none, meter::Parity::even));
  EXPECT_EQ(profile.worst_latency, Millis{2000});
  EXPECT_EQ(profile.short_count_max, 10);
  EXPECT_THAT(said_with("[link]\nbauds = [2400]"), HasSubstr("link: bauds must hold baud, 9600"));
  EXPECT_THAT(said_with("[link]\nparities = [\"even\"]"), HasSubstr("link: parities must hold parity"));
  EXPECT_THAT(said_with("[link]\nparities = [\"none\", \"mark\"]"),
              HasSubstr("parities hold none, even, odd, got 'mark'"));
  EXPECT_THAT(said_with("[limits]\ncount_max = 20\nshort_count_max = 20"),
              HasSubstr("short_count_max is out of range, got '20'"));
}

TEST(Sunspec, PointsCountFromTheModel) {
  const meter::Profile profile = profile_with("[sunspec]\nmodels = [201, 203]");
  EXPECT_EQ(profile.sunspec, (meter::Sunspec{{201, 203}, 32}));
  EXPECT_THAT(said_with("[sunspec]\nmodels = []"), HasSubstr("sunspec: models must be 1 to 32 model numbers"));
  EXPECT_THAT(said_with("[sunspec]"), HasSubstr("sunspec: models is missing; write models = [201, 202, 203, 204]"));
  EXPECT_THAT(said_with("[sunspec]\nmodels = [1]\n[identify]\nobject = 1\nmatches = [\"x\"]"),
              HasSubstr("identify and sunspec exclude each other"));
}

TEST(Sunspec, ASiteCanSayWhereTheModelBegins) {
  const Catalogue catalogue{{"test-meter", profile_with("[sunspec]\nmodels = [203]")}};
  const auto parse_with = [&](std::string_view key) {
    return parse_site(replace(small_site, "period = \"1s\"", key), "site.toml", catalogue);
  };
  const Parsed parsed = parse_with("sunspec_base = 40069");
  ASSERT_TRUE(parsed.site) << print(parsed.mistakes);
  EXPECT_EQ(parsed.site->meters[0].points[0].place.first, 40'075);
  EXPECT_FALSE(parsed.site->meters[0].sunspec);
  const Parsed without = parse_with("period = \"2s\"");
  ASSERT_TRUE(without.site) << print(without.mistakes);
  EXPECT_EQ(without.site->meters[0].points[0].place.first, 6);
  EXPECT_EQ(without.site->meters[0].sunspec->models, std::vector<std::uint16_t>{203});
  EXPECT_THAT(print(parse_with("sunspec_base = 65535").mistakes), HasSubstr("sunspec_base is out of range"));
  EXPECT_THAT(print(parse_small(replace(small_site, "period = \"1s\"", "sunspec_base = 1")).mistakes),
              HasSubstr("sunspec_base is for profiles of SunSpec models"));
}

}  // namespace
}  // namespace jidian::config
