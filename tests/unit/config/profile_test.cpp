#include <gmock/gmock.h>

#include <array>

#include "meter/decode.hpp"
#include "texts.hpp"

namespace jidian::config {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

/// What the small profile says once `from` was replaced by `to`.
std::string said_of_profile(std::string_view from, std::string_view to) {
  const ParsedProfile parsed = parse_profile(replace(small_profile, from, to), "x.toml");
  EXPECT_EQ(parsed.profile.has_value(), parsed.mistakes.empty());
  return print(parsed.mistakes);
}

/// What is said of a point written like this.
std::string said_of_point(std::string_view point) {
  return said_of_profile("  { name = \"thd_voltage.l1\", address = 20, unit = \"%\", by_default = false },", point);
}

/// The point `name` of the small profile with one more point.
meter::Point point_from(std::string_view text) {
  const auto from = "  { name = \"thd_voltage.l1\", address = 20, unit = \"%\", by_default = false },";
  const auto vectors = "vectors = [";
  std::string whole = replace(small_profile, from, text);
  // Types that only this point has need a vector; words and value do not matter here.
  const auto parsed = parse_profile(whole, "x.toml");
  for (const auto words : {"[0]", "[0, 0]", "[0, 0, 0]", "[0, 0, 0, 0]"}) {
    if (parsed.profile) break;
    const std::string vector =
        std::string("\n  { point = \"extra\", words = ") + words + ", value = \"0\", source = \"derived\" },";
    auto again = parse_profile(replace(whole, vectors, vectors + vector), "x.toml");
    if (again.profile) return again.profile->points[5];
  }
  EXPECT_TRUE(parsed.profile) << print(parsed.mistakes);
  return parsed.profile ? parsed.profile->points[5] : meter::Point{};
}

TEST(Profile, IsReadWithWhatFollowsFromNamesAndDefaults) {
  const ParsedProfile parsed = parse_profile(small_profile, "/somewhere/test-meter.toml");
  ASSERT_TRUE(parsed.profile) << print(parsed.mistakes);
  const meter::Profile& profile = *parsed.profile;
  EXPECT_EQ(profile.id, "test-meter");
  EXPECT_EQ(profile.confidence, meter::Confidence::high);
  ASSERT_EQ(profile.points.size(), 7U);
  const meter::Point& power = profile.points[2];
  EXPECT_EQ(power.name, "active_power.l1");
  EXPECT_EQ(power.quantity, "active_power");
  EXPECT_EQ(power.phase, "l1");
  EXPECT_EQ(power.carrier, Carrier::electricity);
  EXPECT_EQ(power.kind, PointKind::instantaneous);
  EXPECT_EQ(power.place, (meter::Registers{meter::Table::holding, 12, 2}));
  EXPECT_THAT(power.ratio_points, ElementsAre("ct_ratio"));
  EXPECT_EQ(profile.points[0].kind, PointKind::attribute);
  EXPECT_EQ(profile.points[1].exponent, -1);
  EXPECT_EQ(profile.points[4].kind, PointKind::counter);
  EXPECT_EQ(profile.vectors.size(), 4U);
  EXPECT_THAT(check_vectors(profile, "x.toml"), testing::IsEmpty());
}

TEST(Profile, LinkLimitsAndIdentification) {
  const auto parsed = parse_profile(replace(small_profile, "[registers]", R"([link]
baud = 19200
parity = "even"
stop_bits = 2
unit = 7
[limits]
count_max = 40
gap_max = 3
turnaround = "100ms"
[identify]
table = "input"
address = 11
type = "u16"
matches = ["341", "34*"]
[registers])"),
                                    "x.toml");
  ASSERT_TRUE(parsed.profile) << print(parsed.mistakes);
  EXPECT_EQ(parsed.profile->link.baud, 19'200U);
  EXPECT_EQ(parsed.profile->link.parity, meter::Parity::even);
  EXPECT_EQ(parsed.profile->link.stop_bits, 2);
  EXPECT_EQ(parsed.profile->link.unit, 7);
  EXPECT_EQ(parsed.profile->limits, (meter::ReadLimits{40, 3}));
  EXPECT_EQ(parsed.profile->turnaround, Millis{100});
  ASSERT_EQ(parsed.profile->identify.size(), 1U);
  EXPECT_EQ(parsed.profile->identify[0].at.place, (meter::Registers{meter::Table::input, 11, 1}));
  EXPECT_THAT(parsed.profile->identify[0].matches, ElementsAre("341", "34*"));
}

TEST(Profile, SaysHowItsMetersAreConnected) {
  const auto with = [](std::string_view line) {
    return parse_profile(
        replace(small_profile, "confidence = \"high\"\n", "confidence = \"high\"\n" + std::string(line)), "x.toml");
  };
  EXPECT_EQ(with("").profile->connection, std::nullopt);
  EXPECT_EQ(with("connection = \"transformer\"\n").profile->connection, meter::Connection::transformer);
  EXPECT_THAT(print(with("connection = \"ct\"\n").mistakes),
              HasSubstr("connection has no such value, got 'ct'; write direct, transformer or either"));
}

TEST(Profile, TheOneInTheManualIsRight) {
  const std::string manual = read_text("docs/profiles.md");
  const auto from = manual.find("```toml\n") + 8;
  const auto parsed = parse_profile(manual.substr(from, manual.find("```", from) - from), "acme-em3.toml");
  ASSERT_TRUE(parsed.profile) << print(parsed.mistakes);
  EXPECT_EQ(print(check_vectors(*parsed.profile, "acme-em3.toml")), "");
}

TEST(Point, EveryTypeHasItsRegisters) {
  const auto read = [](std::string_view coding) {
    return point_from("{ name = \"extra\", kind = \"instantaneous\", address = 40, " + std::string(coding) + " },");
  };
  EXPECT_EQ(read("type = \"u16\"").place.count, 1);
  EXPECT_EQ(read("type = \"s16\"").place.count, 1);
  EXPECT_EQ(read("type = \"u64\"").place.count, 4);
  EXPECT_EQ(read("type = \"s64\"").place.count, 4);
  EXPECT_EQ(read("type = \"f32\"").place.count, 2);
  EXPECT_EQ(read("type = \"f64\"").place.count, 4);
  EXPECT_EQ(read("type = \"bcd\", registers = 3").place.count, 3);
  EXPECT_EQ(read("type = \"mod10k\", registers = 2").place.count, 2);
  EXPECT_EQ(read("type = \"sign-magnitude\", registers = 4").place.count, 4);
  EXPECT_EQ(read("type = \"enum\"").type, meter::RawType::enumeration);
  const meter::Point bits = read("type = \"bits\", bit = 3, bit_count = 4");
  EXPECT_EQ(bits.bit_first, 3);
  EXPECT_EQ(bits.bit_count, 4);
}

TEST(Point, OrdersPatternsAndBounds) {
  const meter::Point point = point_from(
      "{ name = \"extra\", kind = \"counter\", address = 0xFFFC, type = \"u64\", word_order = \"low-first\", "
      "byte_order = "
      "\"low-first\", not_available = [\"0xFFFFFFFFFFFFFFFF\", \"0x8000000000000000\"], least = 1, most = 99, modulus "
      "= "
      "100, quantity = \"tokens\", phase = \"a\", carrier = \"water\" },");
  EXPECT_EQ(point.place.end(), 65536U);
  EXPECT_EQ(point.words, meter::WordOrder::low_first);
  EXPECT_EQ(point.bytes, meter::ByteOrder::low_first);
  EXPECT_THAT(point.not_available, ElementsAre(~0ULL, 1ULL << 63));
  EXPECT_EQ(point.least, 1);
  EXPECT_EQ(point.most, 99);
  EXPECT_EQ(point.modulus, 100U);
  EXPECT_EQ(point.quantity, "tokens");
  EXPECT_EQ(point.phase, "a");
  EXPECT_EQ(point.carrier, Carrier::water);
}

TEST(Point, DefaultPatternsGoToValuesOfTheirLength) {
  const auto parsed = parse_profile(
      replace(small_profile, "type = \"u16\"\n", "type = \"u16\"\nnot_available = [\"0xFFFF\", \"0x7FFFFFFF\"]\n"),
      "x.toml");
  ASSERT_TRUE(parsed.profile) << print(parsed.mistakes);
  EXPECT_THAT(parsed.profile->points[1].not_available, ElementsAre(0xFFFFU));
  EXPECT_THAT(parsed.profile->points[2].not_available, ElementsAre(0x7FFFFFFFU));
}

TEST(Point, AnInputBitNeedsNoType) {
  const meter::Point point = point_from(
      "{ name = \"extra\", kind = \"state\", table = \"coil\", address = 3, labels = { 0 = \"off\", 1 = \"on\" } },");
  EXPECT_EQ(point.type, meter::RawType::bits);
  EXPECT_EQ(point.place, (meter::Registers{meter::Table::coil, 3, 1}));
  EXPECT_THAT(point.labels, ElementsAre(meter::Label{0, "off"}, meter::Label{1, "on"}));
}

TEST(Point, AnInputBitHasNoOrderOfBytes) {
  const std::string_view percent = "  { name = \"thd_voltage.l1\", address = 20, unit = \"%\", by_default = false },";
  const std::string bit = "  { name = \"stop\", kind = \"state\", table = \"discrete-input\", address = 3";
  const std::string reversed =
      replace(small_profile, "type = \"u16\"\n", "type = \"u16\"\nbyte_order = \"low-first\"\n");
  const std::string vector = "vectors = [ { point = \"stop\", words = [1], value = \"1\", source = \"derived\" },";
  const auto parsed = parse_profile(replace(replace(reversed, percent, bit + " },"), "vectors = [", vector), "x.toml");
  ASSERT_TRUE(parsed.profile) << print(parsed.mistakes);
  const meter::Point& stop = parsed.profile->points[5];
  ASSERT_EQ(stop.name, "stop");
  const std::array<std::uint16_t, 1> on{1};
  EXPECT_EQ(meter::decode(stop, on), (meter::Decoded{1, meter::Presence::value}));
  EXPECT_EQ(parsed.profile->points[0].bytes, meter::ByteOrder::low_first) << "a register has the section's";

  EXPECT_THAT(said_of_point(bit + ", byte_order = \"low-first\" },"),
              HasSubstr("point 'stop': byte_order is for registers: a coil or discrete input has none; remove it"));
}

TEST(PrintedAddress, IsCheckedAgainstTheWireAddress) {
  EXPECT_EQ(said_of_point("  { name = \"thd_voltage.l1\", address = 20, as_printed = \"40021\", unit = \"%\" },"), "");
  EXPECT_EQ(said_of_point("  { name = \"thd_voltage.l1\", address = 20, as_printed = \"400021\", unit = \"%\" },"), "");
  EXPECT_EQ(
      said_of_point(
          "  { name = \"thd_voltage.l1\", table = \"input\", address = 0, as_printed = \"30001\", unit = \"%\" },"),
      "");
  EXPECT_EQ(
      said_of_point("  { name = \"thd_voltage.l1\", address = 20, as_printed = \"40020\", unit = \"%\" },"),
      "x.toml:16:57: registers: point 'thd_voltage.l1': as_printed contradicts address = 20 (counted from 0), got "
      "'40020'; write \"40021\", or correct the address\n");
  EXPECT_THAT(said_of_point("  { name = \"thd_voltage.l1\", address = 20, as_printed = \"30021\", unit = \"%\" },"),
              HasSubstr("write \"40021\""))
      << "the wrong table";
  EXPECT_THAT(
      said_of_point("  { name = \"thd_voltage.l1\", address = 20, as_printed = \"0x15\", unit = \"%\" },"),
      HasSubstr(
          "as_printed is the table's digit and the address counted from 1, got '0x15'; write \"40021\" for this"));
}

TEST(PointMistakes, NamesAndMeaning) {
  EXPECT_THAT(said_of_point("  { name = \"THD L1\", kind = \"state\", address = 20 },"),
              HasSubstr("registers: point 'THD L1': name is not a point's name"));
  EXPECT_THAT(said_of_point("  { name = \"ct_ratio\", address = 20 },"),
              HasSubstr("point 'ct_ratio': name is taken by an earlier point"));
  EXPECT_THAT(said_of_point("  { name = \"voltge_ln.l2\", address = 20, unit = \"V\" },"),
              HasSubstr("quantity 'voltge_ln' is not a common one, so kind is needed; write kind = \"instantaneous\", "
                        "\"counter\", \"state\" or \"attribute\"; did you mean 'voltage_ln'?"));
  EXPECT_THAT(said_of_point("  { name = \"voltage_ln.l2\", address = 20, unit = \"kW\" },"),
              HasSubstr("unit does not suit quantity 'voltage_ln', got 'kW'; write one of: V kV"));
  EXPECT_THAT(said_of_point("  { name = \"voltage_ln.l2\", address = 20 },"),
              HasSubstr("unit does not suit quantity 'voltage_ln'; write one of: V kV"));
  EXPECT_THAT(said_of_point("  { name = \"power_factor.l2\", address = 20, unit = \"%\" },"),
              HasSubstr("unit does not suit quantity 'power_factor', got '%'; write no unit"));
  EXPECT_THAT(said_of_point("  { name = \"voltage_ln.l2\", address = 20, unit = \"V\", kind = \"counter\" },"),
              HasSubstr("kind contradicts quantity 'voltage_ln', got 'counter'"));
  EXPECT_THAT(said_of_profile("carrier = \"electricity\"\n", ""),
              HasSubstr("point 'ct_ratio': carrier is missing; write carrier ="));
}

TEST(PointMistakes, CodingThatMakesNoSense) {
  const auto coded = [](std::string_view coding) {
    return said_of_point("  { name = \"extra\", kind = \"instantaneous\", " + std::string(coding) + " },");
  };
  EXPECT_THAT(coded("address = 65536"),
              HasSubstr("address is out of range, got '65536'; write a number from 0 … 65535"));
  EXPECT_THAT(coded("address = 65535, type = \"u32\""),
              HasSubstr("address leaves no room for 2 registers, got '65535'"));
  EXPECT_THAT(coded("address = 1, type = \"float\""), HasSubstr("type has no such value, got 'float'; write u16, s16"));
  EXPECT_THAT(coded("address = 1, type = \"u32\", registers = 2"),
              HasSubstr("registers is fixed by type \"u32\"; remove it"));
  EXPECT_THAT(coded("address = 1, type = \"bcd\""), HasSubstr("registers is missing"));
  EXPECT_THAT(coded("address = 1, type = \"bcd\", registers = 5"), HasSubstr("registers is out of range, got '5'"));
  EXPECT_THAT(coded("address = 1, type = \"sign-magnitude\", registers = 3"), HasSubstr("registers cannot be 3"));
  EXPECT_THAT(coded("address = 1, table = \"coil\", type = \"u16\""),
              HasSubstr("type must be \"bits\" in a table of coils"));
  EXPECT_THAT(coded("address = 1, table = \"holdings\""), HasSubstr("table has no such value, got 'holdings'"));
  EXPECT_THAT(coded("type = \"u16\""),
              HasSubstr("address is missing; write address = 0 (counted from 0, as on the wire)"));
  EXPECT_THAT(coded("address = 1, type = \"bits\""), HasSubstr("bit is missing"));
  EXPECT_THAT(coded("address = 1, type = \"bits\", bit = 10, bit_count = 7"),
              HasSubstr("bit_count is out of range, got '7'"));
  EXPECT_THAT(coded("address = 1, bit = 1"), HasSubstr("bit needs type = \"bits\""));
  EXPECT_THAT(coded("address = 1, labels = { 0 = \"off\" }"), HasSubstr("labels need type = \"enum\" or \"bits\""));
  EXPECT_THAT(coded("address = 1, type = \"enum\", labels = { off = \"off\" }"),
              HasSubstr("labels name numbers, got 'off'"));
  EXPECT_THAT(coded("address = 1, type = \"string\", registers = 2"), HasSubstr("a string can only be an attribute"));
}

TEST(PointMistakes, PatternsBoundsAndModulus) {
  const auto with = [](std::string_view more) {
    return said_of_point("  { name = \"extra\", kind = \"instantaneous\", address = 1, " + std::string(more) + " },");
  };
  EXPECT_THAT(with("not_available = [\"FFFF\"]"),
              HasSubstr("not_available holds patterns of whole registers, got 'FFFF'"));
  EXPECT_THAT(with("not_available = [\"0xFFFFF\"]"), HasSubstr("got '0xFFFFF'"));
  EXPECT_THAT(with("not_available = [\"0xFFFFFFFF\"]"),
              HasSubstr("not_available must be as long as the value: 1 registers"));
  EXPECT_THAT(with("not_available = [\"0xFFFFFF\"]"), HasSubstr("got '0xFFFFFF'"));
  EXPECT_EQ(with("least = 5, most = 5"), "");
  EXPECT_THAT(with("least = 5, most = 4"), HasSubstr("least is more than most, got '5'"));
  EXPECT_THAT(with("modulus = 100"), HasSubstr("modulus is for counters of whole numbers; remove it"));
  EXPECT_THAT(with("exponent = 13"), HasSubstr("exponent is out of range, got '13'"));
}

TEST(PointMistakes, RatiosMustBeAttributes) {
  const auto with = [](std::string_view ratio) {
    return said_of_point("  { name = \"current.l1\", address = 20, unit = \"A\", ratios = [\"" + std::string(ratio) +
                         "\"] },");
  };
  EXPECT_EQ(
      with("ct_ratoi"),
      "x.toml:16:62: registers: ratio 'ct_ratoi' of point 'current.l1' is no point here; did you mean 'ct_ratio'?\n");
  EXPECT_THAT(with("voltage_ln.l1"), HasSubstr("ratio 'voltage_ln.l1' of point 'current.l1' must be an attribute"));
  EXPECT_THAT(with("model_id"), HasSubstr("must be an attribute that is a number"));
  EXPECT_THAT(said_of_point("  { name = \"pt_ratio\", address = 20, ratios = [\"ct_ratio\"] },\n"
                            "  { name = \"current.l1\", address = 21, unit = \"A\", ratios = [\"pt_ratio\"] },"),
              HasSubstr("ratio 'pt_ratio' of point 'current.l1' has ratios of its own"));
  EXPECT_THAT(said_of_point("  { name = \"r_sf\", quantity = \"scale_exponent\", address = 19, type = \"s16\" },\n"
                            "  { name = \"pt_ratio\", address = 20, scale = \"r_sf\" },\n"
                            "  { name = \"current.l1\", address = 21, unit = \"A\", ratios = [\"pt_ratio\"] },"),
              HasSubstr("ratio 'pt_ratio' of point 'current.l1' has a scale of its own; write the power of ten as its "
                        "exponent instead (exponent = -1)"));
}

TEST(ProfileMistakes, NoPoint) {
  const auto from = small_profile.find("points = [");
  const auto until = small_profile.find("]\n\n[test]");
  ASSERT_LT(from, until);
  const std::string text =
      std::string(small_profile.substr(0, from)) + "points = [" + std::string(small_profile.substr(until));
  const ParsedProfile parsed = parse_profile(text, "x.toml");
  EXPECT_FALSE(parsed.profile);
  EXPECT_THAT(print(parsed.mistakes), HasSubstr("x.toml:10:10: registers: points holds no point, got an array; write "
                                                "points = [ { name = "));
}

TEST(ProfileMistakes, WholeFile) {
  EXPECT_THAT(print(parse_profile(small_profile, "My Meter.toml").mistakes),
              HasSubstr("the file's name must be an id"));
  EXPECT_THAT(said_of_profile("confidence = \"high\"", "confidence = \"sure\""),
              HasSubstr("profile: confidence has no such value, got 'sure'; write verified, high or unverified"));
  EXPECT_THAT(said_of_profile("vendor = \"Nobody\"\n", ""), HasSubstr("profile: vendor is missing"));
  EXPECT_THAT(said_of_profile("[registers]", "[limits]\ncount_max = 2\n[registers]"),
              HasSubstr("limits: count_max = 2 is less than the registers of point 'model_id'"));
  EXPECT_THAT(said_of_profile("[registers]", "[links]\n[registers]"),
              HasSubstr("unknown section 'links'; did you mean 'link'?"));
}

TEST(TestVectors, MustFitAndCoverEveryType) {
  EXPECT_EQ(
      said_of_profile(
          "  { point = \"active_energy_import.total\", words = [1, 0], value = \"65536\", source = \"derived\" },\n",
          ""),
      "x.toml:1:1: profile: no test vector has a point of type \"u32\"; write one under [test] vectors\n");
  EXPECT_THAT(said_of_profile("words = [1, 0]", "words = [1]"),
              HasSubstr("words must be as many as the point has registers, 2"));
  EXPECT_THAT(said_of_profile("words = [1, 0]", "words = [1, 65536]"),
              HasSubstr("words holds whole numbers from 0 … 65535, got '65536'"));
  EXPECT_THAT(said_of_profile("point = \"active_power.l1\"", "point = \"active_power.l2\""),
              HasSubstr("point does not exist, got 'active_power.l2'; write a point of this profile; did you mean"));
  EXPECT_THAT(said_of_profile("value = \"230.5\", source = \"derived\"", "value = \"230.5\""),
              HasSubstr("source is missing"));
}

TEST(TestVectors, FailWithTheValueTheWordsGive) {
  const auto check = [](std::string_view from, std::string_view to) {
    const auto parsed = parse_profile(replace(small_profile, from, to), "x.toml");
    EXPECT_TRUE(parsed.profile) << print(parsed.mistakes);
    return print(check_vectors(parsed.profile.value(), "x.toml"));
  };
  EXPECT_EQ(check("\"230.5\"", "\"230.50\""),
            "x.toml:22:1: test vector of 'voltage_ln.l1': the words give '230.5', not '230.50'\n");
  EXPECT_EQ(check("\"ABC\"", "\"ABD\""), "x.toml:25:1: test vector of 'model_id': the words give 'ABC', not 'ABD'\n");
  EXPECT_EQ(check("exponent = -1", "exponent = -1, most = 2304"),
            "x.toml:22:1: test vector of 'voltage_ln.l1': the words give 'out_of_range', not '230.5'\n");
  EXPECT_EQ(check("exponent = -1", "exponent = -1, not_available = [\"0x0901\"]"),
            "x.toml:22:1: test vector of 'voltage_ln.l1': the words give 'not_available', not '230.5'\n");
}

}  // namespace
}  // namespace jidian::config
