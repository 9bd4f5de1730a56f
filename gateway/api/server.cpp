#include "api/server.hpp"

#include <microhttpd.h>
#include <spdlog/spdlog.h>
#include <unistd.h>

#include <array>
#include <charconv>
#include <cstdarg>
#include <cstdio>
#include <functional>
#include <mutex>
#include <new>
#include <optional>
#include <string_view>
#include <utility>

#include "api/listen.hpp"
#include "api/peer.hpp"
#include "api/routes.hpp"

namespace jidian::api {
namespace {

// A command is a few words.
constexpr std::size_t body_bytes_max = 65'536;
// People at a keyboard and a scraper; each connection is a thread. The library hangs up on those beyond.
constexpr unsigned int connections_max = 32;
constexpr unsigned int scrapes_max = 4;
// Longer than any answer takes to be read, shorter than anyone's patience with a full table.
constexpr unsigned int idle_s_max = 10;
// A status of 2,000 meters is built on it; the default of 8 MiB would be locked memory under MemoryMax.
constexpr std::size_t stack_bytes = 262'144;

/// What a request's answer is made of: the method, the path and the body; the connection's descriptor says who asks.
using Handler = std::function<Answer(const Request& request, int connection_fd)>;

/// A request while its body arrives.
struct Incoming {
  std::string body;
};

void log_library(void* /*closure*/, const char* format, va_list arguments) {
  std::array<char, 256> text{};
  (void)std::vsnprintf(text.data(), text.size(), format, arguments);
  spdlog::debug("local interface: {}", text.data());
}

MHD_Result send(MHD_Connection* connection, const Answer& answer) {
  MHD_Response* response =
      MHD_create_response_from_buffer(answer.body.size(), const_cast<char*>(answer.body.data()), MHD_RESPMEM_MUST_COPY);
  if (response == nullptr) return MHD_NO;
  MHD_add_response_header(response, MHD_HTTP_HEADER_CONTENT_TYPE, answer.content_type.c_str());
  MHD_add_response_header(response, MHD_HTTP_HEADER_CACHE_CONTROL, "no-store");
  // One request a connection: an idle client holds no thread.
  MHD_add_response_header(response, MHD_HTTP_HEADER_CONNECTION, "close");
  if (!answer.allow.empty()) MHD_add_response_header(response, MHD_HTTP_HEADER_ALLOW, answer.allow.c_str());
  const MHD_Result queued = MHD_queue_response(connection, answer.status, response);
  MHD_destroy_response(response);
  return queued;
}

/// Whether the client announces a body beyond the limit; one that is not a number is refused by the library itself.
bool announces_too_much(MHD_Connection* connection) {
  const char* length = MHD_lookup_connection_value(connection, MHD_HEADER_KIND, MHD_HTTP_HEADER_CONTENT_LENGTH);
  if (length == nullptr) return false;
  const std::string_view text(length);
  std::uint64_t bytes = 0;
  const auto parsed = std::from_chars(text.data(), text.data() + text.size(), bytes);
  return parsed.ec == std::errc::result_out_of_range || bytes > body_bytes_max;
}

MHD_Result handle(const Handler& handler, MHD_Connection* connection, const char* path, const char* method,
                  const char* upload, std::size_t* upload_bytes, void** state) {
  if (*state == nullptr) {  // the headers are here
    if (announces_too_much(connection)) return send(connection, answer_too_large(body_bytes_max));
    *state = new Incoming;
    return MHD_YES;
  }
  auto* incoming = static_cast<Incoming*>(*state);
  if (*upload_bytes != 0) {
    if (incoming->body.size() + *upload_bytes > body_bytes_max) return MHD_NO;  // unannounced: hang up
    incoming->body.append(upload, *upload_bytes);
    *upload_bytes = 0;
    return MHD_YES;
  }
  const auto* info = MHD_get_connection_info(connection, MHD_CONNECTION_INFO_CONNECTION_FD);
  if (info == nullptr) return MHD_NO;
  return send(connection, handler({.method = method, .path = path, .body = incoming->body}, info->connect_fd));
}

/// The library's callback; the last place an exception can reach.
MHD_Result on_request(void* closure, MHD_Connection* connection, const char* path, const char* method,
                      const char* /*version*/, const char* upload, std::size_t* upload_bytes, void** state) {
  try {
    return handle(*static_cast<const Handler*>(closure), connection, path, method, upload, upload_bytes, state);
  } catch (const std::exception& exception) {
    spdlog::error("request dropped why=\"{}\"", exception.what());
    return MHD_NO;
  }
}

void on_completed(void* /*closure*/, MHD_Connection* /*connection*/, void** state, MHD_RequestTerminationCode /*why*/) {
  delete static_cast<Incoming*>(*state);
  *state = nullptr;
}

/// One listening socket and its threads. Destruction ends all connections.
class Daemon {
 public:
  /// A thread per connection: `read` may wait seconds for its bus, a client may be slow to read, and neither may hold
  /// up the others. Suspending would need a second pool for the waiting and save little at so few connections.
  static std::unique_ptr<Daemon> start(Listener listener, Handler handler, unsigned int connections) {
    std::unique_ptr<Daemon> daemon(new Daemon(std::move(listener), std::move(handler)));
    daemon->library_ = MHD_start_daemon(MHD_USE_INTERNAL_POLLING_THREAD | MHD_USE_THREAD_PER_CONNECTION | MHD_USE_POLL |
                                            MHD_USE_ITC | MHD_USE_ERROR_LOG,
                                        0, nullptr, nullptr, &on_request, &daemon->handler_, MHD_OPTION_EXTERNAL_LOGGER,
                                        &log_library, nullptr, MHD_OPTION_LISTEN_SOCKET, daemon->listener_.fd(),
                                        MHD_OPTION_NOTIFY_COMPLETED, &on_completed, nullptr,
                                        MHD_OPTION_CONNECTION_LIMIT, connections, MHD_OPTION_CONNECTION_TIMEOUT,
                                        idle_s_max, MHD_OPTION_THREAD_STACK_SIZE, stack_bytes, MHD_OPTION_END);
    return daemon->library_ == nullptr ? nullptr : std::move(daemon);
  }

