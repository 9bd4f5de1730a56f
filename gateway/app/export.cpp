#include <iostream>
#include <limits>
#include <nlohmann/json.hpp>
#include <set>

#include "app/archive.hpp"
#include "app/export_rows.hpp"
#include "app/load.hpp"
#include "app/print.hpp"
#include "app/texts.hpp"
#include "app/translate.hpp"
#include "app/verbs.hpp"
#include "base/time.hpp"
#include "domain/quality.hpp"
#include "meter/decode.hpp"

namespace jidian::app {
namespace {

struct Period {
  UtcTime from{Millis{0}};
  UtcTime until{Millis{std::numeric_limits<std::int64_t>::max()}};
};

Result<Period> parse_period(const ExportOptions& options) {
  Period period;
  for (const auto& [written, instant] : {std::pair{&options.from, &period.from}, {&options.until, &period.until}}) {
    if (written->empty()) continue;
    const auto parsed = parse_time(*written);
    if (!parsed)
      return Error{ErrorKind::invalid, "'" + *written + "' is not an instant; write it as 2026-03-01T08:00:00Z"};
    *instant = *parsed;
  }
  if (period.until <= period.from)
    return Error{ErrorKind::invalid, "--to is not after --from; no reading lies between them"};
  return period;
}

/// Prints the readings of polls, one a line.
class ReadingPrinter {
 public:
  ReadingPrinter(const ExportOptions& options, Period period) : options_(options), period_(period) {}

  void print_head() const {
    if (options_.format == "csv") std::cout << "meter,point,start,end,value,unit,times,quality,raw\n";
  }

  void print(const record::Polls& polls, const domain::Manifest& manifest) {
    for (const auto& poll : polls) {
      const auto& meter = manifest.meters[poll.meter];
      if (poll.start < period_.from || poll.start >= period_.until) continue;
      if (!options_.meter.empty() && meter.id != options_.meter) {
        others_.insert(meter.id);
        continue;
      }
      for (std::size_t i = 0; i < poll.samples.size(); ++i) print(poll, meter, i);
    }
  }

  std::uint64_t readings() const { return readings_; }
  const std::set<std::string>& others() const { return others_; }

 private:
  /// The points whose values multiply this one, by blanks.
  static std::string times_of(const domain::MeterEntry& meter, const domain::PointEntry& point) {
    std::string names;
    for (const auto ratio : point.ratio_points) names += (names.empty() ? "" : " ") + meter.points[ratio].name;
    return names;
  }

  void print(const domain::Poll& poll, const domain::MeterEntry& meter, std::size_t position) {
    ++readings_;
    const domain::PointEntry& point = meter.points[position];
    const domain::Sample& sample = poll.samples[position];
    const std::string end = format_utc(domain::end_of(poll, position));
    const bool there = domain::has_value(sample.quality);
    const auto exponent = domain::exponent_of(meter, point, poll.samples);
    const auto value = there && exponent ? meter::format_value(sample.bits, point.type, *exponent) : std::string();
    const auto quality = std::string(domain::name_of(sample.quality));
    if (options_.format == "csv") {
      std::cout << meter.id << ',' << point.name << ',' << format_utc(poll.start) << ',' << end << ',' << value << ','
                << point.unit << ',' << times_of(meter, point) << ',' << quality << ','
                << (there ? to_hex(sample.bits) : "") << '\n';
      return;
    }
    nlohmann::json line{{"meter", meter.id}, {"point", point.name}, {"start", format_utc(poll.start)},
                        {"end", end},        {"unit", point.unit},  {"quality", quality}};
    if (!point.ratio_points.empty()) line["times"] = times_of(meter, point);
    line["value"] = there && exponent ? nlohmann::json(value) : nlohmann::json();
    line["raw"] = there ? nlohmann::json(to_hex(sample.bits)) : nlohmann::json();
    std::cout << line.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace) << '\n';
  }

  const ExportOptions& options_;
  Period period_;
  std::uint64_t readings_ = 0;
  std::set<std::string> others_;  ///< Meters that were there and not wanted.
};

/// Tells which batches say again what another batch of the store says, so that nothing is listed twice.
class Repetitions {
 public:
  explicit Repetitions(store::Reader& reader) : reader_(reader) {}

  /// Asked once about each batch.
  bool contain(const record::Header& header) {
    if (!header.copy_of) return false;
    const auto original = original_of(reader_, header);
    if (original && *original) return true;
    return !told_.insert(*header.copy_of).second;
  }

