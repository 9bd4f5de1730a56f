"""What goes wrong between a meter and the receiver while nobody is to blame: bad wires, an absent receiver, the edges of minutes.

Scenarios as in scenarios.py.
"""
import time

from checks import expect, expect_clean, expect_polled, report
from rig.chain import Chain
from rig.processes import wait_until

METER_SILENT = 8
LINE_LATENCY_MS = 1_000  # what the plant keeps by its own clock; the rest is for a busy machine
WORST_LATENCY = "1500ms"

# Blocks of one length, each a request of its own: the reply to one could pass for the reply to any other.
POINTS = {"eastron-sdm630": '["voltage_ln.l1", "voltage_ln.avg", "active_energy_import.total", "voltage_ll.l1l2", "current.n"]'}

# Below the response timeout nothing is late: 300 ms on the line, 1 s on the endpoints.
LINE_FAULTS = ("late_reply 0.02 500ms", "delay 0.02 600ms", "stale 0.01", "silence 0.01", "exception 0.01 6", "wrong_unit 0.01",
               "bad_crc 0.01", "truncated 0.01", "glued 0.01", "echo 0.01", "flip 0.01")
TCP_FAULTS = ("late_reply 0.01 1300ms", "stale 0.01", "silence 0.01", "exception 0.02 6", "wrong_unit 0.02", "wrong_transaction 0.02",
              "truncated 0.02", "echo 0.01")


def _plant():
    def unit(number, meter):
        return {"unit": number, "meter": meter, "model": "eastron-sdm630", "feed": meter, "latency_ms": 20}
    feeds = [{"id": meter, "kind": "load", "cycle": "press", "rated": 40_000 + 7_000 * number, "initial": 1_000 * number}
             for number, meter in enumerate(("press", "oven", "hall", "yard"), 1)]
    return {"name": "wires", "feeds": feeds,
            "lines": [{"id": "line", "baud": 19_200, "worst_latency_ms": LINE_LATENCY_MS, "units": [unit(1, "press"), unit(2, "oven")]}],
            "tcp": [{"id": "net-1", "units": [unit(1, "hall")]}, {"id": "net-2", "units": [unit(1, "yard")]}]}


def _begin(chain, scenario, uplink=None, **site):
    chain.start_plant(scenario)
    chain.start_broker()
    chain.start_judge()
    chain.write_site(uplinks=[chain.uplink(**uplink or {})], **site)


def _finish(chain, drain_s=60):
    until_ms = chain.finish_gateway(drain_s)
    chain.judge.stop()
    return chain.audit("--until-ms", until_ms)


def _good_meters(chain):
    return {meter["id"] for meter in chain.status()["meters"] if meter["last_good"]}


def bad_wires(scale):
    """Replies are late, foreign, torn, garbled, glued or refused: no false value is recorded, and every hole is declared."""
    with Chain() as chain:
        _begin(chain, _plant(), points=POINTS, commit="1s", line_period="2s")
        chain.site_file.write_text(chain.site_file.read_text().replace('worst_latency = "600ms"', f'worst_latency = "{WORST_LATENCY}"'))
        chain.start_gateway()
        wait_until(lambda: len(_good_meters(chain)) == 4, 30, "a reading of every meter")
        for target, faults in (("line", LINE_FAULTS), ("net-1", TCP_FAULTS), ("net-2", TCP_FAULTS)):
            for fault in faults:
                chain.tell_plant(f"fault {target} {fault}")
        time.sleep(max(30, 600 * scale))
        chain.tell_plant("fault * clear")
        verdict = _finish(chain)
        expect_clean(verdict)
        struck = {meter: sum(stats["faults"].values()) for meter, stats in chain.stop_plant()["meters"].items()}
        expect(sum(struck.values()) >= 20 and min(struck.values()) > 0, f"faults that struck: {struck}")
        report(verdict, struck=struck, gaps=verdict["gaps"])


def receiver_away(scale):
    """The receiver is away while the broker takes what nobody gets: a broker's word is no receipt, so all of it comes again."""
    with Chain() as chain:
        _begin(chain, "demo", {"receipt_timeout": "5s"}, commit="1s")
        chain.start_gateway()
        wait_until(lambda: chain.status()["uplinks"][0]["published"] > 3, 30, "the first batches")
        chain.wait_drained(30)
        chain.judge.stop()
        before = chain.status()["uplinks"][0]["published"]
        time.sleep(max(10, 120 * scale))
        expect(chain.status()["uplinks"][0]["published"] > before, "nothing was published to nobody")
        chain.start_judge()
        chain.wait_drained(90)
        verdict = _finish(chain)
        expect_clean(verdict)
        expect_polled(verdict, "meanwhile")
        report(verdict)


def events_at_once(_):
    """Readings are committed once a minute here; that a meter fell silent is at the receiver within seconds."""
    seconds = 5
    with Chain() as chain:
        _begin(chain, "demo", commit="60s")
        chain.start_gateway()
        wait_until(lambda: "gas-1" in _good_meters(chain), 30, "a reading of the meter")
        chain.tell_plant("fault gas-1 silence 1")
        wait_until(lambda: chain.events(METER_SILENT), 30, "the event at the receiver")
        late_s = time.time() - chain.events(METER_SILENT)[0]["time_ms"] / 1000
        expect(late_s < seconds, f"the event at the receiver is {late_s:.1f} s old")
        chain.tell_plant("fault gas-1 clear")
        verdict = _finish(chain)
        expect_clean(verdict)
        report(verdict, event_after_s=round(late_s, 1))


def minute_edges(_):
    """What a row says a counter showed at the ends of its minute was read at that very instant."""
    with Chain() as chain:
        _begin(chain, "demo", commit="1s")
        chain.start_gateway()
        wait_until(lambda: chain.audit()["interval_rows"] >= 8, 120, "the rows of a minute", 1)
        verdict = _finish(chain)
        expect_clean(verdict)
        expect(verdict["edges_compared"] >= 8, f"{verdict['edges_compared']} edges were compared")
        report(verdict, edges_compared=verdict["edges_compared"], edges_false=verdict["edges_false"])


ALL = {function.__name__: function for function in (bad_wires, receiver_away, events_at_once, minute_edges)}