  ~Daemon() {
    if (library_ == nullptr) return;
    MHD_quiesce_daemon(library_);  // gives the listening socket back, so that its file goes before its descriptor
    MHD_stop_daemon(library_);
  }
  Daemon(const Daemon&) = delete;
  Daemon& operator=(const Daemon&) = delete;

  Listener& listener() { return listener_; }

 private:
  Daemon(Listener listener, Handler handler) : listener_(std::move(listener)), handler_(std::move(handler)) {}

  Listener listener_;
  Handler handler_;
  MHD_Daemon* library_ = nullptr;
};

using Troubles = std::vector<health::InterfaceTrouble>;

/// Who may ask: read by the threads of requests, changed once the groups are there.
class Door {
 public:
  explicit Door(Access access) : access_(access) {}
  Access access() const {
    const std::scoped_lock lock(mutex_);
    return access_;
  }
  void open_to(const Access& access) {
    const std::scoped_lock lock(mutex_);
    access_ = access;
  }

 private:
  mutable std::mutex mutex_;
  Access access_;
};

/// The groups that the site file names, and which of them are not there.
struct Groups {
  Access access{.owner = geteuid(), .read_group = {}, .operate_group = {}};
  Troubles missing;

  /// The file has one group: the wider one, if there are two.
  std::optional<gid_t> of_file() const { return access.read_group ? access.read_group : access.operate_group; }
};

/// The group that the site file names under `key`; nothing if it names none. One that is not there is a trouble.
std::optional<gid_t> group_of(const char* key, const std::string& name, Troubles& troubles) {
  if (name.empty()) return std::nullopt;
  const auto group = group_named(name);
  if (group) return *group;
  troubles.push_back({"there is no group '" + name + "', so only root and the gateway's own user may ask",
                      "`groupadd --system " + name + "`, or correct `" + key +
                          "` in [api] of the site file; then `systemctl restart jidian`"});
  return std::nullopt;
}

Groups groups_of(const Options& options) {
  Groups groups;
  groups.access.read_group = group_of("read_group", options.read_group, groups.missing);
  groups.access.operate_group = group_of("operate_group", options.operate_group, groups.missing);
  return groups;
}

health::InterfaceTrouble not_given(const Options& options, const std::string& why) {
  const auto& name = options.read_group.empty() ? options.operate_group : options.read_group;
  return {"the socket could not be given to the group '" + name + "' (" + why +
              "), so only root and the gateway's own user may ask",
          "`usermod -aG " + name + " " + name_of_user(geteuid()) +
              "`, then `systemctl restart jidian`: only a member gives files to a group"};
}

Result<std::unique_ptr<Daemon>> start_scraping(const std::string& address, command::Commands& commands) {
  auto port = Listener::on_loopback(address);
  if (!port) return port.error();
  auto scrape = Daemon::start(
      std::move(*port), [&commands](const Request& request, int) { return answer_scrape(request, commands); },
      scrapes_max);
  if (scrape == nullptr) return Error{ErrorKind::io, "the metrics port could not start its threads"};
  return scrape;
}

class HttpServer final : public Server {
 public:
  HttpServer(Options options, command::Commands& commands) : options_(std::move(options)), commands_(commands) {}

