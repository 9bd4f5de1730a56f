"""Full, failed and damaged stores under the real program."""
import os
import random
import shutil
import sqlite3
import time

from attack import COMMIT_S, Attack, utc_ms
from rig.disks import LoopDisk, Tmpfs, loop_allowed, mounts_allowed
from rig.processes import wait_until
from rig.store_files import batches, epoch_files, received

START_S = 6
PAGE = 1024
RESERVE_LASTS_S = 90  # on a disk of that size; what comes later costs older batches, which the ledger tells
STORE_DAMAGED = 16  # the kind of event
NO_MOUNTS = "this machine allows no file system of our own"


def _store(chain):
    return chain.folder / "store"


def _said(chain):
    return chain.status()["store"]["trouble"] or ""


def disk_full(row, options):
    """Others fill the disk: recording goes on, also after a kill; when there is room again all is as before."""
    if not mounts_allowed():
        row.skipped = NO_MOUNTS
        return
    with Attack(row, options) as chain:
        disk = Tmpfs(_store(chain), 32)
        chain.closing.append(disk.close)
        chain.begin(quota="24MB")
        ballast = disk.fill()
        wait_until(lambda: "full" in _said(chain), 60, "status saying that the disk is full")
        row.note = f"status says '{_said(chain)}'"
        for _ in range(options.times(4)):
            time.sleep(5)
            lag = chain.wait_live(utc_ms(), 30)
            row.expect(lag < 5, f"new readings only after {lag:.1f} s on a full disk")
        chain.kill_gateway()
        chain.start_gateway()
        lag = chain.wait_live(utc_ms(), 30, "new readings from a start on a full disk")
        row.expect(lag < 10, f"live again only {lag:.1f} s after a kill on a full disk")
        ballast.unlink()
        wait_until(lambda: _said(chain) == "", 90, "the end of the store's trouble")
        row.recovery_s.append(round(chain.wait_live(utc_ms()), 1))
        chain.finish(gap_s=COMMIT_S + START_S)


def disk_full_broker_away(row, options):
    """The disk is full while the broker is away: what is recorded on the reserve arrives."""
    if not mounts_allowed():
        row.skipped = NO_MOUNTS
        return
    with Attack(row, options) as chain:
        disk = Tmpfs(_store(chain), 32)
        chain.closing.append(disk.close)
        chain.begin(quota="24MB")
        chain.broker.stop()
        ballast = disk.fill()
        time.sleep(min(40 * options.scale, RESERVE_LASTS_S))
        row.note = f"status says '{_said(chain)}'"
        chain.restart_broker()
        chain.wait_back()
        ballast.unlink()
        chain.finish()


def read_only(row, options):
    """The file system meets an error and becomes read-only under the running gateway; it is mended and mounted again."""
    if not loop_allowed():
        row.skipped = NO_MOUNTS
        return
    with Attack(row, options) as chain:
        disk = LoopDisk(_store(chain))
        chain.closing.append(disk.close)
        chain.begin()
        begin = time.monotonic()
        disk.fail()
        wait_until(lambda: chain.status()["recording"] is False or _said(chain), 60, "status saying that nothing is recorded")
        row.note = f"status says '{_said(chain)}'"
        time.sleep(10)
        row.expect(chain.gateway.is_running(), "the gateway ended")
        chain.gateway.stop()
        disk.remount_after_check()
        chain.start_gateway()
        chain.wait_live(utc_ms(), 60, note=True)
        chain.finish(gap_s=time.monotonic() - begin + START_S)


def deleted(row, options):
    """Somebody deletes the store's file under the running gateway."""
    with Attack(row, options) as chain:
        chain.begin()
        chain.wait_drained(20)
        begin = time.monotonic()
        for file in _store(chain).glob("epoch-*"):
            file.unlink()
        time.sleep(10)
        chain.wait_live(utc_ms(), 60, "new readings with the file gone")
        row.note = f"10 s later status says '{_said(chain)}'"
        chain.gateway.kill()
        chain.start_gateway()
        chain.wait_live(utc_ms(), 60, note=True)
        chain.finish(gap_s=time.monotonic() - begin + START_S)


def _prepare(chain, waiting=25):
    """A stopped gateway whose file has so many batches that nobody else has; its path."""
    chain.begin()
    chain.wait_drained(20)
    chain.broker.stop()
    chain.wait_waiting(waiting, 90)
    chain.stop_gateway()
    chain.remember()
    return epoch_files(_store(chain))[-1]


def _go_on(chain, row):
    """The gateway and the broker are back."""
    chain.start_gateway()
    chain.restart_broker()
    chain.wait_live(utc_ms(), 60, note=True)


def _page_of_readings(file, share):
    """The number of a page of readings that so much of them stands before."""
    with sqlite3.connect(file) as database:
        pages = [page for page, in database.execute(
            "SELECT pageno FROM dbstat WHERE name='reading' AND pagetype='leaf' ORDER BY path")]
    database.close()
    return pages[min(round((len(pages) - 1) * share), len(pages) - 2)]  # without its newest row the file is not continued


def corrupt_page(row, options):
    """A page of rows that nobody else has is overwritten with rubbish: the gateway starts, says so, and all other rows arrive."""
    with Attack(row, options) as chain:
        file = _prepare(chain)
        page = _page_of_readings(file, 0.7)
        with open(file, "r+b") as content:
            content.seek((page - 1) * PAGE)
            content.write(chain.chance.randbytes(PAGE))
        _after_damage(chain, row)


