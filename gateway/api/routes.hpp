#pragma once

#include <string>
#include <string_view>

#include "base/result.hpp"
#include "command/command.hpp"

namespace jidian::api {

/// A request of the local interface, free of the library that carried it.
struct Request {
  std::string_view method;
  std::string_view path;
  std::string_view body;
};

struct Answer {
  unsigned int status = 200;
  std::string content_type = "application/json";
  std::string body;
  std::string allow;  ///< With 405: the methods that are allowed.
};

/// Answers a request. Never throws. May block as long as the command does.
Answer answer(const Request& request, const command::Caller& caller, command::Commands& commands);

/// Answers a request that came over the scraping port: /metrics and nothing else.
Answer answer_scrape(const Request& request, command::Commands& commands);

/// {"error": {"kind": …, "message": …}} with the HTTP status that fits the kind.
Answer answer_of(const Error& error);

/// The answer to a body beyond the limit.
Answer answer_too_large(std::size_t bytes_max);

}  // namespace jidian::api
