#include <CLI/CLI.hpp>
#include <algorithm>
#include <cstdlib>
#include <exception>
#include <iostream>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>
#include <vector>

#include "app/device_verbs.hpp"
#include "app/texts.hpp"
#include "app/verbs.hpp"
#include "app/version.hpp"
#include "config/journal.hpp"

namespace jidian::app {
namespace {

/// What the environment says instead of a default; an option goes before it.
void take_environment(Common& common) {
  for (const auto& [name, path] : {std::pair{"JIDIAN_SITE", &common.site}, {"JIDIAN_PROFILES", &common.profiles}})
    if (const char* value = std::getenv(name); value != nullptr && *value != '\0')  // NOLINT(concurrency-mt-unsafe)
      *path = value;
}

void add_common(CLI::App& verb, Common& common) {
  verb.add_option("--site,-s", common.site, "Site file; else $JIDIAN_SITE")->capture_default_str();
  verb.add_option("--profiles", common.profiles, "Folder of the meter profiles; else $JIDIAN_PROFILES")
      ->capture_default_str();
  verb.add_option("--socket", common.socket, "Socket of the running gateway (default: as the site file says)");
  verb.add_flag("--json", common.json, "Print JSON");
  verb.add_option_function<std::string>(
          "--lang",
          [](const std::string& language) { speak(language == "zh" ? Language::chinese : Language::english); },
          "Language of what is said to people: en, zh (default: as LC_ALL, LC_MESSAGES, LANG say)")
      ->check(CLI::IsMember({"en", "zh"}));
}

Exit print_version(const Common& common) {
  if (common.json)
    std::cout << nlohmann::json{{"name", "jidian"}, {"version", version}}.dump() << '\n';
  else
    std::cout << "jidian " << version << '\n';
  return Exit::ok;
}

Language language_of_user() {
  // NOLINTBEGIN(concurrency-mt-unsafe): before any thread
  return language_of(std::getenv("LC_ALL"), std::getenv("LC_MESSAGES"), std::getenv("LANG"));
  // NOLINTEND(concurrency-mt-unsafe)
}

/// Everything the command line can set.
struct Arguments {
  Common common;
  RunOptions run;
  WatchOptions watch;
  TailOptions tail;
  ExportOptions export_;
  ScanOptions scan;
  TraceOptions trace;
  DoctorOptions doctor;
  ShowAsOptions show_as;
  AddOptions add;
  BundleOptions bundle;
  UplinkTestOptions uplink_test;
  SignoffOptions signoff;
  ReplaceOptions replace;
  MarkOptions mark;
  LearnOptions learn;
  IdentityOptions identity;
  std::string meter;
  std::string profile;
  std::string uplink;
  std::filesystem::path verify_path;
};

CLI::App* add_verb(CLI::App& program, Arguments& arguments, const std::string& name, const std::string& text) {
  auto* verb = program.add_subcommand(name, text);
  add_common(*verb, arguments.common);
  return verb;
}

void add_gateway_verbs(CLI::App& program, Arguments& arguments, Exit& exit) {
  auto* check_verb = add_verb(program, arguments, "check", "Check the site file: every mistake at once");
  check_verb->callback([&] { exit = check(arguments.common); });

  auto* profiles_verb = add_verb(program, arguments, "profiles", "List the meters that are known, or explain one");
  profiles_verb->add_option("ID", arguments.profile,
                            "Id of the profile, or a part of it or of its maker: list those; none: list all");
  profiles_verb->callback([&] { exit = profiles(arguments.common, arguments.profile); });

  auto* run_verb = add_verb(program, arguments, "run", "Run the gateway");
  run_verb->add_option("--log", arguments.run.log_level, "Log level")
      ->check(CLI::IsMember({"debug", "info", "warn", "error"}))
      ->capture_default_str();
  run_verb->callback([&] { exit = run(arguments.common, arguments.run); });

  auto* reload_verb =
      add_verb(program, arguments, "reload", "Have the running gateway take over the site file: other buses go on");
  reload_verb->callback([&] { exit = reload(arguments.common); });

  auto* read_verb = add_verb(program, arguments, "read", "Read one meter now, fresh from the wire");
  read_verb->add_option("METER", arguments.meter, "Id of the meter")->required();
  read_verb->callback([&] { exit = read(arguments.common, arguments.meter); });

  auto* watch_verb = add_verb(program, arguments, "watch", "Show the newest values, again and again");
  watch_verb->add_option("--interval", arguments.watch.interval_s, "Seconds between two views")
      ->check(CLI::Range(1, 3600))
      ->capture_default_str();
  watch_verb->add_option("--rounds", arguments.watch.rounds, "Views to show; 0: until interrupted");
  watch_verb->callback([&] { exit = watch(arguments.common, arguments.watch); });

  auto* status_verb = add_verb(program, arguments, "status", "One screen: what works, what does not, what to do");
  status_verb->callback([&] { exit = status(arguments.common); });

  auto* uplink_verb = program.add_subcommand("uplink", "Deal with a destination");
  uplink_verb->require_subcommand(1);
  auto* retry_verb = uplink_verb->add_subcommand("retry", "Send the batches again that a destination rejected");
  add_common(*retry_verb, arguments.common);
  retry_verb->add_option("UPLINK", arguments.uplink, "Id of the uplink; none: all");
  retry_verb->callback([&] { exit = retry_uplink(arguments.common, arguments.uplink); });
  auto* test_verb = uplink_verb->add_subcommand("test", "Go the way to a destination step by step, up to its receipt");
  add_common(*test_verb, arguments.common);
  test_verb->add_option("UPLINK", arguments.uplink_test.uplink, "Id of the uplink; none: all");
  test_verb->add_option("--wait", arguments.uplink_test.wait_s, "Seconds to wait for a receipt")
      ->check(CLI::Range(0, 600))
      ->capture_default_str();
  test_verb->callback([&] { exit = test_uplink(arguments.common, arguments.uplink_test); });
}

void add_commissioning_verbs(CLI::App& program, Arguments& arguments, Exit& exit) {
  auto* scan_verb = add_verb(program, arguments, "scan", "Look for meters on a bus and name them");
  scan_verb->add_option("BUS", arguments.scan.bus, "Id of the bus")->required();
  auto* quick = scan_verb->add_flag("--quick", arguments.scan.quick, "Only the likely settings, units 1-32");
  scan_verb->add_flag("--full", arguments.scan.full, "All units with every setting that a known meter can have")
      ->excludes(quick);
  scan_verb->add_option("--units", arguments.scan.units, "Only these units: 7 or 1-32");
  scan_verb->add_flag("--despite-other-master", arguments.scan.despite_other_master,
                      "Go on although another master speaks on the line");
  scan_verb->callback([&] { exit = scan(arguments.common, arguments.scan); });

  auto* trace_verb = add_verb(program, arguments, "trace", "Show every frame of a bus, decoded");
  trace_verb->add_option("BUS", arguments.trace.bus, "Id of the bus")->required();
  trace_verb->add_option("--seconds", arguments.trace.seconds, "How long; 0: until interrupted")
      ->check(CLI::Range(0, 86'400));
  trace_verb->callback([&] { exit = trace(arguments.common, arguments.trace); });

  auto* doctor_verb = add_verb(program, arguments, "doctor", "Find out what is wrong with a bus");
  doctor_verb->add_option("BUS", arguments.doctor.bus, "Id of the bus")->required();
  doctor_verb->add_option("--seconds", arguments.doctor.seconds, "How long to look")
      ->check(CLI::Range(5, 3'600))
      ->capture_default_str();
  doctor_verb->callback([&] { exit = doctor(arguments.common, arguments.doctor); });

  auto* show_verb =
      add_verb(program, arguments, "show-as", "Read some registers and show them in every type and order");
  auto& show = arguments.show_as;
  show_verb->add_option("BUS", show.bus, "Id of the bus")->required();
  show_verb->add_option("UNIT", show.unit, "Modbus address of the meter")->required()->check(CLI::Range(1, 255));
  show_verb->add_option("TABLE", show.table, "Which table")
      ->required()
      ->check(CLI::IsMember({"holding", "input", "coil", "discrete-input"}));
  show_verb->add_option("ADDRESS", show.address, "First register, counted from 0: 8198 or 0x2006")->required();
  show_verb->add_option("COUNT", show.count, "How many registers")->required()->check(CLI::Range(1, 16));
  show_verb->add_option("--expect", show.expect, "What the meter's display shows: marks what fits");
  show_verb->callback([&] { exit = app::show_as(arguments.common, show); });
}

void add_site_verbs(CLI::App& program, Arguments& arguments, Exit& exit) {
  auto* verb = add_verb(program, arguments, "add", "Write a meter into the site file, after asking it who it is");
  auto& add = arguments.add;
  verb->add_option("BUS", add.bus, "Id of the bus")->required();
  verb->add_option("UNIT", add.unit, "Modbus address of the meter")->required()->check(CLI::Range(0, 255));
  verb->add_option("--profile", add.profile, "Its model, as jidian scan names it")->required();
  verb->add_option("--facility", add.facility, "Facility that lists it from now on");
  verb->add_option("--id", add.id, "Id of the meter (default: profile and unit)");
  verb->add_option("--name", add.name, "For people; any characters");
  verb->add_option("--period", add.period, "How often it is read: 5s (default: as docs/configuration.md says)");
  verb->add_option("--serial", add.serial, "From the plate (default: as the meter says)");
  verb->add_option("--accuracy-class", add.accuracy_class, "From the plate: 0.5S");
  verb->add_option("--calibrated", add.calibrated, "Date of its calibration: 2025-03-01");
  verb->add_option("--ct-ratio", add.ct_ratio, "Current transformers that are mounted: 200/5");
  verb->add_option("--pt-ratio", add.pt_ratio, "Voltage transformers that are mounted: 10000/100");
  verb->add_flag("!--no-probe", add.probe, "Do not ask the meter");
  verb->add_flag("--dry-run", add.dry_run, "Show the change and write nothing");
  verb->callback([&] { exit = app::add(arguments.common, add); });

  auto* learn_verb =
      add_verb(program, arguments, "learn", "Find from recorded readings when a facility is stopped, idle or running");
  auto& learn = arguments.learn;
  learn_verb->add_option("FACILITY", learn.facility, "Id of the facility")->required();
  auto* from = learn_verb->add_option("--from", learn.from, "First instant, as 2026-03-01T08:00:00Z");
  learn_verb->add_option("--to,--until", learn.until, "First instant after it; none: now");
  learn_verb->add_option("--last", learn.last, "How far back: 24h, 7d")->excludes(from)->capture_default_str();
  learn_verb->add_option("--store", learn.store, "Store folder (default: as the site file says)");
  learn_verb->add_flag("--write", learn.write, "Write the levels that were found into the site file");
  learn_verb->callback([&] { exit = app::learn(arguments.common, learn); });
}

/// What a person puts on record.
void add_statement_verbs(CLI::App& program, Arguments& arguments, Exit& exit) {
  auto* signoff_verb =
      add_verb(program, arguments, "signoff", "Compare a meter with its display and record who found it right");
  auto& signed_off = arguments.signoff;
  signoff_verb->add_option("METER", signed_off.meter, "Id of the meter")->required();
  signoff_verb
      ->add_option("--display", signed_off.display,
                   "What the display shows, energy in kWh: 48213.8, or with its unit \"48.2 MWh\"")
      ->required();
  signoff_verb->add_option("--point", signed_off.point, "Which counter (default: the energy drawn)");
  signoff_verb->add_option("--by", signed_off.by, "Who compared (default: the user)");
  signoff_verb->add_option("--note", signed_off.note, "What else is to be on record");
  signoff_verb->add_option("--accept", signed_off.accept, "Sign off although something fails, and why");
  signoff_verb->callback([&] { exit = signoff(arguments.common, signed_off); });

  auto* replace_verb =
      add_verb(program, arguments, "replace", "Record that another meter stands in the place of one: totals go on");
  auto& replaced = arguments.replace;
  replace_verb->add_option("METER", replaced.meter, "Id of the meter")->required();
  replace_verb
      ->add_option("--old-final", replaced.old_final,
                   "The energy at the old meter's display, in kWh: 48213.8, or with its unit \"48.2 MWh\"")
      ->required();
  replace_verb
      ->add_option("--new-start", replaced.new_start, "The energy the new meter began with, in the same unit: 0.0")
      ->required();
  replace_verb->add_option("--serial", replaced.serial, "Serial number of the new meter (default: what it tells)");
  replace_verb->add_option("--at", replaced.at, "When, as 2026-03-01T16:00:00+08:00 (default: now)");
  replace_verb->add_option("--point", replaced.point, "Which counter (default: the energy drawn)");
  replace_verb->add_option("--by", replaced.by, "Who exchanged it (default: the user)");
  replace_verb->add_option("--note", replaced.note, "What else is to be on record");
  replace_verb->callback([&] { exit = replace(arguments.common, replaced); });
}

/// Periods that a person declares.
void add_mark_verbs(CLI::App& program, Arguments& arguments, Exit& exit) {
  auto* mark_verb = add_verb(program, arguments, "mark",
                             "Mark a period as maintenance, calibration, …: an event, and the quality of its values");
  auto& mark = arguments.mark;
  mark_verb->add_option("SUBJECT", mark.subject, "Id of the meter or facility");
  mark_verb->add_flag("--all", mark.all, "The whole site instead");
  auto* as = mark_verb->add_option("--as", mark.as, "maintenance, calibration, manual, stopped or supply_lost");
  as->check(CLI::IsMember({"maintenance", "calibration", "manual", "stopped", "supply_lost"}));
  auto* from = mark_verb->add_option("--from", mark.from, "Since when, as 2026-03-01T16:00:00+08:00 (default: now)");
  mark_verb->add_option("--until", mark.until, "Until when (default: open; with --end: now)");
  mark_verb->add_option("--reason", mark.reason, "What is done, in a few words");
  mark_verb->add_option("--by", mark.by, "Who says so (default: the user)");
  mark_verb->add_option("--end", mark.end, "End the mark with this id")->excludes(as)->excludes(from);
  mark_verb->callback([&] { exit = app::mark(arguments.common, mark); });

  auto* marks_verb = add_verb(program, arguments, "marks", "List the marks that are in force or ahead");
  marks_verb->callback([&] { exit = marks(arguments.common); });
}

void add_evidence_verbs(CLI::App& program, Arguments& arguments, Exit& exit) {
  auto* tail_verb = add_verb(program, arguments, "tail", "Show what arrives at the broker, decoded");
  tail_verb->add_option("--uplink", arguments.tail.uplink, "Uplink whose broker to listen at; none: the first");
  tail_verb->add_option("--count", arguments.tail.count, "Messages to show; 0: until interrupted");
  tail_verb->add_option("--seconds", arguments.tail.seconds, "How long to listen; 0: until interrupted");
  tail_verb->add_option("--only", arguments.tail.only, "Only these topics; may be repeated")
      ->check(CLI::IsMember({"event", "interval", "reading", "live", "status", "receipt", "reply"}));
  tail_verb->callback([&] { exit = tail(arguments.common, arguments.tail); });

  auto* export_verb = add_verb(program, arguments, "export", "Write a period of the store to standard output");
  export_verb->add_option("--from", arguments.export_.from, "First instant, as 2026-03-01T08:00:00Z; none: the oldest");
  export_verb->add_option("--to", arguments.export_.until, "First instant after it; none: the newest");
  export_verb->add_option("--store", arguments.export_.store, "Store folder (default: as the site file says)");
  export_verb->add_option("--meter", arguments.export_.meter, "Only this meter");
  export_verb->add_flag("--rows", arguments.export_.rows,
                        "Minutes, quarter hours, hours, shifts and days of facilities, accounts and the site instead "
                        "of readings");
  export_verb
      ->add_option(
          "--format", arguments.export_.format,
          "csv (default) and jsonl (with --json): one reading a line; evidence: whole batches, for jidian verify")
      ->check(CLI::IsMember({"csv", "jsonl", "evidence"}));
  export_verb->callback([&] { exit = export_period(arguments.common, arguments.export_); });

  auto* verify_verb = add_verb(program, arguments, "verify",
                               "Look at every file of a store: hash chains, check sums, ends that others know of");
  verify_verb->add_option("PATH", arguments.verify_path,
                          "Store folder or evidence file (default: the site's store). An end that was cut off with "
                          "every trace of it is not missed: compare the heads with the receiver's");
  verify_verb->callback([&] { exit = verify(arguments.common, arguments.verify_path); });

  auto* bundle_verb = add_verb(program, arguments, "bundle", "Pack what support needs into one file, without secrets");
  bundle_verb->add_option("--output", arguments.bundle.output, "File to write (default: named after gateway and time)");
  bundle_verb->add_option("--days", arguments.bundle.days, "How far back the events go")
      ->check(CLI::Range(1, 3'660))
      ->capture_default_str();
  bundle_verb->callback([&] { exit = app::bundle(arguments.common, arguments.bundle); });

  auto* version_verb = add_verb(program, arguments, "version", "Print the release");
  version_verb->callback([&] { exit = print_version(arguments.common); });
}

struct Task {
  std::string_view what;
  std::vector<std::string_view> verbs;
};

/// The verbs by what somebody wants to do, for who types the bare name.
void print_tasks(const CLI::App& program) {
  const std::vector<Task> tasks{{"Set up a line of meters", {"scan", "add", "check", "show-as", "profiles", "learn"}},
                                {"Run and watch", {"run", "reload", "status", "watch", "read"}},
                                {"Put on record", {"signoff", "replace", "mark", "marks"}},
                                {"Find what is wrong", {"doctor", "trace", "uplink", "bundle"}},
                                {"Look at the record", {"tail", "export", "verify"}},
                                {"Look after the box", {"identity", "device"}}};
  std::cout << "Jidian: reads a plant's meters, records every reading, publishes it to the province.\n";
  for (const auto& task : tasks) {
    std::cout << '\n' << task.what << '\n';
    for (const auto verb : task.verbs) {
      const std::string name(verb);
      std::cout << "  jidian " << name << std::string(10 - name.size(), ' ')
                << program.get_subcommand(name)->get_description() << '\n';
    }
  }
  std::cout << "\nNext: jidian VERB --help; a new site begins with docs/commissioning.md and jidian check\n";
}

/// The verb that the command line names; "uplink test" is one of two words. Null: none.
const CLI::App* verb_of(const CLI::App& program, const std::vector<std::string>& words) {
  const CLI::App* verb = &program;
  for (const auto& word : words) {
    const auto verbs = verb->get_subcommands([&word](const CLI::App* it) { return it->get_name() == word; });
    if (verbs.empty()) break;
    verb = verbs.front();
  }
  return verb == &program ? nullptr : verb;
}

/// How the program ends if a verb is given an option that it has not got; nothing if it is given none.
std::optional<Exit> explain_unknown_option(const CLI::App& program, const std::vector<std::string>& words) {
  const auto* verb = verb_of(program, words);
  if (verb == nullptr) return std::nullopt;
  std::vector<std::string> known{"--help"};
  for (const auto* option : verb->get_options())
    for (const auto& name : option->get_lnames()) known.push_back("--" + name);
  const std::vector<std::string_view> names(known.begin(), known.end());
  for (const auto& word : words) {
    const std::string option = word.substr(0, word.find('='));
    if (!option.starts_with("--") || option == "--" || std::ranges::find(known, option) != known.end()) continue;
    std::cerr << "jidian: '" << verb->get_name() << "' has no option '" << option << "'"
              << config::did_you_mean(option, names) << "\nNext: jidian " << verb->get_name() << " --help lists them\n";
    return Exit::usage;
  }
  return std::nullopt;
}

/// How the program ends if its first word is no verb; nothing if it is one.
std::optional<Exit> explain_unknown_verb(const CLI::App& program, std::string_view word) {
  if (word.starts_with('-')) return std::nullopt;
  std::vector<std::string> verbs;
  for (const auto* verb : program.get_subcommands(nullptr)) verbs.push_back(verb->get_name());
  if (std::ranges::find(verbs, word) != verbs.end()) return std::nullopt;
  const std::vector<std::string_view> names(verbs.begin(), verbs.end());
  std::cerr << "jidian: there is no verb '" << word << "'" << config::did_you_mean(word, names)
            << "\nNext: jidian --help lists them\n";
  return Exit::usage;
}

}  // namespace

int run_command_line(int argc, char** argv) {
  CLI::App program("Jidian: reads a plant's meters, records every reading, publishes it to the province.", "jidian");
  program.require_subcommand(1);
  program.footer("Exit status: 0 ok, 1 findings, 2 usage or configuration, 3 device or gateway not reached.");
  speak(language_of_user());
  Arguments arguments;
  take_environment(arguments.common);
  Exit exit = Exit::ok;
  const std::vector<std::string> words(argv + std::min(argc, 1), argv + argc);
  add_gateway_verbs(program, arguments, exit);
  add_commissioning_verbs(program, arguments, exit);
  add_site_verbs(program, arguments, exit);
  add_statement_verbs(program, arguments, exit);
  add_mark_verbs(program, arguments, exit);
  add_evidence_verbs(program, arguments, exit);
  add_device_verbs(
      program, arguments.common, arguments.identity, [&](CLI::App& verb) { add_common(verb, arguments.common); }, exit);
  if (words.empty()) return print_tasks(program), static_cast<int>(Exit::usage);
  try {
    program.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    if (const auto unknown = explain_unknown_verb(program, words.front())) return static_cast<int>(*unknown);
    if (error.get_exit_code() != 0)
      if (const auto unknown = explain_unknown_option(program, words)) return static_cast<int>(*unknown);
    return program.exit(error) == 0 ? 0 : static_cast<int>(Exit::usage);
  } catch (const std::exception& error) {  // of a verb: one that foresaw it would have said more
    std::cerr << "jidian: " << error.what() << '\n';
    return static_cast<int>(Exit::device);
  }
  return static_cast<int>(exit);
}

}  // namespace jidian::app
