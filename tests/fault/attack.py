"""A chain under attack: its own witnesses of what was committed and of when readings arrive again."""
import importlib
import pathlib
import random
import subprocess
import sys
import time

from rig import store_files
from rig.bad_link import BadLink
from rig.chain import ROOT, Chain
from rig.processes import RigError, wait_until

METERS = 4
POINTS = {"eastron-sdm630": '["voltage_ln.l*", "current.l*", "active_power.l*", "apparent_power.l*", '
                            '"reactive_power.l*", "power_factor.l*", "frequency", "active_energy_import.total"]'}
COMMIT_S = 1
LOG_SHOWN = 6000
RECONNECT_S = 5  # what is promised from "broker back" to "live again", beside the pause that is drawn at random …
PAUSE_S = 60  # … between attempts, and the longest of these
SHORT_PAUSE_S = 5  # the longest after an outage of less than 20 s


def utc_ms():
    return time.time_ns() // 1_000_000


def plant(meters=METERS):
    """Meters of twenty floats, each behind a port of its own."""
    unit = {"unit": 1, "model": "eastron-sdm630", "feed": "load", "latency_ms": 5}
    return {"name": "fault", "feeds": [{"id": "load", "kind": "load", "rated": 50_000, "initial": 1_000}],
            "tcp": [{"id": f"net-{i}", "units": [unit | {"meter": f"meter-{i}"}]} for i in range(1, meters + 1)]}


