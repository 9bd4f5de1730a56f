"""Days without a backend: a store as the gateway would have filled it drains, while what is new stays fresh."""
import sqlite3
import subprocess

from attack import Attack, decoder_in, utc_ms
from rig.processes import RigError, wait_until
from storm import RESIDENT_KIB_MAX, Memory

METERS = 20  # of twenty points, once a second
RATE = 20  # batches a second that the backlog may take
LIVE_LAG_S = 60  # from the slot of a batch's oldest reading to the judge; ten of them until the commit
FILL_S = 1800
START_S = 10
END_S = 60  # for what waits beside what is new
EVENT, READING = 1, 3


def days_of_backlog(row, options):
    """A store full of 400 readings a second that nobody has drains at the rate set; 400 new ones a second stay fresh meanwhile."""
    hours = options.pick(6, 12, 7 * 24)
    with Attack(row, options) as chain:
        chain.meters = METERS
        chain.begin(link=False, start=False, scenario="load20", commit="10s", quota="2GB",
                    uplink={"backlog_batches_per_s": RATE, "receipt_timeout": "60s"})
        until_ms = utc_ms()
        print(_fill(chain, hours, until_ms), flush=True)
        chain.remember()
        backlog = dict(chain.committed)
        row.runs = len(backlog)
        begin_ms = utc_ms()
        chain.start_gateway()
        memory = Memory(chain.gateway)
        chain.wait_waiting(len(backlog) // 2)
        wait_until(lambda: chain.pending() <= RATE, 60 + 1.5 * len(backlog) / RATE, "draining the backlog", 2)
        wait_until(lambda: len(_came(chain, backlog)[0]) == len(backlog), END_S, "the last batches of the backlog", 0.5)
        memory.stop()
        _judge_drain(chain, row, backlog)
        most = max(kib for _, kib in memory.samples)
        row.expect(most <= RESIDENT_KIB_MAX, f"{most} KiB resident")
        row.note = f"{hours} h of backlog; {row.note}; at most {most / 1024:.1f} MiB resident"
        # Between what was filled and the start, slots are in a declared gap; its meters are not the plant's.
        chain.finish(drain_s=120, gap_s=(begin_ms - until_ms) / 1000 + 2 * START_S)


def _fill(chain, hours, until_ms):
    command = [chain.program("jidian-fill-store"), "--folder", chain.folder / "store", "--gateway", "jd-1", "--hours", hours,
               "--until-ms", until_ms]
    filled = subprocess.run([str(part) for part in command], capture_output=True, text=True, timeout=FILL_S)
    if filled.returncode != 0:
        raise RigError(f"the store could not be filled: {filled.stderr}")
    return filled.stdout.strip()


def _came(chain, backlog):
    """What the judge has of the backlog, as (received, stream, seq), and of what is newer, as (stream, received, bytes)."""
    last = {stream: max((seq for _, of, seq in backlog if of == stream), default=0) for stream in (1, 2, 3)}
    with sqlite3.connect(f"file:{chain.folder / 'judge.db'}?mode=ro", uri=True, timeout=20) as database:
        old = [(received_ms, stream, seq) for stream, seq, received_ms in database.execute(
            "SELECT stream, seq, received_ms FROM batch") if seq <= last[stream]]
        new = [one for stream in last for one in database.execute(
            "SELECT stream, received_ms, bytes FROM batch WHERE stream=? AND seq>?", (stream, last[stream]))]
    database.close()
    return old, new


def _judge_drain(chain, row, backlog):
    """How fast the backlog came, and how old what was new was when it came."""
    old, new = _came(chain, backlog)
    connected_ms, drained_ms = min(old)[0], max(old)[0]
    took_s = (drained_ms - connected_ms) / 1000
    row.expect(len(old) == len(backlog), f"{len(old)} of {len(backlog)} batches of the backlog are there")
    # A second's worth may come at once, after a pause.
    row.expect(len(old) <= RATE * (took_s + 1) + RATE, f"{len(old)} batches came in {took_s:.1f} s, {RATE} a second may")
    row.expect(len(old) >= 0.8 * RATE * took_s, f"only {len(old)} batches came in {took_s:.1f} s, {RATE} a second may")

    decode = decoder_in(chain.folder).Batch.FromString
    headers = [(stream, received_ms, decode(content).header) for stream, received_ms, content in new]
    live = [(stream, (received_ms - (header.start_utc_ms if stream == READING else header.anchor_utc_ms)) / 1000)
            for stream, received_ms, header in headers if connected_ms <= header.anchor_utc_ms and received_ms <= drained_ms]
    readings = [lag for stream, lag in live if stream == READING]
    events = [lag for stream, lag in live if stream == EVENT]
    # A commit is made ten seconds behind the last one, and takes a moment itself.
    row.expect(len(readings) >= 0.9 * took_s / 10 - 3, f"{len(readings)} new batches of readings came in {took_s:.0f} s of draining")
    row.expect(max(readings, default=0) < LIVE_LAG_S, f"new readings were {max(readings, default=0):.1f} s old")
    row.expect(max(events, default=0) < LIVE_LAG_S, f"a new event was {max(events, default=0):.1f} s old")
    row.recovery_s = [round(lag, 1) for lag in readings] or [0]
    row.note = (f"{len(old)} batches in {took_s:.0f} s ({len(old) / max(took_s, 1):.1f}/s, {RATE} may); recovery: age of the oldest of "
                f"{len(readings)} new batches of readings; {len(events)} new batches of events, at most {max(events, default=0):.1f} s old")


ALL = [days_of_backlog]
