"""The chain: plant → gateway → broker → judge, each a process of its own, in one temporary folder."""
import json
import pathlib
import shutil
import signal
import socket
import subprocess
import tempfile
import time

from . import sites
from .certificates import Certificates
from .processes import Process, RigError, free_port, wait_until

HOUR_MS = 3_600_000
ROOT = pathlib.Path(__file__).resolve().parents[2]


class Chain:
    """Use as a context manager: on the way out every process is stopped and the folder is removed."""

    def __init__(self, build="release", tls=False):
        self.build = ROOT / "build" / build
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="jidian-"))
        self.tls = tls
        self.port = free_port()
        self.broker_names = "IP:127.0.0.1,DNS:localhost"  # in its certificate
        self.certificate_days = 1
        self.broker_days_ago = 0  # since when its certificate is valid
        self.scenario = None
        self.ports = None
        self.plant = self.broker = self.judge = self.gateway = None
        self._started = []
        self._certificates = None

    def __enter__(self):
        return self

    def __exit__(self, failed, *_):
        for process in reversed(self._started):
            if process.is_running():
                process.kill()
        shutil.rmtree(self.folder, ignore_errors=True)

    # -- programs -----------------------------------------------------------------------------------------------
    def program(self, name):
        folder = {"jidian": "gateway/app", "jidian-plant": "tests/plant", "jidian-judge": "tests/judge",
                  "jidian-fill-store": "tests/fault/backlog"}[name]
        return self.build / folder / name

    def start(self, name, arguments, environment=None):
        process = Process(name, arguments, self.folder / f"{name}.log", environment)
        self._started.append(process)
        return process

    # -- plant --------------------------------------------------------------------------------------------------
    def start_plant(self, scenario, at_hour=None):
        """`scenario` is a built-in name or a dict in the plant's format. With `at_hour` the plant lives as if it were that
        hour of its day now."""
        self.scenario_file = self.folder / "scenario.json"
        self.scenario = self.builtin(scenario) if isinstance(scenario, str) else dict(scenario)
        if at_hour is not None:
            local_ms = time.time_ns() // 1_000_000 + 8 * HOUR_MS
            self.scenario["schedule_shift_ms"] = (local_ms // HOUR_MS % 24 - at_hour) * HOUR_MS
        self.scenario_file.write_text(json.dumps(self.scenario))
        (self.folder / "lines").mkdir(exist_ok=True)
        ports_file = self.folder / "ports.json"
        ports_file.unlink(missing_ok=True)
        self.plant = self.start("plant", [self.program("jidian-plant"), "serve", "--scenario", self.scenario_file,
                                          "--dir", self.folder / "lines", "--ports-file", ports_file,
                                          "--control", self.folder / "plant.sock",
                                          "--stats-file", self.folder / "plant-stats.json"])
        self._expect(self.plant, ports_file.exists, "the plant")
        ports = json.loads(ports_file.read_text())
        self.ports = {"tcp": {endpoint["id"]: endpoint["port"] for endpoint in ports["tcp"]},
                      "lines": {line["id"]: line["path"] for line in ports["lines"]}}

    def builtin(self, scenario):
        """A built-in scenario as a dict."""
        return json.loads(subprocess.run([self.program("jidian-plant"), "scenario", scenario], check=True,
                                         capture_output=True, text=True).stdout)

    def tell_plant(self, line):
        """A command of the plant's control protocol."""
        with socket.socket(socket.AF_UNIX) as control:
            control.connect(str(self.folder / "plant.sock"))
            control.sendall(line.encode() + b"\n")
            answer = control.makefile().readline().strip()
        if answer != "ok":
            raise RigError(f"the plant says '{answer}' to '{line}'")

    def stop_plant(self):
        """Its counters."""
        self.plant.stop()
        return json.loads((self.folder / "plant-stats.json").read_text())

    # -- broker -------------------------------------------------------------------------------------------------
    def start_broker(self, acl=None, extra=""):
        """A real mosquitto on loopback; with TLS it wants client certificates and takes their names as users."""
        config = [f"listener {self.port} 127.0.0.1", "persistence false", "user root", "log_type error",
                  "log_type warning", "max_queued_messages 10000", extra]
        if self.tls:
            certificates = self.certificates()
            server, key = certificates.issue("broker", self.broker_names, self.broker_days_ago)
            config += [f"cafile {certificates.ca}", f"certfile {server}", f"keyfile {key}", "require_certificate true",
                       "use_identity_as_username true"]
        else:
            config += ["allow_anonymous true"]
        if acl is not None:
            (self.folder / "acl").write_text(acl)
            config += [f"acl_file {self.folder / 'acl'}"]
        (self.folder / "mosquitto.conf").write_text("\n".join(config) + "\n")
        self.restart_broker()

    def restart_broker(self):
        self.broker = self.start("mosquitto", ["/usr/sbin/mosquitto", "-c", self.folder / "mosquitto.conf"])
        self._expect(self.broker, self._broker_listens, "the broker")

    def _broker_listens(self):
        with socket.socket() as probe:
            return probe.connect_ex(("127.0.0.1", self.port)) == 0

    def certificates(self):
        if self._certificates is None:
            self._certificates = Certificates(self.folder / "keys", days=self.certificate_days)
        return self._certificates

    @property
    def broker_url(self):
        return f"{'mqtts' if self.tls else 'mqtt'}://127.0.0.1:{self.port}"

    def publish(self, topic, text, retained=True):
        """Says something at the broker on behalf of the backend. Precondition: no TLS."""
        command = ["/usr/bin/mosquitto_pub", "-V", "5", "-h", "127.0.0.1", "-p", str(self.port), "-q", "1", "-t", topic]
        command += ["-r"] if retained else []
        command += ["-m", text] if text else ["-n"]
        subprocess.run(command, check=True, capture_output=True, timeout=30)

    def publish_at_once(self, topic, *lines):
        """Says one after the other over one connection, each retained: nothing lies between them. Precondition: no TLS."""
        command = ["/usr/bin/mosquitto_pub", "-V", "5", "-h", "127.0.0.1", "-p", str(self.port), "-q", "1", "-t", topic, "-r", "-l"]
        subprocess.run(command, input="".join(line + "\n" for line in lines), text=True, check=True, capture_output=True, timeout=30)

    # -- judge --------------------------------------------------------------------------------------------------
    def start_judge(self, *arguments, database="judge.db"):
        ready = self.folder / "judge.ready"
        ready.unlink(missing_ok=True)
        command = [self.program("jidian-judge"), "receive", "--db", self.folder / database, "--broker", self.broker_url,
                   "--ready-file", ready, *arguments]
        if self.tls:
            certificate, key = self.certificates().issue("judge")
            command += ["--ca", self.certificates().ca, "--cert", certificate, "--key", key]
        self.judge = self.start("judge", command)
        self._expect(self.judge, ready.exists, "the judge")

    def audit(self, *arguments, database="judge.db", truth=True):
        """The judge's verdict as a dict."""
        command = [self.program("jidian-judge"), "audit", "--json", "--db", self.folder / database, *map(str, arguments)]
        if truth:
            command += ["--scenario", self.scenario_file]
        answer = subprocess.run(command, capture_output=True, text=True)
        if answer.returncode not in (0, 1):
            raise RigError(f"the judge cannot audit: {answer.stderr}")
        return json.loads(answer.stdout)

    def events(self, kind, database="judge.db"):
        """The events of a kind that arrived, oldest first."""
        answer = subprocess.run([self.program("jidian-judge"), "events", "--db", self.folder / database, "--kind",
                                 str(kind)], check=True, capture_output=True, text=True)
        return [json.loads(line) for line in answer.stdout.splitlines()]

    def counts(self, meter, point, database="judge.db"):
        """(end of the poll in UTC ms, quality, value before exponent and ratios) of a point, oldest first."""
        answer = subprocess.run([self.program("jidian-judge"), "counts", "--db", self.folder / database, "--meter", meter,
                                 "--point", point], check=True, capture_output=True, text=True)
        rows = [line.split() for line in answer.stdout.splitlines()]
        return sorted((int(end), int(quality), float(value)) for end, quality, value in rows)

    def rows(self, database="judge.db"):
        """The rows of facilities, accounts and the site that arrived."""
        answer = subprocess.run([self.program("jidian-judge"), "rows", "--db", self.folder / database], check=True,
                                capture_output=True, text=True)
        return [json.loads(line) for line in answer.stdout.splitlines()]

    def audit_text(self, *arguments, database="judge.db"):
        command = [self.program("jidian-judge"), "audit", "--db", self.folder / database, "--scenario",
                   self.scenario_file, *map(str, arguments)]
        return subprocess.run(command, capture_output=True, text=True).stdout

    # -- gateway ------------------------------------------------------------------------------------------------
    def uplink(self, **keys):
        """The keys of an [[uplink]] to this chain's broker. After a broker's restart the gateway may be back before the judge
        subscribes; what it sends into the void is sent again after `receipt_timeout`, so that is short here."""
        uplink = {"id": "province", "url": self.broker_url, "receipt_timeout": "10s"}
        if self.tls:
            certificate, key = self.certificates().issue("jd-1")
            uplink |= {"ca_file": str(self.certificates().ca), "certificate_file": str(certificate), "key_file": str(key)}
        return uplink | keys

    def write_site(self, uplinks=None, **options):
        self.site_file = self.folder / "site.toml"
        self.site_file.write_text(sites.site_text(self.scenario, self.ports, self.folder,
                                                  [self.uplink()] if uplinks is None else uplinks, **options))

    def jidian(self, *arguments, check=False):
        """Runs a verb of the gateway's command line."""
        verb, *rest = map(str, arguments)
        command = [self.program("jidian"), verb, *rest, "--site", self.site_file, "--profiles", ROOT / "config/meters"]
        return subprocess.run(command, capture_output=True, text=True, check=check, timeout=120)

    def start_gateway(self, wait=True, before=()):
        """`before`: words of a program that starts it, and becomes it."""
        self.gateway = self.start("gateway", [*before, self.program("jidian"), "run", "--site", self.site_file, "--profiles",
                                              ROOT / "config/meters"])
        if wait:
            self._expect(self.gateway, lambda: self.jidian("status", "--json").returncode in (0, 1), "the gateway")

    def status(self):
        answer = self.jidian("status", "--json")
        try:
            return json.loads(answer.stdout)
        except json.JSONDecodeError as error:
            raise RigError(f"no status: {answer.stdout} {answer.stderr}\n{self.gateway.log()[-2000:]}") from error

    def pending(self):
        return sum(uplink["pending"] for uplink in self.status()["uplinks"])

    def wait_drained(self, seconds):
        wait_until(lambda: self.pending() == 0, seconds, "confirming everything", 0.25)

    def stop_gateway(self):
        return self.gateway.stop(signal.SIGTERM)

    def finish_gateway(self, drain_s=60):
        """Stops the gateway, and starts it once more so that the batches of its stop go out too. Returns the instant up
        to which the judge may ask for every slot (UTC ms)."""
        self.wait_drained(drain_s)
        until_ms = time.time_ns() // 1_000_000 - 500
        self.stop_gateway()
        self.start_gateway()
        self.wait_drained(drain_s)
        self.stop_gateway()
        return until_ms

    def _expect(self, process, condition, what):
        def ready():
            if not process.is_running():
                raise RigError(f"{what} ended at its start:\n{process.log()[-2000:]}")
            return condition()
        wait_until(ready, 20, f"the start of {what}")
