#include <gmock/gmock.h>

#include "texts.hpp"

namespace jidian::config {
namespace {

using testing::HasSubstr;
using testing::Not;

/// What the small site says once `from` was replaced by `to`.
std::string said_of_site(std::string_view from, std::string_view to) {
  return print(parse_small(replace(small_site, from, to)).mistakes);
}

TEST(Selection, AMeterRecordsSomething) {
  const auto with = [](std::string_view points) { return said_of_site("period = \"1s\"", points); };
  const std::string nothing =
      "site.toml:26:10: meter 'press-1': points holds nothing that could be recorded, got an array; write points = "
      "[\"voltage_ln.l1\"], or remove it for the default points\n";
  EXPECT_THAT(with("points = []"), HasSubstr(nothing));
  EXPECT_THAT(with("points = [\"model*\"]"), HasSubstr(nothing)) << "a text that a pattern meets is left out";
  EXPECT_THAT(with("points = [\"model_id\"]"), Not(HasSubstr("could be recorded"))) << "told once";

  const std::string_view pieces = "  { name = \"pieces\", address = 4, type = \"u32\", unit = \"pcs\" },\n";
  EXPECT_THAT(said_of_site(pieces, ""),
              HasSubstr("site.toml:35:10: meter 'plc-1': points holds no point, got an array; write points = [ {"));
  EXPECT_THAT(said_of_site("unit = \"pcs\"", "unit = \"pcs\", by_default = false"),
              HasSubstr("site.toml:28:1: meter 'plc-1': no point is recorded by default; write points = "
                        "[\"pieces\"]\n"));
  EXPECT_THAT(said_of_site(pieces, "  { name = \"model_id\", address = 4, type = \"string\", registers = 4 },\n"),
              HasSubstr("meter 'plc-1': all points are texts, which are never part of a reading"));
}

}  // namespace
}  // namespace jidian::config
