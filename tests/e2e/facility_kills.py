"""A works with production and treatment, shifts and a product, whose gateway is killed again and again: what the judge then
has is whole or says that it is not, and its sums are the plant's own."""
import os
import pathlib
import random
import signal
import struct
import time

import row_checks
import row_checks_bite
from checks import Broken, expect, expect_clean, report
from exact_works import FACILITIES, LINE_PERIOD, POINTS, TCP_PERIOD, ExactWorks, site_sections, truly_showed
from rig.chain import Chain
from rig.processes import wait_until
from rig.received import Received

MINUTE_MS, QUARTER_MS = 60_000, 900_000
COMMIT_MS = 2_000
QUICK_SEED = 20260301
WORLD_MS = 25 * MINUTE_MS
LAST_ROWS_S = 40  # a row whose facility's state is not known waits for it


def _now_ms():
    return time.time_ns() // 1_000_000


class Log:
    """The write-ahead log of a running gateway's store, seen from outside."""

    def __init__(self, store):
        self._store = pathlib.Path(store)

    def _newest(self):
        return max(self._store.glob("*.db-wal"), key=lambda path: path.stat().st_mtime_ns, default=None)

    def wait_written(self, seconds):
        """Until the first bytes of a commit are written, without sleeping: there are microseconds until the others."""
        path = self._newest()
        if path is None:
            return False
        before, deadline = os.stat(path), time.monotonic() + seconds
        while time.monotonic() < deadline:
            now = os.stat(path)
            if (now.st_mtime_ns, now.st_size) != (before.st_mtime_ns, before.st_size):
                return True
        return False

    def is_torn(self):
        """Whether it ends in frames of a transaction that has no end."""
        path = self._newest()
        data = path.read_bytes() if path else b""
        if len(data) < 32:
            return False
        page, salts, at, open_frames = struct.unpack(">I", data[8:12])[0], data[16:24], 32, 0
        while at + 24 <= len(data) and data[at + 8:at + 16] == salts:
            is_end = struct.unpack(">I", data[at + 4:at + 8])[0] != 0
            open_frames = 0 if is_end else open_frames + 1
            at += 24 + page
        return open_frames > 0


class Killer:
    """Kills the gateway of a chain, starts it again and remembers when."""

    def __init__(self, chain):
        self.chain, self.log = chain, Log(chain.folder / "store")
        self.kills, self.starts, self.in_commit, self.torn = [], [], 0, 0

    def start(self, wait=True):
        self.starts.append(_now_ms())
        self.chain.start_gateway(wait=wait)

    def kill_at(self, at_ms, in_commit=False):
        time.sleep(max(0, at_ms - _now_ms()) / 1000)
        if not self.chain.gateway.is_running():
            raise Broken(f"the gateway ended by itself:\n{self.chain.gateway.log()[-2000:]}")
        hit = in_commit and self.log.wait_written(2 * COMMIT_MS / 1000)
        os.kill(self.chain.gateway.pid, signal.SIGKILL)
        self.in_commit += hit
        self.kills.append(_now_ms())
        self.chain.gateway.kill()
        self.torn += self.log.is_torn()
        self.start(wait=False)


