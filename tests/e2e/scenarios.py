"""The main job under load and under trouble, on the release binary, judged by the receiving side.

Each scenario is a function that raises checks.Broken when a promise does not hold. `scale` is 1 for the full length and
less for a quick run.
"""
import hashlib
import json
import random
import shutil
import signal
import subprocess
import time

import backfill
import checks  # noqa: F401  (run.py needs its exception)
import facility_kills
import orders
import statements
import updated
from checks import expect, expect_clean, expect_polled, report
from rig.chain import Chain
from rig.processes import wait_until

# Twenty floats of one meter.
LOAD_POINTS = {"eastron-sdm630": '["voltage_ln.l*", "current.l*", "active_power.l*", "apparent_power.l*", '
                                 '"reactive_power.l*", "power_factor.l*", "frequency", "active_energy_import.total"]'}


def _start(chain, scenario, judge=(), acl=None, broker="", **site):
    chain.start_plant(scenario)
    chain.start_broker(acl=acl, extra=broker)
    chain.start_judge(*judge)
    chain.write_site(**site)
    chain.start_gateway()


def _finish(chain, drain_s=60):
    """Everything confirmed, everything stopped, and the judge's verdict."""
    until_ms = chain.finish_gateway(drain_s)
    chain.judge.stop()
    return chain.audit("--until-ms", until_ms)


def _trouble(chain):
    """Why nothing moves, as status says it; empty while all is well."""
    return chain.status()["uplinks"][0]["trouble"] or ""


def load(scale):
    """20 TCP meters x 20 float readings at 1 s: 400 readings/s for 10 minutes."""
    with Chain() as chain:
        _start(chain, "load20", points=LOAD_POINTS)
        time.sleep(600 * scale)
        cpu, memory = chain.gateway.cpu_seconds(), chain.gateway.resident_kib()
        seconds = 600 * scale
        verdict = _finish(chain)
        expect_clean(verdict)
        expect_polled(verdict, "without a fault")
        expect(verdict["readings"] >= 400 * (seconds - 15), "fewer readings than 400 a second")
        report(verdict, cpu_percent=round(100 * cpu / seconds, 2), resident_mib=round(memory / 1024, 1))


def line(scale):
    """8 meters x 20 floats on a 9600-baud line, back to back, for 10 minutes."""
    with Chain() as chain:
        _start(chain, "line8", points=LOAD_POINTS, period="2s")
        time.sleep(600 * scale)
        verdict = _finish(chain)
        expect_clean(verdict)
        chain.plant.stop()
        stats = json.loads((chain.folder / "plant-stats.json").read_text())
        violations = sum(bus.get("silence_violations", 0) for bus in stats["lines"].values())
        expect(violations == 0, f"{violations} requests came before 3.5 characters of silence")
        expect(stats["total"]["forbidden_functions"] == 0, "a function code other than a read left the gateway")
        report(verdict, silence_violations=violations)


def outage(scale):
    """The broker is stopped for 60 s under 400 readings/s: all of the outage's readings arrive."""
    with Chain() as chain:
        _start(chain, "load20", points=LOAD_POINTS)
        time.sleep(12)
        chain.broker.stop(signal.SIGTERM)
        time.sleep(60 * scale)
        expect(_trouble(chain) != "", "status does not say that the broker is away")
        chain.restart_broker()
        chain.wait_drained(90)
        verdict = _finish(chain)
        expect_clean(verdict)
        expect_polled(verdict, "during the outage")
        report(verdict)


def kills(scale):
    """kill -9 at 50 random instants under load: every committed reading arrives, the loss is declared."""
    chance = random.Random(20260301)
    with Chain() as chain:
        _start(chain, "load20", points=LOAD_POINTS, commit="2s")
        count = max(3, int(50 * scale))
        for _ in range(count):
            time.sleep(chance.uniform(0.2, 6))
            chain.gateway.kill()
            chain.start_gateway(wait=False)
        wait_until(lambda: chain.jidian("status").returncode in (0, 1), 20, "the last start")
        time.sleep(8)
        verdict = _finish(chain, 120)
        store = json.loads(chain.jidian("verify", "--json").stdout)
        expect(not store["findings"], f"the store's chains: {store['findings'][:3]}")
        expect_clean(verdict)
        crashes = verdict["gaps"].get("crash", 0)
        # A kill in the first instants of a start may find the store without a commit of that run.
        expect(crashes > count / 2, f"only {crashes} of {count} kills were declared as a crash")
        report(verdict, kills=count, gaps=verdict["gaps"])


