"""What a person puts on record: meters signed off, meters replaced, periods marked."""
import datetime
import json
import struct
import subprocess
import time

from checks import expect, expect_clean, report
from rig.chain import Chain
from rig.processes import wait_until

SIGNOFF, REPLACED, MARK, COUNTER_STEP = 40, 41, 42, 15
IMPLAUSIBLE, MAINTENANCE, STOPPED = 6, 8, 11
GOOD = ("ok", "unsynchronised")  # the box that runs this may have a clock that nobody set
ENERGY = "active_energy_import.total"


def works(**unit):
    """A plant of two meters on Modbus/TCP: press-1 shows primary values, furnace-1 those behind a CT ratio of 40."""
    def load(name, kwh):
        return {"id": name, "shift": "always", "cycle": "steady", "rated": 36_000, "initial": kwh}
    return {"name": "statements", "seed": 7, "feeds": [load("press-1", 48_213), load("furnace-1", 91_600)],
            "tcp": [{"id": "tcp-1", "units": [
                {"unit": 1, "meter": "press-1", "model": "eastron-sdm630", "feed": "press-1"} | unit,
                {"unit": 2, "meter": "furnace-1", "model": "chint-dtsu666", "feed": "furnace-1", "ct": 40}]}]}


def _value(chain, meter, point):
    answer = json.loads(chain.jidian("read", meter, "--json").stdout)
    return float(next(said["value"] for said in answer["points"] if said["point"] == point))


def _sign(chain, meter, display, *more):
    done = chain.jidian("signoff", meter, "--display", display, "--json", *more)
    return done.returncode, json.loads(done.stdout)


def signed_off(_):
    """Meters are compared with their displays: what agrees is on record with the user, what differs is not."""
    with Chain() as chain:
        chain.start_plant(works())
        chain.start_broker()
        chain.start_judge()
        chain.write_site(commit="1s")
        refused = chain.jidian("signoff", "press-1", "--display", "1")
        expect(refused.returncode == 3 and "jidian run" in refused.stderr,
               f"without a gateway: {refused.returncode} {refused.stderr}")
        chain.start_gateway()

        shown = f"{_value(chain, 'press-1', 'active_energy_import.total'):.1f}"
        status, answer = _sign(chain, "press-1", shown, "--by", "shift electrician", "--note", "after the change of the fuse")
        expect(status == 0 and answer["recorded"], f"a meter that agrees is refused: {answer}")
        unchecked = {check["check"] for check in answer["checks"] if check["verdict"] == "unknown"}
        expect(unchecked == {"phase_order"}, f"not looked at: {unchecked}")

        status, answer = _sign(chain, "press-1", f"{float(shown) + 50:.1f}")
        expect(status == 1 and not answer["recorded"], f"a meter that differs is signed off: {answer}")
        secondary = _value(chain, "furnace-1", "active_energy_import.total")
        status, answer = _sign(chain, "furnace-1", f"{secondary:.1f}")
        energy = answer["checks"][0]
        expect(status == 1 and energy["because"] == "reading_larger" and energy["values"].get("ct") == "40",
               f"the CT ratio is not named: {answer}")
        text = chain.jidian("signoff", "furnace-1", "--display", f"{secondary:.1f}").stdout
        print("  " + text.replace("\n", "\n  ").strip())
        expect("CT ratio 40" in text and "nothing was recorded" in text, f"the sentence: {text}")
        status, answer = _sign(chain, "furnace-1", f"{secondary:.1f}", "--accept", "the display is secondary")
        expect(status == 0 and answer["recorded"], f"what was accepted is refused: {answer}")
        expect(chain.jidian("signoff", "press-1", "--display", "48213,8").returncode == 2, "a comma is no usage error")

        verdict_ms = chain.finish_gateway()
        chain.judge.stop()
        events = chain.events(SIGNOFF)
        expect([event["subject"] for event in events] == ["press-1", "furnace-1"], f"on record: {events}")
        facts = events[0]["facts"]
        expect(facts["display"] == shown and facts["by"] == "shift electrician" and facts["user"] and "failed" not in facts,
               f"the facts: {facts}")
        expect(events[1]["facts"]["accepted"] == "the display is secondary", f"the reason: {events[1]}")
        verdict = chain.audit("--until-ms", verdict_ms)
        expect_clean(verdict)
        report(verdict)


def _truth(chain, scenario_file, at_ms):
    """What the energy register of press-1 showed at an instant, in kWh."""
    answer = subprocess.run([chain.program("jidian-plant"), "truth", "--scenario", scenario_file, "--meter", "press-1",
                             "--table", "4", "--first", "72", "--count", "2", "--at", str(at_ms)], check=True,
                            capture_output=True, text=True).stdout.split()
    return struct.unpack(">f", bytes.fromhex(answer[1] + answer[2]))[0]


def _utc_ms(text):
    return round(datetime.datetime.fromisoformat(text.replace("Z", "+00:00")).timestamp() * 1000)


