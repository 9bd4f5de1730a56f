#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/exact.hpp"
#include "base/result.hpp"
#include "base/time.hpp"
#include "command/phase_checks.hpp"
#include "command/subject.hpp"
#include "domain/event.hpp"

/// A meter is signed off when a person has compared it with its display. Pure.
namespace jidian::command {

/// What a person says.
struct SignoffRequest {
  std::size_t point = 0;  ///< The counter that was compared.
  std::string display;    ///< As typed, see `display_of`.
  std::string by;
  std::string user;    ///< Who was at the socket, by the kernel's word.
  std::string note;    ///< Or empty.
  std::string accept;  ///< Why it is signed off although a check failed; empty: then it is not.
};

struct Signoff {
  std::string point;
  std::string unit;           ///< Of the display; what follows is in it.
  std::string display;        ///< The digits as typed.
  std::string reading;        ///< With ratios, exact.
  std::string difference;     ///< Reading less display, exact.
  std::string allowed;        ///< How far they may differ.
  std::vector<Check> checks;  ///< "energy" first, then the ratios, then the phases.

  /// Whether no check failed.
  bool holds() const;
};

/// Compares. The reading may differ from the display by one in the last place of each, and by what the present power
/// adds in two minutes: from the look at the display to the reading. All of it in the display's unit. Errors: invalid
/// (the display is no number), and those of `engineering_value`.
Result<Signoff> examine(const Subject& subject, const SignoffRequest& request);

/// The transformers of a meter: by its registers, else as the site file declares them; 1: none.
struct Ratios {
  double ct = 1;
  double pt = 1;
};

/// What makes the reading the display: the display is `times` the reading, or the reading `times` the display.
struct Factor {
  bool ct = false;
  bool pt = false;
  int ten = 0;  ///< Power of ten in it.
  bool reading_larger = false;
  double times = 1;
};

/// A power of ten, the CT or PT ratio, their product, or one of these with a power of ten (10^-6 … 10^6), whichever is
/// simplest. `reading_step` is what the reading alone is unsure by, `display_step` the display. Nothing if none fits,
/// or if the display has too few digits to tell.
std::optional<Factor> explain(double reading, double reading_step, double display, double display_step,
                              const Ratios& ratios);

/// The event that puts it on record.
domain::Event event_of(const domain::MeterEntry& entry, const Signoff& signoff, const SignoffRequest& request,
                       UtcTime now);

/// {"meter", "read", "point", "unit", "display", "reading", "difference", "allowed", "checks": [{"check", "verdict",
/// "because", "values"}], "recorded", "by", "user"}.
std::string to_json(const Subject& subject, const Signoff& signoff, const SignoffRequest& request, bool recorded);

}  // namespace jidian::command
