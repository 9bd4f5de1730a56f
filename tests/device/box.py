"""A box in its surroundings: the guest, a plant on its RS-485 line, a broker behind TLS, the judge. The chain of the rig, with
the gateway in the guest."""
import gzip
import json
import pathlib
import shutil
import time
from dataclasses import dataclass

import disks
from console import ConsoleError
from machine import BROKER, SERIAL_PORT, Machine, Parts
from rig import sites, store_files
from rig.chain import Chain
from rig.events import decoder
from rig.processes import RigError, wait_until

SITE, AUTHORITY, CERTIFICATE = "/etc/jidian/site.toml", "/etc/jidian/broker-ca.pem", "/etc/jidian/gateway.pem"
KEY = "/etc/jidian/credentials/gateway-key"
METERS = ("press", "oven")
POINTS = {"eastron-sdm630": '["voltage_ln.l*", "current.l*", "active_energy_import.total"]'}
PERIOD_S, COMMIT_S = 5, 5
CLOCK_ERROR_MS = 1_500  # QEMU's board tells whole seconds only
ANSWER_S = 1  # of a meter; the guest's cores are emulated, and the machine has other work
JOURNAL_LINES = 3_000
OFF_S = 180  # a shutdown's longest: the gateway alone may take 60 s


def utc_ms():
    return time.time_ns() // 1_000_000


def plant():
    """Two meters on a line of 19,200 baud."""
    units = [{"unit": number, "meter": meter, "model": "eastron-sdm630", "feed": "load", "latency_ms": 10}
             for number, meter in enumerate(METERS, 1)]
    return {"name": "device", "feeds": [{"id": "load", "kind": "load", "rated": 50_000, "initial": 1_000}],
            "lines": [{"id": "line", "baud": 19_200, "worst_latency_ms": 2_000, "units": units}]}


@dataclass
class Bench:
    """What the scenarios of a run share."""
    image: pathlib.Path
    folder: pathlib.Path  # disks of this run
    kept: pathlib.Path  # logs of what failed
    certificates: object
    seed: int = 1
    cuts: int = 5
    boot_s: int = 60  # from power-on to records
    provisioned: pathlib.Path | None = None  # a disk of a box with a site file, and without records
    updates: object = None  # bundles.Updates, where scenarios need them

    def slowly(self, seconds):
        """How long something may take here that takes so long on a quiet machine."""
        return seconds * max(self.boot_s / 60, 1)

    @property
    def patience_s(self):
        """For a boot that is late: it is told, and the scenario goes on."""
        return 4 * self.boot_s


