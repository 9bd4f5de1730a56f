#include <array>

#include "app/texts_tables.hpp"

namespace jidian::app {
namespace {

// Of the catalogue of profiles, and of what is on record.
constexpr auto english_of_record = std::to_array<Sentence>({
    {"profile.heads", "PROFILE|CONFIDENCE|CARRIERS|POINTS|LINK|METER"},
    {"profile.next", "Next: jidian profiles ID explains one."},
    {"profile.confidence.verified", "verified"},
    {"profile.confidence.high", "high"},
    {"profile.confidence.unverified", "unverified"},
    {"profile.carrier.none", "none"},
    {"profile.carrier.electricity", "electricity"},
    {"profile.carrier.gas", "gas"},
    {"profile.carrier.heat", "heat"},
    {"profile.carrier.water", "water"},
    {"profile.link", "{baud} 8{parity}{stop}, unit {unit}"},
    {"profile.meter", "meter"},
    {"profile.known", "confidence"},
    {"profile.known-verified", "verified: compared with the display of a real meter"},
    {"profile.known-high", "high: independent sources agree, or an official definition"},
    {"profile.known-unverified", "unverified: compare the values with the meter's display"},
    {"profile.source", "source"},
    {"profile.checked", "checked by"},
    {"profile.checked-by", "{count} known exchanges"},
    {"profile.delivered", "delivered as"},
    {"profile.connected", "connected"},
    {"profile.direct", "directly, without transformers"},
    {"profile.transformer", "behind current transformers"},
    {"profile.either", "directly or behind current transformers, by version"},
    {"profile.settable", "can be set to"},
    {"profile.bauds", "{bauds} baud"},
    {"profile.parities", "parity {parities}"},
    {"profile.requests", "requests"},
    {"profile.limits", "at most {count} registers a request, never across a hole"},
    {"profile.limits-gap", "at most {count} registers a request, across holes of up to {gap}"},
    {"profile.short", "; some units take only {count} registers"},
    {"profile.turnaround", "; {ms} ms between two requests"},
    {"profile.latency", "; replies may come as late as {ms} ms"},
    {"profile.recognised", "recognised by"},
    {"profile.sunspec", "SunSpec model {models}; offsets count from its ID register"},
    {"profile.object", "object {object} of function 43"},
    {"profile.server-id", "function 17"},
    {"profile.alone", "{place}, read alone"},
    {"profile.count-of", "{type} of {count}"},
    {"profile.serial", "serial number"},
    {"profile.firmware", "firmware"},
    {"profile.point-heads", "|POINT|TABLE|ADDRESS|HEX|PRINTED|TYPE|UNIT|VALUE|REMARKS"},
    {"profile.offset-heads", "|POINT|TABLE|OFFSET|HEX|PRINTED|TYPE|UNIT|VALUE|REMARKS"},
    {"profile.legend",
     "ADDRESS is that on the wire, counted from 0; PRINTED counts from 1, as most manuals do. * is recorded unless the "
     "site file selects points."},
    {"profile.low-word", "low word first"},
    {"profile.low-byte", "low byte first"},
    {"profile.bit", "bit {first}"},
    {"profile.bits", "bits {first} to {last}"},
    {"profile.negative", "negative while {point} is 1"},
    {"profile.only-while", "only while {point} is {values}"},
    {"profile.or", "{values} or {value}"},
    {"profile.none", "{pattern} is none"},
    {"profile.least", "at least {value}"},
    {"profile.most", "at most {value}"},
    {"profile.modulus", "rolls over at {value}"},
    {"export.cut", "the output could not be written in full"},
    {"export.batches", "{count} batches"},
    {"export.readings", ", {count} readings"},
    {"export.rows", ", {count} rows"},
    {"export.none", "; none of meter '{meter}'"},
    {"export.others", ", there are: {ids}"},
    {"export.damaged", "; {count} batches are damaged and were left out"},
    {"export.unread", "; epoch {epoch} could not be read in full: {why}"},
    {"export.next-verify", "Next: jidian verify"},
    {"export.next-file", "Next: jidian verify FILE"},
    {"verify.heads", "epoch|stream|batches|head"},
    {"verify.copies", "{count} batches are copies of batches that were rejected as conflicts."},
    {"verify.files", "file|found"},
    {"verify.file-whole", "nothing"},
    {"verify.file-findings", "{count} findings"},
    {"verify.file-unread", "cannot be read"},
    {"verify.finding", "FINDING  {what}"},
    {"verify.note", "NOTE  {what}"},
    {"verify.more", "… and {count} more"},
    {"verify.whole",
     "Every chain hangs together, and nothing that the files know of is missing. What was cut off together with every "
     "trace of it is not seen from here: compare the heads above with the receiver's."},
    {"verify.broken",
     "Something is damaged, changed, missing, or could not be looked at. Keep the files as they are, and tell the "
     "province."},
});

}  // namespace

std::span<const Sentence> english_record_sentences() {
  return english_of_record;
}

}  // namespace jidian::app
