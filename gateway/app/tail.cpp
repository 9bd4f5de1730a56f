#include <algorithm>
#include <csignal>
#include <iostream>
#include <stop_token>

#include "app/print.hpp"
#include "app/tail_lines.hpp"
#include "app/verbs.hpp"
#include "host/host.hpp"
#include "mqtt/broker.hpp"
#include "uplink/broker.hpp"

namespace jidian::app {
namespace {

std::stop_source interrupted;

const config::Uplink* find_uplink(const config::Site& site, const std::string& id) {
  if (site.uplinks.empty()) return nullptr;
  if (id.empty()) return &site.uplinks.front();
  const auto found = std::ranges::find(site.uplinks, id, &config::Uplink::id);
  return found == site.uplinks.end() ? nullptr : &*found;
}

Exit listen(uplink::Broker& broker, TailLines& lines, const Common& common, const TailOptions& options, Clock& clock) {
  constexpr std::chrono::hours for_ever{24 * 365};
  const auto deadline =
      clock.steady_now() + (options.seconds == 0 ? Millis{for_ever} : Millis{options.seconds * 1000LL});
  std::uint32_t shown = 0;
  while (!interrupted.stop_requested() && clock.steady_now() < deadline) {
    for (const auto& event : broker.wait(interrupted.get_token(), deadline)) {
      if (const auto* gone = std::get_if<uplink::Disconnected>(&event))
        return print_failure(common, Error{ErrorKind::unreachable, "the broker is gone: " + gone->why}), Exit::device;
      const auto* message = std::get_if<uplink::Incoming>(&event);
      if (message == nullptr) continue;
      const auto word = last_word_of(*message);
      const bool wanted = options.only.empty() || std::ranges::find(options.only, word) != options.only.end();
      if (!wanted && word != "event") continue;
      const auto line = lines.take(*message);
      if (!wanted) continue;
      std::cout << line << std::endl;
      if (options.count != 0 && ++shown >= options.count) return Exit::ok;
    }
  }
  return Exit::ok;
}

}  // namespace

Exit tail(const Common& common, const TailOptions& options) {
  host::start_logging("warn");
  const auto site = load_or_explain(common);
  if (!site) return Exit::usage;
  const auto* destination = find_uplink(*site, options.uplink);
  if (destination == nullptr)
    return print_failure(common, Error{ErrorKind::not_found, "the site file has no uplink '" + options.uplink + "'"}),
           Exit::usage;

  const auto clock = host::make_system_clock();
  auto brokers = mqtt::make_broker_factory();
  const auto broker = brokers->make();
  uplink::BrokerOptions how{
      .uri = destination->url,
      .client_id = site->gateway + "-tail-" + std::to_string(clock->steady_now().time_since_epoch().count()),
      .username = destination->username,
      .password_file = destination->password_file,
      .ca_file = destination->ca_file,
      .certificate_file = destination->certificate_file,
      .key_file = destination->key_file,
      .will_topic = {},
      .will_payload = {},
      .optional_topics = {}};
  const auto connecting = broker->connect(how, {"jidian/v1/" + site->card.region + "/" + site->gateway + "/#"});
  if (!connecting) return print_failure(common, connecting.error()), Exit::usage;

  (void)std::signal(SIGINT, [](int) { interrupted.request_stop(); });
  TailLines lines(common.json, config::manifest_of(*site));
  const auto exit = listen(*broker, lines, common, options, *clock);
  broker->disconnect(Millis{500});
  return exit;
}

}  // namespace jidian::app
