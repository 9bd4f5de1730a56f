"""Orders from above: taken, acknowledged, shown, refused; nothing is switched."""
import datetime
import json

from checks import expect, expect_clean, report
from rig.chain import Chain
from rig.processes import wait_until
from statements import works

DIRECTIVE = 24
ISSUER = "130000-energy"
FACILITY = """
[[facility]]
id = "hall"
name = "Press hall"
kind = "production"
meters = ["press-1", "furnace-1"]
"""


def _at(hours):
    return (datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(hours=hours)).strftime("%Y-%m-%dT%H:%M:%SZ")


class Backend:
    """What the province holds in force, and says."""
    def __init__(self, chain):
        self.chain = chain
        self.topic = f"jidian/v1/130100/jd-1/directives"
        self.start, self.end = _at(-1), _at(2)

    def order(self, name, version=1, **more):
        content = {"kind": "curtailment", "level": "orange", "facilities": ["hall"], "limit_kw": 50.5}
        return {"id": name, "version": version, "issuer": ISSUER, "from": self.start, "to": self.end, "content": content} | more

    def say(self, *orders):
        self.chain.publish(self.topic, json.dumps({"directives": orders}))

    def told(self):
        return [(event["facts"]["state"], event["facts"].get("id", ""), event["facts"].get("version", ""), event["facts"].get("why", ""))
                for event in self.chain.events(DIRECTIVE)]

    def wait_for(self, *told):
        wait_until(lambda: all(one in self.told() for one in told), 20, f"the acknowledgement of {told}")


def directives(_):
    """An order is acknowledged once, shown with the load beside the limit, survives kill -9, and ends as the list says."""
    with Chain() as chain:
        chain.start_plant(works())
        chain.start_broker()
        chain.start_judge()
        chain.write_site(commit="1s", facilities=FACILITY)
        chain.site_file.write_text(chain.site_file.read_text() + f'\n[[issuer]]\nid = "{ISSUER}"\nuplink = "province"\n')
        backend = Backend(chain)
        backend.say(backend.order("2026-017"))  # before the gateway is there: retained
        chain.start_gateway()
        backend.wait_for(("received", "2026-017", "1", ""))
        wait_until(lambda: chain.status()["directives"][0]["load_kw"] is not None, 15, "the load of the hall")
        shown = chain.status()["directives"][0]
        meters = [json.loads(chain.jidian("read", meter, "--json").stdout) for meter in ("press-1", "furnace-1")]
        expect(shown["in_force"] and shown["limit_kw"] == 50.5 and shown["facilities"] == ["hall"], f"the order: {shown}")
        expect(0 < shown["load_kw"] < 2_000, f"the load: {shown} {meters}")
        live = json.loads(chain.jidian("watch", "--rounds", "1", "--json").stdout)
        expect([order["id"] for order in live["directives"]] == ["2026-017"], f"live: {live.get('directives')}")
        text = chain.jidian("status").stdout
        expect("2026-017 v1" in text and "of 50.5 kW" in text, f"the screen: {text}")

        chain.gateway.kill()
        chain.start_gateway()
        wait_until(lambda: chain.status()["uplinks"][0]["connected"], 15, "the connection after the kill")
        expect([order["id"] for order in chain.status()["directives"]] == ["2026-017"], "forgotten after the kill")
        backend.say(backend.order("2026-017", 2), backend.order("2026-018", issuer="130000-nobody"),
                    backend.order("2026-019", to=_at(-0.5)), backend.order("2026-020"))
        backend.wait_for(("received", "2026-017", "2", ""), ("refused", "2026-018", "1", "unknown_issuer"),
                         ("refused", "2026-019", "1", "expired"), ("received", "2026-020", "1", ""))
        backend.say(backend.order("2026-017", 1), backend.order("2026-020"))
        backend.wait_for(("refused", "2026-017", "1", "replayed"))
        chain.publish_at_once(backend.topic, "no list", "no list either",
                              json.dumps({"directives": [backend.order("2026-017", 2), backend.order("2026-020")]}))
        chain.publish(backend.topic, "")
        backend.say(backend.order("2026-017", 2), backend.order("2026-020"),
                    backend.order("2026-021", supersedes=["2026-020"], **{"from": _at(1)}))
        backend.wait_for(("received", "2026-021", "1", ""), ("superseded", "2026-020", "1", ""))
        states = {order["id"]: order["in_force"] for order in chain.status()["directives"]}
        expect(states == {"2026-017": True, "2026-021": False}, f"what is in force: {states}")
        backend.say()
        backend.wait_for(("lifted", "2026-017", "2", ""), ("lifted", "2026-021", "1", ""))
        expect(chain.status()["directives"] == [], "lifted, and still shown")

        until_ms = chain.finish_gateway()
        chain.judge.stop()
        told = backend.told()
        expect(len(told) == 12 and told.count(("refused", "", "", "invalid")) == 2, f"each once: {told}")
        verdict = chain.audit("--until-ms", until_ms)
        expect_clean(verdict)
        report(verdict)
