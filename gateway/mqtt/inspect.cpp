#include "mqtt/inspect.hpp"

#include <netdb.h>

#include <algorithm>
#include <array>

#include "mqtt/event_queue.hpp"
#include "mqtt/handshake.hpp"
#include "mqtt/probe.hpp"

namespace jidian::mqtt {
namespace {

constexpr Millis look_up_patience{10'000};
constexpr std::size_t addresses_tried_max = 4;

SteadyTime now_steady() {
  return std::chrono::time_point_cast<Millis>(std::chrono::steady_clock::now());
}

std::string text_of(const Address& address) {
  std::array<char, NI_MAXHOST> host{};
  const int failed = ::getnameinfo(reinterpret_cast<const sockaddr*>(&address.socket), address.size, host.data(),
                                   host.size(), nullptr, 0, NI_NUMERICHOST);
  return failed == 0 ? host.data() : "?";
}

/// Why the files cannot be used; empty if they can.
std::string find_fault_in_files(const Endpoint& endpoint, const uplink::BrokerOptions& options, Route& route) {
  if (!options.password_file.empty())
    if (const auto password = read_secret(options.password_file); !password) return password.error().message();
  if (!endpoint.tls) return "";
  using File = std::pair<const std::string&, const char*>;
  for (const auto& [path, what] :
       {File{options.ca_file, "CA file"}, File{options.certificate_file, "certificate"}, File{options.key_file, "key"}})
    if (!path.empty())
      if (const auto readable = check_readable(path, what); !readable) return readable.error().message();
  if (options.certificate_file.empty()) return "";
  if (const auto own = read_certificates(options.certificate_file)) route.own = *own;
  const auto fits = check_identity(options);
  return fits ? "" : fits.error().message();
}

Resolved look_up(const std::stop_token& stop, const Endpoint& endpoint) {
  const auto queue = std::make_shared<EventQueue>();
  if (const auto started = resolve(endpoint, queue); !started) return {{}, started.error().message()};
  for (auto& signal : queue->wait(stop, now_steady() + look_up_patience))
    if (auto* resolved = std::get_if<Resolved>(&signal)) return std::move(*resolved);
  return {{}, "cannot find the broker '" + endpoint.host + "': the name server does not answer"};
}

}  // namespace

Route inspect(std::stop_token stop, const uplink::BrokerOptions& options) {
  Route route;
  const auto endpoint = parse_uri(options.uri);
  if (!endpoint) return route.why = endpoint.error().message(), route;
  route.broker = endpoint->name();
  route.tls = endpoint->tls;
  route.why = find_fault_in_files(*endpoint, options, route);
  if (!route.why.empty()) return route;

  route.reached = Stage::name;
  const auto resolved = look_up(stop, *endpoint);
  route.why = resolved.why;
  if (!route.why.empty()) return route;
  for (const auto& address : resolved.addresses) route.addresses.push_back(text_of(address));

  route.reached = Stage::port;
  route.why = "it has no address";
  for (std::size_t index = 0; index < std::min(resolved.addresses.size(), addresses_tried_max); ++index) {
    const auto before = now_steady();
    const Descriptor socket = connect_tcp(stop, resolved.addresses[index], route.why);
    if (!route.why.empty()) continue;
    route.took = now_steady() - before;
    route.address = route.addresses[index];
    route.reached = Stage::open;
    if (!endpoint->tls) return route;
    auto handshake = shake_hands(stop, socket.get(), *endpoint, options);
    route.tls_version = handshake.version;
    route.chain = std::move(handshake.chain);
    route.why = std::move(handshake.why);
    if (!route.why.empty()) route.reached = Stage::tls;
    return route;
  }
  return route;
}

}  // namespace jidian::mqtt
