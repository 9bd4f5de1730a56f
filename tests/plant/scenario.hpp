// What a simulated plant consists of. A scenario file, a built-in name and a test all end in this value.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "error.hpp"
#include "schedule.hpp"

namespace jidian::plant {

/// A time during which a consumer does not follow its program.
struct Outage {
  std::int64_t from_ms = 0;   ///< UTC, rounded down to a step
  std::int64_t to_ms = 0;     ///< exclusive
  std::int64_t permille = 0;  ///< load meanwhile, of the rated load
  bool is_cut = false;        ///< its supply is gone: no load, and no voltage either
};

enum class FeedKind { load, sum, gas, product, generation };

/// Something that is measured: a consumer of electricity, a sum of them, a gas flow, a counted product, a generator.
///
/// A generator gives nothing but what its outages say. A sum takes the place where the grid comes in: what a generator
/// among its children gives beyond what the others take flows back.
struct Feed {
  std::string id;
  FeedKind kind = FeedKind::load;
  Program program;
  std::int64_t rated =
      0;  ///< load, generation: W over three phases; gas: standard litres per hour; product: ms per piece
  std::int64_t power_factor_permille = 860;  ///< load only
  std::int64_t initial = 0;                  ///< counter at the scenario's start: kWh, m3 or pieces
  std::vector<std::string> children;         ///< sum only; each stands before it
  std::vector<Outage> outages;
};

/// A meter at an address.
struct Unit {
  int unit = 1;
  std::string meter;            ///< id, unique in the scenario
  std::string model;            ///< a name of model_names()
  std::string feed;             ///< id of what it measures
  std::int64_t ct = 1;          ///< current transformer ratio, for models that show secondary values
  std::int64_t pt_tenths = 10;  ///< voltage transformer ratio x 10
  /// From then on (UTC; 0: never) the ratio is `ct_after`; what was counted before stays.
  std::int64_t ct_ms = 0;
  std::int64_t ct_after = 0;
  std::string powered_by;  ///< id of a feed, or empty: while its supply is cut, the meter is dead
  int latency_ms = 0;      ///< from the end of a request to the start of its reply
  int registers_max = 0;   ///< largest read; 0 = the model's own
  /// From then on another meter of the model stands there, with another serial number, whose counters began at
  /// `swap_shows` (active energy in kWh; all others at 0). UTC; 0: never
  std::int64_t swap_ms = 0;
  std::int64_t swap_shows = 0;
};

/// An RS-485 line behind a pseudo terminal.
struct Line {
  std::string id;
  std::string path;  ///< where the link to the terminal is laid; empty or relative: under the plant's folder
  int baud = 9600;
  char parity = 'N';  ///< N, E or O
  int stop_bits = 1;
  bool strict = true;  ///< deaf to a peer with other settings
  /// After this long no reply begins any more, whatever happened to the machine: by the plant's own clock, from the
  /// moment before which the request cannot have come. 0: replies come when they come
  int worst_latency_ms = 0;
  std::vector<Unit> units;
};

/// A Modbus/TCP server on the loopback address.
struct Endpoint {
  std::string id;
  int port = 0;                 ///< 0: any free one
  bool absent_answers = false;  ///< an absent unit gets exception 0x0B instead of silence
  int connections_max = 0;      ///< further ones are closed at once; 0: no limit
  std::vector<Unit> units;
};

/// A fault switch set from the start, see faults.hpp.
struct FaultLine {
  std::string target;  ///< id of a meter, a line or an endpoint, or *
  std::string text;    ///< as on the control socket: kind, probability, argument
};

struct Scenario {
  std::string name = "unnamed";
  std::uint64_t seed = 1;
  std::int64_t start_ms = default_start_ms;  ///< when the counters showed `initial`; UTC
  int utc_offset_minutes = 480;              ///< of the site's clock; a multiple of 10
  std::int64_t schedule_shift_ms = 0;        ///< the plant lives this much later than the clock says
  std::vector<Feed> feeds;
  std::vector<Line> lines;
  std::vector<Endpoint> endpoints;
  std::vector<FaultLine> faults;

  /// 2026-01-01 00:00 at +08:00.
  static constexpr std::int64_t default_start_ms = 1'767'196'800'000;
};

/// A built-in scenario when `name_or_path` is a name of builtin_names(), else the file's. @throws ScenarioError
Scenario load_scenario(const std::string& name_or_path);

/// Reads the format described in README.md. @throws ScenarioError naming what is wrong.
Scenario parse_scenario(std::string_view json);

/// The same scenario as text that parse_scenario() reads back.
std::string format_scenario(const Scenario& scenario);

std::vector<std::string> builtin_names();

/// @throws ScenarioError for an unknown name.
Scenario builtin_scenario(std::string_view name);

/// Everything that must hold before a scenario can be run. @throws ScenarioError naming the first thing that does not.
void check_scenario(const Scenario& scenario);

}  // namespace jidian::plant