def flipped_byte(row, options):
    """One byte of a batch that nobody else has is another one: that batch never goes out as if it were good."""
    with Attack(row, options) as chain:
        file = _prepare(chain)
        with sqlite3.connect(file) as database:
            seq, blob = database.execute("SELECT seq, bytes FROM reading ORDER BY seq DESC LIMIT 1 OFFSET 8").fetchone()
            at = chain.chance.randrange(len(blob))
            database.execute("UPDATE reading SET bytes=? WHERE seq=?", (blob[:at] + bytes([blob[at] ^ 0x20]) + blob[at + 1:], seq))
        database.close()
        told = _after_damage(chain, row)
        row.expect(len(told) == 1, f"one damage was told {len(told)} times")


def _after_damage(chain, row):
    """What nobody else has and the damage hit is lost, no more; an event tells of it, and what it tells is a declared gap."""
    left = batches(_store(chain))
    there = received(chain.folder / "judge.db")
    hit = {key: known for key, known in chain.committed.items() if left.get(key) != known and key not in there}
    destroyed = sum(readings for _, readings in hit.values())
    row.expect(destroyed > 0, "the damage hit nothing that only this box had")
    _go_on(chain, row)
    verdict = chain.finish(gap_s=60, allow=("holes",), lost=destroyed)
    told = [event["facts"] for event in chain.events(STORE_DAMAGED)]
    row.note = f"{len(hit)} batches with {destroyed} readings were destroyed by the fault itself; told: {told}"
    row.expect(told, "no event tells of the damage")
    row.expect("damaged" in verdict["gaps"], f"no gap has the damage as its cause: {verdict['gaps']}")
    return told


def damaged_confirmed(row, options):
    """Rubbish in a page whose rows every destination has: nothing is lost."""
    with Attack(row, options) as chain:
        chain.begin()
        time.sleep(15)
        chain.wait_drained(30)
        chain.stop_gateway()
        chain.remember()
        file = epoch_files(_store(chain))[-1]
        page = _page_of_readings(file, 0.3)
        with open(file, "r+b") as content:
            content.seek((page - 1) * PAGE)
            content.write(chain.chance.randbytes(PAGE))
        chain.start_gateway()
        chain.wait_live(utc_ms(), 60, note=True)
        chain.finish(gap_s=START_S)


def rubbish_file(row, options):
    """The whole file is rubbish after a stop: a new epoch begins, and what was confirmed is not missed. What the stop itself commits
    goes out with the next start only, and is in no other place: that second is not asked for."""
    with Attack(row, options) as chain:
        chain.begin()
        begin_ms = utc_ms()
        time.sleep(5)
        confirmed_ms = utc_ms() - 2_000 * COMMIT_S
        chain.wait_drained(20)
        chain.stop_gateway()
        file = epoch_files(_store(chain))[-1]
        file.write_bytes(random.Random(options.seed).randbytes(file.stat().st_size))
        chain.start_gateway()
        chain.wait_live(utc_ms(), 60, note=True)
        back_ms = utc_ms()
        time.sleep(5)
        chain.finish(allow=("holes",), windows=[(begin_ms, confirmed_ms), (back_ms, utc_ms() - 2_000 * COMMIT_S)])


def old_copy(row, options):
    """The store's file alone is put back from an old copy: that is seen at the start, and a new epoch begins."""
    with Attack(row, options) as chain:
        chain.begin()
        chain.stop_gateway()
        file = epoch_files(_store(chain))[-1]
        shutil.copy(file, chain.folder / "copy.db")
        chain.start_gateway()
        time.sleep(8)
        chain.wait_drained(30)
        chain.stop_gateway()
        shutil.copy(chain.folder / "copy.db", file)
        chain.start_gateway()
        chain.wait_live(utc_ms(), 60, note=True)
        verdict = chain.finish(gap_s=60)
        row.expect(verdict["epochs"] >= 2, "it went on in the old epoch")


def two_processes(row, options):
    """A second gateway is started on the same store: it refuses, and the first does not notice."""
    with Attack(row, options) as chain:
        chain.begin()
        row.runs = options.times(5)
        first = chain.site_file
        other = chain.folder / "other.toml"
        other.write_text(first.read_text().replace("api.sock", "other.sock"))
        for _ in range(row.runs):
            chain.site_file = other
            second = chain.jidian("run")
            chain.site_file = first
            row.expect(second.returncode != 0 and "another process" in second.stderr + second.stdout,
                       f"the second ended with {second.returncode}: {(second.stdout + second.stderr)[-200:]}")
        row.recovery_s.append(round(chain.wait_live(utc_ms()), 1))
        chain.finish()


def newer_format(row, options):
    """A newer release wrote the file: a new epoch begins beside it, recording goes on, and its rows are drained."""
    with Attack(row, options) as chain:
        file = _prepare(chain, 10)
        with sqlite3.connect(file) as database:
            database.execute("PRAGMA user_version=99")
        database.close()
        _go_on(chain, row)
        verdict = chain.finish(gap_s=60)
        row.expect(verdict["epochs"] == 2, f"{verdict['epochs']} epochs")
        row.expect(os.path.exists(file), "the newer file is gone")


ALL = [disk_full, disk_full_broker_away, read_only, deleted, corrupt_page, flipped_byte, damaged_confirmed, rubbish_file, old_copy,
       two_processes, newer_format]
