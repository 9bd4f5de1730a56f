#include "api/routes.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>
#include <stdexcept>

#include "tests/unit/command/fakes.hpp"

namespace jidian::api {
namespace {

using command::Bench;
using testing::HasSubstr;
using Json = nlohmann::json;

const command::Caller reader{.name = "lin", .may_read = true, .may_operate = false};
const command::Caller stranger{.name = "stranger", .may_read = false, .may_operate = false};

Answer get(Bench& bench, std::string_view path, const command::Caller& caller = reader) {
  return answer({.method = "GET", .path = path, .body = {}}, caller, bench.commands);
}

std::string kind_of(const Answer& answer) {
  return Json::parse(answer.body)["error"]["kind"];
}

TEST(Routes, EveryPathAnswersInItsFormat) {
  Bench bench;
  for (const char* path : {"/v1/status", "/v1/live"}) {
    EXPECT_EQ(get(bench, path).status, 200U) << path;
    EXPECT_EQ(get(bench, path).content_type, "application/json") << path;
  }
  EXPECT_THAT(get(bench, "/metrics").body, HasSubstr("# TYPE jidian_info gauge"));
  EXPECT_THAT(get(bench, "/metrics").content_type, HasSubstr("version=0.0.4"));
}

TEST(Routes, AStrangerGetsNothingAnywhere) {
  Bench bench;
  for (const char* path : {"/v1/status", "/v1/live", "/metrics"}) {
    EXPECT_EQ(get(bench, path, stranger).status, 403U) << path;
    EXPECT_EQ(kind_of(get(bench, path, stranger)), "denied") << path;
  }
}

TEST(Routes, UnknownPathsAndMethodsAreNamed) {
  Bench bench;
  EXPECT_EQ(get(bench, "/").status, 404U);
  EXPECT_EQ(get(bench, "/v1/status/").status, 404U);
  EXPECT_EQ(kind_of(get(bench, "/nothing")), "not_found");
  EXPECT_EQ(get(bench, "/v1/command").status, 405U);
  EXPECT_EQ(get(bench, "/v1/command").allow, "POST");
  const auto posted = answer({.method = "POST", .path = "/v1/status", .body = "{}"}, reader, bench.commands);
  EXPECT_EQ(posted.status, 405U);
  EXPECT_EQ(posted.allow, "GET, HEAD");
}

TEST(Routes, TheScrapingPortKnowsMetricsOnly) {
  Bench bench;
  EXPECT_EQ(answer_scrape({.method = "GET", .path = "/metrics", .body = {}}, bench.commands).status, 200U);
  EXPECT_EQ(answer_scrape({.method = "GET", .path = "/v1/status", .body = {}}, bench.commands).status, 404U);
  EXPECT_EQ(answer_scrape({.method = "POST", .path = "/v1/command", .body = {}}, bench.commands).status, 404U);
  EXPECT_EQ(answer_scrape({.method = "POST", .path = "/metrics", .body = {}}, bench.commands).status, 405U);
}

TEST(Routes, EveryKindOfErrorHasAStatus) {
  for (const auto& [kind, status] : std::initializer_list<std::pair<ErrorKind, unsigned>>{{ErrorKind::invalid, 400},
                                                                                          {ErrorKind::denied, 403},
                                                                                          {ErrorKind::not_found, 404},
                                                                                          {ErrorKind::conflict, 409},
                                                                                          {ErrorKind::io, 500},
                                                                                          {ErrorKind::unsupported, 501},
                                                                                          {ErrorKind::refused, 502},
                                                                                          {ErrorKind::corrupt, 502},
                                                                                          {ErrorKind::full, 503},
                                                                                          {ErrorKind::unreachable, 503},
                                                                                          {ErrorKind::cancelled, 503},
                                                                                          {ErrorKind::timeout, 504}}) {
    const auto made = answer_of(Error{kind, "why \"so\""});
    EXPECT_EQ(made.status, status);
    EXPECT_EQ(kind_of(made), name_of(kind));
    EXPECT_EQ(Json::parse(made.body)["error"]["message"], "why \"so\"");
  }
}

TEST(Routes, AnExceptionBecomesAnAnswerThatTellsNothing) {
  Bench bench;
  command::Commands failing({.gateway = "gw-1",
                             .version = "1",
                             .started = bench.clock.utc_now(),
                             .clock = &bench.clock,
                             .board = &bench.board,
                             .recorder = &bench.recorder,
                             .store = nullptr,
                             .pollers = {},
                             .uplinks = {},
                             .bus_of = [](const std::string&) -> std::string { throw std::runtime_error("secret"); },
                             .read_patience = Millis{1}});
  const auto made = answer({.method = "POST", .path = "/v1/command", .body = R"({"op":"read","meter":"m"})"},
                           {.name = "root", .may_read = true, .may_operate = true}, failing);
  EXPECT_EQ(made.status, 500U);
  EXPECT_EQ(kind_of(made), "io");
  EXPECT_EQ(made.body.find("secret"), std::string::npos);
}

}  // namespace
}  // namespace jidian::api
