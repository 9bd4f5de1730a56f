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
    """Where systemd in the container is to have a place of its own: the unified hierarchy, or those of the old kind it needs.

    Each once, also if it is mounted in two places."""
    found = {}
    for line in pathlib.Path("/proc/self/mounts").read_text().splitlines():
        _, place, kind, options = line.split()[:4]
        needed = {"name=systemd", "devices", "pids"} & set(options.split(","))
        if kind == "cgroup2" or (kind == "cgroup" and needed):
            found.setdefault((kind, *sorted(needed)), pathlib.Path(place) / f"jidian-package-{os.getpid()}")
    return [(kind, place) for (kind, *_), place in found.items()]


def remove_place(place):
    """A group that was the container's, with all groups in it. The kernel takes a moment to see that one is empty."""
    def is_gone():
        for folder, _, _ in os.walk(place, topdown=False):
            try:
                os.rmdir(folder)
            except OSError:
                return False
        return True
    wait_until(is_gone, CHANGE_S, f"the end of what ran in {place}", poll_s=0.2)


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
        self._container = None

    def __enter__(self):
        try:
            for place in self._places:
                place.mkdir()
            with self._log.open("wb") as log:
                self._container = subprocess.Popen(self._words, stdin=subprocess.DEVNULL, stdout=log, stderr=subprocess.STDOUT,
                                                   env=self._environment, preexec_fn=self._enter_places)
            self._wait_for_start()
        except BaseException:
            self.__exit__()
            raise
        return self

    def _wait_for_start(self):
        def has_ended():
            return self._container.poll() is not None
        wait_until(lambda: self._leader() or has_ended(), CHANGE_S, "the start of the container")
        self.wait_for(lambda: has_ended() or self.ask("systemctl", "is-active", "jidian").stdout.strip() == "active",
                      "the service is active", BOOT_S)
        expect(not has_ended(), f"systemd-nspawn ended:\n{self._log.read_text(errors='replace')[-2000:]}")

    def __exit__(self, *_):
        if self._container:
            if self._leader():
                self.ask("systemctl", "poweroff")
            try:
                self._container.wait(CHANGE_S)
            except subprocess.TimeoutExpired:
                self._container.kill()
                self._container.wait()
        for place in self._places:
            remove_place(place)

    def _enter_places(self):
        for place in self._places:
            (place / "cgroup.procs").write_text(str(os.getpid()))

    def _leader(self):
        """The pid of the container's systemd, or None. While it starts, systemd-nspawn has another child for a moment."""
        pid = self._container.pid
        try:
            for child in pathlib.Path(f"/proc/{pid}/task/{pid}/children").read_text().split():
                if re.search(r"^NSpid:.*\s1$", pathlib.Path(f"/proc/{child}/status").read_text(), re.M):
                    return child
        except OSError:
            pass  # gone while we looked
        return None

    def ask(self, *words):
        """Runs a command in it as root."""
        try:
            return subprocess.run(["nsenter", "--target", self._leader() or "0", "--mount", "--uts", "--ipc", "--net", "--pid",
                                   "--cgroup", *words], capture_output=True, text=True, stdin=subprocess.DEVNULL, timeout=300)
        except subprocess.TimeoutExpired as late:
            return subprocess.CompletedProcess(late.cmd, 124, "", f"no end of '{' '.join(words)}' within {late.timeout:.0f} s")

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
        return self.ask("journalctl", "--unit=jidian", "--unit=jidian-clock", "--no-pager", "--output=cat").stdout

    def wait_for_words(self, words, fault):
        """The journal is written by another process, a moment later."""
        self.wait_for(lambda: words in self.journal(), f"'{words}' in the journal: {fault}")

    def pid(self, unit="jidian"):
        return self.must("systemctl", "show", "--property=MainPID", "--value", unit).strip()

    def status(self, user="root"):
        done = self.ask("runuser", "--user", user, "--", "jidian", "status", "--json")
        return json.loads(done.stdout) if done.returncode in (0, 1) else None


