"""The wall clock steps, is set late, passes midnight. Gateway and plant share a clock that libfaketime lends them."""
import datetime
import os
import pathlib
import signal
import time

from attack import Attack, plant
from rig.processes import wait_until

HOUR_S, DAY_S = 3_600, 86_400
LIBRARY = next(pathlib.Path("/usr/lib").glob("*/faketime/libfaketimeMT.so.1"), None)
CLOCK = 6  # the kind of event


class FakeClock:
    """`environment` is for those who live by it."""

    def __init__(self, folder, offset_s=0.0):
        self.file = folder / "clock"
        self.environment = {"LD_PRELOAD": str(LIBRARY), "FAKETIME_TIMESTAMP_FILE": str(self.file), "FAKETIME_NO_CACHE": "1",
                            "FAKETIME_DONT_FAKE_MONOTONIC": "1", "DONT_FAKE_MONOTONIC": "1"}
        self.set(offset_s)

    def set(self, offset_s):
        """Everybody's clock is so much ahead of the real one from now on."""
        self.offset_s = offset_s
        part = self.file.with_suffix(".part")
        part.write_text(f"{offset_s:+.3f}\n")
        os.replace(part, self.file)

    def now_ms(self):
        return round((time.time() + self.offset_s) * 1000)


class Timed(Attack):
    """Plant and gateway live by `clock`; the judge and the broker by the real one."""

    def __init__(self, row, options, offset_s=0.0):
        super().__init__(row, options)
        self.clock = FakeClock(self.folder, offset_s)

    def start(self, name, arguments, environment=None):
        if name in ("plant", "gateway"):
            environment = {**(environment or {}), **self.clock.environment}
        return super().start(name, arguments, environment)

    def begin(self, **more):
        scenario = plant() | {"start_ms": 0}
        super().begin(scenario=scenario, **more, start=False)
        self.start_gateway()
        self.wait_fresh()

    def wait_fresh(self, note=False):
        """Until a batch of readings comes that was not there before."""
        begin = time.time_ns() // 1_000_000
        from rig.store_files import arrivals
        arrived = wait_until(lambda: arrivals(self.folder / "judge.db", begin), 40, "new readings at the judge", 0.1)
        if note:
            self.row.recovery_s.append(round((arrived[0][0] - begin) / 1000, 1))

    def now_ms(self):
        return self.clock.now_ms()


def _step(row, options, *steps, begin_s=0.0):
    """The clock shows `begin_s` more than it is, then one of `steps` after the other; each time is asked for on its own."""
    if LIBRARY is None:
        row.skipped = "the package faketime is not installed"
        return
    with Timed(row, options, begin_s) as chain:
        chain.begin()
        row.runs = len(steps)
        windows = []
        begin_ms = chain.now_ms()
        for offset_s in steps:
            time.sleep(12)
            before_ms = chain.now_ms()
            chain.clock.set(offset_s)
            windows.append((begin_ms + 1000, before_ms - 1000))
            begin_ms = chain.now_ms()
            chain.wait_fresh(note=True)
        time.sleep(12)
        drained_ms = chain.now_ms()
        windows.append((begin_ms + 2000, drained_ms - 1000))
        # The plant lives by the same clock: when that is set back its counters fall, and are marked.
        verdict = chain.finish(windows=windows, allow=("values_implausible",))
        told = [int(event["facts"]["offset_ms"]) for event in chain.events(CLOCK) if event["facts"]["offset_ms"] != "0"]
        wanted = [round((after - before) * 1000) for before, after in zip((begin_s, *steps), steps)]
        row.note = f"told: clock set by {told} ms"
        row.expect(len(told) == len(wanted) and all(abs(a - b) < 1500 for a, b in zip(told, wanted)),
                   f"the clock events say {told}, it was set by {wanted}")
        row.expect(verdict["slots_expected"] > 0, "no slot was asked for")


def day_ahead(row, options):
    """The clock is set a day ahead, and back."""
    _step(row, options, DAY_S, 0)


def day_back(row, options):
    """The clock is set a day back, and ahead again."""
    _step(row, options, -DAY_S, 0)


def to_1970(row, options):
    """The clock falls to 1970 in the middle of the work, and is set again."""
    _step(row, options, 100 - time.time(), 0)


def clock_late(row, options):
    """The box starts in 1970 and learns the time later."""
    _step(row, options, 0, begin_s=100 - time.time())


def seconds_back(row, options):
    """The clock is set back by 20 s: the slots of these seconds are there once."""
    if LIBRARY is None:
        row.skipped = "the package faketime is not installed"
        return
    with Timed(row, options) as chain:
        chain.begin()
        begin_ms = chain.now_ms()
        time.sleep(30)
        chain.clock.set(-20)
        time.sleep(30)
        end_ms = chain.now_ms()
        chain.finish(windows=[(begin_ms, end_ms - 1000)], gap_s=25, allow=("values_implausible",))


def suspended(row, options):
    """The box sleeps for an hour: the monotonic clock stands, the wall clock goes on; the hour is a declared gap."""
    if LIBRARY is None:
        row.skipped = "the package faketime is not installed"
        return
    with Timed(row, options) as chain:
        chain.begin()
        begin_ms = chain.now_ms()
        time.sleep(10)
        chain.gateway.send(signal.SIGSTOP)
        chain.clock.set(HOUR_S)
        chain.gateway.send(signal.SIGCONT)
        chain.wait_fresh(note=True)
        time.sleep(10)
        end_ms = chain.now_ms()
        chain.finish(windows=[(begin_ms, end_ms - 1000)], gap_s=HOUR_S + 3)


def midnight(row, options):
    """The plant's day ends in the middle of the run."""
    if LIBRARY is None:
        row.skipped = "the package faketime is not installed"
        return
    local = datetime.datetime.now(datetime.timezone(datetime.timedelta(hours=8)))
    next_day = local.replace(hour=0, minute=0, second=0, microsecond=0) + datetime.timedelta(days=1)
    with Timed(row, options, (next_day - local).total_seconds() - 25) as chain:
        chain.begin()
        begin_ms = chain.now_ms()
        time.sleep(45)
        end_ms = chain.now_ms()
        row.expect(begin_ms < next_day.timestamp() * 1000 < end_ms, "midnight was not in the run")
        chain.wait_fresh(note=True)
        chain.finish(windows=[(begin_ms, end_ms - 1000)])


ALL = [day_ahead, day_back, to_1970, clock_late, seconds_back, suspended, midnight]
