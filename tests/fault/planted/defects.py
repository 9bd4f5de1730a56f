"""Known defects, each with what must find it.

A defect is one or a few changes of the gateway's sources, the promise they break, the check that must then turn red, and a
word that it must say: red for another reason is not red. A text to be changed must stand in its file exactly once. Where it
does not, the code moved and the defect is mended here (`table_test.py`, in every run of the unit tests, says so).

To add one: write it down here; `./dev test planted NAME` tries it alone. Where nothing turns red, a test is missing.
"""
import dataclasses

PYTHON = "/usr/bin/python3"  # Debian's own: the peers come from its packages
PROGRAMS = ("gateway/app/jidian", "tests/plant/jidian-plant", "tests/judge/jidian-judge")


@dataclasses.dataclass(frozen=True)
class Check:
    """Something that is green on sound sources."""
    name: str
    targets: tuple  # what ninja builds for it
    command: tuple  # run from the root of the sources


def e2e(scenario):
    """A scenario of tests/e2e, judged by the receiving side."""
    return Check(f"e2e {scenario}", PROGRAMS, (PYTHON, "tests/e2e/run.py", "--quick", scenario))


def program(path, only):
    """Some tests of a test program."""
    return Check(f"{path.rsplit('/', 1)[1]} {only}", (path,), (f"build/release/{path}", "--gtest_brief=1", f"--gtest_filter={only}"))


@dataclasses.dataclass(frozen=True)
class Edit:
    file: str  # below gateway/
    find: str
    put: str


@dataclasses.dataclass(frozen=True)
class Defect:
    name: str
    breaks: str  # the promise
    found_by: Check
    says: str  # what the check's output must have
    edits: tuple


LATE = program("tests/integration/modbus/test_bus_integration", "FaultSoup.NoRtuValueIsFalse")
FOREIGN = program("tests/integration/modbus/test_bus_integration", "*TcpBusMisdeed*/WrongUnit")
POWER = program("tests/fault/store/test_power_cuts", "PowerCut.*")
KEEPING = "tests/integration/store/test_store_files"

LOST = "A recorded reading is never lost"
FALSE = "Nothing false is recorded"
ONCE = "Exactly once, end to end: the backend's receipt counts"
HOLE = "A hole carries its cause"
PROVED = "What is measured can be proved"
PLANT = "The plant is never disturbed"

