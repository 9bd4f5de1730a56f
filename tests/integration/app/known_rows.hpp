#pragma once

#include <array>
#include <string_view>

namespace jidian::app {

/// The three rows of record::samples::aggregates() as JSON.
inline constexpr std::array<std::string_view, 3> known_rows{
    R"({"subject":"facility","id":"press","start":"2026-03-01T08:00:00.000Z","length_s":60,)"
    R"("polls_made":59,"polls_expected":60,"amounts":{"energy.taken":{"value":"0.320000","unit":"kWh"},)"
    R"("product.castings":{"value":"-0.001","unit":"t","partial":true,"spanning":true}},)"
    R"("from":"2026-03-01T07:59:59.990Z","until":"2026-03-01T08:01:00.015Z","state_ms":{"unknown":1000,)"
    R"("de_energised":0,"stopped":0,"idle":20000,"running":39000},"state":"running","starts":1})",
    R"({"subject":"account","id":"grid","start":"2026-03-01T08:00:00.000Z","length_s":900,)"
    R"("polls_made":0,"polls_expected":0,"amounts":{"energy.taken":{"value":"12.000000","unit":"kWh",)"
    R"("spanning":true}},"from":"2026-03-01T08:00:00.000Z","until":"2026-03-01T08:15:00.000Z",)"
    R"("peak":{"value":"12.250000","until":"2026-03-01T08:11:00.000Z"},)"
    R"("month_peak":{"value":"12.500000","until":"2026-03-01T08:15:00.000Z"}})",
    R"({"subject":"site","id":"site","start":"2026-02-28T12:00:00.000Z","length_s":43200,)"
    R"("shift":"night","polls_made":0,"polls_expected":0,"covered_s":42300,)"
    R"("amounts":{"energy.consumed":{"value":"0.000000","unit":"kWh","partial":true}}})"};

}  // namespace jidian::app
