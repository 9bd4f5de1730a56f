#include "app/local_client.hpp"

#include <curl/curl.h>
#include <dlfcn.h>

#include <memory>
#include <nlohmann/json.hpp>
#include <optional>

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
  if (outcome == CURLE_COULDNT_CONNECT)
    return Error{ErrorKind::unreachable, "no gateway answers at " + socket_.string() + "; start it with: jidian run"};
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
