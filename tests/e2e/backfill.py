"""What the receiving side lost, it asks for and gets again, byte for byte."""
import datetime
import json
import sqlite3
import time

from checks import expect, expect_clean, report
from rig.chain import Chain
from rig.processes import wait_until
from statements import works

COMMAND_REFUSED = 14
READING = 3


def _rows(chain, database, sql, *values):
    with sqlite3.connect(chain.folder / database, timeout=20) as db:
        return db.execute(sql, values).fetchall()


def _keys(chain, database="judge.db"):
    return {row[:4]: row[4] for row in _rows(chain, database, "SELECT gateway, epoch, stream, seq, sha256 FROM batch")}


def _count(chain, what, database="judge.db"):
    return sum(row[0] for row in _rows(chain, database, "SELECT count FROM counter WHERE what=?", what))


def _begin_new_epoch(chain):
    """The store's file says that a newer release wrote it: the gateway leaves it as it is and begins another beside it."""
    file, = (chain.folder / "store").glob("*.db")
    with sqlite3.connect(file) as db:
        db.execute("PRAGMA user_version=99")
    db.close()


def _wait_for_batches(chain, epochs):
    """Until the judge has enough of so many epochs."""
    def are_there():
        newest = _rows(chain, "judge.db", "SELECT max(seq) FROM batch WHERE stream=? GROUP BY epoch", READING)
        return len(newest) == epochs and all(row[0] >= 9 for row in newest)
    wait_until(are_there, 60, "nine batches of each epoch")


def _lose(chain):
    """The judge's disk loses batches of both epochs, in the middle and at the end; returns what they were."""
    lost = {}
    with sqlite3.connect(chain.folder / "judge.db") as db:
        for epoch, in db.execute("SELECT DISTINCT epoch FROM batch").fetchall():
            last, = db.execute("SELECT max(seq) FROM batch WHERE epoch=? AND stream=?", (epoch, READING)).fetchone()
            expect(last >= 8, f"an epoch of only {last} batches")
            for first, end in ((2, 4), (6, 6), (last - 1, last)):
                place = f"gateway='jd-1' AND epoch={epoch} AND stream={READING} AND seq BETWEEN {first} AND {end}"
                lost |= {row[:2]: row[2] for row in db.execute(f"SELECT epoch, seq, sha256 FROM batch WHERE {place}")}
                db.execute(f"DELETE FROM batch WHERE {place}")
                db.execute(f"DELETE FROM content WHERE {place}")
    db.close()
    return lost


def _is_back(chain, lost):
    there = {key[1::2]: digest for key, digest in _keys(chain).items() if key[2] == READING}
    return all(there.get(key) == digest for key, digest in lost.items())


def backfill(_):
    """A judge that lost rows of two epochs asks for them and is whole again; one that lost all of them gets all of them."""
    with Chain() as chain:
        chain.start_plant(works())
        chain.start_broker()
        chain.start_judge()
        chain.write_site(commit="1s")
        chain.start_gateway()
        _wait_for_batches(chain, 1)
        chain.wait_drained(30)
        chain.stop_gateway()
        _begin_new_epoch(chain)
        chain.start_gateway()
        wait_until(lambda: chain.status()["uplinks"][0]["connected"], 15, "the connection")
        expires = datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(minutes=1)
        reboot = {"id": "r-1", "op": "reboot", "expires": expires.strftime("%Y-%m-%dT%H:%M:%SZ")}
        chain.publish("jidian/v1/130100/jd-1/command", json.dumps(reboot), retained=False)
        _wait_for_batches(chain, 2)
        chain.wait_drained(30)
        chain.judge.stop()

        lost = _lose(chain)
        expect(len(lost) == 12, f"lost {lost}")
        chain.start_judge("--backfill")
        wait_until(lambda: _is_back(chain, lost), 90, "the lost batches, as they were")
        wait_until(lambda: chain.status()["uplinks"][0]["backfilled"] >= 10, 15, "the count of what was sent because it was asked for")
        wait_until(lambda: not chain.status()["uplinks"][0]["backfills"], 30, "the end of the backfill in the status")
        expect(_count(chain, "backfill_commands") > 0 and _count(chain, "backfill_sends") > 0, "nobody asked")
        expect(_count(chain, "backfill_refused") == 0, "the gateway refused to be asked")
        chain.wait_drained(30)
        until_ms = time.time_ns() // 1_000_000 - 4_000
        chain.judge.stop()
        verdict = chain.audit("--until-ms", until_ms)
        expect_clean(verdict)
        expect(verdict["epochs"] == 2, f"{verdict['epochs']} epochs")
        wait_until(lambda: any("reboot" in event["text"] for event in chain.events(COMMAND_REFUSED)), 1, "the refusal on record")

        had = _keys(chain)
        chain.start_judge("--backfill", database="empty.db")
        wait_until(lambda: had.items() <= _keys(chain, "empty.db").items(), 120, "everything once more")
        until_ms = chain.finish_gateway()
        chain.judge.stop()
        whole = chain.audit("--until-ms", until_ms, database="empty.db")
        expect_clean(whole)
        expect(whole["readings"] > verdict["readings"], "the second judge has less")
        report(whole, lost=len(lost), duplicates_first=verdict["duplicates"])
