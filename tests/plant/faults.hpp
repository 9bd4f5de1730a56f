// Fault switches: what shall go wrong, how often, and which request is hit. The choice depends only on the seed, the
// meter and the number of its request, so that a run can be repeated.
#pragma once

#include <atomic>
#include <cstdint>
#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "stats.hpp"

namespace jidian::plant {

/// The argument's meaning stands behind each.
enum class FaultKind {
  delay,       ///< ms; the reply is late and everything behind it waits
  late_reply,  ///< ms; the reply is late, other requests are answered meanwhile
  stale,       ///< none; the reply is held back until the next request on the same wire, and sent before its reply
  silence,     ///< none
  exception,   ///< code, default 4
  wrong_unit,  ///< none; the unit is one higher
  wrong_transaction,  ///< none; tcp only
  bad_crc,            ///< none; rtu only
  truncated,          ///< bytes missing at the end, default half
  glued,              ///< none; a second, foreign reply follows without a pause
  echo,               ///< none; the request comes back before the reply
  foreign_block,      ///< none; unit, function and length are right, the registers are others
  flip,               ///< bits inverted somewhere in the frame, default 1
  ct_reversed,        ///< phase 1 … 3, default 1; that current transformer is mounted the other way round
  counters_lost,      ///< none; energies show 0, as after a power loss
  frozen,             ///< UTC ms; the registers show the state of that instant
  refuse,             ///< none; a tcp endpoint does not listen
  connection_limit,   ///< number; further connections are closed at once
  reset,              ///< ms; all connections of a tcp endpoint are reset this often
  foreign_master,     ///< ms; rtu only: another master asks a unit this often, and is answered
};
static_assert(static_cast<std::size_t>(FaultKind::foreign_master) + 1 == fault_kinds);

const char* name_of(FaultKind kind);

struct Fault {
  FaultKind kind = FaultKind::silence;
  double probability = 1;
  std::int64_t argument = 0;  ///< 0: the kind's default
};

/// Reads `KIND [PROBABILITY] [ARGUMENT]`; an argument may end in ms or s. @throws ScenarioError
Fault parse_fault(std::string_view text);

/// All switches of a plant. Any thread.
class FaultBoard {
 public:
  explicit FaultBoard(std::uint64_t seed) : seed_(seed) {}

  /// Replaces the switch of that kind; probability 0 removes it.
  void set(const std::string& target, const Fault& fault);
  void clear(const std::string& target);

  /// The fault that hits this request, if any: switches of the meter, then of its bus, then of everything.
  std::optional<Fault> choose(const std::string& meter, const std::string& bus, std::uint64_t request) const;

  /// The switch of a standing kind (refuse, connection_limit, reset, foreign_master) of that bus.
  std::optional<Fault> standing(const std::string& bus, FaultKind kind) const;

  /// Changes whenever a switch is set or cleared.
  std::uint64_t version() const { return version_.load(std::memory_order_acquire); }

  std::map<std::string, std::vector<Fault>> all() const;

 private:
  std::uint64_t seed_;
  mutable std::mutex mutex_;
  std::map<std::string, std::vector<Fault>> switches_;
  std::atomic<std::uint64_t> version_{0};
};

}  // namespace jidian::plant
