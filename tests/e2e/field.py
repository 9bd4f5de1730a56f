"""What happens in a plant: adapters are pulled out and renamed, boxes lose power, endpoints refuse, a second master comes.

Polling resumes, or stays away, by itself, and every hole has its cause. Scenarios as in scenarios.py.
"""
import csv
import io
import signal
import time

from checks import expect, expect_clean, report
from rig import GOOD
from rig.chain import Chain
from rig.events import BUS_BACK, BUS_DOWN, FOREIGN_MASTER, causes_of, events_of, facts_of
from rig.processes import RigError, wait_until
from rig.wire import SerialTap, TcpTap

LATENCY_MS = 20
POINTS = {"eastron-sdm630": '["voltage_ln.l*", "current.l*", "active_energy_import.total"]'}
WORST_LATENCY = "3s"
PLANT_LATENCY_MS = 2_000  # what the meters keep by the plant's own clock; the rest is for the tap before them
RESUMED_S = 30  # a bound for the test; how long it took is told


def _plant(tcp=True):
    """A line of two meters, and an endpoint with one."""
    def unit(number, meter):
        return {"unit": number, "meter": meter, "model": "eastron-sdm630", "feed": "load", "latency_ms": LATENCY_MS}
    return {"name": "field", "feeds": [{"id": "load", "kind": "load", "rated": 50_000, "initial": 1_000}],
            "lines": [{"id": "line", "baud": 19_200, "worst_latency_ms": PLANT_LATENCY_MS,
                       "units": [unit(1, "press"), unit(2, "oven")]}],
            "tcp": [{"id": "net", "units": [unit(1, "hall")]}] if tcp else []}


def _events(chain):
    return events_of(chain.jidian("export", "--format", "evidence", check=True).stdout, chain.folder)


def _polls(chain, meter):
    """The qualities of each poll's points, by the instant it began."""
    polls = {}
    exported = chain.jidian("export", "--meter", meter)
    if exported.returncode not in (0, 1):  # 1: nothing of this meter yet
        raise RigError(f"the export fails: {exported.stderr}")
    for row in csv.DictReader(io.StringIO(exported.stdout)):
        polls.setdefault(row["start"], set()).add(row["quality"])
    return polls


def _good_polls(chain, meter):
    return sum(qualities <= GOOD for qualities in _polls(chain, meter).values())


def _finish(chain):
    """Everything confirmed and stopped: the judge's verdict and the events."""
    until_ms = chain.finish_gateway()
    chain.judge.stop()
    return chain.audit("--until-ms", until_ms), _events(chain)


class Field(Chain):
    """A chain whose gateway reaches the plant through taps."""

    def __init__(self, *links, tcp=True):
        super().__init__()
        self.links = [self.folder / link for link in links]
        self.with_tcp = tcp
        self.line = self.net = None

    def __exit__(self, *failed):
        for process in reversed(self._started):
            if process.is_running() and process is not self.plant:
                process.kill()
        for tap in (self.line, self.net):
            if tap is not None:
                tap.__exit__()
        super().__exit__(*failed)

    def begin(self, **bus):
        """Everything but the gateway. `bus` are further keys of the line."""
        self.start_plant(_plant(self.with_tcp))
        self.start_broker()
        self.start_judge()
        self.line = SerialTap(self.ports["lines"]["line"], *self.links).__enter__()
        self.ports["lines"]["line"] = self.links[0]
        if self.with_tcp:
            self.net = TcpTap(self.ports["tcp"]["net"]).__enter__()
            self.ports["tcp"]["net"] = self.net.port
        self.write_site(points=POINTS, commit="1s", line_period="1s")
        text = self.site_file.read_text()
        more = "".join(f"{key} = {value}\n" for key, value in bus.items())
        text = text.replace('kind = "rtu"\n', f'kind = "rtu"\n{more}', 1)
        # A plant on a busy machine may need long to answer the other master; longer than it says it must not.
        self.site_file.write_text(text.replace('worst_latency = "600ms"', f'worst_latency = "{WORST_LATENCY}"', 1))

    def last_good(self, meter):
        """When the meter last answered in full, as status says it, or nothing."""
        return next((one["last_good"] for one in self.status()["meters"] if one["id"] == meter), None)

    def wait_polled(self, *meters, seconds=RESUMED_S):
        """Until each meter has answered once more than now; gives the seconds that took."""
        began = time.monotonic()
        for meter in meters:
            before = self.last_good(meter)
            wait_until(lambda: self.last_good(meter) != before, seconds, f"a reading of {meter}", 0.1)
        return time.monotonic() - began

    def wait_bus(self, bus, is_open, seconds=RESUMED_S):
        """Until status says so of the bus; gives the seconds that took."""
        began = time.monotonic()
        wait_until(lambda: any(one["id"] == bus and one["open"] == is_open for one in self.status()["buses"]), seconds,
                   f"status saying that bus {bus} is {'open' if is_open else 'down'}", 0.1)
        return time.monotonic() - began



