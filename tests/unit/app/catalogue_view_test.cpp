#include "app/catalogue_view.hpp"

#include <gmock/gmock.h>

#include "app/load.hpp"
#include "app/texts.hpp"

namespace jidian::app {
namespace {

using testing::HasSubstr;
using testing::Not;

const config::Catalogue& catalogue() {
  static const LoadedCatalogue loaded = load_catalogue("config/meters");
  EXPECT_EQ(loaded.problem, "");
  return loaded.catalogue;
}

/// The line of `text` with `word`.
std::string line_with(const std::string& text, const std::string& word) {
  const auto at = text.find(word);
  if (at == std::string::npos) return {};
  const auto start = text.rfind('\n', at) + 1;
  return text.substr(start, text.find('\n', at) - start);
}

TEST(CatalogueList, HasALineForEveryProfile) {
  const std::string text = list_text(catalogue());
  for (const auto& [id, profile] : catalogue()) EXPECT_THAT(text, HasSubstr(id));
  EXPECT_THAT(line_with(text, "schneider-iem3155"),
              testing::MatchesRegex("schneider-iem3155 +high +electricity +30 +19200 8E1, unit 1 +Schneider.*"));
  EXPECT_EQ(list_json(catalogue()).size(), catalogue().size());
}

TEST(CatalogueExplain, SaysHowAMeterIsReachedAndRecognised) {
  const std::string text = explain_text(catalogue().at("carlo-gavazzi-em340"));
  EXPECT_THAT(text, HasSubstr("input 11, u16, read alone: 330..337, 339..345"));
  EXPECT_THAT(line_with(text, "active_power.l1"), HasSubstr("low word first"));
  EXPECT_THAT(explain_text(catalogue().at("siemens-pac3200")), HasSubstr("object 1 of function 43: *PAC3200*"));
  EXPECT_THAT(explain_text(catalogue().at("eastron-sdm630")), HasSubstr("holding 64512, u32"));
}

TEST(CatalogueExplain, SaysHowAMeterIsConnected) {
  EXPECT_THAT(line_with(explain_text(catalogue().at("eastron-sdm120")), "connected"), HasSubstr("directly, without"));
  EXPECT_THAT(line_with(explain_text(catalogue().at("eastron-sdm630")), "connected"), HasSubstr("by version"));
  EXPECT_EQ(explain_json(catalogue().at("chint-pd666"))["connection"], "transformer");
  EXPECT_TRUE(explain_json(catalogue().at("xintai-water-meter"))["connection"].is_null());
}

TEST(CatalogueExplain, SaysWhereAPointStandsAndWhatItIsMultipliedBy) {
  const std::string text = explain_text(catalogue().at("acrel-pz96"));
  EXPECT_THAT(line_with(text, "signed_active_power.total"),
              testing::MatchesRegex(
                  " +signed_active_power.total +holding +49 +0x0031 +40050 +u16 +W +× 10\\^-4 × 10\\^dpq +negative "
                  "while active_power_sign.total is 1"));
  EXPECT_THAT(text, HasSubstr("unverified: compare the values"));
}

TEST(CatalogueExplain, SpeaksChineseWhileItsJsonStaysAsProgramsReadIt) {
  const auto& profile = catalogue().at("acrel-pz96");
  const auto english = explain_json(profile);
  speak(Language::chinese);
  const std::string page = explain_text(profile);
  const std::string list = list_text(catalogue());
  const auto chinese = explain_json(profile);
  speak(Language::english);
  EXPECT_THAT(page, HasSubstr("未核对：请将数值与表计显示比对"));
  EXPECT_THAT(line_with(page, "signed_active_power.total"), HasSubstr("active_power_sign.total 为 1 时取负值"));
  EXPECT_THAT(line_with(list, "schneider-iem3155"), HasSubstr("较高"));
  EXPECT_THAT(line_with(list, "schneider-iem3155"), HasSubstr("19200 8E1，地址 1"));
  EXPECT_EQ(chinese, english);
}

TEST(CatalogueExplain, OffsetsOfAModelAreNoPrintedNumbers) {
  const std::string text = explain_text(catalogue().at("sunspec-meter-int"));
  EXPECT_THAT(text, HasSubstr("SunSpec model 201, 202, 203, 204"));
  EXPECT_THAT(text, Not(HasSubstr("40003")));
  EXPECT_THAT(line_with(text, "   w_sf "), HasSubstr("0x8000 is none; at least -10; at most 10"));
}

TEST(CatalogueExplain, JsonSaysTheSame) {
  const auto json = explain_json(catalogue().at("acrel-pz96"));
  const auto point = std::ranges::find_if(json["points"], [](const auto& it) { return it["name"] == "voltage_ln.l1"; });
  ASSERT_NE(point, json["points"].end());
  EXPECT_EQ((*point)["address"], 37);
  EXPECT_EQ((*point)["as_printed"], "40038");
  EXPECT_EQ((*point)["scale"], "dpt");
  EXPECT_EQ((*point)["exponent"], -4);
  EXPECT_EQ(explain_json(catalogue().at("siemens-pac3200"))["identify"][0]["function"], 43);
}

}  // namespace
}  // namespace jidian::app