def acl_denied(_):
    """A broker ACL denies the readings: nothing is dropped, status says why; once allowed, everything arrives."""
    denying = "topic read jidian/v1/+/+/receipt\ntopic write jidian/v1/+/+/event\ntopic write jidian/v1/+/+/interval\n"
    # Without names everybody is one user; the judge must be allowed to receive and to send receipts.
    denying += "topic read jidian/#\ntopic write jidian/v1/+/+/receipt\ntopic write jidian/v1/+/+/status\n"
    with Chain() as chain:
        _start(chain, "demo", acl=denying, commit="1s")
        wait_until(lambda: "reading" in _trouble(chain), 30, "status naming the denied topic")
        print(f"  status says: {_trouble(chain)}")
        pending = chain.pending()
        expect(pending > 0, "the denied batches are not pending")
        (chain.folder / "acl").write_text("topic readwrite #\n")
        chain.broker.send(signal.SIGHUP)
        wait_until(lambda: _trouble(chain) == "", 120, "the end of the trouble")
        verdict = _finish(chain, 120)
        expect_clean(verdict)
        report(verdict)


def receipt_never(_):
    """A receiver that never sends a receipt: nothing is deleted, status says so, an honest receiver gets everything."""
    with Chain() as chain:
        uplink_keys = {"receipt_timeout": "5s"}
        chain.start_plant("demo")
        chain.start_broker()
        chain.start_judge("--receipts", "never")
        chain.write_site(uplinks=[chain.uplink(**uplink_keys)], commit="1s")
        chain.start_gateway()
        wait_until(lambda: "receipt" in _trouble(chain), 40, "status naming the missing receipts")
        print(f"  status says: {_trouble(chain)}")
        chain.judge.stop()
        chain.start_judge()
        chain.wait_drained(60)
        verdict = _finish(chain)
        expect_clean(verdict)
        expect(verdict["duplicates"] > 0, "the batches were not sent again")
        report(verdict)


def receipt_forged(_):
    """Receipts with a wrong hash are refused, reported as events, and confirm nothing."""
    with Chain() as chain:
        chain.start_plant("demo")
        chain.start_broker()
        chain.start_judge("--receipts", "forged")
        chain.write_site(uplinks=[chain.uplink(receipt_timeout="5s")], commit="1s")
        chain.start_gateway()
        wait_until(lambda: chain.status()["uplinks"][0]["receipts_refused"] > 0, 30, "the refusal")
        expect(chain.status()["uplinks"][0]["confirmed"] == 0, "a forged receipt confirmed something")
        chain.judge.stop()
        chain.start_judge()
        verdict = _finish(chain)
        expect_clean(verdict)
        report(verdict)


def packet_too_small(_):
    """The broker's Maximum Packet Size is too small for a batch: it is kept and shown, the others go on."""
    with Chain() as chain:
        _start(chain, "load20", points=LOAD_POINTS, broker="max_packet_size 2000", commit="10s")
        wait_until(lambda: chain.status()["uplinks"][0]["rejected"] > 0, 40, "the rejection")
        print(f"  status says: {_trouble(chain)}")
        chain.broker.stop(signal.SIGTERM)
        config = chain.folder / "mosquitto.conf"
        config.write_text(config.read_text().replace("max_packet_size 2000", ""))
        chain.restart_broker()
        wait_until(lambda: chain.status()["uplinks"][0]["connected"], 60, "the connection")
        expect(chain.jidian("uplink", "retry").returncode == 0, "jidian uplink retry failed")
        verdict = _finish(chain, 120)
        expect_clean(verdict)
        report(verdict)


def manifests_lost(_):
    """A receiver that lost its manifests asks for them, and gets them."""
    with Chain() as chain:
        _start(chain, "demo", commit="1s")
        chain.wait_drained(30)
        chain.judge.stop()
        chain.start_judge("--forget-manifests")
        time.sleep(3)
        verdict = _finish(chain, 60)
        expect_clean(verdict)
        report(verdict)


