"""The power is cut: at any moment, in the boot, under load; and what a cut may leave of the boot state."""
import random
import sqlite3
import time

from box import CLOCK_ERROR_MS, COMMIT_S, OFF_S, PERIOD_S, Box, utc_ms
from console import ConsoleError
from disks import BootState
from rig import store_files
from rig.processes import RigError

IN_THE_BOOT = 3  # one cut of so many comes before the box records
CLEAN_STOP_S = 20  # of the end of the scenario
FLUSH_S = 2  # a commit waits for the disk
RECORDS_S = 30  # the longest that it may record before a cut
LOAD = ("while :; do dd if=/dev/urandom of=/data/load bs=64k count=32 conv=fsync; jidian status --json; "
        "jidian export --format evidence | sha256sum; done")


class Outages:
    """How long nothing was recorded, at most: from each cut to the next readings, and what the cut took of the last commit."""

    def __init__(self):
        self.total_s = 0.0
        self._since_ms = None

    def begin(self, cut_ms):
        if self._since_ms is None:
            self._since_ms = cut_ms
            self.total_s += COMMIT_S + PERIOD_S

    def end(self):
        if self._since_ms is not None:
            self.total_s += (utc_ms() - self._since_ms) / 1000
        self._since_ms = None


def power_cuts(bench, report):
    """Cut after cut on one disk; whatever was committed arrives."""
    chance = random.Random(f"{bench.seed}/cuts")
    outages = Outages()
    with Box(bench, report) as box:
        box.begin()
        for number in range(1, bench.cuts + 1):
            report.part = f"power_cuts {number}/{bench.cuts}"
            box.power_on()
            if chance.randrange(IN_THE_BOOT) == 0:
                _cut_in_the_boot(box, chance, outages)
            else:
                _cut_of_the_record(box, chance, outages)
        report.part = "power_cuts"
        box.power_on()
        _wait_up(box, outages)
        report.expect("the system before the cuts is the one that runs", box.slot() == "a", box.slot())
        before_s = outages.total_s
        box.expect_clean(box.finish(), before_s + bench.slowly(CLEAN_STOP_S))


def _wait_up(box, outages):
    took_s = box.wait_live(since_ms=box.power_on_ms)
    outages.end()
    box.wait_shell()
    box.report.expect(f"it boots and its readings arrive within {box.bench.boot_s} s and a commit",
                      took_s <= box.bench.boot_s + 2 * COMMIT_S, f"{took_s:.0f} s after power-on")


def _cut_in_the_boot(box, chance, outages):
    moment_s = chance.uniform(0.5, box.bench.boot_s)
    _wait(box, moment_s)
    outages.begin(utc_ms())
    box.cut_power()
    _disk_is_whole(box, f"cut {moment_s:.1f} s after power-on")


def _cut_of_the_record(box, chance, outages):
    _wait_up(box, outages)
    box.console.tell(LOAD)
    moment_s = chance.uniform(0, RECORDS_S)
    _wait(box, moment_s)
    cut_ms = utc_ms()
    outages.begin(cut_ms)
    box.cut_power()
    _disk_is_whole(box, f"cut after {moment_s:.1f} s of records, under load")
    lost_s = (cut_ms - _newest_on_disk_ms(box)) / 1000
    box.report.expect(f"no reading is lost but those of the commit interval of {COMMIT_S} s",
                      lost_s <= COMMIT_S + PERIOD_S + CLOCK_ERROR_MS / 1000 + box.bench.slowly(FLUSH_S), f"the newest on the disk is {lost_s:.1f} s older than the cut")


def _wait(box, seconds):
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if not box.machine.is_running():
            raise RigError("the machine ended by itself")
        time.sleep(min(0.1, max(end - time.monotonic(), 0)))


def _disk_is_whole(box, how):
    """cut_power() has replayed the journal and read the record."""
    state = BootState(box.disk).show()
    box.report.expect("file system, record and boot state are whole after the cut", state is not None,
                      f"{how}; {len(box.committed)} batches; boot state {state}")


def _newest_on_disk_ms(box):
    """The end of the newest readings that are committed, by the guest's clock."""
    newest = 0
    for file in store_files.epoch_files(box.folder / "copied/store"):
        with sqlite3.connect(file) as database:
            rows = database.execute("SELECT bytes FROM reading ORDER BY seq DESC LIMIT 1").fetchall()
        database.close()
        newest = max([newest, *(box.header_of(content).end_utc_ms for (content,) in rows)])
    return newest


def torn_boot_state(bench, report):
    """A write of the boot state ended in the middle: of the copy that ruled, of the other one, of both."""
    chance = random.Random(f"{bench.seed}/torn")
    with Box(bench, report) as box:
        box.begin()
        _boot_and_off(box, "a first boot writes it")
        for what in ("the ruling copy", "the other copy", "both copies"):
            copies = BootState(box.disk)
            rules = int(copies.show() == copies.copies()[1])
            for number in {"the ruling copy": [rules], "the other copy": [1 - rules], "both copies": [0, 1]}[what]:
                copies.tear(number, chance)
            _boot_and_off(box, f"{what} torn")
        box.remember()


def _boot_and_off(box, what):
    """A boot must mend it: both copies are whole as soon as both were written again."""
    box.power_on()
    took_s = box.wait_live(since_ms=box.power_on_ms)
    box.wait_shell()
    slot = box.slot()
    try:
        told = box.console.must("/usr/lib/jidian/jidian-boot-state show").strip().replace("\n", " ")
    except ConsoleError as error:
        told = str(error)
    box.machine.power_off(box.bench.slowly(OFF_S))
    state = BootState(box.disk).show()
    box.report.expect(f"{what}: it boots slot a, records, and leaves a whole boot state", slot == "a" and state is not None,
                      f"slot {slot} after {took_s:.0f} s; {told[:80]}")


ALL = {"power_cuts": power_cuts, "torn_boot_state": torn_boot_state}
