#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

namespace jidian::app {

/// How every verb ends.
enum class Exit : int {
  ok = 0,
  findings = 1,  ///< It worked, and something is not as it should be.
  usage = 2,     ///< The command line or the configuration is wrong, or the user may not.
  device = 3,    ///< A port, a meter, a broker or the gateway itself cannot be reached.
};

/// What every verb is given.
struct Common {
  std::filesystem::path site = "/etc/jidian/site.toml";
  std::filesystem::path profiles = "/usr/share/jidian/meters";
  std::filesystem::path socket;  ///< Of the running gateway; empty: as the site file says.
  bool json = false;
};

struct RunOptions {
  std::string log_level = "info";
};

struct WatchOptions {
  std::uint32_t interval_s = 2;
  std::uint32_t rounds = 0;  ///< 0: until interrupted.
};

struct TailOptions {
  std::string uplink;         ///< Which [[uplink]] of the site file says how to reach the broker; empty: the first.
  std::uint32_t count = 0;    ///< Messages to show; 0: until interrupted.
  std::uint32_t seconds = 0;  ///< How long to listen; 0: until interrupted.
  std::vector<std::string> only = {};  ///< Last words of the topics to show: "event", "live", …; empty: all.
};

struct ExportOptions {
  std::filesystem::path store;  ///< Empty: as the site file says.
  std::string from;             ///< "2026-03-01T08:00:00Z" or with the site's offset; empty: from the beginning.
  std::string until;
  std::string format;  ///< csv, jsonl or evidence; empty: csv, or jsonl where JSON is wanted.
  std::string meter;   ///< Only this meter; empty: all.
  bool rows = false;   ///< The rows of facilities, accounts and the site instead of readings.
};

struct LearnOptions {
  std::string facility;
  std::filesystem::path store;  ///< Empty: as the site file says.
  std::string from;             ///< As for an export; empty: `last` before the end.
  std::string until;            ///< Empty: now.
  std::string last = "24h";     ///< How far back, where `from` is empty.
  bool write = false;           ///< Put what was found into the site file.
};

struct ScanOptions {
  std::string bus;
  bool quick = false;  ///< The likely settings and units only.
  bool full = false;   ///< Every unit with every setting that a known meter can have.
  std::string units;   ///< "1-32": only these; empty: as the depth says.
  bool despite_other_master = false;
};

struct TraceOptions {
  std::string bus;
  std::uint32_t seconds = 0;  ///< 0: until interrupted.
};

struct DoctorOptions {
  std::string bus;
  std::uint32_t seconds = 60;
};

struct ShowAsOptions {
  std::string bus;
  std::uint32_t unit = 1;
  std::string table;
  std::string address;  ///< On the wire, counted from 0; 0x for hexadecimal.
  std::uint32_t count = 1;
  std::optional<double> expect;  ///< What the display shows.
};

struct AddOptions {
  std::string bus;
  std::uint32_t unit = 1;
  std::string profile;
  std::string facility;  ///< Which lists it from now on; empty: none.
  std::string id;        ///< Empty: named after profile and unit.
  std::string name = {};
  std::string period = {};
  std::string serial = {};  ///< Empty: the one it tells, if it does.
  std::string accuracy_class = {};
  std::string calibrated = {};
  std::string ct_ratio = {};
  std::string pt_ratio = {};
  bool probe = true;  ///< Ask the meter whether it is what it is taken for.
  bool dry_run = false;
};

struct UplinkTestOptions {
  std::string uplink;         ///< Empty: all.
  std::uint32_t wait_s = 30;  ///< How long to wait for a receipt.
};

struct BundleOptions {
  std::filesystem::path output;  ///< Empty: named after gateway and time, in the present folder.
  std::uint32_t days = 30;       ///< How far back the events go.
};

struct SignoffOptions {
  std::string meter;
  std::string display;  ///< As typed.
  std::string point;    ///< Empty: the meter's main counter.
  std::string by;       ///< Empty: the user.
  std::string note;
  std::string accept;  ///< Why a failed check is accepted; empty: it is not.
};

struct ReplaceOptions {
  std::string meter;
  std::string old_final;  ///< As typed.
  std::string new_start;
  std::string serial;  ///< Of the new meter; empty: what it tells.
  std::string at;      ///< ISO 8601 with its zone; empty: now.
  std::string point;   ///< Empty: the meter's main counter.
  std::string by;      ///< Empty: the user.
  std::string note;
};

struct MarkOptions {
  std::string subject;  ///< Id of a meter or a facility.
  bool all = false;     ///< The whole site instead.
  std::string as;       ///< maintenance, calibration, manual, stopped, supply_lost.
  std::string from;     ///< ISO 8601 with its zone; empty: now.
  std::string until;    ///< Empty: open; of an end: now.
  std::string reason;
  std::string by;   ///< Empty: the user.
  std::string end;  ///< Id of the mark to end; then nothing new is marked.
};

/// `jidian check`: the site file and the profiles, every mistake at once.
Exit check(const Common& common);

/// `jidian profiles [ID]`: the catalogue of meters, or all about one. Needs no site file.
Exit profiles(const Common& common, const std::string& id);

/// `jidian run`: the gateway, until a signal.
Exit run(const Common& common, const RunOptions& options);

/// `jidian reload`: the running gateway takes over the site file as it is on the disk.
Exit reload(const Common& common);

/// `jidian read METER`: fresh from the wire.
Exit read(const Common& common, const std::string& meter);

/// `jidian watch`: a table of the newest values.
Exit watch(const Common& common, const WatchOptions& options);

/// `jidian status`: one screen.
Exit status(const Common& common);

/// `jidian scan BUS`: looks for meters.
Exit scan(const Common& common, const ScanOptions& options);

/// `jidian trace BUS`: every frame, decoded.
Exit trace(const Common& common, const TraceOptions& options);

/// `jidian doctor BUS`: what is wrong with a line, and why.
Exit doctor(const Common& common, const DoctorOptions& options);

/// `jidian show-as BUS UNIT TABLE ADDRESS COUNT`: some registers in every type and order.
Exit show_as(const Common& common, const ShowAsOptions& options);

/// `jidian add BUS UNIT --profile P`: writes a meter into the site file, after asking it.
Exit add(const Common& common, const AddOptions& options);
/// `jidian signoff METER`: compares a meter with its display and puts on record who found it right.
Exit signoff(const Common& common, const SignoffOptions& options);

/// `jidian replace METER`: puts on record that another meter stands there now, so that totals go on.
Exit replace(const Common& common, const ReplaceOptions& options);

/// `jidian mark SUBJECT`: puts a period of maintenance, calibration, … on record, or ends one.
Exit mark(const Common& common, const MarkOptions& options);

/// `jidian marks`: those in force or ahead.
Exit marks(const Common& common);

/// `jidian learn FACILITY`: the levels of its power, from what was recorded.
Exit learn(const Common& common, const LearnOptions& options);

/// `jidian tail`: what arrives at the broker, decoded.
Exit tail(const Common& common, const TailOptions& options);

/// `jidian export`: a period out of the store.
Exit export_period(const Common& common, const ExportOptions& options);

/// `jidian verify [PATH]`: the hash chains of a store folder or of an evidence export, and in a folder every file, with
/// what the files know to be missing.
Exit verify(const Common& common, const std::filesystem::path& path);

/// `jidian uplink retry`: sends rejected batches again.
Exit retry_uplink(const Common& common, const std::string& uplink);

/// `jidian uplink test [ID]`: the way to a destination, step by step.
Exit test_uplink(const Common& common, const UplinkTestOptions& options);

/// `jidian bundle`: an archive for support, without secrets.
Exit bundle(const Common& common, const BundleOptions& options);

/// The whole program: parses the command line and runs the verb. An exception that a verb lets through is one sentence
/// on standard error and Exit::device.
int run_command_line(int argc, char** argv);

}  // namespace jidian::app
