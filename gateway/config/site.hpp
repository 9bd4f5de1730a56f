#pragma once

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"
#include "base/time.hpp"
#include "domain/data_rules.hpp"
#include "domain/manifest.hpp"
#include "meter/profile.hpp"

namespace jidian::config {

/// A mistake in a file, and what to write instead: "site.toml:42:9: meter 'press-1': …, got 'x'; write …".
struct Mistake {
  std::string file;
  int line = 0;
  int column = 0;
  std::string text;
  bool warning = false;

  std::string to_string() const;
  friend bool operator==(const Mistake&, const Mistake&) = default;
};

enum class BusKind : std::uint8_t {
  rtu,           ///< A serial line of this box.
  tcp,           ///< A Modbus/TCP endpoint.
  rtu_over_tcp,  ///< A serial line behind a device server: RTU frames in a TCP connection.
};

struct Bus {
  std::string id;
  BusKind kind = BusKind::tcp;
  std::string host;           ///< tcp, rtu-over-tcp
  std::uint16_t port = 502;   ///< tcp, rtu-over-tcp
  Millis pause{0};            ///< tcp: what the endpoint needs between a reply and the next request.
  std::string device;         ///< rtu: a path, best under /dev/serial/by-path.
  bool rs485 = false;         ///< rtu: the kernel drives the transceiver's direction.
  std::uint32_t baud = 9600;  ///< rtu, rtu-over-tcp (there it only says how long frames take)
  meter::Parity parity = meter::Parity::none;
  std::uint8_t stop_bits = 1;
  Millis response_timeout{500};
  Millis worst_latency{1000};   ///< After this long no late reply can come any more from any of its meters.
  Millis listen_first{10'000};  ///< rtu, rtu_over_tcp: silence before the first request on a line that was never used.
  bool other_master_accepted = false;  ///< rtu, rtu_over_tcp
  friend bool operator==(const Bus&, const Bus&) = default;
};

struct Meter {
  std::string id;
  std::string bus;
  std::uint8_t unit = 1;
  std::string profile;  ///< Empty: the points stand in the site file.
  Millis period{1000};
  Millis turnaround{0};
  Millis worst_latency{0};  ///< As its profile says; its bus has the longest of its meters' and its own. 0: not said.
  meter::ReadLimits limits;
  std::uint16_t short_count_max = 0;  ///< What to ask for at most once longer requests fail; 0: nothing is known.
  /// Selected points with the points they need; resolved from profile or site file. With `sunspec`, their addresses
  /// count from the model's ID register: see `meter::at_base`.
  std::vector<meter::Point> points;
  std::vector<meter::Identification> identify;  ///< How its model would say what it is; empty: it cannot.
  std::optional<meter::IdentityPlace> serial;   ///< With `sunspec`, counted from the common model's ID register.
  std::optional<meter::IdentityPlace> firmware;
  std::optional<meter::Sunspec> sunspec;
  domain::MeterEntry entry;  ///< What the manifest says of it.
  friend bool operator==(const Meter&, const Meter&) = default;
};

struct Uplink {
  std::string id;
  std::string url;  ///< With its port: "mqtts://broker.example.org:8883".
  std::string username;
  std::string password_file;  ///< Files as written: give them to `resolve_file`.
  std::string ca_file;
  std::string certificate_file;
  std::string key_file;
  bool insecure = false;
  bool confirm_by_broker = false;
  std::vector<std::string> streams;
  std::vector<std::string> may;
  std::chrono::seconds keep_alive{30};
  std::chrono::seconds receipt_timeout{60};
  std::uint32_t backlog_batches_per_s = 20;
  int line = 1;  ///< Where its section begins in the site file, for what is found out later.
  int column = 1;
  /// Where it stands in the file makes no difference.
  friend bool operator==(const Uplink& left, const Uplink& right);
};

/// An authority that may give orders, and the uplink through which they come.
struct Issuer {
  std::string id;
  std::string name;  ///< For people.
  std::string uplink;
  friend bool operator==(const Issuer&, const Issuer&) = default;
};

struct Store {
  std::filesystem::path folder = "/var/lib/jidian/store";
  std::uint64_t quota_bytes = 2ULL << 30;
  Millis commit_interval{10'000};
  std::uint64_t flash_endurance_gb = 0;                 ///< 0: not declared.
  std::map<std::string, std::chrono::hours> retention;  ///< By stream.
  friend bool operator==(const Store&, const Store&) = default;
};

struct Api {
  std::filesystem::path socket = "/run/jidian/api.sock";
  std::string read_group;
  std::string operate_group;
  std::string metrics;  ///< "127.0.0.1:9464" or empty.
  /// Where a value stands in the site file, for what is found out later.
  struct Position {
    int line = 1;
    int column = 1;
  };
  Position read_group_at{};
  Position operate_group_at{};
  /// Where something stands in the file makes no difference.
  friend bool operator==(const Api& left, const Api& right);
};

/// What the box beside the gateway needs to know; the gateway itself asks for none of it.
struct Device {
  std::vector<std::string> ntp_servers;  ///< Names or addresses; empty: those that the network offers.
  friend bool operator==(const Device&, const Device&) = default;
};

/// A validated site: everything the gateway needs to know.
struct Site {
  std::string gateway;
  domain::SiteCard card;
  std::vector<Bus> buses;
  std::vector<Meter> meters;
  std::vector<domain::FacilityEntry> facilities;
  domain::PlausibilityRules plausibility;
  std::vector<Uplink> uplinks;
  std::vector<Issuer> issuers;
  domain::DataRules data_rules;
  Store store;
  Api api;
  Device device;
  Millis live_interval{60'000};  ///< 0: `live` is not published.
};

/// A validated site or every mistake at once. Warnings stand beside a valid site.
struct Parsed {
  std::optional<Site> site;
  std::vector<Mistake> mistakes;
};

/// The profiles by id.
using Catalogue = std::map<std::string, meter::Profile>;

/// Reads one profile. `file` is used in messages and gives the id.
struct ParsedProfile {
  std::optional<meter::Profile> profile;
  std::vector<Mistake> mistakes;
};
ParsedProfile parse_profile(std::string_view text, const std::string& file);

/// Runs a profile's test vectors: one mistake per vector that fails.
std::vector<Mistake> check_vectors(const meter::Profile& profile, const std::string& file);

/// Reads a site file. `file` is used in messages only.
Parsed parse_site(std::string_view text, const std::string& file, const Catalogue& catalogue);

/// The share of a serial line's time that its meters take at least: bytes and silences on the wire, before the meters'
/// own delay. Above 1, slots will be missed. All 0 for Modbus/TCP.
struct BusBudget {
  double load = 0;      ///< All meters answer.
  double one_dead = 0;  ///< One does not and is looked for every 5 s: the one for which this is worst.
  double two_dead = 0;
};
BusBudget bus_budget(const Bus& bus, const std::vector<Meter>& meters);

/// What to change so that the load falls to 80 %: `write period = "5s" in each [[meter]] of it that is faster: press-1
/// (1s), oven (1s); or baud = 19200 in its [[bus]]`.
std::string advice_for(const Bus& bus, const std::vector<Meter>& meters);

/// Whether the energies of all meters of a serial line cannot be read within a second of a day's edge, and what to
/// change then: a sentence, else nothing. On edges one read of each meter goes before all else; 30 ms are taken for the
/// meters' own delay.
std::string late_energies(const Bus& bus, const std::vector<Meter>& meters);

/// Whether `text` may name a file that holds a secret or a certificate: an absolute path, or "credentials:NAME" for a
/// file of the credentials directory that systemd hands to the service.
bool is_file_spelling(std::string_view text);

/// The path a file spelling stands for. `credentials_directory` is the service's $CREDENTIALS_DIRECTORY, or empty.
/// Errors: invalid (not a spelling, or credentials without a directory).
Result<std::string> resolve_file(const std::string& spelling, const std::string& credentials_directory);

/// What a facility's state can be told from, and by which meters, without levels: as its rule says, else by what its
/// meters measure. Source `none` where nothing can.
domain::RunRule run_basis(const Site& site, const domain::FacilityEntry& facility);

/// The manifest this site stands for.
domain::Manifest manifest_of(const Site& site);

}  // namespace jidian::config
