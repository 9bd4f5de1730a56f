// jidian-judge: the receiving side of the telemetry contract, and the one who knows what the plant really had.
//
//   jidian-judge receive --db FILE --broker URI [--ca … --cert … --key …]   stores and receipts until SIGTERM; with
//                                                          --backfill it asks for the batches that it lacks
//   jidian-judge audit   --db FILE [--scenario S]                           says what the stored batches prove
//   jidian-judge events  --db FILE [--kind N]                               the events (of a kind), one JSON a line
//   jidian-judge manifests --db FILE                                        what each manifest says of facilities, JSON
//   jidian-judge rows --db FILE [--subject ID] [--length S]                 rows of facilities, accounts and the site,
//   JSON jidian-judge counts  --db FILE --meter M --point P                      end (UTC ms), quality and value of its
//   polls
#include <CLI/CLI.hpp>
#include <atomic>
#include <bit>
#include <chrono>
#include <csignal>
#include <fstream>
#include <iomanip>
#include <iostream>
#include <memory>
#include <nlohmann/json.hpp>
#include <sstream>

#include "asker.hpp"
#include "audit.hpp"
#include "link.hpp"
#include "manifest.hpp"
#include "plant_truth.hpp"
#include "tell.hpp"

namespace jidian::judge {
namespace {

std::atomic<bool> stopping = false;

std::int64_t utc_ms() {
  using namespace std::chrono;
  return duration_cast<milliseconds>(system_clock::now().time_since_epoch()).count();
}

struct Arguments {
  std::string db;
  LinkOptions link;
  ReceiverOptions receiver;
  bool forget_manifests = false;
  std::string ready_file;
  std::string scenario;
  bool json = false;
  int kind = 0;
  std::string meter;
  std::string point;
  std::string subject;
  std::uint32_t length_s = 0;
  std::int64_t from_ms = 0;
  std::int64_t until_ms = 0;
  std::int64_t clock_error_ms = 0;
};

int run_receiver(const Arguments& arguments) {
  constexpr std::size_t messages_per_commit = 64;
  constexpr int patience_ms = 100;
  (void)std::signal(SIGTERM, [](int) { stopping = true; });
  (void)std::signal(SIGINT, [](int) { stopping = true; });
  Ledger ledger(arguments.db);
  if (arguments.forget_manifests) ledger.forget_manifests();
  Link link(arguments.link);
  Asker asker(ledger);
  bool announced = arguments.ready_file.empty();
  while (!stopping) {
    auto messages = link.take(messages_per_commit, patience_ms);
    if (arguments.link.asks) {
      for (const auto& message : messages) asker.hear(message, utc_ms());
      for (const auto& command : asker.due(utc_ms())) link.send(command);
      std::erase_if(messages, [](const Message& message) { return is_for_an_asker(message.topic); });
    }
    if (!announced && link.is_connected()) announced = (std::ofstream(arguments.ready_file) << "ready\n").good();
    if (messages.empty()) continue;
    for (const auto& receipt : receive(ledger, messages, arguments.receiver, utc_ms())) link.send(receipt);
  }
  return 0;
}

int run_audit(const Arguments& arguments) {
  const Ledger ledger(arguments.db);
  const auto truth =
      arguments.scenario.empty() ? nullptr : std::make_unique<PlantTruth>(arguments.scenario, arguments.clock_error_ms);
  const auto verdict = audit(ledger, truth.get(), arguments.from_ms, arguments.until_ms);
  std::cout << (arguments.json ? to_json(verdict) + "\n" : to_text(verdict));
  return verdict.clean() ? 0 : 1;
}

/// The number as the meter has it, before exponent and ratios.
std::string number_of(const ManifestPoint& point, std::uint64_t bits) {
  if (point.type == 0) return std::to_string(bits);
  if (point.type == 1) return std::to_string(static_cast<std::int64_t>(bits));
  std::ostringstream text;
  if (point.type == 2)
    text << std::setprecision(17) << double{std::bit_cast<float>(static_cast<std::uint32_t>(bits))};
  else
    text << std::setprecision(17) << std::bit_cast<double>(bits);
  return text.str();
}

void print_counts_of(const Manifest& manifest, const Batch& batch, const Arguments& arguments) {
  for (const Poll& poll : batch.polls) {
    const auto& meter = manifest.meters.at(static_cast<std::size_t>(poll.meter));
    if (meter.id != arguments.meter) continue;
    for (std::size_t i = 0; i < meter.points.size(); ++i)
      if (meter.points[i].name == arguments.point && poll.values[i].present)
        std::cout << poll.end_ms << ' ' << poll.values[i].quality << ' '
                  << number_of(meter.points[i], poll.values[i].bits) << '\n';
  }
}

int print_counts(const Arguments& arguments) {
  const Ledger ledger(arguments.db);
  ledger.for_each([&](const Row& row) {
    if (row.key.stream != reading_stream || !row.taken) return;
    Batch batch = decode_batch(row.bytes);
    const auto bytes = ledger.manifest(batch.manifest);
    const auto manifest = bytes ? decode_manifest(*bytes) : std::nullopt;
    if (!manifest) throw std::runtime_error("a reading batch without its manifest");
    decode_polls(batch, manifest->types);
    print_counts_of(*manifest, batch, arguments);
  });
  return 0;
}

}  // namespace
}  // namespace jidian::judge

