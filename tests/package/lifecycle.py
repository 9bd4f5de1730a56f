"""Installed, configured, upgraded, removed and purged in a small Debian: what has to be there after each, and what has to stay."""
import hashlib
import json
import pathlib
import shutil
import sys

from booted import check_booted
from checks import expect
from deb import field

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))

from rig.manager import Manager  # noqa: E402
from rig.processes import Process, wait_until  # noqa: E402

SITE = "/etc/jidian/site.toml"
EXAMPLE = "/etc/jidian/site.toml.example"
RECORDS = "/var/lib/jidian"
START_S = 60  # what a start may take on a busy machine


def digest(folder):
    """Every file below a folder with what is in it."""
    return {str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest()
            for path in sorted(folder.rglob("*")) if path.is_file()}


def install(chroot, deb):
    shutil.copy(deb, chroot.path("/tmp"))
    return chroot.must("apt-get", "install", "--yes", "--quiet", "--no-install-recommends", f"/tmp/{pathlib.Path(deb).name}")


class Running:
    """The gateway as the unit starts it: its user, its folders, its manager. What only a running systemd does is left out."""

    def __init__(self, chroot):
        self._chroot = chroot
        run = chroot.path("/run/jidian")
        run.mkdir(exist_ok=True)
        chroot.must("chown", "jidian:jidian", "/run/jidian")  # RuntimeDirectory=
        socket = chroot.path("/run/manager.sock")
        socket.unlink(missing_ok=True)
        self._manager = Manager(socket, watchdog_s=60)
        socket.chmod(0o666)
        environment = chroot.environment() | self._manager.environment | {"NOTIFY_SOCKET": "/run/manager.sock"}
        self._process = Process("jidian run", chroot.words(["/usr/bin/jidian", "run"], "jidian:jidian"),
                                chroot.path("/tmp/jidian.log"), environment)

    def __enter__(self):
        try:
            wait_until(lambda: self._manager.ready or not self._process.is_running(), START_S, "READY=1 of the gateway")
            expect(self._process.is_running(), f"the gateway ended at its start:\n{self._process.log()[-3000:]}")
        except BaseException:
            self._process.kill()
            self._manager.__exit__()
            raise
        return self

    def __exit__(self, *_):
        status = self._process.stop(seconds=60)
        self._manager.__exit__()
        expect(status == 0, f"the gateway ended with {status}:\n{self._process.log()[-3000:]}")

    def status(self, user=None):
        """What `jidian status` says, or None if it may not be asked by that user."""
        done = self._chroot.run("jidian", "status", "--json", user=user)
        expect(done.returncode in (0, 1, 2, 3), f"jidian status ended with {done.returncode}: {done.stderr}")
        return json.loads(done.stdout) if done.returncode in (0, 1) else None

    def log(self):
        return self._process.log()


def check_installed(chroot):
    """Users, folders, service, libraries and profiles, fresh from the package."""
    groups = chroot.must("id", "--name", "--groups", "jidian").split()
    for group in ("jidian", "jidian-read", "jidian-operate", "dialout"):
        expect(group in groups, f"the user jidian is not in the group {group}: {groups}")
    for path, mode, owner in (("/etc/jidian/credentials", "700", "root"), (RECORDS, "750", "jidian")):
        found = chroot.must("stat", "--format=%a %U", path).split()
        expect(found == [mode, owner], f"{path} is {found}, and is to be {mode} of {owner}")
    expect(chroot.must("systemctl", "is-enabled", "jidian.service").strip() == "enabled", "the service is not enabled")
    verified = chroot.run("systemd-analyze", "verify", "--man=no", "jidian.service").stderr
    expect("jidian" not in verified, f"systemd does not like the unit: {verified}")
    missing = [line.strip() for line in chroot.must("ldd", "/usr/bin/jidian").splitlines() if "not found" in line]
    expect(not missing, f"libraries are missing although everything it depends on is installed: {missing}")
    profiles = json.loads(chroot.must("jidian", "profiles", "--json"))
    expect(len(profiles) > 0, "no profile is found where the package put them")
    asked = chroot.run("jidian", "status", "--socket", "/run/jidian/api.sock")
    expect(asked.returncode == 3 and "libcurl" not in asked.stderr,
           f"'jidian status' without a gateway ended with {asked.returncode}: {asked.stderr}")