def cloned_identity(_):
    """A second box with the same id: it is noticed and said, and nothing is mixed up."""
    with Chain() as chain:
        _start(chain, "demo", commit="1s")
        chain.wait_drained(30)
        clone = Chain()
        with clone:
            clone.port, clone.scenario, clone.ports = chain.port, chain.scenario, chain.ports
            clone.write_site(commit="1s")
            clone.start_gateway()
            wait_until(lambda: "another" in _trouble(chain) or "another" in _trouble(clone), 60, "noticing the clone")
            print(f"  status says: {_trouble(chain) or _trouble(clone)}")
            clone.stop_gateway()
        chain.wait_drained(150)
        verdict = _finish(chain)
        # Both boxes read the same meters, so the same slot is there from both, each under its own epoch.
        expect_clean(verdict, allow=("repeated_polls",))
        expect(verdict["epochs"] == 2, f"{verdict['epochs']} epochs instead of two")
        report(verdict, epochs=verdict["epochs"])


def _altered_copy_is_found(chain, evidence):
    """An original whose bytes are not those its copy names is a finding, also where its own hash has been put right."""
    lines = [json.loads(line) for line in evidence.read_text().splitlines()]
    newest = lines[-1]["epoch"]
    for line in lines:
        if line["epoch"] != newest:
            altered = bytearray.fromhex(line["bytes"])
            altered[-1] ^= 1
            line |= {"bytes": altered.hex(), "sha256": hashlib.sha256(altered).hexdigest()}
    evidence.write_text("".join(json.dumps(line) + "\n" for line in lines))
    found = json.loads(chain.jidian("verify", str(evidence), "--json").stdout)["findings"]
    expect(any("under the key that the copy names" in finding for finding in found), f"an altered original: {found[:3]}")


def store_restored(_):
    """A store restored from an old copy re-uses seqs: the receiver sees the conflict, a new epoch tells it again."""
    with Chain() as chain:
        _start(chain, "demo", commit="1s")
        time.sleep(5)
        chain.wait_drained(30)
        chain.stop_gateway()
        shutil.copytree(chain.folder / "store", chain.folder / "old-copy")
        chain.start_gateway()
        time.sleep(6)
        chain.wait_drained(30)
        chain.stop_gateway()
        shutil.rmtree(chain.folder / "store")
        (chain.folder / "old-copy").rename(chain.folder / "store")
        chain.start_gateway()
        wait_until(lambda: chain.audit()["epochs"] >= 2, 60, "a new epoch at the receiver")
        wait_until(lambda: chain.status()["uplinks"][0]["copied"] > 0, 60, "copies of what was rejected")
        time.sleep(4)
        # The restored box declares the time it does not know about; what it recorded before is at the judge already.
        verdict = _finish(chain)
        expect_clean(verdict, allow=("conflicts",))
        expect(verdict["conflicts"] > 0, "the restored store was not noticed")
        expect(verdict["copies"] > 0, "nothing of what was rejected came again")
        store = json.loads(chain.jidian("verify", "--json").stdout)
        expect(not store["findings"], f"the store's chains: {store['findings'][:3]}")
        expect(store["copies"] >= verdict["copies"], "the receiver has copies that the store does not have")
        evidence = chain.folder / "evidence.jsonl"
        evidence.write_text(chain.jidian("export", "--format", "evidence").stdout)
        exported = json.loads(chain.jidian("verify", str(evidence), "--json").stdout)
        expect(not exported["findings"], f"the evidence file's chains: {exported['findings'][:3]}")
        expect(exported["copies"] == store["copies"], "the evidence file has other copies than the store")
        _altered_copy_is_found(chain, evidence)
        listed = chain.jidian("export", "--format", "csv").stdout.splitlines()
        twice = len(listed) - len(set(listed))
        expect(twice == 0 and len(listed) > 100, f"{twice} of {len(listed)} readings are exported twice")
        report(verdict, epochs=verdict["epochs"], copies=verdict["copies"], restarts=verdict["restarts"])