int main(int argc, char** argv) {
  using namespace jidian::judge;
  CLI::App program("The receiving side of Jidian's telemetry contract.", "jidian-judge");
  program.require_subcommand(1);
  Arguments arguments;

  auto* receive = program.add_subcommand("receive", "Store and receipt what arrives, until SIGTERM");
  receive->add_option("--db", arguments.db, "Own SQLite file")->required();
  receive->add_option("--broker", arguments.link.uri, "Broker")->capture_default_str();
  receive->add_option("--topic", arguments.link.topic, "Topic filter")->capture_default_str();
  receive->add_option("--client-id", arguments.link.client_id)->capture_default_str();
  receive->add_option("--ca", arguments.link.ca);
  receive->add_option("--cert", arguments.link.certificate);
  receive->add_option("--key", arguments.link.key);
  receive->add_option("--ready-file", arguments.ready_file, "Written once the subscription stands");
  receive->add_flag("--backfill", arguments.link.asks, "Ask the gateways for batches that are missing");
  receive->add_flag("--forget-manifests", arguments.forget_manifests, "Begin as a receiver that lost its manifests");
  const std::map<std::string, ReceiptFault> faults{{"none", ReceiptFault::none},
                                                   {"never", ReceiptFault::never},
                                                   {"forged", ReceiptFault::forged},
                                                   {"twice", ReceiptFault::twice},
                                                   {"partial", ReceiptFault::partial}};
  receive->add_option("--receipts", arguments.receiver.fault, "How receipts misbehave")
      ->transform(CLI::CheckedTransformer(faults));

  auto* audit = program.add_subcommand("audit", "Say what the stored batches prove");
  audit->add_option("--db", arguments.db, "Own SQLite file")->required();
  audit->add_option("--scenario", arguments.scenario, "The plant's scenario: compare every value with the truth");
  audit->add_option("--from-ms", arguments.from_ms, "Slots are expected from here on");
  audit->add_option("--until-ms", arguments.until_ms, "Slots are expected up to here");
  audit->add_option("--clock-error-ms", arguments.clock_error_ms,
                    "How far the gateway's clock may have been from the plant's");
  audit->add_flag("--json", arguments.json);

  auto* events = program.add_subcommand("events", "Print the events");
  events->add_option("--db", arguments.db, "Own SQLite file")->required();
  events->add_option("--kind", arguments.kind, "Only those of this number");

  auto* manifests = program.add_subcommand("manifests", "Print what each manifest says of facilities");
  manifests->add_option("--db", arguments.db, "Own SQLite file")->required();

  auto* rows = program.add_subcommand("rows", "Print the rows of facilities, accounts and the site");
  rows->add_option("--db", arguments.db, "Own SQLite file")->required();
  rows->add_option("--subject", arguments.subject, "Only those of this facility or account, or of the site");
  rows->add_option("--length", arguments.length_s, "Only those of so many seconds");

  auto* counts = program.add_subcommand("counts", "Print what a point of a meter showed");
  counts->add_option("--db", arguments.db, "Own SQLite file")->required();
  counts->add_option("--meter", arguments.meter)->required();
  counts->add_option("--point", arguments.point)->required();

  try {
    program.parse(argc, argv);
    if (counts->parsed()) return print_counts(arguments);
    if (events->parsed()) return tell_events(Ledger(arguments.db), arguments.kind, std::cout), 0;
    if (rows->parsed()) return tell_rows(Ledger(arguments.db), arguments.subject, arguments.length_s, std::cout), 0;
    if (manifests->parsed()) return tell_manifests(Ledger(arguments.db), std::cout), 0;
    return receive->parsed() ? run_receiver(arguments) : run_audit(arguments);
  } catch (const CLI::ParseError& error) {
    return program.exit(error);
  } catch (const std::exception& error) {
    std::cerr << "jidian-judge: " << error.what() << '\n';
    return 2;
  }
}
