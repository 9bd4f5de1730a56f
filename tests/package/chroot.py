"""A small Debian to try the package in: made once by mmdebstrap, unpacked for each trial, thrown away with it.

Packages come from where this machine's own apt gets them; no mirror is named here."""
import os
import pathlib
import shutil
import subprocess
import tempfile

from checks import expect

RELEASE = "bookworm"


def sources():
    """The files of this machine's apt that name the release."""
    folder = pathlib.Path("/etc/apt")
    files = [folder / "sources.list", *sorted(folder.glob("sources.list.d/*.list")), *sorted(folder.glob("sources.list.d/*.sources"))]
    found = [file for file in files if file.exists() and RELEASE in file.read_text()]
    expect(found, f"no package source in /etc/apt names {RELEASE}; the package is tried in a Debian of that release")
    return found


def acquire_options():
    """How this machine's apt fetches: proxies, certificates, dates."""
    dump = subprocess.run(["apt-config", "dump"], capture_output=True, text=True, check=True).stdout
    return "".join(f"{line}\n" for line in dump.splitlines() if line.startswith("Acquire::") and "::CompressionTypes" not in line)


def make_base(archive):
    """The archive of a Debian with nothing but its essential packages; kept for the next time."""
    if archive.exists():
        return
    archive.parent.mkdir(parents=True, exist_ok=True)
    draft = archive.with_suffix(".draft.tar")
    with tempfile.NamedTemporaryFile("w", suffix=".conf") as options:
        options.write(acquire_options())
        options.flush()
        made = subprocess.run(["mmdebstrap", "--variant=minbase", "--mode=root", f"--aptopt={options.name}", RELEASE, draft,
                               *sources()], capture_output=True, text=True)
    expect(made.returncode == 0, f"mmdebstrap made no Debian to try the package in:\n{made.stderr[-2000:]}")
    draft.rename(archive)


class Chroot:
    """A Debian of its own, as a context manager. Everything in it is run as root unless a user is named."""

    def __init__(self, archive):
        self._folder = pathlib.Path(tempfile.mkdtemp(prefix="jidian-package-"))
        self.root = self._folder / "root"
        self.root.mkdir()
        subprocess.run(["tar", "-xpf", archive, "-C", self.root], check=True)
        for file in ("resolv.conf", "hosts"):
            if pathlib.Path("/etc", file).exists():
                shutil.copy(pathlib.Path("/etc", file), self.root / "etc" / file)
        # What an installation would start is tried by hand here.
        policy = self.root / "usr/sbin/policy-rc.d"
        policy.write_text("#!/bin/sh\nexit 101\n")
        policy.chmod(0o755)

    def __enter__(self):
        try:  # the archive may be older than what the mirror has
            self.must("apt-get", "update", "--quiet")
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_):
        shutil.rmtree(self._folder)

    def path(self, inside):
        return self.root / str(inside).lstrip("/")

    def words(self, words, user=None):
        """How a command is started in it. /proc is there for the command alone, so nothing stays mounted."""
        who = [f"--userspec={user}"] if user else []
        script = 'mount -t proc proc "$0/proc" && exec chroot "$@"'
        return ["unshare", "--mount", "sh", "-c", script, self.root, *who, self.root, *words]

    def run(self, *words, user=None):
        """The command's result, with what it said as text."""
        return subprocess.run(self.words(words, user), capture_output=True, text=True, stdin=subprocess.DEVNULL, timeout=1200,
                              env=self.environment())

    def must(self, *words, user=None):
        """The output of a command that has to succeed."""
        done = self.run(*words, user=user)
        expect(done.returncode == 0, f"'{' '.join(map(str, words))}' ended with {done.returncode} in the chroot:\n"
               f"{done.stdout[-2000:]}\n{done.stderr[-2000:]}")
        return done.stdout

    @staticmethod
    def environment():
        return {"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "LC_ALL": "C.UTF-8", "DEBIAN_FRONTEND": "noninteractive", "HOME": "/root",
                **{name: value for name, value in os.environ.items() if name.endswith("_proxy")}}
