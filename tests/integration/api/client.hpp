#pragma once

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <array>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <string>
#include <string_view>
#include <utility>

namespace jidian::api {

/// A client that sends the bytes it is told to: whole requests, halves of them, nonsense.
class Client {
 public:
  explicit Client(const std::filesystem::path& path) : fd_(socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    std::strncpy(address.sun_path, path.c_str(), sizeof address.sun_path - 1);
    connected_ = connect(fd_, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0;
    limit_patience();
  }
  explicit Client(std::uint16_t port) : fd_(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    address.sin_port = htons(port);
    connected_ = connect(fd_, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0;
    limit_patience();
  }
  ~Client() { close(fd_); }
  Client(const Client&) = delete;
  Client& operator=(const Client&) = delete;

  bool connected() const { return connected_; }

  /// False if the other end has hung up.
  bool send(std::string_view bytes) {
    while (!bytes.empty()) {
      const ssize_t sent = ::send(fd_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
      if (sent <= 0) return false;
      bytes.remove_prefix(static_cast<std::size_t>(sent));
    }
    return true;
  }

  /// Nothing more will be sent.
  void finish() { shutdown(fd_, SHUT_WR); }

  /// All that comes until the other end closes, or ten seconds of silence.
  std::string receive() {
    std::string text;
    std::array<char, 4096> part{};
    while (true) {
      const ssize_t length = recv(fd_, part.data(), part.size(), 0);
      if (length <= 0) return text;
      text.append(part.data(), static_cast<std::size_t>(length));
    }
  }

 private:
  void limit_patience() {
    const timeval patience{.tv_sec = 10, .tv_usec = 0};
    setsockopt(fd_, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
  }

  int fd_;
  bool connected_ = false;
};

/// A response taken apart: status 0 if there was none.
struct Response {
  int status = 0;
  std::string head;
  std::string body;
};

inline Response parse_response(const std::string& text) {
  Response response;
  const auto end = text.find("\r\n\r\n");
  if (!text.starts_with("HTTP/1.1 ") || end == std::string::npos) return response;
  response.status = std::atoi(text.c_str() + 9);
  response.head = text.substr(0, end);
  response.body = text.substr(end + 4);
  return response;
}

inline Response ask(Client& client, std::string_view method, std::string_view path, std::string_view body = {}) {
  std::string request;
  request.append(method).append(" ").append(path).append(" HTTP/1.1\r\nHost: localhost\r\n");
  if (!body.empty()) request += "Content-Length: " + std::to_string(body.size()) + "\r\n";
  request.append("\r\n").append(body);
  client.send(request);
  return parse_response(client.receive());
}

inline Response ask(const std::filesystem::path& socket, std::string_view method, std::string_view path,
                    std::string_view body = {}) {
  Client client(socket);
  return ask(client, method, path, body);
}

}  // namespace jidian::api