 private:
  store::Reader& reader_;
  std::set<record::CopyOf> told_;  ///< Originals that are gone, and a copy of them was listed.
};

struct Outcome {
  std::uint64_t batches = 0;
  std::uint64_t undecoded = 0;
  std::uint64_t readings = 0;  ///< Or rows.
  std::set<std::string> others;
  Unread unread;
};

/// Hands the bodies of a stream to `print`, each content once.
template <typename Print>
void for_each_body(store::Reader& reader, record::Stream stream, Period period, Outcome& outcome, Print print) {
  Manifests manifests(reader);
  Repetitions repetitions(reader);
  for_each_readable_batch(reader, stream, period.from, period.until, outcome.unread, [&](const auto& batch) {
    ++outcome.batches;
    const auto header = record::decode_header(batch.bytes);
    if (header && repetitions.contain(*header)) return true;
    const auto* manifest = header ? manifests.find(header->manifest) : nullptr;
    const auto decoded = manifest != nullptr ? record::decode(batch.bytes, manifest)
                                             : Result<record::Decoded>(Error{ErrorKind::not_found, "no manifest"});
    if (decoded)
      print(decoded->body, *manifest);
    else
      ++outcome.undecoded;
    return std::cout.good();
  });
}

Outcome export_rows(store::Reader& reader, const ExportOptions& options, Period period) {
  Outcome outcome;
  RowPrinter printer(options.format, period.from, period.until);
  printer.print_head();
  for_each_body(reader, record::Stream::interval, period, outcome,
                [&](const auto& body, const auto& manifest) { printer.print(std::get<record::Rows>(body), manifest); });
  outcome.readings = printer.rows();
  return outcome;
}

Outcome export_readings(store::Reader& reader, const ExportOptions& options, Period period) {
  Outcome outcome;
  ReadingPrinter printer(options, period);
  printer.print_head();
  for_each_body(reader, record::Stream::reading, period, outcome, [&](const auto& body, const auto& manifest) {
    printer.print(std::get<record::Polls>(body), manifest);
  });
  outcome.readings = printer.readings();
  outcome.others = printer.others();
  return outcome;
}

Outcome export_evidence(store::Reader& reader, Period period) {
  Outcome outcome;
  for (const auto stream : record::all_streams)
    for_each_readable_batch(reader, stream, period.from, period.until, outcome.unread, [&](const auto& batch) {
      ++outcome.batches;
      std::cout << evidence_line(batch) << '\n';
      return std::cout.good();
    });
  return outcome;
}

Exit explain(const Outcome& outcome, const ExportOptions& options, std::uint64_t damaged) {
  std::cout.flush();
  if (!std::cout) {
    std::cerr << "jidian: " << text("export.cut") << '\n';
    return Exit::device;
  }
  std::cerr << text("export.batches", {{"count", std::to_string(outcome.batches)}});
  if (options.format != "evidence")
    std::cerr << text(options.rows ? "export.rows" : "export.readings", {{"count", std::to_string(outcome.readings)}});
  const bool none_of_meter = !options.meter.empty() && outcome.readings == 0;
  if (none_of_meter) {
    std::cerr << text("export.none", {{"meter", options.meter}});
    std::string ids;
    for (const auto& id : outcome.others) ids += (ids.empty() ? "" : ", ") + id;
    if (!ids.empty()) std::cerr << text("export.others", {{"ids", ids}});
  }
  const auto left_out = outcome.undecoded + damaged;
  if (left_out > 0) std::cerr << text("export.damaged", {{"count", std::to_string(left_out)}});
  for (const auto& [epoch, why] : outcome.unread)
    std::cerr << text("export.unread", {{"epoch", to_hex(epoch)}, {"why", translated(why.message())}});
  const bool is_whole = left_out == 0 && outcome.unread.empty();
  if (!is_whole)
    std::cerr << '\n' << text("export.next-verify") << '\n';
  else
    std::cerr << (options.format == "evidence" ? "\n" + text("export.next-file") + "\n" : "\n");
  return is_whole && !none_of_meter ? Exit::ok : Exit::findings;
}

}  // namespace

Exit export_period(const Common& common, const ExportOptions& wanted) {
  ExportOptions options = wanted;
  if (options.format.empty()) options.format = common.json ? "jsonl" : "csv";
  const auto period = parse_period(options);
  if (!period) return print_failure(common, period.error()), Exit::usage;
  auto folder = options.store;
  if (folder.empty()) {
    const auto site = load_or_explain(common);
    if (!site) return Exit::usage;
    folder = site->store.folder;
  }
  if (options.rows && (options.format == "evidence" || !options.meter.empty()))
    return print_failure(common, Error{ErrorKind::invalid,
                                       "--rows are of facilities, accounts and the site, as csv or "
                                       "jsonl; leave --meter and --format evidence out"}),
           Exit::usage;
  const auto reader = store::open_reader(folder);
  if (!reader) return print_failure(common, reader.error().during("opening the store")), Exit::device;

  const auto outcome = options.rows                   ? export_rows(**reader, options, *period)
                       : options.format == "evidence" ? export_evidence(**reader, *period)
                                                      : export_readings(**reader, options, *period);
  return explain(outcome, options, (*reader)->damaged());
}

}  // namespace jidian::app
