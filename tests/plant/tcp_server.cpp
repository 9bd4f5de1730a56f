#include "tcp_server.hpp"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <sys/un.h>

#include <algorithm>
#include <array>

namespace jidian::plant {
namespace {

constexpr int backlog = 64;
constexpr std::size_t out_max = 64 * 1024;  // a peer that does not read is cut off
constexpr std::size_t line_max = 4096;      // of the control protocol
constexpr int events_max = 256;
constexpr std::int64_t standing_check_us = 20'000;

// epoll data: the wake-up, the control listener, a port's index behind them, a connection's id above all of these.
constexpr std::uint64_t wake_tag = 0;
constexpr std::uint64_t control_tag = 1;
constexpr std::uint64_t port_tag = 2;
constexpr std::uint64_t connection_tag = 1U << 20U;

void watch(int epoll, int operation, int descriptor, std::uint32_t events, std::uint64_t tag) {
  epoll_event event{};
  event.events = events;
  event.data.u64 = tag;
  checked(epoll_ctl(epoll, operation, descriptor, &event), "epoll_ctl");
}

}  // namespace

TcpServer::TcpServer(const Responder& responder, const FaultBoard& faults)
    : responder_(&responder),
      faults_(&faults),
      epoll_(checked(epoll_create1(EPOLL_CLOEXEC), "epoll_create1")),
      wake_(checked(eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK), "eventfd")),
      next_id_(connection_tag) {
  watch(epoll_.get(), EPOLL_CTL_ADD, wake_.get(), EPOLLIN, wake_tag);
}

TcpServer::~TcpServer() {
  if (!control_path_.empty()) ::unlink(control_path_.c_str());
}

Port& TcpServer::add(const Endpoint& endpoint) {
  auto port = std::make_unique<Port>();
  port->bus.id = endpoint.id;
  port->bus.absent_answers = endpoint.absent_answers;
  port->number = endpoint.port;
  port->connections_max = endpoint.connections_max;
  ports_.push_back(std::move(port));
  listen(*ports_.back());
  return *ports_.back();
}

void TcpServer::listen(Port& port) {
  const std::string what = "port " + std::to_string(port.number) + " of '" + port.bus.id + "'";
  Descriptor listener(checked(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0), what));
  const int on = 1;
  ::setsockopt(listener.get(), SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(static_cast<std::uint16_t>(port.number));
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof address;
  checked(::bind(listener.get(), reinterpret_cast<sockaddr*>(&address), size), what);
  checked(::listen(listener.get(), backlog), what);
  checked(::getsockname(listener.get(), reinterpret_cast<sockaddr*>(&address), &size), what);
  port.number = ntohs(address.sin_port);
  const auto index =
      std::find_if(ports_.begin(), ports_.end(), [&](const auto& known) { return known.get() == &port; });
  watch(epoll_.get(), EPOLL_CTL_ADD, listener.get(), EPOLLIN,
        port_tag + static_cast<std::uint64_t>(index - ports_.begin()));
  port.listener = std::move(listener);
}

void TcpServer::add_control(const std::string& path, Control control) {
  const std::string what = "control socket " + path;
  Descriptor listener(checked(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0), what));
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  if (path.size() >= sizeof address.sun_path) throw SystemError(what + ": the path is too long");
  std::copy(path.begin(), path.end(), address.sun_path);
  ::unlink(path.c_str());
  checked(::bind(listener.get(), reinterpret_cast<sockaddr*>(&address), sizeof address), what);
  checked(::listen(listener.get(), backlog), what);
  watch(epoll_.get(), EPOLL_CTL_ADD, listener.get(), EPOLLIN, control_tag);
  control_listener_ = std::move(listener);
  control_path_ = path;
  control_ = std::move(control);
}

void TcpServer::stop() {
  stopping_.store(true);
  const std::uint64_t one_more = 1;
  [[maybe_unused]] const auto written = ::write(wake_.get(), &one_more, sizeof one_more);
}

