// Writes batches of every shape into a folder, and on standard output what a decoder must make of them, as JSON.
// Usage: write_batches FOLDER
#include <algorithm>
#include <cstdlib>
#include <fstream>
#include <iostream>
#include <nlohmann/json.hpp>
#include <string>

#include "record/batch.hpp"
#include "record/manifest.hpp"
#include "tests/unit/record/samples.hpp"

namespace jidian::record {
namespace {

using Json = nlohmann::ordered_json;

void write_file(const std::string& path, ByteView bytes) {
  std::ofstream file(path, std::ios::binary);
  file.write(reinterpret_cast<const char*>(bytes.data()), static_cast<std::streamsize>(bytes.size()));
}

auto ms(UtcTime time) {
  return time.time_since_epoch().count();
}

Json json_of(const domain::Poll& poll) {
  Json samples = Json::array();
  bool empty = true;
  for (const auto& sample : poll.samples) {
    samples.push_back({sample.bits, static_cast<int>(sample.quality)});
    empty = empty && !has_value(sample.quality);
  }
  Json early = Json::array();
  for (const auto& [point, end] : poll.early) early.push_back({point, ms(end)});
  return {{"meter", poll.meter},
          {"slot", ms(poll.slot)},
          {"start", ms(poll.start)},
          {"end", ms(poll.end)},
          {"clock", static_cast<int>(poll.clock)},
          {"cause", empty ? Json(static_cast<int>(poll.cause)) : Json(nullptr)},
          {"samples", std::move(samples)},
          {"early", std::move(early)}};
}

Json json_of(const domain::IntervalRow& row) {
  Json points = Json::array();
  for (const auto& point : row.points)
    points.push_back({{"samples", point.samples},
                      {"least", point.least},
                      {"most", point.most},
                      {"sum", point.sum},
                      {"first", point.first},
                      {"last", point.last},
                      {"first_at", ms(point.first_at)},
                      {"last_at", ms(point.last_at)},
                      {"quality", static_cast<int>(point.quality)}});
  return {{"meter", row.meter},     {"start", ms(row.start)},         {"length_s", row.length.count()},
          {"made", row.polls_made}, {"expected", row.polls_expected}, {"points", std::move(points)}};
}

Json json_of(const domain::AggregateRow& row) {
  Json values = Json::array();
  Json marks = Json::array();
  for (const auto& amount : row.amounts) {
    values.push_back(amount.value);
    marks.push_back((amount.is_partial ? 1 : 0) + (amount.is_spanning ? 2 : 0));
  }
  const auto peak = [](const auto& it) { return it ? Json{it->value, ms(it->until)} : Json(nullptr); };
  const auto instant = [](UtcTime time) { return time == UtcTime{} ? Json(nullptr) : Json(ms(time)); };
  return {{"kind", static_cast<int>(row.subject.kind)},
          {"index", row.subject.index},
          {"start", ms(row.start)},
          {"length_s", row.length.count()},
          {"shift", row.shift},
          {"made", row.polls_made},
          {"expected", row.polls_expected},
          {"covered_s", row.covered_s},
          {"amounts", std::move(values)},
          {"marks", std::move(marks)},
          {"from", instant(row.from)},
          {"until", instant(row.until)},
          {"state_ms", row.state_ms},
          {"state", static_cast<int>(row.state)},
          {"starts", row.starts},
          {"peak", peak(row.peak)},
          {"month_peak", peak(row.month_peak)}};
}

Json json_of(const Row& row) {
  return std::visit([](const auto& it) { return json_of(it); }, row);
}

Json json_of(const domain::Event& event) {
  Json json{{"time", ms(event.time)}, {"kind", static_cast<int>(event.kind)}, {"subject", event.subject},
            {"text", event.text},     {"manifest", to_hex(event.manifest)},   {"facts", event.facts},
            {"gap", nullptr}};
  if (event.gap)
    json["gap"] = {static_cast<int>(event.gap->cause), ms(event.gap->from), ms(event.gap->until), event.gap->missed};
  return json;
}

/// A deterministic number of up to `bits` bits.
std::uint64_t noise(unsigned bits) {
  static std::uint64_t state = 0x9E3779B97F4A7C15;
  state = state * 6364136223846793005 + 1442695040888963407;
  return bits == 0 ? 0 : (state ^ state >> 29) >> (64 - bits);
}

/// Polls with noise of growing width, qualities of every kind, missing polls and changing clocks.
Polls rough_polls() {
  Polls polls = samples::polls(120);
  for (std::size_t i = 0; i < polls.size(); ++i) {
    domain::Poll& poll = polls[i];
    poll.start += Millis{static_cast<Millis::rep>(noise(4))};
    poll.end = poll.start + Millis{static_cast<Millis::rep>(noise(7))};
    poll.clock = i < 100 ? ClockQuality::unsynchronised : ClockQuality::synchronised;
    const bool flow = poll.meter == 1;
    if (i % 30 == 2) poll.early = {{0, poll.start}, {1, poll.end}};
    for (std::size_t k = 0; k < poll.samples.size(); ++k) {
      auto& sample = poll.samples[k];
      sample.bits = flow && k == 0 ? noise(32)
                    : k == 3       ? noise(64)
                                   : sample.bits + noise(static_cast<unsigned>(5 + 9 * k));
      if (i % 13 == 5) sample.quality = static_cast<domain::Quality>(noise(8) % 13);
      if (i % 29 == 7) sample.quality = domain::Quality::no_answer;
      if (!has_value(sample.quality)) sample.bits = 0;
    }
    if (i % 29 == 7) poll.cause = i % 2 == 0 ? domain::GapCause::bus_fault : domain::GapCause::foreign_master;
  }
  std::ranges::stable_sort(polls, {}, &domain::Poll::meter);
  return polls;
}

void write_batch(const std::string& folder, const std::string& name, Stream stream, const Body& body, Json& expected) {
  const auto encoded = encode(samples::header(stream), body, samples::manifest());
  if (!encoded) {
    std::cerr << name << ": " << encoded.error().message() << "\n";
    std::exit(1);
  }
  write_file(folder + "/" + name, encoded->bytes);
  Json content = Json::array();
  std::visit(
      [&](const auto& items) {
        for (const auto& item : items) content.push_back(json_of(item));
      },
      body);
  expected["batches"].push_back({{"file", name},
                                 {"stream", static_cast<int>(stream)},
                                 {"count", encoded->count},
                                 {"start", ms(encoded->start)},
                                 {"end", ms(encoded->end)},
                                 {"sha256", to_hex(encoded->hash)},
                                 {"content", std::move(content)}});
}

/// Rows of facilities, accounts and the site: under a manifest of their own, which has amounts.
void write_aggregates(const std::string& folder, Json& expected) {
  Rows rows = samples::rows();
  for (const auto& row : samples::aggregates()) rows.emplace_back(row);
  Json content = Json::array();
  for (const Row& row : rows) content.push_back(json_of(row));
  write_file(folder + "/aggregates",
             encode(samples::header(Stream::interval), rows, samples::site_manifest()).value().bytes);
  write_file(folder + "/aggregates-manifest", encode(samples::site_manifest()).bytes);
  expected["aggregates"] = std::move(content);
}

}  // namespace
}  // namespace jidian::record

