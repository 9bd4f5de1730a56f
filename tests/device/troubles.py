"""A kernel that hangs, and a clock that nobody set."""
import time

from box import COMMIT_S, Box, utc_ms
from rig.processes import RigError, wait_until
from rig.received import Received
from rig.store_files import arrivals

WATCHDOG_S = 180  # a bound for the test: the watchdog runs out after 30 s, a kernel counts its 10 s slowly on emulated cores
CLOCK = 6  # the kind of event
UNSYNCHRONISED = 3  # quality of the clock
OFFSET_ERROR_MS = 3_000  # `date` sets whole seconds, and the console is slow
CLEAN_STOP_S = 20  # of the end of the scenario


def hung_kernel(bench, report):
    """systemd crashes; then nothing runs any more, and nobody feeds the watchdog of the hardware."""
    with Box(bench, report) as box:
        box.begin()
        box.power_on()
        box.wait_live(since_ms=box.power_on_ms)
        box.wait_shell()
        device = box.console.must("systemctl show --value -p WatchdogDevice,RuntimeWatchdogUSec").split()
        report.expect("systemd feeds the watchdog of the hardware", box.console.run("cat /sys/class/watchdog/watchdog0/state").output.strip() == "active",
                      " ".join(device))
        gap_s = 0.0
        # Without panic= a kernel that crashed stands for ever: then nobody but the hardware can help.
        for what, command, event in (("systemd crashes: the box restarts", "kill -SEGV 1", "RESET"),
                                     ("the kernel hangs: the watchdog of the hardware restarts the box",
                                      "sync; sysctl -q kernel.panic=0; echo c >/proc/sysrq-trigger", "WATCHDOG")):
            boot, began_ms = box.boot_id(), utc_ms()
            seen = box.machine.monitor.saw(event)
            box.console.tell(f"sysctl -q kernel.sysrq=1; {command}")
            wait_until(lambda: box.machine.monitor.saw(event) > seen, bench.slowly(WATCHDOG_S), event, 0.5)
            restarted_s = (utc_ms() - began_ms) / 1000
            box.power_on_ms = utc_ms()
            live_s = box.wait_live(since_ms=box.power_on_ms)
            box.wait_shell()
            gap_s += (utc_ms() - began_ms) / 1000 + COMMIT_S
            report.expect(what, box.boot_id() != boot, f"{event} after {restarted_s:.0f} s, readings {live_s:.0f} s later")
        report.expect("the same system runs", box.slot() == "a", box.slot())
        box.expect_clean(box.finish(), gap_s + bench.slowly(CLEAN_STOP_S))


def clock_1970(bench, report):
    """The board begins in 1970, and nobody tells the time for a while: it records and sends; what it recorded can be dated later."""
    with Box(bench, report, clock="1970-01-01T00:00:00") as box:
        # The box begins with the time that it noted last, when its disk was made: a certificate of today would not be valid yet.
        box.broker_days_ago = 1
        box.begin()
        began = time.monotonic()
        box.power_on()
        header = _wait_any(box)
        took_s = time.monotonic() - began
        box.wait_shell()
        report.expect("without a clock it records and sends", took_s <= bench.boot_s + 10, f"{took_s:.0f} s after power-on; it takes now for {_day(_guest_ms(box))}")
        report.expect("its readings are marked as those of a clock that nobody set", header.clock == UNSYNCHRONISED, f"quality of the clock: {header.clock}")
        time.sleep(2 * COMMIT_S)
        offset_ms = utc_ms() - _guest_ms(box)
        last_ms = _guest_ms(box)
        box.console.must(f"date -s @{(utc_ms() + 500) // 1000}")
        set_ms = utc_ms()
        live_s = box.wait_live()
        report.expect("set right, it goes on at once", live_s <= bench.slowly(2 * COMMIT_S + 5), f"{live_s:.1f} s")
        told = wait_until(lambda: [event["facts"] for event in box.events(CLOCK) if int(event["facts"].get("offset_ms", 0)) != 0], bench.slowly(60),
                          "an event that tells of the clock", 1)
        said_ms = int(told[-1]["offset_ms"])
        report.expect("an event tells by how much: the readings before can be dated", abs(said_ms - offset_ms) < bench.slowly(OFFSET_ERROR_MS),
                      f"{said_ms} ms, it was {offset_ms} ms")
        _dated(box, said_ms, last_ms, set_ms)
        verdict = box.finish()
        report.expect("nothing is missing", not verdict["committed_missing"] and verdict["holes"] == 0 and verdict["chain_breaks"] == 0,
                      f"{len(verdict['committed_missing'])} of {len(box.committed)} batches, {verdict['holes']} holes")


def _guest_ms(box):
    return int(box.console.must("date +%s%3N"))


def _day(ms):
    return time.strftime("%Y-%m-%d %H:%M UTC", time.gmtime(ms / 1000))


def _wait_any(box):
    """Until readings are at the judge, whatever their time; gives what the first batch says of itself."""
    def arrived():
        if not box.machine.is_running():
            raise RigError("the machine ended")
        return arrivals(box.folder / "judge.db", 0)
    return box.header_of(wait_until(arrived, box.bench.patience_s, "readings at the judge", 0.2)[0][1])


def _dated(box, offset_ms, last_ms, set_ms):
    """Every reading from before the clock was set lies, moved by what the event says, where it was made."""
    polls = [poll for meter in Received(box.folder / "judge.db", box.folder).polls.values() for poll in meter]
    moved = [poll.start + offset_ms for poll in polls if poll.end <= last_ms]
    box.report.expect("moved by that, the readings of the time before lie between power-on and the setting",
                      moved and box.power_on_ms <= min(moved) and max(moved) <= set_ms + box.bench.slowly(OFFSET_ERROR_MS),
                      f"{len(moved)} readings, {(min(moved) - box.power_on_ms) / 1000:.0f} s to {(max(moved) - box.power_on_ms) / 1000:.0f} s "
                      f"after power-on" if moved else "none")


ALL = {"hung_kernel": hung_kernel, "clock_1970": clock_1970}
