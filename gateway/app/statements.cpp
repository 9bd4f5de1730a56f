#include "app/statements.hpp"

#include <nlohmann/json.hpp>

#include "app/local_client.hpp"
#include "app/print.hpp"
#include "app/texts.hpp"

namespace jidian::app {

Result<std::string> state(const Common& common, const std::string& verb, const nlohmann::json& request) {
  const auto socket = socket_of(common);
  if (socket.empty()) return Error{ErrorKind::invalid, ""};  // every mistake has been told
  std::string body;
  try {
    body = request.dump();
  } catch (const nlohmann::json::exception&) {
    return Error{ErrorKind::invalid, text("statement.no-utf8")};
  }
  auto answer = LocalClient(socket).post("/v1/command", body);
  if (!answer && answer.error().kind() == ErrorKind::unreachable &&
      answer.error().message().find(socket.string()) != std::string::npos)
    return Error{
        ErrorKind::unreachable,
        text("statement.no-gateway", {{"verb", verb}, {"socket", socket.string()}, {"site", common.site.string()}})};
  return answer;
}

Exit exit_of_statement(const Common& common, const Error& error) {
  if (!error.message().empty()) print_failure(common, error);
  switch (error.kind()) {
    case ErrorKind::invalid:
    case ErrorKind::not_found:
    case ErrorKind::denied:
      return Exit::usage;
    case ErrorKind::conflict:
      return Exit::findings;
    default:
      return Exit::device;
  }
}

}  // namespace jidian::app
