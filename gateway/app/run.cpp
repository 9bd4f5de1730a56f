#include <spdlog/spdlog.h>

#include <iostream>

#include "app/gateway.hpp"
#include "app/load.hpp"
#include "app/print.hpp"
#include "app/verbs.hpp"
#include "app/version.hpp"
#include "host/host.hpp"

namespace jidian::app {

Exit run(const Common& common, const RunOptions& options) {
  host::block_signals();
  host::keep_memory_small();
  host::start_logging(options.log_level);
  const auto site = load_or_explain(common);
  if (!site) return Exit::usage;

  const auto clock = host::make_system_clock();
  auto gateway = Gateway::start(*site, common.profiles, *clock);
  if (!gateway) {
    spdlog::error("not started why=\"{}\"", gateway.error().message());
    return gateway.error().kind() == ErrorKind::invalid ? Exit::usage : Exit::device;
  }
  host::give_memory_back();
  spdlog::info("recording gateway={} version={} buses={} meters={} uplinks={}", site->gateway, version,
               site->buses.size(), site->meters.size(), site->uplinks.size());

  const auto summary = [&gateway] { return (*gateway)->summary(); };
  while (host::run_until_signalled(*clock, (*gateway)->board(), summary) == host::Signal::reload)
    spdlog::warn("reload is not supported by this release, the configuration stays as it is; restart to change it");

  spdlog::info("stopping");
  host::notify_stopping();
  gateway->reset();
  spdlog::info("stopped");
  return Exit::ok;
}

}  // namespace jidian::app
