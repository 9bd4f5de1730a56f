#include "app/job_run.hpp"

#include <algorithm>
#include <atomic>
#include <csignal>
#include <ctime>
#include <iostream>
#include <memory>
#include <mutex>
#include <nlohmann/json.hpp>
#include <thread>
#include <utility>

#include "acquire/line_guard.hpp"
#include "app/buses.hpp"
#include "app/jobs.hpp"
#include "app/local_client.hpp"
#include "app/print.hpp"
#include "app/texts.hpp"
#include "host/host.hpp"

namespace jidian::app {
namespace {

using Json = nlohmann::json;
using OnLine = std::function<void(const Json& line)>;

constexpr long ask_interval_ms = 250;

std::atomic<bool> cut_short = false;

void rest() {
  const timespec pause{0, ask_interval_ms * 1'000'000};
  (void)nanosleep(&pause, nullptr);  // Ctrl-C ends it early
}

void deliver(const Common& common, const Json& line, const OnLine& on_line) {
  if (common.json)
    std::cout << line.dump() << std::endl;
  else
    on_line(line);
}

Error error_in(const Json& answer) {
  const auto kind = answer["error"].value("kind", "io");
  const bool cancelled = kind == name_of(ErrorKind::cancelled);
  const bool conflict = kind == name_of(ErrorKind::conflict);
  return {cancelled  ? ErrorKind::cancelled
          : conflict ? ErrorKind::conflict
                     : ErrorKind::io,
          answer["error"].value("message", "no message")};
}

Status run_inside(const LocalClient& gateway, const Common& common, const std::string& what, const Json& args,
                  const OnLine& on_line) {
  const auto started = gateway.post("/v1/command", Json{{"op", "start"}, {"what", what}, {"args", args}}.dump());
  if (!started) return started.error();
  const auto id = Json::parse(*started, nullptr, false).value("job", "");
  bool cancelled = false;
  for (std::uint64_t after = 0;;) {
    if (cut_short && !std::exchange(cancelled, true))
      if (const auto done = gateway.post("/v1/command", Json{{"op", "cancel"}, {"id", id}}.dump()); !done)
        return done.error();
    const auto body = gateway.post("/v1/command", Json{{"op", "job"}, {"id", id}, {"after", after}}.dump());
    if (!body) return body.error();
    const auto news = Json::parse(*body, nullptr, false);
    if (!news.is_object() || !news.contains("lines")) return Error{ErrorKind::corrupt, text("answer.unclear")};
    for (const auto& line : news["lines"]) deliver(common, line, on_line);
    after = news.value("next", after);
    if (!news.value("done", false)) {
      rest();
      continue;
    }
    if (!news["error"].is_object()) return {};
    return error_in(news);
  }
}

/// A search hears the line itself, and a trace only listens.
bool sends_at_once(const std::string& what) {
  return what == "show-as" || what == "probe" || what == "doctor";
}

Status run_alone(const Common& common, const config::Site& site, const std::string& what, const Json& args,
                 const OnLine& on_line) {
  const auto job = make_job(site, common.profiles, what, args);
  if (!job) return job.error();
  const config::Bus& configured = *std::ranges::find(site.buses, args.value("bus", ""), &config::Bus::id);
  const auto bus = make_bus(configured);
  if (const auto opened = bus->open({}); !opened) return opened.error().during("opening " + bus->address());

  const auto clock = host::make_system_clock();
  std::stop_source stop;
  const std::jthread watch([&stop](const std::stop_token& ended) {
    while (!ended.stop_requested() && !cut_short) rest();
    if (cut_short) stop.request_stop();
  });
  std::unique_ptr<acquire::Bus> silent;
  if (sends_at_once(what)) {
    acquire::LineGuard guard(manners_of(configured, false));
    if (const auto admitted = guard.admit(*bus, stop.get_token()); !admitted) {
      if (what != "doctor" || !guard.evidence()) return admitted;
      silent = acquire::listen_only(*bus);
    }
  }
  const auto lender = lend_from(silent ? *silent : *bus);
  std::mutex output;
  commission::JobIo io{*lender, *clock, stop.get_token(), [&](const std::string& line) {
                         const std::scoped_lock lock(output);
                         deliver(common, Json::parse(line, nullptr, false), on_line);
                       }};
  return (*job)(io);
}

}  // namespace

Status run_job(const Common& common, const config::Site& site, const std::string& what, const Json& args,
               const OnLine& on_line) {
  (void)std::signal(SIGINT, [](int) { cut_short = true; });
  const LocalClient gateway(common.socket.empty() ? site.api.socket : common.socket);
  return gateway.is_running() ? run_inside(gateway, common, what, args, on_line)
                              : run_alone(common, site, what, args, on_line);
}

bool has_bus(const Common& common, const config::Site& site, const std::string& bus) {
  if (std::ranges::find(site.buses, bus, &config::Bus::id) != site.buses.end()) return true;
  std::string ids;
  for (const auto& known : site.buses) ids += (ids.empty() ? "" : ", ") + known.id;
  print_failure(common, Error{ErrorKind::not_found, "the site file has no bus '" + bus + "'; it has: " + ids});
  return false;
}

Exit exit_of(const Common& common, const Error& error) {
  if (error.kind() == ErrorKind::cancelled) return Exit::findings;
  print_failure(common, error);
  if (error.kind() == ErrorKind::invalid || error.kind() == ErrorKind::not_found) return Exit::usage;
  return exit_of_asking(error);
}

}  // namespace jidian::app