int main(int argc, char** argv) {
  using namespace jidian::record;
  if (argc != 2) {
    std::cerr << "usage: write_batches FOLDER\n";
    return 2;
  }
  const std::string folder = argv[1];
  const auto manifest = encode(samples::manifest());
  write_file(folder + "/manifest", manifest.bytes);
  Json expected{{"manifest_sha256", jidian::to_hex(manifest.hash)}, {"batches", Json::array()}};
  Polls one{samples::polls(1).front()};
  Polls smooth = samples::polls(60);
  std::ranges::stable_sort(smooth, {}, &jidian::domain::Poll::meter);
  write_batch(folder, "one", Stream::reading, one, expected);
  write_batch(folder, "smooth", Stream::reading, smooth, expected);
  write_batch(folder, "rough", Stream::reading, rough_polls(), expected);
  write_batch(folder, "rows", Stream::interval, samples::rows(), expected);
  write_aggregates(folder, expected);
  write_batch(folder, "events", Stream::event, samples::events(), expected);
  const auto events = encode(samples::header(Stream::event), samples::events(), samples::manifest()).value();
  write_file(folder + "/copy-of-events", copy(events.bytes, {0xBEEF, Stream::event, 5}, {}).value().bytes);
  std::ofstream(folder + "/manifest.json") << to_json(samples::manifest(), manifest.hash);
  std::ofstream(folder + "/live.json") << live_json(samples::manifest(), samples::polls(1), one.front().end);
  write_file(folder + "/example-manifest", encode(samples::example_manifest()).bytes);
  const auto write_example = [&](const std::string& name, Stream stream, const Body& body) {
    write_file(folder + "/" + name,
               encode(samples::example_header(stream), body, samples::example_manifest()).value().bytes);
  };
  write_example("example-batch", Stream::reading, samples::example_polls());
  write_example("example-rows", Stream::interval, samples::example_rows());
  write_example("example-events", Stream::event, samples::example_events());
  write_example("example-update", Stream::event, samples::example_update());
  std::cout << expected.dump() << "\n";
  return 0;
}