  /// Errors: those of `Server::start`.
  Status open() {
    const Groups groups = groups_of(options_);
    const auto group = groups.of_file();
    auto socket = Listener::at_path(options_.socket, group,
                                    group && groups.missing.empty() ? Listener::Door::group : Listener::Door::owner);
    if (!socket) return socket.error();
    closed_ = groups.missing;
    is_group_missing_ = !groups.missing.empty();
    if (!socket->why_closed().empty()) closed_.push_back(not_given(options_, socket->why_closed()));
    if (closed_.empty()) door_.open_to(groups.access);
    local_ = Daemon::start(
        std::move(*socket),
        [this](const Request& request, int connection_fd) {
          const auto peer = peer_of(connection_fd);
          return peer ? answer(request, caller_of(*peer, door_.access()), commands_) : answer_of(peer.error());
        },
        connections_max);
    if (local_ == nullptr) return Error{ErrorKind::io, "the local interface could not start its threads"};
    open_scraping();
    sum_up();
    return {};
  }

  const Troubles& troubles() const override { return troubles_; }

  bool try_again() override {
    const bool is_opened = is_group_missing_ && give_to_groups();
    const bool is_scraped = !unscraped_.empty() && open_scraping();
    if (!is_opened && !is_scraped) return false;
    sum_up();
    return true;
  }

 private:
  /// Whether all groups are there by now: then they have the socket, or it is known why not.
  bool give_to_groups() {
    const Groups groups = groups_of(options_);
    if (!groups.missing.empty()) return false;
    is_group_missing_ = false;
    closed_.clear();
    if (const auto given = local_->listener().give_to(*groups.of_file()); !given)
      closed_.push_back(not_given(options_, given.error().message()));
    else
      door_.open_to(groups.access);
    return true;
  }

  /// Whether the metrics port is open, or none is wanted.
  bool open_scraping() {
    unscraped_.clear();
    if (options_.metrics_address.empty()) return true;
    auto started = start_scraping(options_.metrics_address, commands_);
    if (started) {
      scrape_ = std::move(*started);
      return true;
    }
    unscraped_.push_back({"the metrics port is not open: " + started.error().message(),
                          "end what uses it and it opens within five minutes, or correct `metrics` in [api] of the "
                          "site file; then `systemctl restart jidian`"});
    return false;
  }

  void sum_up() {
    troubles_ = closed_;
    troubles_.insert(troubles_.end(), unscraped_.begin(), unscraped_.end());
  }

  const Options options_;
  command::Commands& commands_;
  Door door_{Access{.owner = geteuid(), .read_group = {}, .operate_group = {}}};
  bool is_group_missing_ = false;
  Troubles closed_;     ///< Why the socket is not open to the groups.
  Troubles unscraped_;  ///< Why the metrics port is not open.
  Troubles troubles_;
  std::unique_ptr<Daemon> local_;
  std::unique_ptr<Daemon> scrape_;
};

}  // namespace

Result<std::unique_ptr<Server>> Server::start(const Options& options, command::Commands& commands) {
  auto server = std::make_unique<HttpServer>(options, commands);
  if (const auto opened = server->open(); !opened) return opened.error();
  for (const auto& trouble : server->troubles())
    spdlog::error("local interface is not as configured, recording goes on why=\"{}\" do=\"{}\"", trouble.what,
                  trouble.advice);
  return std::unique_ptr<Server>(std::move(server));
}

}  // namespace jidian::api
