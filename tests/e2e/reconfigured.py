"""The site file changes while the gateway runs: buses that are not concerned go on, a mistake changes nothing, a damaged file is
no reason not to start. Scenarios as in scenarios.py."""
import json
import signal
import time

from checks import expect, expect_clean, report
from rig import sites
from rig.chain import Chain
from rig.events import causes_of, events_of
from rig.processes import wait_until

CONFIGURATION, MANIFEST, METER_SILENT, METER_BACK = 18, 4, 8, 9
POINTS = {"eastron-sdm630": '["voltage_ln.l*", "current.l*", "active_energy_import.total"]'}


def _works():
    """An endpoint with two meters, and one with a third."""
    def unit(number, meter):
        return {"unit": number, "meter": meter, "model": "eastron-sdm630", "feed": "load"}
    return {"name": "reconfigured", "feeds": [{"id": "load", "kind": "load", "rated": 50_000, "initial": 1_000}],
            "tcp": [{"id": "shop", "units": [unit(1, "press"), unit(2, "oven")]}, {"id": "yard", "units": [unit(1, "hall")]}]}


def _meter(chain, meter):
    return next((one for one in chain.status()["meters"] if one["id"] == meter), None)


def _wait_read(chain, meter):
    wait_until(lambda: (_meter(chain, meter) or {}).get("last_good"), 20, f"a reading of {meter}")
    before = _meter(chain, meter)["last_good"]
    wait_until(lambda: _meter(chain, meter)["last_good"] != before, 20, f"another reading of {meter}")


def _reload(chain, status=0):
    done = chain.jidian("reload", "--json")
    expect(done.returncode == status, f"jidian reload ends with {done.returncode}: {done.stdout} {done.stderr}")
    return json.loads(done.stdout)


def _trouble(chain):
    return chain.status()["configuration"]["trouble"]


def _cut_out(text, meter):
    """The text without the meter, and its [[meter]]."""
    begin = text.index(f'[[meter]]\nid = "{meter}"')
    end = min(at for at in (text.find("[[", begin + 2), len(text)) if at > 0)
    return text[:begin] + text[end:], text[begin:end]


def _add_and_change(chain):
    """A meter more, by the verb that asks it, and another period for its neighbour. The new one goes to the front of the file, so
    that all others have other numbers in the manifest, also the one whose poller goes on."""
    added = chain.jidian("add", "shop", 2, "--profile", "eastron-sdm630", "--id", "oven", "--period", "1s")
    print("  " + added.stdout.strip().replace("\n", "\n  "))
    expect(added.returncode == 0 and "reads it from now on" in added.stdout, f"the meter is not read: {added.stdout} {added.stderr}")
    _wait_read(chain, "oven")
    text, oven = _cut_out(chain.site_file.read_text(), "oven")
    text = text.replace('period = "1s"', 'period = "2s"', 1).replace("[[meter]]", oven.rstrip() + "\n\n[[meter]]", 1)
    chain.site_file.write_text(text)
    answer = _reload(chain)
    expect(answer["taken"] and answer["changed"] == ["press"] and answer["paused"] == ["shop"], f"another period: {answer}")
    expect(answer["before"] != answer["after"], f"the manifest is the same: {answer}")
    _wait_read(chain, "press")
    expect(_reload(chain)["after"] is None, "the same file again is a change")


def _refuse(chain):
    """Mistakes and what needs a restart change nothing, by verb and by signal, and status says so."""
    text = chain.site_file.read_text()
    manifest = [event["facts"]["sha256"] for event in chain.events(MANIFEST)][-1]
    chain.site_file.write_text(text.replace('id = "hall"', 'id = "hall"\nperiodd = "2s"') + "\n[nonsense]\nkey = 1\n")
    answer = _reload(chain, 2)
    expect(not answer["taken"] and len(answer["mistakes"]) >= 2, f"every mistake: {answer}")
    said = chain.jidian("reload")
    expect(said.returncode == 2 and "periodd" in said.stdout and "nonsense" in said.stdout, f"for people: {said.stdout} {said.stderr}")
    findings = [finding["what"] for finding in chain.status()["findings"] if finding["about"] == "configuration"]
    expect(len(findings) == 1 and findings[0].startswith("the file on disk is not what runs: "), f"the status: {findings}")

    chain.site_file.write_text(text.replace('quota = "1GB"', 'quota = "2GB"').replace('period = "2s"', 'period = "1s"', 1))
    answer = _reload(chain, 1)
    expect(not answer["taken"] and answer["restart_needed"] == ["store"], f"the store's section: {answer}")
    expect("restart needed: store" in (_trouble(chain) or ""), f"the status: {_trouble(chain)}")

    chain.site_file.write_text(text)
    chain.gateway.send(signal.SIGHUP)
    wait_until(lambda: _trouble(chain) is None, 20, "the signal's reload")
    for meter in ("press", "oven", "hall"):
        _wait_read(chain, meter)
    expect([event["facts"]["sha256"] for event in chain.events(MANIFEST)][-1] == manifest, "a refusal changed the manifest")


def _remove(chain):
    """Without the meter that was added; status does not show it any more."""
    text, _ = _cut_out(chain.site_file.read_text(), "oven")
    chain.site_file.write_text(text)
    answer = _reload(chain)
    expect(answer["taken"] and answer["removed"] == ["oven"], f"a meter less: {answer}")
    expect(_meter(chain, "oven") is None, "status still shows it")
    _wait_read(chain, "press")


