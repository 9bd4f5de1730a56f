// All Modbus/TCP endpoints and the control socket: one thread around one epoll.
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <queue>
#include <string>
#include <vector>

#include "descriptor.hpp"
#include "responder.hpp"

namespace jidian::plant {

/// A listening port and what it serves.
struct Port {
  Bus bus;
  int number = 0;  ///< the real one once bound
  int connections_max = 0;
  int connections = 0;
  Descriptor listener;
  std::int64_t next_reset_us = 0;
};

class TcpServer {
 public:
  /// Answers one line of the control protocol with one line.
  using Control = std::function<std::string(const std::string& line)>;

  /// `responder` and `faults` must outlive this.
  TcpServer(const Responder& responder, const FaultBoard& faults);
  ~TcpServer();

  /// Binds 127.0.0.1. Before run(). @throws SystemError
  Port& add(const Endpoint& endpoint);
  /// Listens on a Unix socket, replacing a stale file. Before run(). @throws SystemError
  void add_control(const std::string& path, Control control);

  /// Serves until stop(). Call once, from the thread that shall serve.
  void run();
  /// Any thread, also a signal handler.
  void stop();

  const std::vector<std::unique_ptr<Port>>& ports() const { return ports_; }

 private:
  struct Connection {
    std::uint64_t id;
    Port* port;  // null: control
    Descriptor socket;
    Bytes in;
    Bytes out;
    std::int64_t free_at_us = 0;  // when the last blocking reply is out
    bool waits_for_room = false;
  };
  struct Sending {
    std::int64_t due_us;
    std::uint64_t order;
    std::uint64_t connection;
    Bytes bytes;
    bool operator>(const Sending& other) const {
      return due_us != other.due_us ? due_us > other.due_us : order > other.order;
    }
  };

  void listen(Port& port);
  void accept_all(Port* port, int listener);
  void receive(Connection& connection);
  bool take_requests(Connection& connection);
  bool take_lines(Connection& connection);
  void send(Connection& connection, ByteView bytes);
  void flush(Connection& connection);
  void close(std::uint64_t id);
  void send_due(std::int64_t now_us);
  void apply_standing(std::int64_t now_us);
  void reset_connections(Port& port);
  int timeout_ms(std::int64_t now_us) const;

  const Responder* responder_;
  const FaultBoard* faults_;
  std::vector<std::unique_ptr<Port>> ports_;
  Descriptor control_listener_;
  std::string control_path_;
  Control control_;
  Descriptor epoll_;
  Descriptor wake_;
  std::atomic<bool> stopping_{false};
  std::map<std::uint64_t, std::unique_ptr<Connection>> connections_;
  std::priority_queue<Sending, std::vector<Sending>, std::greater<>> sendings_;
  std::uint64_t next_id_;
  std::uint64_t next_order_ = 0;
  std::uint64_t faults_seen_ = 0;
  bool has_resets_ = false;
};

}  // namespace jidian::plant