void TcpServer::run() {
  std::array<epoll_event, events_max> events{};
  while (!stopping_.load()) {
    const int ready = epoll_wait(epoll_.get(), events.data(), events_max, timeout_ms(steady_us()));
    for (int i = 0; i < ready; ++i) {
      const epoll_event& event = events[static_cast<std::size_t>(i)];
      const std::uint64_t tag = event.data.u64;
      if (tag == wake_tag) continue;
      if (tag == control_tag) {
        accept_all(nullptr, control_listener_.get());
      } else if (tag < connection_tag) {
        Port* const port = ports_[static_cast<std::size_t>(tag - port_tag)].get();
        accept_all(port, port->listener.get());
      } else if (const auto found = connections_.find(tag); found != connections_.end()) {
        if ((event.events & EPOLLOUT) != 0) flush(*found->second);
        if ((event.events & (EPOLLIN | EPOLLHUP | EPOLLERR)) != 0) receive(*found->second);
      }
    }
    const std::int64_t now = steady_us();
    send_due(now);
    apply_standing(now);
  }
}

int TcpServer::timeout_ms(std::int64_t now_us) const {
  // Without anything pending, wake up often enough to notice switches that were set from another thread.
  std::int64_t wait = has_resets_ ? standing_check_us : 200'000;
  if (!sendings_.empty()) wait = std::clamp<std::int64_t>(sendings_.top().due_us - now_us, 0, wait);
  return static_cast<int>((wait + 999) / 1000);
}