def check_closed(booted):
    """No right that a gateway has no use for; the ones it needs are there."""
    for unit in ("jidian", "jidian-clock"):
        kernel = booted.must("cat", f"/proc/{booted.pid(unit)}/status")
        for name in ("CapPrm", "CapEff", "CapBnd"):
            expect(re.search(rf"^{name}:\s+0+$", kernel, re.M), f"the running {unit} has capabilities: {name}")
        expect(re.search(r"^Seccomp:\s+2$", kernel, re.M), f"the running {unit} may make any system call")
    status = booted.status()
    expect(status and status["recording"], f"the service does not record:\n{booted.journal()[-2000:]}")
    expect(status["clock"] != "unknown", "the service does not know whether its clock is synchronised")
    expect(booted.status("looks") is not None, "a member of jidian-read cannot ask the service")
    expect(booted.status("stranger") is None, "somebody in neither group may ask the service")
    expect("cannot read the password file" not in booted.journal(), "the service does not get its credentials")


def check_clock(booted):
    """The gateway knows its clock by jidian-clock: over the death of that, for a while without it, and as soon as it is back."""
    def known():
        status = booted.status()
        return status and status["clock"] != "unknown"
    gateway, before = booted.pid(), booted.pid("jidian-clock")
    booted.must("systemctl", "kill", "--signal=SIGKILL", "jidian-clock")
    expect(known(), "a gateway whose jidian-clock was killed does not know its clock any more")
    booted.wait_for(lambda: booted.pid("jidian-clock") not in ("0", before), "jidian-clock came back")
    booted.must("systemctl", "stop", "jidian-clock")
    expect(known(), "a gateway whose jidian-clock was stopped forgets its clock at once")
    booted.wait_for(lambda: not known(), "the clock is unknown while nobody says anything of it")
    booted.wait_for_words("state of the clock is not known", "why readings have an unknown clock")
    booted.must("systemctl", "start", "jidian-clock")
    booted.wait_for(known, "the clock is known again")
    expect(booted.pid() == gateway and booted.status()["recording"], "the gateway did not record all the while")


def check_reload(booted, site):
    """`systemctl reload` says whether the file was taken over."""
    booted.must("systemctl", "reload", "jidian")
    site.write_text(site.read_text() + "\n[[[\n")
    expect(booted.ask("systemctl", "reload", "jidian").returncode != 0, "a reload of a damaged site file is taken for a success")
    expect(booted.status() is not None, "a reload that was refused ends the service")
    booted.wait_for_words("not TOML", "what is wrong with the site file")


def check_comes_back(booted):
    """Killed, with a damaged site file and without the folder of credentials, it records again."""
    before = booted.pid()
    booted.must("mv", CREDENTIALS, "/root/")
    booted.must("systemctl", "kill", "--signal=SIGKILL", "jidian")
    booted.wait_for(lambda: booted.pid() not in ("0", before) and booted.status() is not None, "the service came back")
    booted.wait_for_words("starting by the last good one", "it is to start by the last good site file")
    booted.must("mv", "/root/credentials", CREDENTIALS)
    booted.must("systemctl", "stop", "jidian")
    result = booted.must("systemctl", "show", "--property=Result", "--value", "jidian").strip()
    expect(result == "success", f"it did not stop cleanly: {result}")
    booted.wait_for(lambda: booted.ask("systemctl", "is-active", "jidian-clock").stdout.strip() == "inactive",
                    "jidian-clock stopped with the gateway")


def check_booted(chroot):
    """All of it. The site file is left as it was found. Precondition: installed, configured, users `looks` and `stranger`."""
    site = chroot.path(SITE)
    before = site.read_bytes()
    chroot.path(CREDENTIALS + "/bureau-password").write_text("a secret")
    chroot.must("systemctl", "enable", "jidian.service")
    with Booted(chroot.root) as booted:
        check_closed(booted)
        check_clock(booted)
        check_reload(booted, site)
        check_comes_back(booted)
    site.write_bytes(before)
