#include <algorithm>
#include <iostream>
#include <nlohmann/json.hpp>

#include "app/buses.hpp"
#include "app/local_client.hpp"
#include "app/print.hpp"
#include "app/texts.hpp"
#include "app/translate.hpp"
#include "app/verbs.hpp"
#include "command/answers.hpp"
#include "config/journal.hpp"
#include "host/host.hpp"

namespace jidian::app {
namespace {

std::string words_of(const nlohmann::json& words) {
  std::string shown;
  for (const auto& word : words) {
    const auto digits = to_hex(word.get<std::uint64_t>());
    shown += (shown.empty() ? "" : " ") + digits.substr(digits.size() - 4);
  }
  return shown;
}

/// The answer as a table; the exit status says whether every point came. `next`: what to do if not.
Exit print_answer(const Common& common, const std::string& body, Clock& clock, const std::string& next) {
  if (common.json) std::cout << body << '\n';
  const auto answer = nlohmann::json::parse(body, nullptr, false);
  if (!answer.is_object() || !answer.contains("points"))
    return print_failure(common, Error{ErrorKind::corrupt, text("answer.unclear")}), Exit::device;

  std::vector<std::vector<std::string>> rows{headings("read.heads")};
  std::size_t failed = 0;
  for (const auto& point : answer["points"]) {
    const auto error = point.value("error", "");
    failed += error.empty() ? 0U : 1U;
    rows.push_back({point.value("point", ""), point.value("value", ""), point.value("unit", ""),
                    words_of(point.value("words", nlohmann::json::array())),
                    word_for_quality(point.value("quality", "")) + (error.empty() ? "" : ": " + translated(error))});
  }
  if (!common.json) {
    std::cout << format_table(rows);
    const auto end = parse_time(answer.value("end", ""));
    const auto age_ms = end ? (clock.utc_now() - *end).count() : 0;
    std::cout << text("read.when", {{"meter", answer.value("meter", "")},
                                    {"start", answer.value("start", "")},
                                    {"age_ms", std::to_string(age_ms)}})
              << '\n';
    std::cout << text(failed == 0 ? "read.all" : "read.failed", {{"count", std::to_string(failed)}, {"next", next}})
              << '\n';
  }
  if (failed == rows.size() - 1) return Exit::device;
  return failed == 0 ? Exit::ok : Exit::findings;
}

/// No gateway runs: take the port ourselves. Its lock keeps a second master away.
Result<std::string> read_directly(const config::Site& site, const std::string& id, Clock& clock) {
  const auto meter = std::ranges::find(site.meters, id, &config::Meter::id);
  const auto bus_of_meter = std::ranges::find(site.buses, meter->bus, &config::Bus::id);
  const auto bus = make_bus(*bus_of_meter);
  if (const auto opened = bus->open({}); !opened) return opened.error().during("opening " + bus->address());
  if (bus->is_shared_line())
    std::cerr << text("read.listens",
                      {{"address", bus->address()}, {"ms", std::to_string(bus_of_meter->listen_first.count())}})
              << '\n';
  const auto index = static_cast<domain::MeterIndex>(meter - site.meters.begin());
  return command::to_json(
      acquire::read_once(*bus, polled_meter_of(*meter, index), clock, manners_of(*bus_of_meter, false)));
}

}  // namespace

Exit read(const Common& common, const std::string& meter) {
  const auto site = load_or_explain(common);
  if (!site) return Exit::usage;
  const auto ids = config::pick(site->meters, [](const auto& it) -> std::string_view { return it.id; });
  if (std::ranges::find(ids, meter) == ids.end())
    return print_failure(common,
                         Error{ErrorKind::not_found,
                               text("read.no-meter", {{"meter", meter}, {"hint", config::did_you_mean(meter, ids)}})}),
           Exit::usage;

  const auto clock = host::make_system_clock();
  const LocalClient gateway(common.socket.empty() ? site->api.socket : common.socket);
  const bool running = gateway.is_running();
  const auto answer = running ? gateway.post("/v1/command", nlohmann::json{{"op", "read"}, {"meter", meter}}.dump())
                              : read_directly(*site, meter, *clock);
  if (!answer)
    return print_failure(common, answer.error().during(text("read.reading", {{"meter", meter}}))),
           exit_of_asking(answer.error());
  const auto& bus = std::ranges::find(site->meters, meter, &config::Meter::id)->bus;
  return print_answer(common, *answer, *clock, running ? "jidian status" : "jidian doctor " + bus);
}

}  // namespace jidian::app