DEFECTS = (
    Defect("sync-off", LOST, POWER, "BreaksNoPromise", (
        Edit("store/epoch_file.cpp", 'db_.run("PRAGMA synchronous=FULL;', 'db_.run("PRAGMA synchronous=OFF;'),)),
    Defect("sync-normal", LOST, POWER, "BreaksNoPromise", (
        Edit("store/epoch_file.cpp", 'db_.run("PRAGMA synchronous=FULL;', 'db_.run("PRAGMA synchronous=NORMAL;'),)),
    Defect("new-epoch-unsynced", LOST, POWER, "AtAnEpochsBeginning", (
        Edit("store/epoch_file.cpp", "Status(Error{ErrorKind::io, failed.message()}) : sync_folder(folder);",
             "Status(Error{ErrorKind::io, failed.message()}) : Status();"),)),
    Defect("confirmations-forgotten-early", ONCE, POWER, "ThatBringsARemovedEpochBack", (
        Edit("store/old_epochs.cpp", "if (auto done = file_->put_ledger(all); !done) return done;",
             "if (auto done = file_->put_ledger(all); !done) return done;\n"
             "  if (auto done = file_->remove_acknowledged(epoch); !done) return done;"),)),
    Defect("unconfirmed-evicted-first", LOST, program(KEEPING, "Keeping.DeadDestination*"), "DeadDestination", (
        Edit("store/maintain.cpp", "held_by(holders, holders.size() - lacking_max)", "held_by(holders, 0)"),)),
    Defect("retired-unconfirmed", LOST, program(KEEPING, "Keeping.OnlyConfirmed*"), "OnlyConfirmed", (
        Edit("store/retire.cpp", "first_rows(stream, held_by(holders, holders.size()), rows_looked_at)",
             "first_rows(stream, held_by(holders, 0), rows_looked_at)"),)),
    Defect("in-flight-forgotten", LOST, program("tests/unit/uplink/test_uplink", "SessionTest.WhatWasNotAnswered*"),
           "WhatWasNotAnswered", (
        Edit("uplink/outbox.cpp", "std::erase_if(sent_, [](const auto& entry) { return entry.second.in_flight; });", ""),)),
    Defect("deleted-on-puback", ONCE, e2e("receiver_away"), "holes is", (
        Edit("uplink/outbox.cpp", "if (options_.confirm == Confirm::broker) {",
             "if (options_.confirm == Confirm::broker || reason < reason_failure) {"),)),
    Defect("receipt-unchecked", ONCE, e2e("receipt_forged"), "the refusal did not happen", (
        Edit("uplink/receipts.cpp", "if (record::sha256(rows->front().bytes) == receipt.head) return {};", "return {};"),)),
    Defect("acknowledged-one-too-many", ONCE, e2e("live_view"), "holes is", (
        Edit("uplink/outbox.cpp", "store_.acknowledge(options_.id, epoch, stream, range);",
             "store_.acknowledge(options_.id, epoch, stream, {range.first, range.last + 1});"),)),
    Defect("seq-reused", ONCE, e2e("live_view"), "chain_breaks is", (
        Edit("store/epoch_file.cpp", 'db_.prepare("INSERT INTO " + table_of(stream)',
             'db_.prepare("INSERT OR REPLACE INTO " + table_of(stream)'),
        Edit("store/store.cpp", "heads_ = file_->found().heads;",
             "heads_ = file_->found().heads;\n  for (Head& head : heads_) head.next_seq -= head.next_seq > 1 ? 1U : 0U;"),)),
    Defect("late-reply-accepted", FALSE, LATE, "sum.wrong", (
        Edit("modbus/rtu_bus.cpp", "if (done.error().kind() != ErrorKind::unreachable && drain()) return done;",
             "if (done.error().kind() != ErrorKind::unreachable) return done;"),)),
    Defect("foreign-unit-accepted", FALSE, FOREIGN, "WrongUnit", (
        Edit("modbus/frame.cpp", 'if (reply[0] != unit) return corrupt("unit " + numbers(reply[0], unit) + " replied");',
             "static_cast<void>(unit);"),)),
    Defect("swapped-words", FALSE, e2e("live_view"), "values_false is", (
        Edit("meter/decode.cpp", "if (point.words == WordOrder::low_first) std::reverse(",
             "if (point.words == WordOrder::high_first) std::reverse("),)),
    Defect("last-bit-dropped", FALSE, e2e("live_view"), "values_false is", (
        Edit("record/polls.cpp", "values.data()[count] = sample.bits;", "values.data()[count] = sample.bits & ~std::uint64_t{1};"),)),
    Defect("counter-clamped", FALSE, e2e("broken_meters"), "values are marked", (
        Edit("domain/plausibility_watch.cpp", "      mark(sample);\n", "      sample.bits = meter.counters[i].level();\n"),)),
    Defect("stale-shown-as-new", FALSE, e2e("bad_wires"), "values_false is", (
        Edit("acquire/meter_read.cpp", "#include <string_view>\n", "#include <string_view>\n#include <map>\n"),
        Edit("acquire/meter_read.cpp",
             "samples.push_back(error ? domain::Sample{0, quality_of(error->kind())} : sample_of(decoded[n]));", """
    static thread_local std::map<std::string, domain::Sample> newest;
    if (!error) newest[meter.id + meter.points[n].name] = sample_of(decoded[n]);
    const auto known = newest.find(meter.id + meter.points[n].name);
    samples.push_back(known != newest.end() ? known->second : domain::Sample{0, quality_of(error->kind())});"""),)),
    Defect("outage-marked-ok", FALSE, e2e("bad_wires"), "values_false is", (
        Edit("acquire/meter_read.cpp", "      return domain::Quality::no_answer;", "      return domain::Quality::ok;"),)),
    Defect("edge-interpolated", FALSE, e2e("minute_edges"), "edges_false is", (
        Edit("domain/interval_builder.cpp", "if (!last.is_set() || after.at - end <= end - last.placed_at) last = after;", """
    if (last.is_set() && last.at < end && after.at > end && !is_float(entry.type)) {
      const auto ms_of = [](Millis span) { return static_cast<std::uint64_t>(span.count()); };
      last = {last.bits + (after.bits - last.bits) * ms_of(end - last.at) / ms_of(after.at - last.at), end};
    } else {
      last = after;
    }"""),)),
    Defect("clock-never-set-not-said", FALSE, program("tests/unit/recorder/test_recorder", "Doubts.ReadingsOfAClock*"),
           "ReadingsOfAClock", (
        Edit("recorder/core.cpp", "if (sample.quality == domain::Quality::ok) sample.quality = domain::Quality::unsynchronised;",
             "static_cast<void>(sample);"),)),
    Defect("gap-after-crash-omitted", HOLE, e2e("box_rebooted"), "the box's gaps", (
        Edit("recorder/restart.cpp", "events.insert(events.begin(), gap_event({}, why(ending.cause), box, now));",
             "static_cast<void>(why(ending.cause));"),)),
    Defect("overflow-omitted", HOLE, program("tests/unit/recorder/test_recorder", "Core.BeyondTheBound*"), "BeyondTheBound", (
        Edit("recorder/core.cpp", "holes_.note_lost(poll, GapCause::queue_full);", "static_cast<void>(poll);"),)),
    Defect("eviction-untold", HOLE, e2e("evicted"), "slots_missing is", (
        Edit("recorder/recorder.cpp", "for (const store::Eviction& eviction : *evictions)",
             "for (const store::Eviction& eviction : std::vector<store::Eviction>{})"),)),
    Defect("full-inbox-untold", HOLE, program("tests/unit/acquire/test_acquire", "PollerCorePolls.WhatAFullQueue*"),
           "WhatAFullQueue", (
        Edit("acquire/outlet.cpp", "    if (!gap_) return;\n", "    gap_.reset();\n    return;\n"),)),
    Defect("clock-step-untold", HOLE, program("tests/unit/recorder/test_recorder", "Core.ClockSet*"), "ClockSetForward", (
        Edit("recorder/core.cpp", "  if (!change) return;\n", "  if (!change || change->stepped) return;\n"),)),
    Defect("chain-link-not-updated", PROVED, e2e("live_view"), "chain_breaks is", (
        Edit("store/commit.cpp", "heads_[index_of(batch.key.stream)] = {batch.key.seq + 1, batch.batch.hash};",
             "heads_[index_of(batch.key.stream)].next_seq = batch.key.seq + 1;"),)),
    Defect("row-crc-unchecked", PROVED, program(KEEPING, "Epochs.FlippedByte*"), "FlippedByte", (
        Edit("store/epoch_reader.cpp",
             "if (statement->integer(4) != row_crc(batch.key.seq, batch.start, batch.end, batch.count, stored)) {",
             "if (statement->integer(4) < 0) {"),)),
    Defect("event-waits-for-the-interval", "Events are committed at once", e2e("events_at_once"), "the event at the receiver", (
        Edit("recorder/core.cpp", "tell_later(std::move(event), now);\n  urgent_ = true;", "tell_later(std::move(event), now);"),)),
    Defect("backlog-before-live", "New batches go at once", program("tests/unit/uplink/test_uplink", "SessionOrder.NewBatches*"),
           "NewBatchesOvertake", (
        Edit("uplink/outbox.cpp", "for (const bool live : {true, false})", "for (const bool live : {false, true})"),)),
    Defect("no-jitter", "A fleet coming back spreads itself", program("tests/unit/uplink/test_uplink", "Fleet.Spreads*"), "SpreadsItsAttempts", (
        Edit("uplink/pace.cpp", "return sum - std::floor(sum);", "return 0.5 + 0 * sum;"),)),
    Defect("one-offset-for-all", "A fleet coming back spreads itself", program("tests/unit/uplink/test_uplink", "BacklogOffset.*"),
           "IsTheGatewaysOwn", (
        Edit("uplink/pace.cpp", "part_of(gateway, offset_salt)", "part_of(gateway.substr(gateway.size()), offset_salt)"),)),
    Defect("other-master-ignored", PLANT, e2e("master_there_first"), "bus line is down did not happen", (
        Edit("acquire/line_guard.cpp",
             "if (evidence_ && !manners_.other_master_accepted) return Error{ErrorKind::conflict, evidence_->text};", ""),)),
    Defect("a-write-leaves", PLANT,
           program("tests/integration/modbus/test_bus_integration", "OnlyReads.*"), "OnlyReads", (
        Edit("modbus/frame.cpp", "constexpr std::uint8_t report_server_id = 17;", "constexpr std::uint8_t report_server_id = 16;"),)),
    Defect("only-the-newest-list-of-orders", "Unknown issuers, replays and expired directives are refused and recorded",
           program("tests/unit/recorder/test_recorder", "Listings.AListThat*"), "AListThatAnotherFollows", (
        Edit("recorder/listings.hpp", "static_cast<std::ptrdiff_t>(waiting_max)", "1"),)),
    Defect("refused-order-told-at-each-connection", "The same list again is no change",
           program("tests/unit/recorder/test_recorder", "Orders.ARefusedListIsOnRecord*"), "ARefusedListIsOnRecord", (
        Edit("domain/refusals.cpp", "at.before = std::exchange(at.listed, {});", "at.listed.clear();"),)),
    Defect("inbox-without-a-bound", "Bounded everything",
           program("tests/unit/recorder/test_recorder", "Inbox.IsBounded*"), "IsBounded", (
        Edit("recorder/inbox.cpp", "if (items_.size() >= bound() + (is_poll ? 0 : events_reserve)) return false;",
             "static_cast<void>(is_poll);"),)),
)
