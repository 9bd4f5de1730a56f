"""Plays the cases through the release binary: plant, gateway, mosquitto and judge are processes, the clock is the real one."""
import datetime
import json
import os
import struct
import subprocess
import time

import works
from rig.chain import ROOT, Chain
from rig.processes import RigError, wait_until
from witness import Witness

SETTLE_S = 14
"""After the last minute: rows wait for what may be late."""
BOX = {"killed": 60, "back": 180}


def now_ms():
    return time.time_ns() // 1_000_000


def next_start(lead_s=40):
    """A full minute that leaves time to set everything up."""
    return (now_ms() + lead_s * 1000) // 60_000 * 60_000 + 60_000


def sleep_until(utc_ms):
    """Until an instant of the case's timetable."""
    while now_ms() < utc_ms:
        time.sleep(min(0.5, max(0.001, (utc_ms - now_ms()) / 1000)))


class Run:
    """A chain that plays a plant from T to its end."""

    def __init__(self, chain, start_ms, end_s):
        self.chain, self.start_ms, self.end_s = chain, start_ms, end_s

    def begin(self, scenario, facilities):
        chain = self.chain
        chain.start_plant(scenario)
        chain.start_broker()
        chain.start_judge()
        chain.write_site(points=works.POINTS, commit="1s", facilities=facilities)
        if "[[site.account]]" in facilities:  # everything that comes in and goes out is metered: consumption can be told
            chain.site_file.write_text(chain.site_file.read_text().replace("utc_offset =", 'coverage = "complete"\nutc_offset =', 1))
        chain.start_gateway()
        meters = [unit["meter"] for endpoint in scenario["tcp"] for unit in endpoint["units"]]
        wait_until(lambda: all(one["last_good"] for one in chain.status()["meters"]) and
                   len(chain.status()["meters"]) == len(meters), 20, "a good poll of each meter", 0.2)
        if now_ms() > self.start_ms - 3_000:
            raise RigError("the machine is too slow: not all meters were read three seconds before the case's start")

    def at(self, seconds):
        sleep_until(self.start_ms + round(seconds * 1000))

    def clock(self, seconds):
        """An instant of the case as the command line takes it."""
        instant = datetime.datetime.fromtimestamp(self.start_ms / 1000 + seconds, datetime.timezone.utc)
        return instant.isoformat(timespec="milliseconds").replace("+00:00", "Z")

    def finish(self):
        self.at(self.end_s + SETTLE_S)
        until_ms = self.chain.finish_gateway()
        self.chain.judge.stop()
        verdict = self.chain.audit("--until-ms", until_ms)
        return Witness(self.chain.program("jidian-judge"), self.chain.folder / "judge.db", self.start_ms, self.end_s, verdict)


def _say(done, what):
    if done.returncode != 0:
        raise RigError(f"{what}: {done.stdout} {done.stderr}")


def _display(chain, scenario, meter, at_ms):
    """What the display of a meter showed, read from the plant itself."""
    answer = subprocess.run([chain.program("jidian-plant"), "truth", "--scenario", scenario, "--meter", meter, "--table", "4",
                             "--first", "72", "--count", "2", "--at", str(at_ms)], check=True, capture_output=True, text=True)
    words = answer.stdout.split()
    return struct.unpack(">f", bytes.fromhex(words[1] + words[2]))[0]


def _without_swap(chain):
    file = chain.folder / "unswapped.json"
    tcp = [endpoint | {"units": [unit | {"swap_ms": 0} for unit in endpoint["units"]]} for endpoint in chain.scenario["tcp"]]
    file.write_text(json.dumps(chain.scenario | {"tcp": tcp}))
    return file


def _exchange(run):
    """The electrician reads the old display, and puts the exchange on record a moment later."""
    chain = run.chain
    old = _display(chain, _without_swap(chain), "lathe-1", run.start_ms + works.SWAP_S * 1000)
    _say(chain.jidian("replace", "lathe-1", "--old-final", f"{old:.3f}", "--new-start", "3", "--by", "shift-electrician"),
         "the exchange is not taken")


def _declare(run):
    """Somebody says beforehand when the feeder of the rolling mill will be dead."""
    _say(run.chain.jidian("mark", "roll", "--as", "supply_lost", "--from", run.clock(210), "--until", run.clock(300), "--reason",
                          "cut by the grid, as announced", "--by", "dispatcher"), "the cut cannot be declared")


def _order(run):
    """The province orders a cut of 30 % for the line."""
    order = {"id": "2026-017", "version": 1, "issuer": "130000-energy", "from": run.clock(120), "to": run.clock(300),
             "content": {"kind": "curtailment", "level": "orange", "facilities": ["line"], "limit_kw": 69}}
    subprocess.run(["mosquitto_pub", "-h", "127.0.0.1", "-p", str(run.chain.port), "-t", "jidian/v1/130100/jd-1/directives", "-q", "1",
                    "-r", "-m", json.dumps({"directives": [order]})], check=True, timeout=20)


def works_timetable(run):
    """(second, what is done then), in order."""
    tell = run.chain.tell_plant
    return [(works.LATHE_SILENT_S, lambda: tell("fault lathe-1 silence")),
            (works.SWAP_S + 0.4, lambda: tell("fault lathe-1 clear")),
            (works.REPLACE_S, lambda: _exchange(run)),
            (works.ORDER_S, lambda: _order(run)),
            (works.DECLARE_S, lambda: _declare(run)),
            (works.ZERO_S - 0.5, lambda: tell("fault mill-1 counters_lost")),
            (works.ZERO_S + 0.5, lambda: tell("fault mill-1 clear"))]


def play_works(start_ms, judge):
    """Everything that happens in one plant; gives what `judge` makes of the witness."""
    with Chain() as chain:
        run = Run(chain, start_ms, works.END_S)
        run.begin(works.plant(start_ms), works.site())
        for seconds, act in sorted(works_timetable(run), key=lambda entry: entry[0]):
            run.at(seconds)
            act()
        return judge(run.finish())


def _boot_again(run):
    """The gateway on a box that was switched on again: the kernel tells another boot."""
    chain = run.chain
    boot = chain.folder / "boot_id"
    boot.write_text("0f0e0d0c-0b0a-4908-8706-050403020100\n")
    command = [chain.program("jidian"), "run", "--site", chain.site_file, "--profiles", ROOT / "config/meters"]
    unshare = ["unshare", "--mount"] if os.geteuid() == 0 else ["unshare", "--mount", "--map-root-user"]
    chain.gateway = chain.start("gateway-again", [*unshare, "sh", "-c", 'mount --bind "$0" /proc/sys/kernel/random/boot_id && exec "$@"',
                                                  boot, *command])
    wait_until(lambda: chain.jidian("status", "--json").returncode in (0, 1) or not chain.gateway.is_running(), 20, "the second start")
    if not chain.gateway.is_running():
        raise RigError(f"the gateway did not start on the box switched on again:\n{chain.gateway.log()[-2000:]}")


def play_box(start_ms, judge):
    """The box is unplugged for two hours: everything on it ends at once."""
    with Chain() as chain:
        run = Run(chain, start_ms, 300)
        plant = works.Works(start_ms)
        plant.load("press", 360_000, plant.exactly((7, 1000)))
        plant.meter("press-1", "press")
        run.begin(plant.scenario(), '\n[[facility]]\nid = "press"\nkind = "production"\nrated_power_kw = 360\nmeters = ["press-1"]\n')
        run.at(BOX["killed"] + 0.5)
        chain.gateway.kill()
        run.at(BOX["back"])
        _boot_again(run)
        return judge(run.finish())
