#include "api/routes.hpp"

#include <spdlog/spdlog.h>

#include <exception>
#include <nlohmann/json.hpp>

namespace jidian::api {
namespace {

using Json = nlohmann::ordered_json;

constexpr const char* metrics_type = "text/plain; version=0.0.4; charset=utf-8";

unsigned int http_status_of(ErrorKind kind) {
  switch (kind) {
    case ErrorKind::invalid:
      return 400;
    case ErrorKind::denied:
      return 403;
    case ErrorKind::not_found:
      return 404;
    case ErrorKind::conflict:
      return 409;
    case ErrorKind::unsupported:
      return 501;
    case ErrorKind::refused:
    case ErrorKind::corrupt:
      return 502;
    case ErrorKind::unreachable:
    case ErrorKind::full:
    case ErrorKind::cancelled:
      return 503;
    case ErrorKind::timeout:
      return 504;
    case ErrorKind::io:
      break;
  }
  return 500;
}

std::string error_body(std::string_view kind, const std::string& message) {
  return Json{{"error", {{"kind", kind}, {"message", message}}}}.dump(-1, ' ', false, Json::error_handler_t::replace);
}

Answer answer_wrong_method(const char* allowed) {
  return {.status = 405,
          .content_type = "application/json",
          .body = error_body("invalid", std::string("this path answers ") + allowed),
          .allow = allowed};
}

Answer answer_with(Result<std::string> result) {
  if (!result) return answer_of(result.error());
  return {.status = 200, .content_type = "application/json", .body = std::move(*result), .allow = {}};
}

Answer metrics(command::Commands& commands) {
  return {.status = 200, .content_type = metrics_type, .body = commands.metrics(), .allow = {}};
}

bool is_get(const Request& request) {
  return request.method == "GET" || request.method == "HEAD";
}

Answer not_found(const char* paths) {
  return answer_of(Error{ErrorKind::not_found, std::string("there is no such path; there are ") + paths});
}

Answer route(const Request& request, const command::Caller& caller, command::Commands& commands) {
  if (request.path == "/v1/command") {
    if (request.method != "POST") return answer_wrong_method("POST");
    return answer_with(commands.run(caller, std::string(request.body)));
  }
  const bool known = request.path == "/v1/status" || request.path == "/v1/live" || request.path == "/metrics";
  if (!known) return not_found("/v1/status, /v1/live, /v1/command and /metrics");
  if (!is_get(request)) return answer_wrong_method("GET, HEAD");
  if (request.path == "/v1/status") return answer_with(commands.run(caller, R"({"op":"status"})"));
  if (request.path == "/v1/live") return answer_with(commands.run(caller, R"({"op":"live"})"));
  if (!caller.may_read) return answer_of(Error{ErrorKind::denied, "'" + caller.name + "' may not ask this gateway"});
  return metrics(commands);
}

/// Exceptions of whatever a command does end here, as an answer.
template <typename Function>
Answer guarded(const Request& request, Function function) {
  try {
    return function();
  } catch (const std::exception& exception) {
    spdlog::error("request failed path={} why=\"{}\"", request.path, exception.what());
    return {.status = 500,
            .content_type = "application/json",
            .body = R"({"error":{"kind":"io","message":"the gateway failed to answer; see its log"}})",
            .allow = {}};
  }
}

}  // namespace

Answer answer(const Request& request, const command::Caller& caller, command::Commands& commands) {
  return guarded(request, [&] { return route(request, caller, commands); });
}

Answer answer_scrape(const Request& request, command::Commands& commands) {
  return guarded(request, [&] {
    if (request.path != "/metrics") return not_found("/metrics");
    if (!is_get(request)) return answer_wrong_method("GET, HEAD");
    return metrics(commands);
  });
}

Answer answer_of(const Error& error) {
  return {.status = http_status_of(error.kind()),
          .content_type = "application/json",
          .body = error_body(name_of(error.kind()), error.message()),
          .allow = {}};
}

Answer answer_too_large(std::size_t bytes_max) {
  return {.status = 413,
          .content_type = "application/json",
          .body = error_body("invalid", "the body is longer than " + std::to_string(bytes_max) + " bytes"),
          .allow = {}};
}

}  // namespace jidian::api