class Box(Chain):
    """Use as a context manager. The machine is off until power_on()."""

    def __init__(self, bench, report, disk=None, **parts):
        super().__init__("release", tls=True)
        self.bench, self.report = bench, report
        self._certificates = bench.certificates
        self.broker_names = f"IP:127.0.0.1,IP:{BROKER[0]}"
        self.committed = {}  # all that was ever seen on the disk
        self.power_on_ms = 0
        base, form = (bench.provisioned, "qcow2") if bench.provisioned else (bench.image, "raw")
        self.disk = disk or disks.Disk(disks.overlay(base, self.folder / "disk.qcow2", form))
        self.machine = Machine(Parts(self.disk.path, self.folder / "machine", broker_port=self.port, **parts))

    def __exit__(self, failed, *_):
        if (failed or self.report.failed) and self.machine.is_running():
            self._keep_journal()
        self.machine.kill()
        if failed or self.report.failed:
            self._keep_logs()
        super().__exit__(failed)

    def _keep_journal(self):
        try:
            self.machine.wait_shell(20)
            packed = self.console.run(f"journalctl -b --no-pager -o short-precise | tail -n {JOURNAL_LINES} | gzip -9", 120).data
            (self.folder / "journal.log").write_bytes(gzip.decompress(packed))
        except (ConsoleError, OSError) as error:
            (self.folder / "journal.log").write_text(f"the guest does not tell: {error}\n")

    def _keep_logs(self):
        folder = self.bench.kept / self.report.scenario
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)
        for file in (*self.folder.glob("*.log"), *self.machine.parts.folder.glob("*.log"), *self.folder.glob("judge.db*")):
            shutil.copy(file, folder)

    # -- surroundings -------------------------------------------------------------------------------------------
    def begin(self, judge=True):
        """Plant, broker and judge."""
        self.start_plant(plant())
        self.machine.parts.line = self.ports["lines"]["line"]
        self.start_broker()
        if judge:
            self.start_judge()

    def site_text(self, **options):
        """The site file of the guest."""
        uplink = {"id": "province", "url": f"mqtts://{BROKER[0]}:{BROKER[1]}", "receipt_timeout": "10s", "ca_file": AUTHORITY,
                  "certificate_file": CERTIFICATE, "key_file": "credentials:uplink_gateway-key"}
        text = sites.site_text(plant(), {"lines": {"line": SERIAL_PORT}}, "/var/lib/jidian", [uplink], period=f"{PERIOD_S}s",
                               **{"line_period": f"{PERIOD_S}s", "commit": f"{COMMIT_S}s", "points": POINTS, "quota": "100MB"} | options)
        interface = '"/run/jidian/api.sock"\nread_group = "jidian-read"\noperate_group = "jidian-operate"'
        return (text.replace('"/var/lib/jidian/api.sock"', interface)
                .replace('response_timeout = "300ms"\nworst_latency = "600ms"', f'response_timeout = "{ANSWER_S}s"\nworst_latency = "3s"'))

    def credentials(self):
        """What the guest's uplink needs beside the site file: path in the guest → (content, mode)."""
        certificate, key = self.certificates().issue("jd-1")
        return {AUTHORITY: (self.certificates().ca.read_bytes(), "0644"), CERTIFICATE: (certificate.read_bytes(), "0644"),
                KEY: (key.read_bytes(), "0600")}

    def configure(self, **options):
        """Puts site file and credentials in over the console; the site file last, since it is what the service waits for."""
        for path, (content, mode) in self.credentials().items():
            self.console.put(content, path, mode)
        self.console.put(self.site_text(**options), SITE)

    # -- the guest ----------------------------------------------------------------------------------------------
    @property
    def console(self):
        return self.machine.console

    def power_on(self):
        self.power_on_ms = utc_ms()
        self.machine.power_on()

    def wait_shell(self):
        self.machine.wait_shell(self.bench.patience_s)

    def wait_gone(self):
        """Until the machine was reset, whoever did it."""
        before = self.machine.monitor.saw("RESET")
        wait_until(lambda: self.machine.monitor.saw("RESET") > before, self.bench.slowly(OFF_S), "a restart of the guest", 0.5)

    def restart(self):
        """A clean one; returns when the shell is back."""
        self.console.tell("systemctl reboot")
        self.wait_gone()
        self.power_on_ms = utc_ms()
        self.wait_shell()

    def cut_power(self):
        """And look what is on the disk."""
        self.machine.kill()
        self.disk.check()
        self.remember()

    def remember(self):
        store = disks.copy_store(self.disk, self.folder / "copied")
        self.committed |= store_files.batches(store)

    def status(self):
        answer = self.console.run("jidian status --json", 30)
        try:
            return json.loads(answer.output)
        except json.JSONDecodeError:
            return None

    def wait_status(self, condition, seconds, what):
        """Until the gateway's status is such; gives it."""
        def asked():
            status = self.status()
            return status if status and condition(status) else None
        return wait_until(asked, seconds, what, 0.5)

    def pending(self):
        status = self.status()
        return sum(uplink["pending"] for uplink in status["uplinks"]) if status else -1

    def slot(self):
        """a or b: which system runs."""
        return self.console.must("sed -n 's/.*rauc.slot=\\([ab]\\).*/\\1/p' /proc/cmdline").strip()

    def boot_id(self):
        return self.console.must("cat /proc/sys/kernel/random/boot_id").strip()

    # -- witnesses ----------------------------------------------------------------------------------------------
    def header_of(self, batch):
        """What a batch says of itself."""
        return decoder(self.folder)[1].Batch.FromString(batch).header

    def polls_end(self, since_ms):
        """(arrival, end of its polls) of the judge's first batch of readings whose polls end after `since_ms`, or nothing."""
        for received_ms, content in store_files.arrivals(self.folder / "judge.db", since_ms - CLOCK_ERROR_MS):
            end_ms = self.header_of(content).end_utc_ms
            if end_ms >= since_ms:
                return received_ms, end_ms
        return None

    def wait_live(self, seconds=None, since_ms=None):
        """Until the judge has readings made from now on, or since then; gives the seconds that took."""
        since_ms = since_ms or utc_ms()
        def arrived():
            if not self.machine.is_running():
                raise RigError(f"the machine ended; the last it said: {self.machine.serial()[-300:]}")
            return self.polls_end(since_ms)
        return (wait_until(arrived, seconds or self.bench.patience_s, "new readings at the judge", 0.2)[0] - since_ms) / 1000

    # -- the end ------------------------------------------------------------------------------------------------
    def finish(self, drain_s=120):
        """Everything confirmed, the gateway stopped, the machine off: the judge's verdict, with what is missing of what was seen on
        the disk as `committed_missing`."""
        drain_s = self.bench.slowly(drain_s)
        self.wait_status(lambda status: all(uplink["pending"] == 0 for uplink in status["uplinks"]), drain_s, "confirming everything")
        until_ms = utc_ms() - CLOCK_ERROR_MS - 1000 * COMMIT_S
        # The batches of the stop go out with the next start.
        self.console.must("systemctl restart jidian", 400)
        self.wait_status(lambda status: all(uplink["pending"] == 0 for uplink in status["uplinks"]), drain_s, "confirming the stop")
        self.console.must("systemctl stop jidian", 200)
        self.machine.power_off(self.bench.slowly(OFF_S))
        self.judge.stop()
        seen_before = set(self.committed)
        self.remember()
        verdict = self.audit("--until-ms", until_ms, "--clock-error-ms", CLOCK_ERROR_MS)
        there = store_files.received(self.folder / "judge.db")
        # What the last stop committed had nobody to send it any more.
        last = {stream: max((key[2] for key in there if key[1] == stream), default=0) for stream in (1, 2, 3)}
        newest = max((key[0] for key in self.committed), default=0)
        verdict["committed_missing"] = [key for key, (digest, _) in self.committed.items() if there.get(key) != digest
                                        and (key in seen_before or key[0] != newest or key[2] <= last[key[1]])]
        return verdict

    def expect_clean(self, verdict, gap_s):
        """The rows that every scenario ends with. `gap_s` is how much of each meter's time may lie in declared gaps."""
        report = self.report
        report.expect("nothing is missing: slots, committed batches, links of the chain",
                      verdict["slots_missing"] == 0 and not verdict["committed_missing"] and verdict["holes"] == 0
                      and verdict["chain_breaks"] == 0 and verdict["readings"] > 0,
                      f"{verdict['readings']} readings; {verdict['slots_missing']} of {verdict['slots_expected']} slots, "
                      f"{len(verdict['committed_missing'])} of {len(self.committed)} batches, {verdict['holes']} holes, "
                      f"{verdict['chain_breaks']} breaks {verdict['findings'][:2] or ''}")
        report.expect("nothing is false", verdict["values_false"] == 0 and verdict["damaged"] == 0 and verdict["values_checked"] > 0,
                      f"{verdict['values_false']} of {verdict['values_checked']} values, {verdict['damaged']} damaged batches")
        report.expect("nothing is there twice", verdict["repeated_polls"] == 0 and verdict["conflicts"] == 0,
                      f"{verdict['repeated_polls']} polls, {verdict['conflicts']} conflicts; sent again and known: {verdict['duplicates']}")
        hole_s = verdict["slots_in_gaps"] * PERIOD_S / len(METERS)
        report.expect(f"at most {gap_s:.0f} s lie in declared gaps", hole_s <= gap_s, f"{hole_s:.0f} s, {verdict['gaps']}")
