#include <array>

#include "app/texts_tables.hpp"

namespace jidian::app {
namespace {

constexpr auto english = std::to_array<Sentence>({
    {"scan.listened", "Listened for {seconds} s first: {bytes} bytes of others heard."},
    {"scan.settings", "Settings: {settings}"},
    {"scan.plan",
     "{units} units with each setting first; silent units alone take about {seconds} s. Ctrl-C keeps results."},
    {"scan.progress", "{percent} %  {settings}  unit {unit}  found {found}"},
    {"scan.unknown", "answers, model unknown"},
    {"scan.looks-like", "looks like"},
    {"scan.configured", "(is {meter} of the site file)"},
    {"scan.unit", "unit {unit}"},
    {"scan.serial", "s/n {serial}"},
    {"scan.noise", "  {settings}  -  {bytes} bytes of garbage: another baud or parity on the line?"},
    {"scan.summary", "Found {count}."},
    {"scan.summary-cut", "Found {count} so far; the search was not finished."},
    {"scan.next-named", "Next: jidian add {bus} {unit} --profile {profile}"},
    {"scan.next-unknown", "Next: jidian show-as {bus} {unit} holding 0 2"},
    {"scan.next-known", "Next: all of them are in the site file. Try: jidian status"},
    {"scan.next-nothing",
     "Next: jidian doctor {bus} says what may be wrong with the line; scan --full tries every setting"},
    {"trace.lost", "({frames} frames more than could be shown)"},
    {"trace.next", "Next: jidian doctor {bus} counts errors and says what is likely wrong"},
    {"doctor.heads", "METER|UNIT|ASKED|GOOD|SILENT|GARBLED|EXTRA FRAMES"},
    {"doctor.begin", "Asking every meter of {bus} again and again for {seconds} s …"},
    {"doctor.line",
     "{requests} requests; {stray} bytes of garbage, {idle} of them while nobody was asked; {framing} framing errors, "
     "{parity} parity errors"},
    {"doctor.likely", "Likely: {cause}"},
    {"doctor.clean", "All is well. Next: jidian status"},
    {"doctor.fair", "The line is in order. Next: jidian status"},
    {"doctor.next", "Next: mend the first cause, then run jidian doctor {bus} again"},
    {"doctor.nothing_asked", "no meter of this bus is in the site file"},
    {"doctor.nothing_asked.evidence", "Nobody could be asked."},
    {"doctor.nothing_asked.advice", "-> jidian scan finds out who is there"},
    {"doctor.other_master", "another master speaks on this line"},
    {"doctor.other_master.evidence", "{frames} whole frames came while nobody was asked."},
    {"doctor.other_master.advice", "-> disconnect the other master, or read the meters through it"},
    {"doctor.echo", "the adapter hears its own requests (echo)"},
    {"doctor.echo.evidence", "{echoes} of {requests} requests came back as they were sent."},
    {"doctor.echo.advice",
     "-> switch the receiver off while sending: a jumper on many adapters (RE with DE), rs485 = true at a port of this "
     "box"},
    {"doctor.line_silent", "nothing at all comes from this line"},
    {"doctor.line_silent.evidence", "{requests} requests, no byte in return."},
    {"doctor.line_silent.advice",
     "-> power of the meters, the right port, A to A and B to B, then baud and parity: jidian scan tries them"},
    {"doctor.wires_swapped", "A and B are swapped"},
    {"doctor.wires_swapped.evidence",
     "Nothing but noise on every unit, {idle} bytes of it while nobody was asked; no valid reply to {requests} "
     "requests."},
    {"doctor.wires_swapped.advice",
     "-> exchange A and B at the gateway; if it stays, look for a missing bias or a strong disturbance"},
    {"doctor.wrong_settings", "wrong baud or parity"},
    {"doctor.wrong_settings.evidence",
     "Units answer, but only garbage: {bytes} bytes, {framing} framing errors, {parity} parity errors; quiet while "
     "nobody is asked."},
    {"doctor.wrong_settings.advice", "-> jidian scan finds the settings; correct baud and parity of the bus"},
    {"doctor.dead_unit", "unit {unit} ({meter}) does not answer"},
    {"doctor.dead_unit.evidence", "{silent} of {requests} requests without an answer, while other units answer."},
    {"doctor.dead_unit.advice", "-> its power, its terminals, its unit number and settings at the display"},
    {"doctor.slow_unit", "unit {unit} ({meter}) answers only sometimes"},
    {"doctor.slow_unit.evidence",
     "{silent} of {requests} requests without an answer, {good} good; {extra} frames came too late."},
    {"doctor.slow_unit.advice",
     "-> late frames: raise response_timeout; none: a loose terminal, or a meter that needs a turnaround pause"},
    {"doctor.duplicate_address", "two meters have unit number {unit} ({meter})"},
    {"doctor.duplicate_address.evidence",
     "Only this unit is garbled: {corrupt} of {requests}, with {extra} frames beside the replies; the others are "
     "clean."},
    {"doctor.duplicate_address.advice",
     "-> disconnect {meter}: if unit {unit} still answers, find the other one and give it a number of its own"},
    {"doctor.missing_termination", "missing 120 ohm termination, or a long stub"},
    {"doctor.missing_termination.evidence",
     "Units {units}: short replies garbled {short_corrupt} of {short_requests}, long ones {long_corrupt} of "
     "{long_requests}; {clean} units are clean, so it is not the baud."},
    {"doctor.missing_termination.advice", "-> 120 ohm at both ends of the cable and nowhere else; stubs below 1 m"},
    {"doctor.noise", "disturbance on the line"},
    {"doctor.noise.evidence", "Bytes that are no frames, on all units alike or while nobody is asked."},
    {"doctor.noise.advice", "-> shield to earth at one end, distance to inverters and motor cables, bias resistors"},
    {"doctor.usb_latency", "the USB adapter holds every reply back for {latency_ms} ms"},
    {"doctor.usb_latency.evidence", "Its latency timer stands at {latency_ms} ms."},
    {"doctor.usb_latency.advice", "-> write 1 into latency_timer of the port under /sys/bus/usb-serial/devices"},
    {"add.no-profile",
     "there is no profile '{profile}'{hint}; jidian profiles lists them, jidian scan names a meter's"},
    {"add.mistakes", "with this meter the site file would not be in order; nothing was written:"},
    {"add.not-asked",
     "{why}So the meter could not be asked and nothing was written; --no-probe writes it down without asking"},
    {"add.bus-unknown",
     "the running gateway does not know bus {bus} yet; restart it (systemctl restart jidian), or add --no-probe"},
    {"add.silent",
     "unit {unit} gives no valid answer on bus {bus}; nothing was written. Look at its power, wires and unit number; "
     "jidian scan {bus} --units {unit} tries other settings. --no-probe writes it down nevertheless"},
    {"add.differs",
     "unit {unit} answers, but not as a {model}: it seems to be {others}; nothing was written. Write --profile "
     "{other}, "
     "or --no-probe if you know better"},
    {"add.differs-unnamed",
     "unit {unit} answers, but does not say that it is a {model}; nothing was written. Compare with the name plate; "
     "--no-probe writes it down nevertheless"},
    {"add.refuses",
     "unit {unit} answers, but has not got the registers of a {model}: it seems to be {others}; nothing was written. "
     "Write --profile {other}, or --no-probe if you know better"},
    {"add.refuses-unnamed",
     "unit {unit} answers, but has not got the registers of a {model}; nothing was written. Compare with the name "
     "plate; "
     "--no-probe writes it down nevertheless"},
    {"add.serial-differs",
     "the meter says that its serial number is {told}, not {given}; nothing was written. Another meter than you think, "
     "or a slip: leave --serial out to take the meter's own"},
    {"add.says", "Unit {unit} answers in {ms} ms and says that it is a {model}."},
    {"add.looks",
     "Unit {unit} answers in {ms} ms; {voltage} V and its frequency make sense for a {model}. Compare with the name "
     "plate."},
    {"add.reads", "Unit {unit} answers in {ms} ms; it cannot say what it is. Compare with the name plate."},
    {"add.serial", "Its serial number is {told}."},
    {"add.done", "Meter {meter} stands in {file}."},
    {"add.facility", "Facility {facility} lists it."},
    {"add.next",
     "Next: restart the gateway, which does not know the meter yet (systemctl restart jidian); then jidian read "
     "{meter}, "
     "and compare with its display"},
    {"add.next-alone", "Next: jidian read {meter}, and compare with its display"},
    {"add.next-dry", "Nothing was written. Next: the same without --dry-run"},
    {"show-as.words", "unit {unit}, {table} from {address}: {words}"},
    {"show-as.legend", "* looks like a quantity of a plant"},
    {"show-as.match", "  = {expected} within {deviation} %"},
    {"show-as.suggest", "Fits best: {type} {order} at {address}. Write into the profile:"},
    {"show-as.no-match",
     "Nothing here is {expected}, whatever the order and the decimal point. Next: try the neighbouring addresses "
     "(manuals often count from 1), or the other table (holding, input)."},
    {"show-as.next-expect", "Next: say what the meter's display shows, for example --expect 231"},
    {"show-as.next-profile", "Next: put the line into a profile of your own, see docs/profiles.md"},
});

}  // namespace

std::span<const Sentence> english_sentences() {
  return english;
}

}  // namespace jidian::app