void TcpServer::accept_all(Port* port, int listener) {
  for (;;) {
    Descriptor socket(::accept4(listener, nullptr, nullptr, SOCK_CLOEXEC | SOCK_NONBLOCK));
    if (!socket.is_open()) return;
    if (port != nullptr) {
      const auto limit = faults_->standing(port->bus.id, FaultKind::connection_limit);
      const int most = limit ? static_cast<int>(limit->argument) : port->connections_max;
      if (most > 0 && port->connections >= most) {
        count(port->bus.stats.refused);
        continue;
      }
      const int on = 1;
      ::setsockopt(socket.get(), IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
      ++port->connections;
      count(port->bus.stats.connections);
    }
    const std::uint64_t id = next_id_++;
    watch(epoll_.get(), EPOLL_CTL_ADD, socket.get(), EPOLLIN, id);
    auto connection = std::make_unique<Connection>();
    connection->id = id;
    connection->port = port;
    connection->socket = std::move(socket);
    connections_.emplace(id, std::move(connection));
  }
}

void TcpServer::receive(Connection& connection) {
  std::array<std::uint8_t, 4096> buffer{};
  for (;;) {
    const ssize_t got = ::read(connection.socket.get(), buffer.data(), buffer.size());
    if (got < 0 && errno == EINTR) continue;
    if (got < 0 && errno == EAGAIN) break;
    if (got <= 0) return close(connection.id);
    connection.in.insert(connection.in.end(), buffer.begin(), buffer.begin() + got);
    if (connection.port != nullptr) count(connection.port->bus.stats.bytes_in, static_cast<std::uint64_t>(got));
    if (static_cast<std::size_t>(got) < buffer.size()) break;
  }
  const std::uint64_t id = connection.id;
  const bool sane = connection.port == nullptr ? take_lines(connection) : take_requests(connection);
  if (!sane) close(id);
}

// False: what came is no Modbus/TCP, so that the stream cannot be followed any more.
bool TcpServer::take_requests(Connection& connection) {
  Bus& bus = connection.port->bus;
  std::size_t start = 0;
  Message request;
  for (;;) {
    const ByteView rest = ByteView(connection.in).subspan(start);
    std::size_t used = 0;
    const Scan scan = scan_tcp(rest, request, used);
    if (scan == Scan::garbage) {
      count(bus.stats.bad_frames);
      return false;
    }
    if (scan == Scan::incomplete) break;
    Reply reply = responder_->answer(bus, request, rest.first(used), utc_ms());
    start += used;
    if (reply.bytes.empty()) continue;
    const std::int64_t now = steady_us();
    std::int64_t due = now + reply.delay_ms * 1000;
    if (reply.blocks) {
      due = std::max(due, connection.free_at_us);
      connection.free_at_us = due;
    }
    if (due <= now)
      send(connection, reply.bytes);
    else
      sendings_.push({due, next_order_++, connection.id, std::move(reply.bytes)});
  }
  connection.in.erase(connection.in.begin(), connection.in.begin() + static_cast<std::ptrdiff_t>(start));
  return true;
}

// False: the peer sends no lines.
bool TcpServer::take_lines(Connection& connection) {
  for (;;) {
    const auto end = std::find(connection.in.begin(), connection.in.end(), '\n');
    if (end == connection.in.end()) return connection.in.size() <= line_max;
    const std::string line(connection.in.begin(), end);
    connection.in.erase(connection.in.begin(), end + 1);
    const std::string answer = control_(line) + "\n";
    const Bytes bytes(answer.begin(), answer.end());
    connection.out.insert(connection.out.end(), bytes.begin(), bytes.end());
    flush(connection);
  }
}

void TcpServer::send(Connection& connection, ByteView bytes) {
  count(connection.port->bus.stats.bytes_out, bytes.size());
  connection.out.insert(connection.out.end(), bytes.begin(), bytes.end());
  flush(connection);
}

// Writes what the socket takes. A peer that stopped reading loses its connection when the next event is handled.
void TcpServer::flush(Connection& connection) {
  while (!connection.out.empty()) {
    const ssize_t sent = ::send(connection.socket.get(), connection.out.data(), connection.out.size(), MSG_NOSIGNAL);
    if (sent < 0 && errno == EINTR) continue;
    if (sent <= 0) break;
    connection.out.erase(connection.out.begin(), connection.out.begin() + sent);
  }
  if (connection.port != nullptr && connection.out.size() > out_max) ::shutdown(connection.socket.get(), SHUT_RDWR);
  const bool waits = !connection.out.empty();
  if (waits == connection.waits_for_room) return;
  connection.waits_for_room = waits;
  const std::uint32_t events = waits ? EPOLLIN | EPOLLOUT : EPOLLIN;
  watch(epoll_.get(), EPOLL_CTL_MOD, connection.socket.get(), events, connection.id);
}

void TcpServer::close(std::uint64_t id) {
  const auto found = connections_.find(id);
  if (found == connections_.end()) return;
  if (found->second->port != nullptr) --found->second->port->connections;
  connections_.erase(found);
}

void TcpServer::send_due(std::int64_t now_us) {
  while (!sendings_.empty() && sendings_.top().due_us <= now_us) {
    const auto found = connections_.find(sendings_.top().connection);
    if (found != connections_.end()) send(*found->second, sendings_.top().bytes);
    sendings_.pop();
  }
}

void TcpServer::apply_standing(std::int64_t now_us) {
  if (faults_->version() != faults_seen_) {
    faults_seen_ = faults_->version();
    has_resets_ = false;
    for (const auto& port : ports_) {
      const bool refuses = faults_->standing(port->bus.id, FaultKind::refuse).has_value();
      if (refuses) port->listener.reset();
      if (!refuses && !port->listener.is_open()) {
        try {
          listen(*port);
        } catch (const SystemError&) {
          faults_seen_ = 0;  // the port is taken for the moment: once more at the next turn
        }
      }
      const auto resets = faults_->standing(port->bus.id, FaultKind::reset);
      port->next_reset_us = resets ? now_us + resets->argument * 1000 : 0;
      has_resets_ = has_resets_ || resets.has_value();
    }
  }
  if (!has_resets_) return;
  for (const auto& port : ports_) {
    if (port->next_reset_us == 0 || now_us < port->next_reset_us) continue;
    const auto resets = faults_->standing(port->bus.id, FaultKind::reset);
    port->next_reset_us = resets ? now_us + std::max<std::int64_t>(resets->argument, 1) * 1000 : 0;
    reset_connections(*port);
  }
}

// A reset, not an orderly end: the peer's next read or write fails.
void TcpServer::reset_connections(Port& port) {
  std::vector<std::uint64_t> ids;
  for (const auto& [id, connection] : connections_)
    if (connection->port == &port) ids.push_back(id);
  for (const std::uint64_t id : ids) {
    const linger now{1, 0};
    ::setsockopt(connections_.at(id)->socket.get(), SOL_SOCKET, SO_LINGER, &now, sizeof now);
    close(id);
    count(port.bus.stats.resets);
  }
}

}  // namespace jidian::plant
