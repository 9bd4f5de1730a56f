#include <array>

#include "app/texts_tables.hpp"

namespace jidian::app {
namespace {

constexpr auto english_of_commissioning = std::to_array<Sentence>({
    {"scan.listened", "Listened for {seconds} s first: {bytes} bytes of others heard."},
    {"scan.settings", "Settings: {settings}"},
    {"scan.plan",
     "{units} units with each setting first; with listening about {seconds} s, and some more for each meter that is "
     "found. Ctrl-C keeps results."},
    {"scan.progress", "{percent} %  {settings}  unit {unit}  found {found}"},
    {"scan.unknown", "answers, model unknown"},
    {"scan.looks-like", "looks like"},
    {"scan.sunspec", "{device} (SunSpec)"},
    {"scan.sunspec-other", "{device} (SunSpec), without a meter's models 201-204 or 211-214"},
    {"scan.configured", "(is {meter} of the site file)"},
    {"scan.unit", "unit {unit}"},
    {"scan.serial", "s/n {serial}"},
    {"scan.noise", "  {settings}  -  {bytes} bytes of garbage: another baud or parity on the line?"},
    {"scan.summary", "Found {count}."},
    {"scan.summary-cut", "Found {count} so far; the search was not finished."},
    {"scan.next-named",
     "Next: if others were found, correct baud and parity of {bus}; then jidian add {bus} {unit} --profile {profile}"},
    {"scan.next-likely",
     "Next: if others were found, correct baud and parity of {bus}; compare the name plate of unit {unit}, then jidian "
     "add {bus} {unit} --profile with what it is: {profile}"},
    {"scan.next-unknown",
     "Next: jidian scan {bus} --units {unit} asks it once more, since models are asked last; if its model stays "
     "unknown, jidian add {bus} {unit} --profile with what the name plate says, or jidian show-as {bus} {unit} holding "
     "0 2 --expect 231"},
    {"scan.next-known", "Next: all of them are in the site file. Try: jidian status"},
    {"scan.next-nothing",
     "Next: jidian doctor {bus} says what may be wrong with the line; scan --full tries every setting"},
    {"trace.lost", "({frames} frames more than could be shown)"},
    {"trace.next", "Next: jidian doctor {bus} counts errors and says what is likely wrong"},
    {"doctor.heads", "METER|UNIT|ASKED|GOOD|SILENT|GARBLED|EXTRA FRAMES"},
    {"doctor.begin", "Asking every meter of {bus} again and again for {seconds} s …"},
    {"doctor.pace", "At most {rate} requests a second, so that no meter is disturbed."},
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
    {"doctor.usb_latency.evidence",
     "Its latency timer stands at {latency_ms} ms, although its driver was asked for the shortest."},
    {"doctor.usb_latency.advice", "-> write 1 into /sys/class/tty/ttyUSB…/device/latency_timer of this port, as root"},
    {"doctor.timer", "latency timer of the USB adapter: {latency_ms} ms"},
    {"add.no-profile",
     "there is no profile '{profile}'{hint}; jidian profiles lists them, jidian scan names a meter's"},
    {"add.mistakes", "with this meter the site file would not be in order; nothing was written:"},
    {"add.no-facility",
     ". Write the new one into {file}, then add again:\n\n[[facility]]\nid = \"{facility}\"\nkind = \"production\"\n"
     "meters = []\n"},
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
    {"add.ratio-differs",
     "unit {unit} holds the ratio {told} in a register of its own, which is not {option} {declared}; nothing was "
     "written. Look at the plates of the transformers: correct the ratio, the primary first, or the meter; --no-probe "
     "writes it down nevertheless"},
    {"add.says", "Unit {unit} answers in {ms} ms and says that it is a {model}."},
    {"add.looks",
     "Unit {unit} answers in {ms} ms; {voltage} V and its frequency make sense for a {model}. Compare with the name "
     "plate."},
    {"add.reads",
     "Unit {unit} answers in {ms} ms; nothing it says tells whether it is a {model}. Compare with the name plate: "
     "jidian scan {bus} --units {unit} names the models that fit."},
    {"add.contradicts",
     "unit {unit} answers, but where a {model} has its values they make no sense together: {contradictions}; nothing "
     "was written. Another model, or another version of it? Compare with the name plate; jidian scan {bus} --units "
     "{unit} names the models that fit. --no-probe writes it down nevertheless"},
    {"add.checked", "  checked: {list}"},
    {"add.unchecked", "  could not be checked: {list}. Compare these with its display"},
    {"add.frequency.ok", "frequency {hz} Hz"},
    {"add.frequency.odd", "a frequency of {hz} Hz"},
    {"add.frequency.zero", "frequency (0 Hz)"},
    {"add.frequency.absent", "frequency (not told)"},
    {"add.voltage.ok", "voltage {volts} V"},
    {"add.voltage.odd", "voltages of {volts} V"},
    {"add.voltage.zero", "voltage ({volts} V: not switched on)"},
    {"add.voltage.absent", "voltage (not told)"},
    {"add.power.ok", "power against voltage × current ({phases})"},
    {"add.power.differs", "{phase} draws {power} W, but voltage × current are {apparent} VA (power factor {factor})"},
    {"add.power.no_load", "power (no load)"},
    {"add.power.unclear", "power (little of it for the current, and no power factor)"},
    {"add.power.absent", "power (not told with voltage and current)"},
    {"add.energy.ok", "energy {kwh} kWh"},
    {"add.energy.odd", "an energy counter of {kwh} kWh"},
    {"add.energy.zero", "energy (the counter stands at 0)"},
    {"add.energy.absent", "energy (not told)"},
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
    {"show-as.printed", "{printed} as printed is {table} register {address}: write `{table} {address}`"},
    {"show-as.match", "  = {expected} within {deviation} %"},
    {"show-as.suggest", "Fits best: {type} {order} at {address}. Write into the profile:"},
    {"show-as.no-match",
     "Nothing here is {expected}, whatever the order and the decimal point. Next: try the neighbouring addresses "
     "(manuals often count from 1), or the other table (holding, input)."},
    {"show-as.next-expect", "Next: say what the meter's display shows, for example --expect 231"},
    {"show-as.next-profile", "Next: put the line into a profile of your own, see docs/profiles.md"},
    {"learn.no-facility", "the site file has no facility '{facility}'{hint}"},
    {"learn.not-measured",
     "none of the meters of facility '{facility}' measures power or current; add such points to one of them, or let a "
     "status tell its state ([facility.run] source = \"status\")"},
    {"learn.status", "the state of facility '{facility}' is told by a status: there are no levels to learn"},
    {"learn.no-instant", "'{text}' is not an instant; write it as 2026-03-01T08:00:00Z"},
    {"learn.bad-last", "'{last}' is not a duration; write 24h or 7d"},
    {"learn.no-time", "--to is not after --from; no reading lies between them"},
    {"learn.mistakes", "the site file would not be in order with it, nothing was written:"},
    {"learn.head", "{facility}: {ticks} ticks of {tick} from {from} to {to}, {missing} % of them without a good value"},
    {"learn.lost", "{lost} batches of that time cannot be read and are left out; jidian verify says more."},
    {"learn.mostly", "mostly {median}"},
    {"learn.state.unknown", "unknown"},
    {"learn.state.de_energised", "de-energised"},
    {"learn.state.stopped", "stopped"},
    {"learn.state.idle", "idle"},
    {"learn.state.running", "running"},
    {"learn.too-few",
     "{known} ticks with a value are too few to learn from: it takes {least}, best a whole day with a standstill."},
    {"learn.one-level",
     "All of it is one: from {low} to {high} {unit}, mostly {median}. Nothing stands apart, so no level can be drawn "
     "from "
     "it. Either it did the same all the time, or its load changes without steps."},
    {"learn.no-standstill",
     "These stand apart, the greater at least {apart} times the lesser; but it was never seen stopped: what it takes "
     "then is not known."},
    {"learn.found",
     "These stand apart: the greater is at least {apart} times the lesser, and {between} % of the values lie between "
     "the "
     "levels."},
    {"learn.outcome", "With these levels the same time would have been told so, with {starts} starts:"},
    {"learn.written", "Facility {facility} has them in {file}."},
    {"learn.next-again",
     "Next: jidian learn {facility} again when it has been stopped and running, with --last 7d if need be"},
    {"learn.next-write",
     "Next: compare with what you know of the plant; then the same with --write, or write them yourself"},
    {"learn.next-written",
     "Next: jidian check, then restart the gateway (systemctl restart jidian): it takes the new levels from then on"},
    {"bundle.version.txt", "release and time"},
    {"bundle.check.txt", "what check says of the site file"},
    {"bundle.site.toml", "the site file, without secrets"},
    {"bundle.status.json", "what the running gateway says"},
    {"bundle.metrics.txt", "its counters"},
    {"bundle.events.jsonl", "events of the store"},
    {"bundle.system.txt", "kernel, clock, disks, ports"},
    {"bundle.log.txt", "the last lines of its log"},
    {"bundle.missing", "left out: {why}"},
    {"bundle.written", "Written to {file} ({bytes} bytes), readable by you alone. Passwords and keys are not in it."},
    {"bundle.next", "Next: look into it if you like (tar --zstd -xf), then send it to support"},
});

}  // namespace

std::span<const Sentence> english_sentences() {
  return english_of_commissioning;
}

}  // namespace jidian::app
