"""When the store's quota is used up. Scenarios as in scenarios.py."""
import signal
import sqlite3
import time

from checks import expect, expect_clean, report
from rig.chain import Chain
from rig.processes import wait_until
from scenarios import LOAD_POINTS

EVICTED = 7
QUOTA = "16MiB"
PAGES = 12_544  # that a file of an epoch may have in such a quota
PAGES_FREE = 104
READING = 3  # the stream's number in the judge's database
ON_THE_WAY = 10  # batches that may be with the judge without the gateway knowing: the window of an uplink


def _fill(chain):
    """Takes the pages of the newest epoch's file away, as if it held the batches of months."""
    file = max((chain.folder / "store").glob("epoch-*.db"))
    with sqlite3.connect(file) as database:
        database.execute("CREATE TABLE filler(bytes BLOB)")
        while (pages := database.execute("PRAGMA page_count").fetchone()[0]) < PAGES - PAGES_FREE:
            size = min(256, PAGES - PAGES_FREE - pages) * 1_020
            database.execute("INSERT INTO filler VALUES(zeroblob(?))", (size - 100,))
    database.close()


def _seqs_in_ledger(chain):
    """The readings' batches that the ledger says are gone."""
    told = [event["facts"] for event in chain.events(EVICTED) if event["subject"] == "reading"]
    return {seq for facts in told for seq in range(int(facts["first"]), int(facts["last"]) + 1)}


def _missing(chain):
    """The readings' batches that the judge never got, by what it has on both sides."""
    with sqlite3.connect(chain.folder / "judge.db") as database:
        got = {seq for (seq,) in database.execute("SELECT seq FROM batch WHERE stream = ?", (READING,))}
    database.close()
    return set(range(min(got), max(got))) - got


def evicted(_):
    """The quota is used up while the broker is away: the oldest readings leave, batch by batch, and the ledger says which."""
    with Chain() as chain:
        chain.start_plant("load20")
        chain.start_broker()
        chain.start_judge()
        chain.write_site(points=LOAD_POINTS, commit="1s", quota=QUOTA)
        chain.start_gateway()
        time.sleep(5)
        chain.wait_drained(30)
        chain.stop_gateway()
        _fill(chain)
        chain.broker.stop(signal.SIGTERM)
        chain.start_gateway()
        wait_until(lambda: chain.status()["store"]["evicted"] > 0, 120, "an eviction", 1)
        time.sleep(5)
        chain.restart_broker()
        chain.wait_drained(90)
        until_ms = chain.finish_gateway(60)
        chain.judge.stop()
        verdict = chain.audit("--until-ms", until_ms)
        gone, missing = _seqs_in_ledger(chain), _missing(chain)
        expect_clean(verdict, allow=("holes", "chain_breaks"))
        expect(missing, "no batch is missing")
        expect(verdict["holes"] == len(missing), f"{verdict['holes']} holes, {len(missing)} batches of readings are missing")
        expect(missing <= gone, f"the ledger does not tell of {sorted(missing - gone)}")
        # A batch whose receipt did not come before the broker went is evicted as unconfirmed, and the judge has it.
        expect(len(gone - missing) <= ON_THE_WAY, f"the ledger has {sorted(gone - missing)}, which the judge has too")
        report(verdict, evicted=len(gone), gaps=verdict["gaps"])


ALL = {"evicted": evicted}
