#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/time.hpp"

namespace jidian::domain {

/// An order of an authority to this plant, as it was told. The gateway keeps it and shows it; it switches nothing.
struct Directive {
  std::string issuer;  ///< Id of who orders.
  std::string id;      ///< The issuer's name for it, `[a-z0-9-]{1,32}`.
  std::uint32_t version = 1;
  bool lifted = false;  ///< This version takes the order back.
  UtcTime from;
  UtcTime to;                           ///< First instant at which it does not hold any more.
  std::string kind;                     ///< "curtailment" or "quota".
  std::string level;                    ///< The authority's word for how grave it is, or empty.
  std::vector<std::string> facilities;  ///< Ids; empty: the whole site.
  std::string limit_kw;                 ///< Power not to be passed, a decimal number; empty: none is said.
  std::string limit_kwh;                ///< Energy from `from` to `to`, likewise.
  std::vector<std::string> supersedes;  ///< Ids of orders of the same issuer that end with this one.
  friend bool operator==(const Directive&, const Directive&) = default;
};

/// Why an order is not taken.
enum class Refusal : std::uint8_t {
  invalid,           ///< It cannot be understood.
  unknown_issuer,    ///< Nobody of that id may order anything through this destination.
  unknown_facility,  ///< It names a facility that the site does not have.
  expired,           ///< Its time was over when it came.
  replayed,          ///< Its version is not higher than the one that is known, and it says something else.
  full,              ///< More orders are in force or ahead than are kept.
};

inline constexpr std::array all_refusals{Refusal::invalid, Refusal::unknown_issuer, Refusal::unknown_facility,
                                         Refusal::expired, Refusal::replayed,       Refusal::full};

/// How many orders were not taken since the start, by the reason's place in `all_refusals`; the same one in the list
/// that follows counts no more.
using RefusalCounts = std::array<std::uint64_t, all_refusals.size()>;

/// The contract's word: "invalid", "unknown_issuer", …
std::string_view name_of(Refusal refusal);

/// An order that was not taken.
struct RefusedDirective {
  std::string issuer;  ///< As far as it can be read, as the next two.
  std::string id;
  std::string version;
  Refusal why = Refusal::invalid;
  std::string text;        ///< One sentence: what is wrong.
  std::string print = {};  ///< Of what was sent, as `print_of` says: tells it from another of that name.
  friend bool operator==(const RefusedDirective&, const RefusedDirective&) = default;
};

/// All orders that a destination holds in force, as it told them.
struct DirectiveListing {
  std::string destination;
  std::vector<Directive> orders;
  std::vector<RefusedDirective> refused;
  bool is_whole = true;           ///< It could be read as a list: what is not in it is lifted.
  std::uint64_t passed_over = 0;  ///< Lists that came just before it and that nobody looked at, for want of room.
};

/// An order that was taken and is in force or ahead.
struct KnownDirective {
  Directive order;
  std::string destination;  ///< Through which it came.
  UtcTime received;
  friend bool operator==(const KnownDirective&, const KnownDirective&) = default;
};

/// An order with what its facilities draw.
struct DirectiveNow {
  KnownDirective known;
  bool in_force = false;
  std::optional<double> load_kw;  ///< Of the newest polls; nothing if that of any meter is unknown.
};

}  // namespace jidian::domain
