#include <gtest/gtest.h>

#include <string>

#include "app/tail_lines.hpp"
#include "record/manifest.hpp"
#include "tests/integration/app/known_rows.hpp"
#include "tests/unit/record/samples.hpp"

namespace jidian::app {
namespace {

/// A batch with rows of a facility, an account and the site, as a broker hands it out.
uplink::Incoming rows_from_the_broker() {
  record::Rows rows = record::samples::rows();
  for (const auto& row : record::samples::aggregates()) rows.emplace_back(row);
  auto header = record::samples::header(record::Stream::interval);
  header.manifest = record::encode(record::samples::site_manifest()).hash;
  uplink::Incoming message;
  message.topic = "jidian/v1/130185/gw-1/interval";
  message.payload = record::encode(header, rows, record::samples::site_manifest()).value().bytes;
  return message;
}

std::string known_rows_as_a_list() {
  std::string list;
  for (const auto row : known_rows) list.append(list.empty() ? "" : ",").append(row);
  return list;
}

TEST(TailRows, JsonHasTheRowsOfFacilitiesAccountsAndTheSite) {
  const auto message = rows_from_the_broker();
  TailLines lines(true, record::samples::site_manifest());
  EXPECT_EQ(lines.take(message),
            R"({"topic":"interval","epoch":"00c0ffee00c0ffee","seq":1,"bytes":)" +
                std::to_string(message.payload.size()) +
                R"(,"count":5,"from":"2026-02-28T12:00:00.000Z","to":"2026-03-01T08:15:00.000Z","rows":[)" +
                known_rows_as_a_list() + "]}");
}

TEST(TailRows, ForPeopleEachRowIsALine) {
  const auto message = rows_from_the_broker();
  TailLines lines(false, record::samples::site_manifest());
  std::string expected =
      "topic=interval  epoch=00c0ffee00c0ffee  seq=1  bytes=" + std::to_string(message.payload.size()) +
      "  count=5  from=2026-02-28T12:00:00.000Z  to=2026-03-01T08:15:00.000Z";
  for (const auto row : known_rows) expected.append("\n    ").append(row);
  EXPECT_EQ(lines.take(message), expected);
}

TEST(TailRows, NeedTheManifestThatAnEventBatchBrings) {
  TailLines lines(true, record::samples::manifest());
  const auto before = lines.take(rows_from_the_broker());
  EXPECT_NE(before.find("\"error\":"), std::string::npos) << before;
  domain::Event event;
  event.kind = domain::EventKind::manifest;
  event.manifest = record::encode(record::samples::site_manifest()).bytes;
  uplink::Incoming events;
  events.topic = "jidian/v1/130185/gw-1/event";
  events.payload =
      record::encode(record::samples::header(record::Stream::event), record::Events{event}, record::samples::manifest())
          .value()
          .bytes;
  EXPECT_NE(lines.take(events).find("\"kind\":\"manifest\""), std::string::npos);
  EXPECT_NE(lines.take(rows_from_the_broker()).find("\"rows\":[{\"subject\":\"facility\""), std::string::npos);
}

TEST(TailRows, WhatIsNoBatchIsShownAsItCame) {
  TailLines lines(true, record::samples::manifest());
  uplink::Incoming message;
  message.topic = "jidian/v1/130185/gw-1/live";
  message.retained = true;
  const std::string text = R"({"gateway":"gw-1"})";
  message.payload.assign(text.begin(), text.end());
  EXPECT_EQ(lines.take(message), R"({"topic":"live","retained":true,"content":{"gateway":"gw-1"}})");
}

}  // namespace
}  // namespace jidian::app