def live_view(_):
    """mosquitto_sub on `live` shows readable JSON; where it is switched off, nothing old stays there."""
    def at_the_broker(chain, *more):
        return subprocess.run(["mosquitto_sub", "-V", "5", "-p", str(chain.port), "-t", "jidian/v1/+/+/live", *more],
                              capture_output=True, text=True)

    def is_cleared(chain):
        # `status` is retained too: that it came tells from a call that was too slow.
        told = at_the_broker(chain, "-t", "jidian/v1/+/+/status", "-F", "%t", "-C", "2", "-W", "5").stdout.split()
        return {topic.rsplit("/", 1)[1] for topic in told} == {"status"}

    with Chain() as chain:
        _start(chain, "demo", commit="1s", live="1s")
        wait_until(lambda: len(json.loads(chain.jidian("watch", "--rounds", "1", "--json").stdout)["meters"]) == 8, 20,
                   "a reading of every meter")
        time.sleep(1.5)  # the live interval: the retained view at the broker is the newest one then
        shown = at_the_broker(chain, "-C", "1", "-W", "20")
        expect(shown.returncode == 0, f"mosquitto_sub: {shown.stderr}")
        live = json.loads(shown.stdout)
        expect(len(live["meters"]) == 8, f"live shows {len(live['meters'])} meters")
        print("  " + shown.stdout[:160].strip() + " …")
        chain.stop_gateway()
        stays = at_the_broker(chain, "-C", "1", "-W", "20")
        expect(stays.returncode == 0, "the newest view stays while the gateway is away")
        chain.site_file.write_text(chain.site_file.read_text().replace('live_interval = "1s"', 'live_interval = "off"'))
        chain.start_gateway()
        wait_until(lambda: is_cleared(chain), 60, "the old view to go from the broker")
        expect_clean(_finish(chain))


def broken_meters(_):
    """A reversed current transformer, a counter that shows 0 for a moment, one that lost its memory: all are recorded,
    marked where they must not be counted, and told once."""
    polls = 8
    with Chain() as chain:
        _start(chain, "load20", points=LOAD_POINTS, commit="1s", plausibility={"counter_polls": polls, "wiring_polls": 5})
        meters = [endpoint["units"][0]["meter"] for endpoint in chain.scenario["tcp"][:3]]
        reversed_ct, blinking, forgetful = meters
        chain.wait_drained(30)
        time.sleep(3)  # a few good polls of each
        chain.tell_plant(f"fault {reversed_ct} ct_reversed 1 2")
        chain.tell_plant(f"fault {forgetful} counters_lost")
        chain.tell_plant(f"fault {blinking} counters_lost")
        time.sleep(2)
        chain.tell_plant(f"fault {blinking} clear")
        wait_until(lambda: len(chain.audit()["implausible"]) >= 2, 30, "both findings at the receiver")
        chain.tell_plant(f"fault {reversed_ct} clear")
        wait_until(lambda: len(chain.audit()["implausible"]) >= 3, 30, "the end of the first")
        verdict = _finish(chain)
        expect_clean(verdict, allow=("values_false", "values_implausible"))
        told = {f"{reversed_ct} ct_reversed begun": 1, f"{reversed_ct} ct_reversed ended": 1,
                f"{forgetful} counter_decrease accepted": 1}
        expect(verdict["implausible"] == told, f"told was {verdict['implausible']}")
        # Seven polls of the one, two or so of the other; a reversed transformer marks nothing.
        marked = verdict["values_implausible"]
        expect(polls - 1 < marked < 2 * polls, f"{marked} values are marked")
        expect(verdict["values_false"] > marked, "not every value is recorded as the meter showed it")
        report(verdict)


def wide(scale):
    """256 buses and 2,000 meters load and run."""
    with Chain() as chain:
        _start(chain, "wide", period="10s", live="30s")
        seconds = max(40, 120 * scale)
        time.sleep(seconds)
        cpu, memory = chain.gateway.cpu_seconds(), chain.gateway.resident_peak_kib()
        verdict = _finish(chain, 120)
        expect_clean(verdict)
        expect(verdict["polls"] >= 2000, "not every meter was polled")
        report(verdict, cpu_percent=round(100 * cpu / seconds, 1), resident_peak_mib=round(memory / 1024, 1))


ALL = {function.__name__: function for function in (
    load, line, outage, kills, acl_denied, receipt_never, receipt_forged, packet_too_small, manifests_lost,
    cloned_identity, store_restored, live_view, broken_meters, wide, statements.signed_off,
    statements.replaced, statements.marked, orders.directives, facility_kills.facility_kills,
    backfill.backfill, updated.updated)}
