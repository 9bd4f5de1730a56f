#include <spdlog/spdlog.h>

#include <future>
#include <iostream>

#include "app/gateway.hpp"
#include "app/last_good.hpp"
#include "app/load.hpp"
#include "app/print.hpp"
#include "app/verbs.hpp"
#include "app/version.hpp"
#include "host/host.hpp"
#include "host/last_words.hpp"

namespace jidian::app {
namespace {

/// What the gateway starts by, or nothing after every mistake was printed. A damaged site file is told loudly.
std::optional<Startable> startable_or_explain(const Common& common) {
  auto found = startable_from(load_site(common.site, common.profiles), {common.site}, common.profiles);
  if (!found) {
    (void)load_or_explain(common);
    return std::nullopt;
  }
  for (const auto& fault : found->why) std::cerr << fault << '\n';
  if (!found->why.empty())
    spdlog::error("site file damaged, starting by the last good one file={} instead={} why=\"{}\"",
                  common.site.string(), found->instead.string(), found->why.front());
  return found;
}

/// A store that is large or slow may take longer for it than the watchdog waits.
void reload_watched(Gateway& gateway, Clock& clock) {
  auto reload = std::async(std::launch::async, [&] { (void)gateway.reload("SIGHUP"); });
  host::supervise_until(clock, gateway.board(),
                        [&](Millis wait) { return reload.wait_for(wait) == std::future_status::ready; });
  reload.get();
}

}  // namespace

Exit run(const Common& common, const RunOptions& options) {
  host::block_signals();
  host::leave_last_words();
  host::keep_memory_small();
  host::start_logging(options.log_level);
  auto found = startable_or_explain(common);
  if (!found) return Exit::usage;

  const auto clock = host::make_system_clock();
  auto gateway = Gateway::start({common.site, common.profiles, std::move(*found)}, *clock);
  if (!gateway) {
    spdlog::error("not started why=\"{}\"", gateway.error().message());
    return gateway.error().kind() == ErrorKind::invalid ? Exit::usage : Exit::device;
  }
  found.reset();
  host::give_memory_back();
  spdlog::info("recording version={} {}", version, (*gateway)->described());

  const auto summary = [&gateway] { return (*gateway)->summary(); };
  const auto chores = [&gateway] { (*gateway)->look_after_local_interface(); };
  while (host::run_until_signalled(*clock, (*gateway)->board(), summary, chores) == host::Signal::reload)
    reload_watched(**gateway, *clock);

  spdlog::info("stopping");
  host::notify_stopping();
  gateway->reset();
  spdlog::info("stopped");
  return Exit::ok;
}

}  // namespace jidian::app
