#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "base/result.hpp"

/// Which root file system is started, and how often it may still be tried. docs/adr/0025 tells why it is kept as it is.
namespace jidian::boot {

/// The two root file systems of the device. Partition labels are "rootfs-" and the letter.
enum class Slot : std::uint8_t { a, b };

/// "a" or "b".
std::string_view name_of(Slot slot);

/// The slot of a letter; nothing for any other text.
std::optional<Slot> slot_of(std::string_view name);

/// How often a slot that has not proved itself is tried before the other one has its turn.
inline constexpr int tries_on_trial = 3;

/// How often a good one is: power cuts come in series, and must not send a box to its older system (docs/adr/0031).
/// Below ten: boot.scr counts in hexadecimal.
inline constexpr int tries_when_good = 8;

/// What is known about one slot.
struct SlotState {
  int left =
      tries_on_trial;  ///< Tries left, 0 to `tries_when_good`. boot.scr takes one away before it starts the slot.
  bool ok = false;     ///< A health check found it good, and nothing was written to it since.

  bool operator==(const SlotState&) const = default;
};

/// The whole state. As built, it is what holds when no copy can be read.
struct State {
  std::uint64_t generation = 0;  ///< Grows with every write; the copy with the greater one rules.
  Slot first = Slot::a;          ///< The slot to be tried first.
  std::array<SlotState, 2> slots;

  SlotState& of(Slot slot) { return slots.at(static_cast<std::size_t>(slot)); }
  const SlotState& of(Slot slot) const { return slots.at(static_cast<std::size_t>(slot)); }
  bool operator==(const State&) const = default;
};

/// Bytes of one copy: an environment block of U-Boot, its CRC first.
inline constexpr std::size_t copy_bytes = 4096;
using Copy = std::array<std::uint8_t, copy_bytes>;

/// The state as boot.scr reads it with `env import -c`. Numbers of generations are hexadecimal: U-Boot counts in
/// nothing else.
Copy encode(const State& state);

/// The state in a copy. Errors: corrupt, if the CRC is wrong, a field is missing or a value makes no sense.
Result<State> decode(std::span<const std::uint8_t> bytes);

/// What rules, and which copy the next write goes to.
struct Ruling {
  State state;
  std::size_t spare =
      0;  ///< Index of the copy that may be overwritten: the older or the broken one, never the ruling one.
  bool found = false;  ///< False: neither copy can be read, and `state` is the one that then holds.
};

/// Weighs the two copies, in the order in which they lie on the partition.
Ruling weigh(const Result<State>& first, const Result<State>& second);

/// The slot that boot.scr would start next: the first in order that has tries left; if none has, the first in order.
Slot next_slot(const State& state);

/// `slot` is tried first from now on, with all tries of a good one or of one on trial. Whether it is good is not
/// touched: a health check says so.
void set_primary(State& state, Slot slot);

/// Good: it has all tries of a good one. Bad: it has none.
void set_good(State& state, Slot slot, bool good);

/// For people: one line a field.
std::string describe(const Ruling& ruling);

}  // namespace jidian::boot