def _start_damaged(chain, damage):
    """The file was cut by a fault of the disk, to `damage(text)`: the last good one is used, loudly, and `check` still refuses the
    bad one."""
    text = chain.site_file.read_text()
    chain.stop_gateway()
    chain.site_file.write_text(damage(text))
    expect(chain.jidian("check").returncode == 2, "check accepts a damaged file")
    chain.start_gateway()
    expect(_trouble(chain), "status does not say that another file runs")
    expect("last good" in chain.gateway.log(), "the log does not say so")
    for meter in ("press", "hall"):
        _wait_read(chain, meter)
    chain.site_file.write_text(text)
    expect(_reload(chain)["after"] is None, "the repaired file is a change")
    expect(_trouble(chain) is None, "the repaired file is still in trouble")


def _check_events(chain, events):
    """The changes are on record with both hashes, one after the other."""
    changes = chain.events(CONFIGURATION)
    states = [event["facts"]["state"] for event in changes]
    expect(states == ["taken", "taken", "taken", "last_good", "last_good"], f"on record: {states}")
    manifests = [event["facts"]["sha256"] for event in chain.events(MANIFEST)]
    for change, before, after in zip(changes, manifests, manifests[1:]):
        facts = change["facts"]
        expect(facts["before"] == before and facts["after"] == after and facts["by"], f"the hashes: {facts}")
    expect(changes[0]["facts"]["added"] == "oven" and changes[2]["facts"]["removed"] == "oven", f"the ids: {changes}")
    expect(not causes_of(events, "hall") - {"clean stop"}, f"the other bus paused: {causes_of(events, 'hall')}")
    for meter in ("press", "oven"):  # a bus fault: slots that passed while `add` had the bus
        causes = causes_of(events, meter)
        expect(causes <= {"configuration", "clean stop", "bus fault"}, f"the gaps of {meter}: {causes}")


def reconfigured(_):
    """A meter is added, a period changed, a meter removed; mistakes in between; a damaged file at a start. The other bus's slots
    have no hole, by the judge's count."""
    with Chain() as chain:
        chain.start_plant(_works())
        chain.start_broker()
        chain.start_judge()
        chain.write_site(points=POINTS, commit="1s")
        oven = sites.meter_of(chain.scenario["tcp"][0]["units"][1], "shop", "1s", POINTS)
        text = chain.site_file.read_text()
        expect(oven in text, "the site has no second meter to leave out")
        chain.site_file.write_text(text.replace(oven, ""))
        chain.start_gateway()
        for meter in ("press", "hall"):
            _wait_read(chain, meter)
        _add_and_change(chain)
        chain.wait_drained(30)
        _refuse(chain)
        _remove(chain)
        _start_damaged(chain, lambda text: text[:text.index("[[meter]]") + 7])
        _start_damaged(chain, lambda _: "")  # nothing says where the store is, or the socket
        time.sleep(2)
        until_ms = chain.finish_gateway()
        chain.judge.stop()
        verdict = chain.audit("--until-ms", until_ms)
        expect_clean(verdict)
        _check_events(chain, events_of(chain.jidian("export", "--format", "evidence", check=True).stdout, chain.folder))
        store = json.loads(chain.jidian("verify", "--json").stdout)
        expect(not store["findings"], f"the store's chains: {store['findings'][:3]}")
        report(verdict, gaps=verdict["gaps"])


def repaired(_):
    """A meter stands in the site file under a number that nobody answers, and a reload puts that right; another reload of its bus
    comes in between. That it is silent is told once, and so is that it is back."""
    with Chain() as chain:
        chain.start_plant(_works())
        chain.start_broker()
        chain.start_judge()
        chain.write_site(points=POINTS, commit="1s")
        right = chain.site_file.read_text()
        wrong = right.replace('id = "press"\nbus = "shop"\nunit = 1\n', 'id = "press"\nbus = "shop"\nunit = 7\n')
        expect(wrong != right, "the site has no press under unit 1")
        chain.site_file.write_text(wrong)
        chain.start_gateway()
        wait_until(lambda: chain.events(METER_SILENT), 40, "the silence at the receiver")
        oven = 'id = "oven"\nbus = "shop"\nunit = 2\nperiod = '
        chain.site_file.write_text(wrong.replace(oven + '"1s"', oven + '"2s"'))
        expect(_reload(chain)["changed"] == ["oven"], "the period of the oven is no change")
        _wait_read(chain, "oven")
        wait_until(lambda: _meter(chain, "press")["misses_in_row"] >= 3, 40, "the next poller to give the meter up")
        chain.site_file.write_text(right)
        _reload(chain)
        _wait_read(chain, "press")
        until_ms = chain.finish_gateway()
        chain.judge.stop()
        verdict = chain.audit("--until-ms", until_ms)
        expect_clean(verdict)
        for kind, what in ((METER_SILENT, "silent"), (METER_BACK, "back")):
            told = [event["subject"] for event in chain.events(kind)]
            expect(told == ["press"], f"told to be {what}: {told}")
        expect(chain.events(METER_SILENT)[0]["time_ms"] < chain.events(METER_BACK)[0]["time_ms"], "it is back before it is silent")
        report(verdict, gaps=verdict["gaps"])


ALL = {"reconfigured": reconfigured, "repaired": repaired}
