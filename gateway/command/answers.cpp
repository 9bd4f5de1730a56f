#include "command/answers.hpp"

#include <nlohmann/json.hpp>

#include "base/time.hpp"
#include "domain/quality.hpp"

namespace jidian::command {

std::string to_json(const acquire::MeterAnswer& answer) {
  auto points = nlohmann::ordered_json::array();
  for (const auto& point : answer.points) {
    nlohmann::ordered_json json{{"point", point.point},
                                {"value", point.value},
                                {"unit", point.unit},
                                {"words", point.words},
                                {"quality", domain::name_of(point.sample.quality)}};
    if (!point.error.empty()) json["error"] = point.error;
    points.push_back(std::move(json));
  }
  return nlohmann::ordered_json{{"meter", answer.meter},
                                {"start", format_utc(answer.start)},
                                {"end", format_utc(answer.end)},
                                {"points", std::move(points)}}
      .dump(-1, ' ', false, nlohmann::ordered_json::error_handler_t::replace);
}

}  // namespace jidian::command
