#include <array>

#include "app/texts_tables.hpp"

namespace jidian::app {
namespace {

/// What is said of the plant itself: its load, statements about its meters and marks.
constexpr auto english_of_plant = std::to_array<Sentence>({
    {"load.title", "load, mean of the newest quarter hour that is over"},
    {"load.site", "site"},
    {"load.unmetered", "not metered"},
    {"load.none", "no quarter hour is over yet"},
    {"load.partial", ", INCOMPLETE"},
    {"load.spanning", ", with what a hole before it took"},
    {"load.month", "most of the month {value} {unit}, until {until}"},
    {"load.month-none", "most of the month not known"},
    {"load.volume", "agreed {volume} m3 a day"},
    {"load.safety", "at least {volume} m3 a day"},
    {"load.declared", "declared for a shortage"},
    {"load.contract", "contract {kva} kVA"},
    {"load.security", "security load {kw} kW"},
    {"load.interruptible", "{kw} kW off within {minutes} min"},
    {"load.adjustable", "{kw} kW less within {minutes} min"},
    {"statement.no-gateway",
     "no gateway answers at {socket}; jidian {verb} speaks to the running gateway, which alone writes the record. "
     "Start "
     "it: systemctl start jidian, or jidian run --site {site}"},
    {"statement.no-utf8", "a text is not UTF-8; write it in UTF-8"},
    {"signoff.head", "{meter}: {point} read at {read}"},
    {"signoff.mark-ok", "[  ok  ]"},
    {"signoff.mark-failed", "[FAILED]"},
    {"signoff.mark-unknown", "[  --  ]"},
    {"signoff.energy.ok",
     "energy: display {display} {unit}, reading {reading} {unit}; difference {difference}, allowed {allowed}"},
    {"signoff.energy.differs",
     "energy: display {display} {unit}, reading {reading} {unit}; difference {difference}, allowed {allowed}. No ratio "
     "and no power of ten explains it: is it this meter, and this counter?"},
    {"signoff.energy.display_larger",
     "energy: display {display} {unit}, reading {reading} {unit}; difference {difference}, allowed {allowed}. The "
     "display is {times} times the reading: {reason}"},
    {"signoff.energy.reading_larger",
     "energy: display {display} {unit}, reading {reading} {unit}; difference {difference}, allowed {allowed}. The "
     "reading is {times} times the display: {reason}"},
    {"signoff.by-ct", "that is the CT ratio {ct}"},
    {"signoff.by-pt", "that is the PT ratio {pt}"},
    {"signoff.by-ten",
     "a power of ten, 10^{ten}: the decimal point, or the display is in another unit than {unit}: write it behind the "
     "number, as in \"48.2 MWh\""},
    {"signoff.and", ", and "},
    {"signoff.ct_ratio.ok", "CT ratio: {declared} declared, {told} in the meter"},
    {"signoff.ct_ratio.differs",
     "CT ratio: {declared} declared, which is {ratio}, but the meter's own register says {told}. Look at the plates of "
     "the transformers, then correct the site file or the meter"},
    {"signoff.ct_ratio.inverted",
     "CT ratio: {declared} declared, with the primary below the secondary: write the primary first, 200/5"},
    {"signoff.ct_ratio.absent",
     "CT ratio: {declared} declared; the meter tells none. Compare with the plates of the transformers"},
    {"signoff.pt_ratio.ok", "PT ratio: {declared} declared, {told} in the meter"},
    {"signoff.pt_ratio.differs",
     "PT ratio: {declared} declared, which is {ratio}, but the meter's own register says {told}. Look at the plates of "
     "the transformers, then correct the site file or the meter"},
    {"signoff.pt_ratio.inverted",
     "PT ratio: {declared} declared, with the primary below the secondary: write the primary first, 10000/100"},
    {"signoff.pt_ratio.absent",
     "PT ratio: {declared} declared; the meter tells none. Compare with the plates of the transformers"},
    {"signoff.voltage.ok", "voltage: {voltages} V"},
    {"signoff.voltage.missing",
     "voltage: {voltages} V. No voltage at {phases}: look at the fuse and the terminal of the measuring circuit"},
    {"signoff.voltage.unbalanced",
     "voltage: {voltages} V. The phases differ by more than a tenth: look at the neutral and the terminals"},
    {"signoff.voltage.unusual",
     "voltage: {voltages} V, which is near no usual voltage: look at the PT ratio and at the profile"},
    {"signoff.voltage.absent", "voltage: the meter tells none"},
    {"signoff.phase_sum.ok", "sum of phases: {powers} make {sum}, total {total} kW"},
    {"signoff.phase_sum.differs",
     "sum of phases: {powers} make {sum}, but the total is {total} kW. Look at the wiring mode of the meter and at the "
     "profile"},
    {"signoff.phase_sum.absent", "sum of phases: the meter does not tell power by phase and in total"},
    {"signoff.phase_sign.ok", "direction of the CTs: {powers} kW, all draw"},
    {"signoff.phase_sign.no_load", "direction of the CTs: no load to tell it by; switch one on and sign off again"},
    {"signoff.phase_sign.feeds_back", "direction of the CTs: {powers} kW, all feed back, as a generator does"},
    {"signoff.phase_sign.reversed",
     "direction of the CTs: {powers} kW. {phases} against the others: exchange S1 and S2 there, or the CT sits on "
     "another phase than its voltage"},
    {"signoff.phase_sign.all_reversed",
     "direction of the CTs: {powers} kW, all feed back, and no generator is behind this meter: all CTs are reversed, "
     "or "
     "incoming and outgoing side are exchanged"},
    {"signoff.phase_sign.absent", "direction of the CTs: the meter does not tell power by phase"},
    {"signoff.power_factor.ok", "power factor: {factors}"},
    {"signoff.power_factor.no_load", "power factor: no load to judge it by"},
    {"signoff.power_factor.too_large", "power factor: {factors}, more than 1: look at the profile"},
    {"signoff.power_factor.odd",
     "power factor: {factors}. {phases} too low beside the others: voltage and current there are not of the same "
     "phase"},
    {"signoff.power_factor.sign",
     "power factor: {factors}. {phases} with another sign than its power, unlike the others: look at the CT there"},
    {"signoff.power_factor.absent", "power factor: the meter does not tell it by phase"},
    {"signoff.phase_order.ok", "phase order: right"},
    {"signoff.phase_order.left", "phase order: left. Exchange two phases of the measuring circuit"},
    {"signoff.phase_order.absent", "phase order: the meter tells no voltage angles; check it with an indicator"},
    {"signoff.done", "Signed off by {by} (user {user}), on record. Next: the next meter, or jidian doctor BUS"},
    {"signoff.accepted", "Signed off by {by} (user {user}) in spite of what failed, on record with the reason given."},
    {"signoff.refused",
     "Not signed off, nothing was recorded. Next: mend what failed and sign off again; or, if it must be so, "
     "--accept \"why\""},
    {"replace.done",
     "{meter}: the meter {old_serial} ended at {old_final} {unit}, the meter {new_serial} goes on from {new_start} "
     "{unit} "
     "({point}), since {at}. On record, by {by} (user {user})."},
    {"replace.gained",
     "From the old meter's last count {before}, at {before_at}, to the new one's {after}, at {after_at}: {gained} "
     "counts of "
     "its register between them."},
    {"replace.nothing-before", "Nothing of the old meter is on record; totals begin with the new one."},
    {"replace.no-serial", "The new meter tells no serial number; --serial would have put it on record."},
    {"replace.serial-written", "{site} names serial number {new_serial} for {meter} now."},
    {"replace.serial-not-written",
     "On record, but the site file was not changed: {why}. Write serial = \"{new_serial}\" into the [[meter]] "
     "\"{meter}\" "
     "of {site}; until then the gateway remembers it."},
    {"replace.next", "Next: jidian signoff {meter} --display …"},
    {"mark.whole-site", "the whole site"},
    {"mark.what",
     "say what to mark: the id of a meter or a facility, or --all for the whole site; or --end ID to end a mark "
     "(jidian "
     "marks lists them)"},
    {"mark.done", "{subject}: {mark} from {from} until {until}. On record as {id}, by {by} (user {user})."},
    {"mark.done-open", "{subject}: {mark} from {from} until it is ended. On record as {id}, by {by} (user {user})."},
    {"mark.late",
     "It is told {late_s} s late: what was recorded before {told_at} stays as it is, and the record shows when it was "
     "told."},
    {"mark.ended", "{subject}: {mark} since {from} ends at {until}. On record, by {by} (user {user})."},
    {"mark.withdrawn", "{subject}: {mark} from {from} is withdrawn. On record, by {by} (user {user})."},
    {"mark.next", "Next: jidian marks lists what is in force; jidian mark --end {id} ends it"},
    {"marks.line", "{id}  {subject}  {mark}  from {from} until {until}  {reason} ({by})"},
    {"marks.line-open", "{id}  {subject}  {mark}  from {from} until it is ended  {reason} ({by})"},
    {"marks.ahead", "[ahead]"},
    {"marks.none", "Nothing is marked. Next: jidian mark METER --as maintenance --reason …"},
    {"marks.next", "Next: jidian mark --end ID ends one"},
});

}  // namespace

std::span<const Sentence> english_plant_sentences() {
  return english_of_plant;
}

}  // namespace jidian::app
