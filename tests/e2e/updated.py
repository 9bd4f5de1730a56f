"""What a box says of its updates: told once each over kills, shown, and harmless whatever stands in the file."""
import json
import os
import time

from checks import expect, expect_clean, report
from rig.chain import Chain
from rig.processes import wait_until
from statements import works

UPDATE = 27


class Told:
    """The file of the box, replaced as the box does it."""
    def __init__(self, folder):
        self.file, self.draft = folder / "update.json", folder / "update.draft"
        self.steps = []

    def put(self, content):
        self.draft.write_text(content, encoding="utf-8")
        os.replace(self.draft, self.file)

    def step(self, state, name="20260301t080000z-1a2b3c4d", reason=""):
        self.steps.append({"state": state, "at": "2026-03-01T08:00:00Z", "reason": reason})
        self.put(json.dumps({"format": 1, "id": name, "from": "1.4.0", "to": "1.5.0", "slot": "b", **self.steps[-1], "steps": self.steps}))


def _states(chain):
    return [event["facts"]["state"] for event in chain.events(UPDATE)]


def updated(_):
    """Every step of an update since the record began arrives once, though the gateway is killed around each; no content of the file stops the record."""
    with Chain() as chain:
        chain.start_plant(works())
        chain.start_broker()
        chain.start_judge()
        chain.write_site(commit="1s")
        told = Told(chain.folder)
        told.step("installing")  # before the record begins: nobody knows how long
        chain.start_gateway()
        for number, state in enumerate(("installed", "trying", "pondering", "trying", "good")):
            told.step(state, reason="start 2" if number == 3 else "")
            time.sleep(1.5 * number)  # before it looks, while it tells, behind that: a look is every 5 s
            chain.gateway.kill()
            chain.start_gateway()
        expected = ["installed", "trying", "trying", "good"]
        wait_until(lambda: _states(chain) == expected, 30, f"the steps, once each: {_states(chain)}")
        shown = chain.status()["update"]
        expect((shown["state"], shown["from"], shown["to"], shown["slot"]) == ("good", "1.4.0", "1.5.0", "b"), f"the status: {shown}")
        expect("1.4.0 to 1.5.0 in slot b" in chain.jidian("status").stdout, "the screen does not show it")
        logged = chain.gateway.log().count("pondering")  # of all runs: the one it came to, and the three behind it
        expect(3 <= logged <= 4, f"a state that is not known is told once by each run, not {logged} times by four")

        before = chain.status()["store"]["readings_recorded"]
        for hostile in ("", "{", "[" * 15_000, "x" * 100_000, '{"format":1,"id":"../../x","from":"","to":"","slot":"","steps":[]}'):
            told.put(hostile)
            time.sleep(5.5)
        told.file.unlink()
        os.mkfifo(told.file)
        wait_until(lambda: chain.status()["store"]["readings_recorded"] > before + 50, 60, "readings beside a hostile file")
        expect(chain.gateway.log().count("update file not used") == 1, "a file that cannot be used is told once")
        told.file.unlink()
        told.steps = []
        told.step("refused", "20260302t080000z-1a2b3c4d", "version 1.3.9 is older than 1.5.0, which runs")
        wait_until(lambda: _states(chain) == [*expected, "refused"], 30, "the next update")

        until_ms = chain.finish_gateway()
        chain.judge.stop()
        expect(_states(chain) == [*expected, "refused"], f"each once: {_states(chain)}")
        verdict = chain.audit("--until-ms", until_ms)
        expect_clean(verdict)
        report(verdict)