def _total(counts, swaps):
    """The contract's rule: between two counts on different sides of an exchange, (old_final - before) + (after - new_start)."""
    total = 0
    for (before_ms, _, before), (after_ms, _, after) in zip(counts, counts[1:]):
        for swap in swaps:
            if before_ms < _utc_ms(swap["at"]) <= after_ms:
                total += float(swap["old_final_raw"]) - before
                before = float(swap["new_start_raw"])
        total += after - before
    return total


def _newest_quality(chain):
    shown = chain.jidian("watch", "--rounds", "1", "--json").stdout
    meters = json.loads(shown)["meters"] if shown.startswith("{") else {}
    return meters["press-1"]["points"][ENERGY]["quality"] if "press-1" in meters else None


def _misses(chain):
    return next(meter["misses_in_row"] for meter in chain.status()["meters"] if meter["id"] == "press-1")


def replaced(_):
    """A meter is exchanged: its readings are marked until somebody says so, then totals go on, also over kill -9."""
    with Chain() as chain:
        swap_ms = time.time_ns() // 1_000_000 + 20_000
        plant = works(swap_ms=swap_ms, swap_shows=3)
        plant["feeds"][0]["rated"] = 720_000
        chain.start_plant(plant)
        unswapped = chain.folder / "unswapped.json"
        units = [unit | {"swap_ms": 0} for unit in chain.scenario["tcp"][0]["units"]]
        unswapped.write_text(json.dumps(chain.scenario | {"tcp": [chain.scenario["tcp"][0] | {"units": units}]}))
        chain.start_broker()
        chain.start_judge()
        chain.write_site(commit="1s")
        chain.start_gateway()
        wait_until(lambda: _newest_quality(chain) in GOOD, 8, "a good reading of the old meter")
        chain.tell_plant("fault press-1 silence")  # nobody exchanges a meter without taking it off the line
        wait_until(lambda: _misses(chain) >= 3, 12, "giving the old meter up")
        wait_until(lambda: time.time_ns() // 1_000_000 > swap_ms + 500, 25, "the exchange")
        chain.tell_plant("fault press-1 clear")
        old_final = f"{_truth(chain, unswapped, swap_ms):.3f}"
        wait_until(lambda: _newest_quality(chain) == "implausible", 15, "the mark on the other meter's readings")
        wait_until(lambda: any(count[1] == IMPLAUSIBLE for count in chain.counts("press-1", ENERGY)), 15, "a marked reading at the judge")
        refused = chain.jidian("replace", "press-1", "--old-final", "4821.3", "--new-start", "3")
        expect(refused.returncode == 1 and "cannot have ended" in refused.stderr, f"an old count: {refused.returncode} {refused.stderr}")
        refused = chain.jidian("replace", "press-1", "--old-final", old_final, "--new-start", "3", "--serial", "1")
        expect(refused.returncode == 1 and "tells serial number" in refused.stderr, f"a wrong serial: {refused.stderr}")
        done = chain.jidian("replace", "press-1", "--old-final", old_final, "--new-start", "3", "--by", "shift electrician")
        print("  " + done.stdout.strip().replace("\n", "\n  "))
        expect(done.returncode == 0, f"the exchange is refused: {done.stdout} {done.stderr}")
        serial = [line for line in chain.site_file.read_text().splitlines() if line.startswith("serial = ")]
        expect(len(serial) == 1, f"the site file names {serial}")
        chain.gateway.kill()  # before or just behind the new meter's first good poll
        chain.start_gateway()
        wait_until(lambda: _newest_quality(chain) in GOOD, 15, "good readings of the new meter after the kill")
        again = chain.jidian("replace", "press-1", "--old-final", old_final, "--new-start", "3")
        expect(again.returncode == 1 and "already" in again.stderr, f"the same exchange twice: {again.stderr}")
        time.sleep(2)  # some readings of the new meter

        until_ms = chain.finish_gateway()
        chain.judge.stop()
        events = chain.events(REPLACED)
        expect(len(events) == 1, f"on record: {events}")
        facts = events[0]["facts"]
        expect(serial[0] == f'serial = "{facts["new_serial"]}"', f"the site file names {serial}")
        expect(facts["by"] == "shift electrician" and facts["old_serial"] != facts["new_serial"], f"the facts: {facts}")
        counts = chain.counts("press-1", ENERGY)
        good = [count for count in counts if count[1] != IMPLAUSIBLE]
        marked = [count for count in counts if count[1] == IMPLAUSIBLE]
        expect(marked and good[0][2] > 48_000 and good[-1][2] < 100, f"from {good[0]} to {good[-1]}, {len(marked)} marked")
        total = _total(good, [facts])
        truly = _truth(chain, unswapped, good[-1][0]) - _truth(chain, unswapped, good[0][0])
        # Both truths and the old meter's last counts are float32 registers near 5.8 million: half a kWh a step.
        expect(abs(total - truly) <= 1.0 and truly > 2, f"the judge's total is {total:.3f} kWh, truly {truly:.3f}")
        for step in chain.events(COUNTER_STEP):
            told = step["facts"].get(ENERGY, step["facts"].get(ENERGY + ".after", "0"))
            expect(step["subject"] != "press-1" or float(told) < 100, f"a step between two meters: {step}")
        verdict = chain.audit("--until-ms", until_ms)
        expect_clean(verdict, allow=("values_implausible",))
        expect(not verdict["implausible"], f"a counter is said to have fallen: {verdict['implausible']}")
        report(verdict, total_kwh=round(total, 3), truly_kwh=round(truly, 3))


def marked(_):
    """Periods are marked: readings carry the mark from then on, also over kill -9, and nothing that was recorded changes."""
    with Chain() as chain:
        chain.start_plant(works())
        chain.start_broker()
        chain.start_judge()
        chain.write_site(commit="1s")
        chain.start_gateway()
        wait_until(lambda: _newest_quality(chain) in GOOD, 10, "a good reading")

        late = chain.jidian("mark", "press-1", "--as", "calibration", "--from", _ago(3600), "--until", _ago(1800), "--reason", "yearly test")
        expect(late.returncode == 0 and "late" in late.stdout, f"a late mark: {late.returncode} {late.stdout} {late.stderr}")
        done = chain.jidian("mark", "press-1", "--as", "maintenance", "--reason", "bearings", "--by", "shift electrician", "--json")
        expect(done.returncode == 0, f"a mark is refused: {done.stdout} {done.stderr}")
        facts = json.loads(done.stdout)["facts"]
        wait_until(lambda: _newest_quality(chain) == "maintenance", 10, "a marked reading")
        wait_until(lambda: any(count[1] == MAINTENANCE for count in chain.counts("press-1", ENERGY)), 15, "a marked reading at the judge")
        chain.gateway.kill()
        chain.start_gateway()
        listed = chain.jidian("marks")
        print("  " + listed.stdout.strip().replace("\n", "\n  "))
        expect(facts["id"] in listed.stdout and "press-1" in listed.stdout, f"forgotten after the kill: {listed.stdout}")
        wait_until(lambda: _newest_quality(chain) == "maintenance", 10, "a marked reading after the kill")
        expect([mark["id"] for mark in chain.status()["marks"]] == [facts["id"]], f"the status: {chain.status()['marks']}")

        expect(chain.jidian("mark", "press-9", "--as", "stopped", "--reason", "x").returncode == 2, "an unknown meter")
        expect(chain.jidian("mark", "--as", "stopped", "--reason", "x").returncode == 2, "no subject at all")
        expect(chain.jidian("mark", "press-1", "--as", "stopped").returncode == 2, "no reason")
        site = chain.jidian("mark", "--all", "--as", "stopped", "--reason", "holiday", "--json")
        expect(site.returncode == 0, f"the whole site: {site.stderr}")
        wait_until(lambda: _newest_quality(chain) == "stopped", 10, "the mark of the site")
        for mark in (json.loads(site.stdout)["facts"]["id"], facts["id"]):
            ended = chain.jidian("mark", "--end", mark)
            expect(ended.returncode == 0, f"the end of {mark}: {ended.stdout} {ended.stderr}")
        expect(chain.jidian("mark", "--end", facts["id"]).returncode == 2, "ended twice")
        wait_until(lambda: _newest_quality(chain) in GOOD, 10, "good readings behind the marks")

        until_ms = chain.finish_gateway()
        chain.judge.stop()
        told = [(event["facts"]["state"], event["subject"], event["facts"]["mark"]) for event in chain.events(MARK)]
        expect(told == [("told", "press-1", "calibration"), ("told", "press-1", "maintenance"), ("told", "", "stopped"),
                        ("ended", "", "stopped"), ("ended", "press-1", "maintenance")], f"on record: {told}")
        events = chain.events(MARK)
        expect(3599 <= int(events[0]["facts"]["late_s"]) <= 3660 and events[1]["facts"]["late_s"] == "0", f"how late: {events[:2]}")
        expect(events[1]["facts"]["by"] == "shift electrician" and events[1]["facts"]["user"], f"who: {events[1]}")
        counts = chain.counts("press-1", ENERGY)
        told_ms = _utc_ms(events[1]["facts"]["told_at"])
        expect(not any(quality == MAINTENANCE for end, quality, _ in counts if end < told_ms), "a reading before the mark is marked")
        expect(any(quality == STOPPED for _, quality, _ in chain.counts("furnace-1", ENERGY)), "furnace-1 under the site's mark")
        verdict = chain.audit("--until-ms", until_ms)
        expect_clean(verdict)
        report(verdict)


def _ago(seconds):
    return (datetime.datetime.now(datetime.timezone.utc) - datetime.timedelta(seconds=seconds)).strftime("%Y-%m-%dT%H:%M:%SZ")
