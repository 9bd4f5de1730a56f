#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/bytes.hpp"
#include "base/time.hpp"
#include "domain/quality.hpp"

namespace jidian::domain {

/// What happened. A closed list; the numbers stand in the contract and are never reused.
enum class EventKind : std::uint8_t {
  epoch = 1,     ///< First of an epoch: names its predecessor and why it began.
  start = 2,     ///< The gateway began recording.
  stop = 3,      ///< The gateway stops as asked.
  manifest = 4,  ///< The manifest in force from here; its bytes are in `manifest`.
  gap = 5,       ///< Nothing was recorded, and why; in `gap`.
  clock = 6,     ///< The wall clock stepped or was first synchronised; fact `offset_ms`.
  evicted = 7,   ///< Batches left the store before every destination had them (the ledger).
  meter_silent = 8,
  meter_back = 9,
  bus_down = 10,
  bus_back = 11,
  receipt_refused = 12,  ///< A receipt for what was never sent, or with a wrong hash.
  batch_rejected = 13,   ///< A destination will not take a batch; kept.
  command_refused = 14,
  counter_step = 15,  ///< What a meter counted while nothing was recorded; facts per counter.
  store_damaged = 16,
  duplicate_identity = 17,  ///< Another box uses this gateway's id.
  configuration = 18,
  learned = 19,         ///< A limit of a meter was learnt (a refused block was split).
  foreign_meter = 20,   ///< A meter says it is another model, or has another serial number, than was expected.
  ratio_changed = 21,   ///< A transformer ratio that a meter keeps in a register is another one.
  foreign_master = 22,  ///< Somebody else sends on a bus that we use.
  facility_state =
      23,             ///< A facility runs, idles, stopped, has no voltage, or is not observed; facts are the evidence.
  directive = 24,     ///< What became of an order from above: taken, superseded, lifted, expired, refused, passed over.
  data_quality = 25,  ///< Data that do not come, or cannot be: links, hours, ranges, clocks, openings.
  certificate = 26,   ///< The certificate that the box shows to a destination ends before long, or has ended.
  update = 27,        ///< A step of an update of the box.
  implausible = 30,   ///< What a meter shows contradicts itself, its past or its family: begins, ends.
  // 28 … 39 are kept for what the gateway finds out; from 40 on a person says so.
  signoff = 40,   ///< A person compared a meter with its display and found it right.
  replaced = 41,  ///< A meter was exchanged for another one; facts keep its totals.
  mark = 42,      ///< A time was declared to be maintenance, calibration, …; or such a mark was ended.
};

/// The contract's word: "epoch", "meter_silent", …
std::string_view name_of(EventKind kind);

/// A hole in the record.
struct Gap {
  GapCause cause = GapCause::meter_silent;
  UtcTime from;              ///< First instant that is missing.
  UtcTime until;             ///< First instant that is there again.
  std::uint64_t missed = 0;  ///< Polls that are missing, as far as known; 0: not counted.
  friend bool operator==(const Gap&, const Gap&) = default;
};

/// A change worth telling. `subject` is the id of a meter, bus, facility or destination, or empty for the box itself.
struct Event {
  UtcTime time;
  EventKind kind = EventKind::start;
  std::string subject;
  std::string text;  ///< One sentence for people.
  std::optional<Gap> gap;
  Bytes manifest;                                          ///< Encoded manifest, for EventKind::manifest only.
  std::vector<std::pair<std::string, std::string>> facts;  ///< Further values, by name.
  friend bool operator==(const Event&, const Event&) = default;
};

}  // namespace jidian::domain