def unplugged(_):
    """The USB adapter is pulled out and put in again, twice: the second time it has another name behind the same link."""
    with Field("ttyUSB0") as field:
        field.begin()
        by_path = field.folder / "by-path"
        by_path.symlink_to("ttyUSB0")
        field.site_file.write_text(field.site_file.read_text().replace(f'"{field.links[0]}"', f'"{by_path}"'))
        field.start_gateway()
        field.wait_polled("press", "oven", "hall")
        took = []
        for name in ("ttyUSB0", "ttyUSB1"):
            field.line.unplug()
            field.wait_bus("line", False)
            field.wait_polled("hall")  # the others go on
            by_path.unlink()
            by_path.symlink_to(name)
            field.line.plug(field.folder / name)
            took.append(field.wait_bus("line", True))
            field.wait_polled("press", "oven")
        verdict, events = _finish(field)
        expect_clean(verdict)
        for meter in ("press", "oven"):
            expect("bus fault" in causes_of(events, meter), f"the gaps of {meter}: {causes_of(events, meter)}")
            expect("meter silent" not in causes_of(events, meter), f"{meter} was called silent: {causes_of(events, meter)}")
        expect(not causes_of(events, "hall") - {"clean stop"}, f"hall has gaps of its own: {causes_of(events, 'hall')}")
        downs = [event for event in events if event.kind == BUS_DOWN and event.subject == "line"]
        backs = [event for event in events if event.kind == BUS_BACK and event.subject == "line"]
        expect(len(downs) == len(backs) == 2, f"{len(downs)} times down, {len(backs)} times back")
        report(verdict, resumed_s=[round(seconds, 1) for seconds in took], gaps=verdict["gaps"])


def box_rebooted(_):
    """The gateway is killed in the middle of its work and started again: it goes on, and the hole is a crash's."""
    with Field("tty") as field:
        field.begin()
        field.start_gateway()
        field.wait_polled("press", "oven", "hall")
        field.gateway.kill()
        time.sleep(3)
        field.start_gateway()
        took = field.wait_polled("press", "oven", "hall")
        verdict, events = _finish(field)
        expect("crash" in causes_of(events, ""), f"the box's gaps: {causes_of(events, '')}")
        expect_clean(verdict)
        expect(not [event for event in events if event.kind in (BUS_DOWN, FOREIGN_MASTER)],
               "its own late replies were taken for another master's")
        report(verdict, resumed_s=round(took, 1), gaps=verdict["gaps"])


def refused(_):
    """An endpoint refuses connections for a while (an hour of it: tests/unit/acquire, in virtual time)."""
    with Field("tty") as field:
        field.begin()
        field.start_gateway()
        field.wait_polled("hall")
        field.net.refuse()
        field.wait_bus("net", False)
        time.sleep(8)
        field.net.admit()
        took = field.wait_bus("net", True)
        field.wait_polled("hall")
        verdict, events = _finish(field)
        expect_clean(verdict)
        expect("bus fault" in causes_of(events, "hall"), f"the gaps of hall: {causes_of(events, 'hall')}")
        expect("meter silent" not in causes_of(events, "hall"), "hall was called silent")
        expect(not causes_of(events, "press") - {"clean stop"}, f"the line suffered: {causes_of(events, 'press')}")
        report(verdict, resumed_s=round(took, 1), gaps=verdict["gaps"])


def _other_master(field, name):
    """mbpoll as it is asks unit 1 for twelve registers, every half a second, over the line's second terminal: as many as one
    of the gateway's own reads."""
    return field.start(name, ["mbpoll", "-m", "rtu", "-b", "19200", "-P", "none", "-a", "1", "-0", "-r", "12", "-c", "12", "-t",
                              "3", "-l", "500", "-o", "0.2", field.links[1]])


