#include "app/local_client.hpp"

#include <curl/curl.h>
#include <dlfcn.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <memory>
#include <nlohmann/json.hpp>
#include <optional>

#include "api/peer.hpp"

namespace jidian::app {
namespace {

constexpr long request_timeout_s = 25;

/// The few functions of libcurl that are used, found at run time.
struct Curl {
  decltype(&curl_easy_init) init = nullptr;
  decltype(&curl_easy_setopt) setopt = nullptr;
  decltype(&curl_easy_perform) perform = nullptr;
  decltype(&curl_easy_getinfo) getinfo = nullptr;
  decltype(&curl_easy_strerror) strerror = nullptr;
  decltype(&curl_easy_cleanup) cleanup = nullptr;
};

template <typename F>
bool find(void* library, const char* name, F& function) {
  function = reinterpret_cast<F>(dlsym(library, name));
  return function != nullptr;
}

std::optional<Curl> load_curl() {
  void* library = dlopen("libcurl.so.4", RTLD_NOW | RTLD_LOCAL);
  Curl curl;
  if (library == nullptr || !find(library, "curl_easy_init", curl.init) ||
      !find(library, "curl_easy_setopt", curl.setopt) || !find(library, "curl_easy_perform", curl.perform) ||
      !find(library, "curl_easy_getinfo", curl.getinfo) || !find(library, "curl_easy_strerror", curl.strerror) ||
      !find(library, "curl_easy_cleanup", curl.cleanup))
    return std::nullopt;
  return curl;
}

std::size_t append_body(char* data, std::size_t size, std::size_t count, void* body) {
  static_cast<std::string*>(body)->append(data, size * count);
  return size * count;
}

ErrorKind kind_of(const std::string& name) {
  for (int kind = 0; kind <= static_cast<int>(ErrorKind::denied); ++kind)
    if (name_of(static_cast<ErrorKind>(kind)) == name) return static_cast<ErrorKind>(kind);
  return ErrorKind::io;
}

/// What the gateway said when it did not say 200.
Error error_of(long http_status, const std::string& body) {
  const auto json = nlohmann::json::parse(body, nullptr, false);
  if (json.is_object() && json.contains("error") && json["error"].is_object())
    return {kind_of(json["error"].value("kind", "io")), json["error"].value("message", "no message")};
  return {ErrorKind::io, "the gateway answered with HTTP status " + std::to_string(http_status)};
}

/// Whom the kernel lets connect to `socket`, and how to become one of them.
Error denial_at(const std::filesystem::path& socket) {
  const std::string at = "permission denied at " + socket.string() + ": ";
  struct stat file {};
  if (stat(socket.c_str(), &file) != 0)
    return {ErrorKind::denied, at + "its folder is closed to you; ask as root, or as the gateway's own user"};
  constexpr mode_t by_group = S_IWGRP;
  if ((file.st_mode & by_group) == 0)
    return {ErrorKind::denied, at + "it is open to root and the user '" + api::name_of_user(file.st_uid) +
                                   "' only; ask as root, and see `jidian check` about the groups in [api]"};
  const auto group = api::name_of_group(file.st_gid);
  return {ErrorKind::denied, at + "you are not in the group '" + group +
                                 "'; ask the administrator to run `usermod -aG " + group + " " +
                                 api::name_of_user(geteuid()) + "`, then log in again"};
}

/// Why nobody could be connected to. The kernel checks the rights first: of a socket that is closed to the caller it
/// does not say whether somebody listens.
Error why_not_connected(const std::filesystem::path& socket) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  const std::string& path = socket.native();
  int error = 0;
  if (path.size() < sizeof address.sun_path) {
    std::memcpy(address.sun_path, path.c_str(), path.size());
    const int probe = ::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (probe >= 0) {
      if (::connect(probe, reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0) error = errno;
      ::close(probe);
    }
  }
  if (error == EACCES || error == EPERM) return denial_at(socket);
  return {ErrorKind::unreachable, "no gateway answers at " + path + "; start it with: jidian run"};
}

}  // namespace

Result<std::string> LocalClient::request(const std::string& path, const std::string* json) const {
  static const std::optional<Curl> curl = load_curl();
  if (!curl) return Error{ErrorKind::unsupported, "libcurl is not installed; install the package libcurl4"};

  const std::unique_ptr<CURL, void (*)(CURL*)> handle(curl->init(), curl->cleanup);
  if (!handle) return Error{ErrorKind::io, "libcurl has no memory"};
  std::string body;
  curl->setopt(handle.get(), CURLOPT_UNIX_SOCKET_PATH, socket_.c_str());
  curl->setopt(handle.get(), CURLOPT_URL, ("http://localhost" + path).c_str());
  curl->setopt(handle.get(), CURLOPT_NOSIGNAL, 1L);
  curl->setopt(handle.get(), CURLOPT_PROXY, "");
  curl->setopt(handle.get(), CURLOPT_TIMEOUT, request_timeout_s);
  curl->setopt(handle.get(), CURLOPT_WRITEFUNCTION, &append_body);
  curl->setopt(handle.get(), CURLOPT_WRITEDATA, &body);
  if (json != nullptr) {
    curl->setopt(handle.get(), CURLOPT_POSTFIELDSIZE, static_cast<long>(json->size()));
    curl->setopt(handle.get(), CURLOPT_POSTFIELDS, json->c_str());
  }
  const CURLcode outcome = curl->perform(handle.get());
  if (outcome == CURLE_COULDNT_CONNECT) return why_not_connected(socket_);
  if (outcome == CURLE_OPERATION_TIMEDOUT)
    return Error{ErrorKind::timeout, "the gateway did not answer within " + std::to_string(request_timeout_s) + " s"};
  if (outcome != CURLE_OK) return Error{ErrorKind::io, std::string("asking the gateway: ") + curl->strerror(outcome)};

  long http_status = 0;
  curl->getinfo(handle.get(), CURLINFO_RESPONSE_CODE, &http_status);
  if (http_status != 200) return error_of(http_status, body);
  return body;
}

bool LocalClient::is_running() const {
  const auto answer = get("/v1/status");
  return answer || answer.error().kind() != ErrorKind::unreachable;
}

Result<std::string> LocalClient::get(const std::string& path) const {
  return request(path, nullptr);
}

Result<std::string> LocalClient::post(const std::string& path, const std::string& json) const {
  return request(path, &json);
}

}  // namespace jidian::app