def configure(chroot):
    """The example becomes the site, but for its port, which may be another's on the machine that tries this."""
    site = "".join(line for line in chroot.path(EXAMPLE).read_text().splitlines(keepends=True) if not line.startswith("metrics ="))
    chroot.path(SITE).write_text("# Ours.\n" + site)
    checked = chroot.run("jidian", "check")
    expect(checked.returncode in (0, 1), f"the example of a site file has mistakes:\n{checked.stdout}{checked.stderr}")
    return chroot.path(SITE).read_bytes()


def check_access(chroot, running):
    """Who may look is told by his groups, whatever the gateway's sandbox."""
    for name, group in (("looks", "jidian-read"), ("stranger", "users")):
        chroot.must("useradd", "--no-create-home", "--groups", group, name)
    expect(running.status() is not None, "root cannot ask the gateway")
    expect(running.status("looks") is not None, "a member of jidian-read cannot ask the gateway")
    expect(running.status("stranger") is None, "somebody in neither group may ask the gateway")


def record(chroot, is_new):
    """A short run. Returns the epoch of the store."""
    with Running(chroot) as running:
        if is_new:
            check_access(chroot, running)
        status = running.status()
        expect(status["recording"], f"the gateway does not record: {status['findings']}")
        epoch = status["store"]["epoch"]
    chroot.must("jidian", "verify")
    expect(chroot.path(RECORDS + "/store/last-good-site.toml").exists(), "the site file was not kept among the records")
    return epoch


def check_damaged_site(chroot, site):
    """A site file that is no use keeps nobody from recording."""
    chroot.path(SITE).write_bytes(site[:len(site) // 2] + b"\n[[[\n")
    with Running(chroot) as running:
        expect("site file damaged" in running.log(), "the gateway says nothing of a damaged site file")
        expect(running.status()["recording"], "the gateway does not record by its last good site file")
    chroot.path(SITE).write_bytes(site)


def check_purge(chroot, keeps):
    """Configuration and keys are gone. Records stay if there are any, and it is said."""
    said = chroot.must("apt-get", "purge", "--yes", "--quiet", "jidian")
    expect(not chroot.path("/etc/jidian").exists(), "a purge leaves /etc/jidian")
    expect(chroot.run("id", "jidian").returncode == 0, "a purge removes the user, and its number may be given to somebody else")
    expect(chroot.path(RECORDS).exists() == keeps, f"after the purge {RECORDS} is {'gone' if keeps else 'there'}")
    expect(("were NOT removed" in said) == keeps, f"the purge says the wrong thing of the records:\n{said}")


def check_lifecycle(chroot, older, newer):
    """The whole life of an installation, step by step; raises Broken with a sentence at the first that fails."""
    def step(text):
        print(f"  {text}", flush=True)

    step("install")
    said = install(chroot, older)
    expect(EXAMPLE in said, f"the installation does not say how to begin:\n{said[-1000:]}")
    check_installed(chroot)
    step("purge without a record")
    check_purge(chroot, keeps=False)
    step("install, configure, record")
    install(chroot, older)
    site = configure(chroot)
    epoch = record(chroot, is_new=True)
    chroot.must("systemctl", "disable", "jidian.service")
    records = digest(chroot.path(RECORDS))
    step("upgrade")
    install(chroot, newer)
    expect(chroot.must("dpkg-query", "-W", "-f=${Version}", "jidian") == field(newer, "Version"), "the upgrade did not happen")
    expect(chroot.path(SITE).read_bytes() == site, "an upgrade changes the site file")
    expect(not chroot.path(EXAMPLE).read_text().startswith("# of an older"), "an upgrade leaves the old example")
    expect(digest(chroot.path(RECORDS)) == records, "an upgrade changes the records")
    expect(chroot.run("systemctl", "is-enabled", "jidian.service").stdout.strip() == "disabled",
           "an upgrade enables a service that the administrator has disabled")
    expect(record(chroot, is_new=False) == epoch, "after an upgrade the gateway begins another epoch")
    step("start by the last good site file")
    check_damaged_site(chroot, site)
    step("the service under systemd")
    check_booted(chroot)
    step("remove, install again")
    records = digest(chroot.path(RECORDS))
    chroot.must("apt-get", "remove", "--yes", "--quiet", "jidian")
    expect(not chroot.path("/usr/bin/jidian").exists(), "the program is still there after its removal")
    expect(chroot.path(SITE).read_bytes() == site and digest(chroot.path(RECORDS)) == records,
           "a removal takes the site file or the records")
    install(chroot, newer)
    expect(record(chroot, is_new=False) == epoch, "installed again, the gateway begins another epoch")
    step("purge")
    records = digest(chroot.path(RECORDS))
    check_purge(chroot, keeps=True)
    expect(digest(chroot.path(RECORDS)) == records, "a purge changes the records")