def master_there_first(scale):
    """A line that has a master already is heard before it is touched: nothing is sent, and everything says why."""
    with Field("tty", "tty-other", tcp=False) as field:
        field.begin()
        other = _other_master(field, "mbpoll")
        wait_until(lambda: field.line.others, 20, "the other master's first request")
        field.start_gateway()
        field.wait_bus("line", False)
        time.sleep(5)
        expect(len(field.line.requests) == 0, f"sent on a line with a master: {field.line.requests[:64].hex()}")
        other.kill()
        if scale < 1:  # it looks again after a minute, or when it is started anew
            field.stop_gateway()
            field.start_gateway()
        took = field.wait_polled("press", "oven", seconds=100)
        verdict, events = _finish(field)
        expect_clean(verdict)
        down = next(event for event in events if event.kind == BUS_DOWN)
        facts = facts_of(down)
        expect(facts.get("units") == "1" and int(facts.get("heard", 0)) > 1, f"the evidence: {facts}")
        expect("0104000c" in facts.get("frames", ""), f"the frames: {facts}")
        expect("foreign master" in causes_of(events, "press"), f"the gaps of press: {causes_of(events, 'press')}")
        report(verdict, resumed_s=round(took, 1), evidence=facts, gaps=verdict["gaps"])


def master_comes_later(_):
    """A second master appears on a line in use: that is told, and what it reads is never taken for what we asked."""
    with Field("tty", "tty-other", tcp=False) as field:
        field.begin()
        field.start_gateway()
        field.wait_polled("press", "oven")
        alone = _good_polls(field, "press")
        other = _other_master(field, "mbpoll")
        wait_until(lambda: [event for event in _events(field) if event.kind == FOREIGN_MASTER], 60,
                   "an event that tells of the other master", 1)
        time.sleep(10)
        other.kill()
        field.wait_polled("press", "oven")
        verdict, events = _finish(field)
        expect_clean(verdict)
        told = [facts_of(event) for event in events if event.kind == FOREIGN_MASTER]
        expect(len(told) == 1 and int(told[0]["heard"]) > 0, f"told: {told}")
        report(verdict, told=told, good_alone=alone, good=_good_polls(field, "press"), gaps=verdict["gaps"])


def master_accepted(_):
    """Where the site file accepts another master the gateway goes on beside it, and no value is false."""
    with Field("tty", "tty-other", tcp=False) as field:
        field.begin(other_master='"accepted"')
        other = _other_master(field, "mbpoll")
        wait_until(lambda: field.line.others, 20, "the other master's first request")
        field.start_gateway()
        field.wait_polled("press", "oven")
        time.sleep(20)
        slots = {meter: _good_polls(field, meter) for meter in ("press", "oven")}
        other.stop(signal.SIGINT)
        verdict, events = _finish(field)
        expect_clean(verdict)
        told = [facts_of(event) for event in events if event.kind == FOREIGN_MASTER]
        expect(told and told[0].get("accepted") == "true", f"told: {told}")
        expect(not [event for event in events if event.kind == BUS_DOWN], "the line was given up")
        expect(min(slots.values()) >= 3, f"good polls beside the other master: {slots}")
        overdue = field.stop_plant()["lines"]["line"]["overdue"]  # not sent: this machine was too slow for the promise
        report(verdict, good=slots, overdue=overdue, gaps=verdict["gaps"])


def dead_of_eight(scale):
    """Two of eight meters on a 9600-baud line are dead; the period leaves room for looking whether they are back: the six
    others keep every slot."""
    dead = ("meter-3", "meter-6")
    with Chain() as chain:
        chain.start_plant("line8")
        chain.start_broker()
        chain.start_judge()
        chain.write_site(points=POINTS, period="5s", commit="1s")
        chain.start_gateway()
        alive = [unit["meter"] for unit in chain.scenario["lines"][0]["units"] if unit["meter"] not in dead]
        wait_until(lambda: all(_good_polls(chain, meter) > 0 for meter in (*alive, *dead)), 120, "a reading of each meter", 1)
        for meter in dead:
            chain.tell_plant(f"fault {meter} silence 1")
        time.sleep(max(35, 600 * scale))
        verdict, events = _finish(chain)
        expect_clean(verdict)
        for meter in alive:
            bad = [start for start, qualities in _polls(chain, meter).items() if not qualities <= GOOD]
            expect(not bad, f"{meter} was not read in full at {bad[:3]}")
            expect(not causes_of(events, meter) - {"clean stop"}, f"{meter} has gaps: {causes_of(events, meter)}")
        for meter in dead:
            expect("meter silent" in causes_of(events, meter), f"the gaps of {meter}: {causes_of(events, meter)}")
        stats = chain.stop_plant()
        probes = sum(stats["meters"][meter]["requests"] for meter in dead)
        violations = sum(bus["silence_violations"] + bus["collisions"] for bus in stats["lines"].values())
        expect(violations == 0, f"{violations} requests came before 3.5 characters of silence")
        report(verdict, good={meter: _good_polls(chain, meter) for meter in alive}, requests_to_the_dead=probes)


ALL = {function.__name__: function for function in (unplugged, box_rebooted, refused, master_there_first,
                                                    master_comes_later, master_accepted, dead_of_eight)}
