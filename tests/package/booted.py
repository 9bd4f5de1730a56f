"""The service under a real systemd, which is booted in the small Debian by systemd-nspawn: whether the gateway still can what it
has to, closed in as its unit says. Without a network: meters and destinations are not reached, which is no fault here."""
import json
import os
import pathlib
import re
import subprocess
import sys
import time

from checks import expect

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))

from rig.processes import RigError, wait_until  # noqa: E402

SITE = "/etc/jidian/site.toml"
CREDENTIALS = "/etc/jidian/credentials"
BOOT_S = 120  # a busy machine
CHANGE_S = 90


def hierarchies():
    """Where systemd in the container is to have a place of its own: the unified hierarchy, or those of the old kind it needs."""
    found = []
    for line in pathlib.Path("/proc/self/mounts").read_text().splitlines():
        _, place, kind, options = line.split()[:4]
        if kind == "cgroup2" or (kind == "cgroup" and {"name=systemd", "devices", "pids"} & set(options.split(","))):
            found.append((kind, pathlib.Path(place) / f"jidian-package-{os.getpid()}"))
    return found


class Booted:
    """The Debian of a chroot with its systemd running, as a context manager."""

    def __init__(self, root):
        places = hierarchies()
        self._places = [place for _, place in places]
        self._environment = dict(os.environ)
        if any(kind == "cgroup" for kind, _ in places):
            self._environment["SYSTEMD_NSPAWN_UNIFIED_HIERARCHY"] = "0"
        # Asking for the clock's state is a matter of the unit here, not of the container; setting it is left to nobody.
        self._words = ["systemd-nspawn", "--quiet", "--directory", str(root), "--register=no", "--keep-unit", "--private-network",
                       "--system-call-filter=@clock", "--console=pipe", "--boot"]
        self._log = pathlib.Path(root).parent / "boot.log"

    def __enter__(self):
        for place in self._places:
            place.mkdir()
        with self._log.open("wb") as log:
            self._container = subprocess.Popen(self._words, stdin=subprocess.DEVNULL, stdout=log, stderr=subprocess.STDOUT,
                                               env=self._environment, preexec_fn=self._enter_places)
        try:
            wait_until(lambda: self._leader() or self._container.poll() is not None, CHANGE_S, "the start of the container")
            expect(self._container.poll() is None, f"systemd-nspawn ended at once:\n{self._log.read_text(errors='replace')[-2000:]}")
            self.wait_for(lambda: self.ask("systemctl", "is-active", "jidian").stdout.strip() == "active", "the service is active",
                          BOOT_S)
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_):
        if self._leader():
            self.ask("systemctl", "poweroff")
        try:
            self._container.wait(CHANGE_S)
        except subprocess.TimeoutExpired:
            self._container.kill()
            self._container.wait()
        for place in self._places:
            for folder, _, _ in os.walk(place, topdown=False):
                try:
                    os.rmdir(folder)
                except OSError:
                    time.sleep(0.5)  # the kernel takes a moment to see that it is empty
                    os.rmdir(folder)

    def _enter_places(self):
        for place in self._places:
            (place / "cgroup.procs").write_text(str(os.getpid()))

    def _leader(self):
        """The pid of the container's systemd, or None."""
        pid = self._container.pid
        try:
            children = pathlib.Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
        except OSError:
            return None
        return children[0] if children else None

    def ask(self, *words):
        """Runs a command in it as root."""
        return subprocess.run(["nsenter", "--target", self._leader() or "0", "--mount", "--uts", "--ipc", "--net", "--pid", "--cgroup",
                               *words], capture_output=True, text=True, stdin=subprocess.DEVNULL, timeout=300)

    def must(self, *words):
        done = self.ask(*words)
        expect(done.returncode == 0, f"'{' '.join(words)}' ended with {done.returncode} under systemd: {done.stderr.strip()}\n"
               f"the journal of the service:\n{self.journal()[-2000:]}")
        return done.stdout

    def wait_for(self, condition, what, seconds=CHANGE_S):
        try:
            return wait_until(condition, seconds, what, poll_s=0.5)
        except RigError as error:
            expect(False, f"{error}; its journal:\n{self.journal()[-3000:]}")

    def journal(self):
        return self.ask("journalctl", "--unit=jidian", "--no-pager", "--output=cat").stdout

    def pid(self):
        return self.must("systemctl", "show", "--property=MainPID", "--value", "jidian").strip()

    def status(self, user="root"):
        done = self.ask("runuser", "--user", user, "--", "jidian", "status", "--json")
        return json.loads(done.stdout) if done.returncode in (0, 1) else None


def check_closed(booted):
    """No right that a gateway has no use for; the ones it needs are there."""
    kernel = booted.must("cat", f"/proc/{booted.pid()}/status")
    for name in ("CapPrm", "CapEff", "CapBnd"):
        expect(re.search(rf"^{name}:\s+0+$", kernel, re.M), f"the running gateway has capabilities: {name}")
    expect(re.search(r"^Seccomp:\s+2$", kernel, re.M), "the running gateway may make any system call")
    status = booted.status()
    expect(status and status["recording"], f"the service does not record:\n{booted.journal()[-2000:]}")
    expect(status["clock"] != "unknown", "the service cannot ask whether its clock is synchronised")
    expect(booted.status("looks") is not None, "a member of jidian-read cannot ask the service")
    expect(booted.status("stranger") is None, "somebody in neither group may ask the service")
    expect("cannot read the password file" not in booted.journal(), "the service does not get its credentials")


def check_reload(booted, site):
    """`systemctl reload` says whether the file was taken over."""
    booted.must("systemctl", "reload", "jidian")
    site.write_text(site.read_text() + "\n[[[\n")
    expect(booted.ask("systemctl", "reload", "jidian").returncode != 0, "a reload of a damaged site file is taken for a success")
    expect(booted.status() is not None, "a reload that was refused ends the service")
    expect("not TOML" in booted.journal(), "the journal does not say what is wrong with the site file")


def check_comes_back(booted):
    """Killed, with a damaged site file and without the folder of credentials, it records again."""
    before = booted.pid()
    booted.must("mv", CREDENTIALS, "/root/")
    booted.must("systemctl", "kill", "--signal=SIGKILL", "jidian")
    booted.wait_for(lambda: booted.pid() not in ("0", before) and booted.status() is not None, "the service came back")
    expect("starting by the last good one" in booted.journal(), "it did not start by the last good site file")
    booted.must("mv", "/root/credentials", CREDENTIALS)
    booted.must("systemctl", "stop", "jidian")
    result = booted.must("systemctl", "show", "--property=Result", "--value", "jidian").strip()
    expect(result == "success", f"it did not stop cleanly: {result}")


def check_booted(chroot):
    """All of it. The site file is left as it was found. Precondition: installed, configured, users `looks` and `stranger`."""
    site = chroot.path(SITE)
    before = site.read_bytes()
    chroot.path(CREDENTIALS + "/bureau-password").write_text("a secret")
    chroot.must("systemctl", "enable", "jidian.service")
    with Booted(chroot.root) as booted:
        check_closed(booted)
        check_reload(booted, site)
        check_comes_back(booted)
    site.write_bytes(before)