def _plan(chance, count, begin_ms, free_ms, end_ms):
    """(UTC ms, whether within a commit) of each kill: most at any instant until `free_ms`, some of them within a commit, some
    behind a full minute, when rows are made, the last one of these just behind `end_ms`."""
    at_edge = max(1, count // 4)
    minutes = [minute for minute in range(-(-begin_ms // MINUTE_MS) * MINUTE_MS, free_ms - 3_000, MINUTE_MS)]
    edges = [chance.choice(minutes) for _ in range(at_edge - 1)] if minutes else []
    plan = [(edge + chance.randrange(100, 3_000), False) for edge in edges] + [(end_ms + chance.randrange(100, 3_000), False)]
    plan += [(chance.randrange(begin_ms, free_ms), number < max(1, count // 4)) for number in range(count - len(plan))]
    return sorted(plan)


def _end_ms(now_ms, is_full):
    """When the last row that is looked at ends: a quarter of an hour at full length, else a minute."""
    step_ms, least_ms = (QUARTER_MS, 4 * MINUTE_MS) if is_full else (MINUTE_MS, 16_000)
    return -(-(now_ms + least_ms) // step_ms) * step_ms


def _wait_last_rows(chain, end_ms, is_full):
    """Until the judge has the rows of every facility that end at `end_ms`."""
    wanted = {(subject, length_s) for subject in (*FACILITIES, "grid") for length_s in ((60, 900) if is_full else (60,))}

    def are_there():
        ended = {(row["subject"], row["length_s"]) for row in chain.rows() if row["start_ms"] + 1000 * row["length_s"] == end_ms}
        return wanted <= ended
    wait_until(are_there, LAST_ROWS_S, f"a row of every facility that ends at {end_ms}", 0.5)


def _check(chain, works, killer, until_ms):
    verdict = chain.audit("--until-ms", until_ms)
    expect_clean(verdict)
    expect(verdict["amounts_wrong"] == 0, f"rows are not their sums: {verdict['findings'][:3]}")
    received = Received(chain.folder / "judge.db", chain.folder)
    row_checks.check_once(received)
    whole_rows = row_checks.check_meter_rows(received)
    marked, whole = row_checks.check_aggregates(received)
    def showed(*asked):
        return truly_showed(chain, *asked)

    totals = row_checks.check_totals(received, showed)
    known_s, lived_s, states_whole = row_checks.check_states(received, works)
    longer = row_checks.check_longer(received)
    gaps, lost_ms = row_checks.check_gaps(received, killer.kills, COMMIT_MS, killer.starts)
    told, changes = row_checks.check_state_events(received, works)
    refused = row_checks_bite.check_bites(received, works, showed, killer.kills, COMMIT_MS, killer.starts)
    for name, total in totals.items():
        print(f"  {name} = {total:.6f}, the plant's own to the last digit")
    report(verdict, kills=len(killer.kills), in_commit=killer.in_commit, torn=killer.torn, gaps=gaps, lost_ms_most=lost_ms,
           rows=len(received.rows), rows_whole=whole_rows, aggregates=len(received.aggregates), aggregates_marked=marked,
           aggregates_whole=whole, longer=longer, states_whole=states_whole, known_s=round(known_s), lived_s=round(lived_s),
           state_events=told, changes_told=changes, false_records_refused=refused)
    torn_rows = sum(row.made < row.expected for row in received.aggregates)
    return torn_rows, whole, states_whole


def facility_kills(scale):
    """kill -9 at 20 instants, some within a commit: rows of meters and facilities are whole or say that they are not,
    energies and pieces are the plant's to the last digit, states are true."""
    is_full = scale >= 1
    seed = int(os.environ.get("JIDIAN_SEED", random.SystemRandom().randrange(10 ** 6) if is_full else QUICK_SEED))
    chance = random.Random(f"kills {seed}")
    count = 20 if is_full else 4
    with Chain() as chain:
        begin_ms = _now_ms() // 1000 * 1000 - MINUTE_MS
        works = ExactWorks(seed, begin_ms, begin_ms + WORLD_MS)
        chain.start_plant(works.scenario())
        chain.start_broker()
        chain.start_judge()
        end_ms = _end_ms(_now_ms(), is_full)  # a shift ends there
        chain.write_site(points=POINTS, period=TCP_PERIOD, line_period=LINE_PERIOD, commit=f"{COMMIT_MS}ms",
                         facilities=site_sections(end_ms if is_full else None))
        killer = Killer(chain)
        killer.start()
        end_ms = end_ms if is_full else _end_ms(_now_ms(), is_full)
        # At full length the last minute is left in peace until it is over: something must be whole.
        plan = _plan(chance, count, _now_ms() + 2_000, end_ms - (MINUTE_MS + 8_000 if is_full else 1_000), end_ms)
        print(f"  seed {seed}: {count} kills within {(plan[-1][0] - _now_ms()) / 1000:.0f} s", flush=True)
        for at_ms, in_commit in plan:
            killer.kill_at(at_ms, in_commit)
        wait_until(lambda: chain.jidian("status").returncode in (0, 1), 20, "the last start")
        _wait_last_rows(chain, end_ms, is_full)
        until_ms = chain.finish_gateway()
        chain.judge.stop()
        expect(time.time_ns() // 1_000_000 < works.end_ms, "the plant's program was too short")
        torn_rows, whole, states_whole = _check(chain, works, killer, until_ms)
        expect(torn_rows > 0, "no row says that something is missing")
        expect(not is_full or (whole > 0 and states_whole > 0), "no row is whole")
        store = chain.jidian("verify", "--json")
        expect(store.returncode == 0, f"the store's chains: {store.stdout[:500]} {store.stderr[:500]}")