class Attack(Chain):
    """Use as a context manager. `link` stands between the gateway and the broker where a scenario wants one."""

    def __init__(self, row, options, tls=False):
        super().__init__(tls=tls)
        self.row = row
        self.options = options
        self.meters = METERS
        self.chance = random.Random(f"{options.seed}/{row.scenario}")
        self.link = None
        self.committed = {}  # all that was ever seen committed
        self.kills = 0  # of the gateway, by kill -9 and by nothing else
        self.prefix = []  # what the gateway is started with
        self.environment = None
        self.releasing = []  # to be called before processes are killed
        self.closing = []  # and after

    def __exit__(self, *failed):
        for release in self.releasing:
            release()
        if self.gateway is not None and (self.row.misses or failed[0] is not None):
            print(f"the end of the gateway's log:\n{self.gateway.log()[-LOG_SHOWN:]}", flush=True)
        for process in reversed(self._started):
            if process.is_running():
                process.kill()
        for close in reversed(self.closing):
            close()
        if self.link is not None:
            self.link.__exit__()
        super().__exit__(*failed)

    def begin(self, link=True, judge=(), broker="", acl=None, uplink=None, start=True, scenario=None, **site):
        """Everything, and waits for the first receipt."""
        self.start_plant(scenario or plant())
        self.start_broker(acl=acl, extra=broker)
        self.start_judge(*judge)
        if link:
            self.link = (BadLink(self.port) if link is True else link).__enter__()
        self.write_site(uplinks=[self.uplink(**(uplink or {}))], **{"points": POINTS, "commit": f"{COMMIT_S}s"} | site)
        if start:
            self.start_gateway()
            self.wait_live(utc_ms(), 20)

    @property
    def gateway_url(self):
        """Where the gateway finds its broker."""
        if self.link is None:
            return self.broker_url
        return f"{'mqtts' if self.tls else 'mqtt'}://127.0.0.1:{self.link.port}"

    def uplink(self, **keys):
        return super().uplink(**{"url": self.gateway_url, "receipt_timeout": "5s"} | keys)

    def start_gateway(self, wait=True):
        command = [*self.prefix, self.program("jidian"), "run", "--site", self.site_file, "--profiles", ROOT / "config/meters"]
        self.gateway = self.start("gateway", command, self.environment)
        if wait:
            self._expect(self.gateway, lambda: self.jidian("status", "--json").returncode in (0, 1), "the gateway")

    # -- witnesses ----------------------------------------------------------------------------------------------
    def remember(self):
        """Looks into the store. Precondition: nobody writes."""
        self.committed |= store_files.batches(self.folder / "store")

    def kill_gateway(self):
        self.kills += self.gateway.kill()
        self.remember()

    def wait_live(self, since_ms, seconds=30, what="new readings at the judge", note=False):
        """Until readings made after `since_ms` are at the judge. Gives how long after that they came, in seconds."""
        decoder = decoder_in(self.folder)

        def arrived():
            for received_ms, content in store_files.arrivals(self.folder / "judge.db", since_ms):
                if decoder.Batch.FromString(content).header.end_utc_ms >= since_ms:
                    return max(received_ms - since_ms, 1)
            return 0
        took = wait_until(arrived, seconds, what, 0.1) / 1000
        if note:
            self.row.recovery_s.append(round(took, 2))
        return took

    def wait_back(self, since_ms=None, beyond_s=RECONNECT_S, what="live again", pause_s=PAUSE_S):
        """Notes how long readings take to come again from now, or from `since_ms`: in time, beside the pause until the gateway's
        next attempt to connect, which is `pause_s` at most."""
        since_ms = since_ms or utc_ms()
        took = self.wait_live(since_ms, PAUSE_S + 40, note=True)
        attempts = [at for at in self.link.attempts if since_ms <= at <= since_ms + took * 1000] if self.link else []
        # With TLS the gateway's look at what is wrong cannot be told from an attempt.
        pause = (attempts[-1 if self.tls else 0] - since_ms) / 1000 if attempts else 0
        self.row.expect(took - pause <= beyond_s, f"{what} after {took:.1f} s, {took - pause:.1f} s after the attempt to connect")
        self.row.expect(pause <= pause_s + 1, f"{what}: it paused for {pause:.1f} s before it tried to connect")
        return took

    def wait_waiting(self, batches, seconds=40):
        """Until so many batches wait to be confirmed."""
        wait_until(lambda: self.pending() >= batches, seconds, f"{batches} waiting batches", 0.5)

    def trouble(self):
        """Why nothing moves, as status says it; empty while all is well."""
        return self.status()["uplinks"][0]["trouble"] or ""

    def wait_trouble(self, word, seconds=40):
        """Until status says so of the uplink; gives the sentence."""
        try:
            return wait_until(lambda: word in self.trouble() and self.trouble(), seconds, f"status saying '{word}'", 0.3)
        except RigError as error:
            raise RigError(f"{error}; it says '{self.trouble()}'") from error

    # -- the end ------------------------------------------------------------------------------------------------
    def finish(self, drain_s=90, gap_s=0.0, allow=(), windows=(), lost=0):
        """Everything confirmed and stopped: fills the row from the judge's verdict. `gap_s` is how much of each meter's time
        may lie in declared gaps in the mean, `allow` what the verdict may count, `windows` the times in which slots are asked for
        (all), `lost` how many committed readings may be missing because the fault destroyed them."""
        self.wait_drained(drain_s)
        until_ms = utc_ms() - 500
        self.stop_gateway()
        self.remember()
        self.start_gateway()  # so that the batches of the stop go out, too
        self.wait_drained(drain_s)
        self.stop_gateway()
        self.judge.stop()
        parts = [self.audit("--from-ms", begin, "--until-ms", end) for begin, end in windows] or [
            self.audit("--until-ms", until_ms)]
        verdict = parts[0]
        for key in ("slots_missing", "slots_in_gaps", "slots_expected", "repeated_polls"):
            verdict[key] = sum(part[key] for part in parts)
        verdict["findings"] = [finding for part in parts for finding in part["findings"]]
        self.fill(verdict, gap_s, allow, lost)
        return verdict

    def fill(self, verdict, gap_s, allow, lost):
        row = self.row
        there = store_files.received(self.folder / "judge.db")
        told_again = store_files.conflicts(self.folder / "judge.db")  # as copies, under other keys
        gone = [readings for key, (digest, readings) in self.committed.items()
                if there.get(key) != digest and (key, digest) not in told_again]
        per_poll = verdict["readings"] / max(verdict["polls"], 1)
        row.lost = round(verdict["slots_missing"] * per_poll) + sum(gone)
        row.at_stake = verdict["readings"] + row.lost
        row.false = verdict["values_false"] + verdict["false_copies"]
        row.twice = verdict["repeated_polls"]
        row.resent = verdict["duplicates"]
        row.expect(verdict["values_checked"] > 0, "no value was compared with the truth")
        row.expect(len(self.committed) > 0, "no batch was seen in the store")
        if "lost" not in allow:
            row.expect(verdict["slots_missing"] == 0 and sum(gone) <= lost, f"{verdict['slots_missing']} slots and {len(gone)} "
                       f"committed batches with {sum(gone)} readings are missing: {verdict['findings'][:3]}")
        for key in ("damaged", "holes", "chain_breaks", "repeated_polls", "values_false", "conflicts", "false_copies",
                    "refused", "values_implausible"):
            if key not in allow:
                row.expect(verdict[key] == 0, f"{key} is {verdict[key]}: {verdict['findings'][:3]}")
        hole_s = verdict["slots_in_gaps"] / self.meters  # a slot a second
        row.expect(hole_s <= gap_s, f"{hole_s} s lie in gaps {verdict['gaps']}, {gap_s} s may")


def decoder_in(folder):
    """Protobuf's classes, generated into `folder`."""
    folder = pathlib.Path(folder)
    if "record_pb2" not in sys.modules:
        subprocess.run(["protoc", f"--python_out={folder}", f"--proto_path={ROOT}/gateway/record", "record.proto"], check=True)
        sys.path.insert(0, str(folder))
    return importlib.import_module("record_pb2")
