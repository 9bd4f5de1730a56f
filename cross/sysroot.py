"""sysroot.py ARCHITECTURE FOLDER PACKAGE…: lays Debian's libraries of another architecture into a folder to link with. Nothing of
them is executed or configured. Packages come from where this machine's own apt gets them.

dpkg's notes are written as well, so that dpkg-shlibdeps finds in FOLDER which package a library is of, and from which version on
it has a symbol: DPKG_ADMINDIR=FOLDER/var/lib/dpkg. They name whole paths: a folder that was moved is made anew."""
import os
import pathlib
import re
import shlex
import shutil
import subprocess
import sys

RELEASE = "bookworm"
STAMP = "etc/jidian-sysroot"  # what the folder was made of; it is written last


def sources():
    """The main pocket of the release, as apt knows it. Updates are left out: their indices of rare architectures come late."""
    rows = subprocess.run(["apt-get", "indextargets", "--format", "$(REPO_URI)|$(RELEASE)|$(COMPONENT)", "Created-By: Packages"],
                          capture_output=True, text=True, check=True).stdout.split()
    for row in sorted(set(rows)):
        address, release, component = row.split("|")
        if release == RELEASE:
            yield f"deb {address} {release} {component}"


def make_links_relative(folder):
    """A link to /lib/… would lead into this machine's own libraries."""
    for path in folder.rglob("*"):
        if path.is_symlink() and os.path.isabs(target := os.readlink(path)):
            path.unlink()
            path.symlink_to(os.path.relpath(folder / target.lstrip("/"), path.parent))


def field(control, name):
    found = re.search(rf"^{name}: *(.*)$", control, re.M)
    return found[1] if found else ""


def note_package(deb, draft, folder):
    """What dpkg would have noted had it installed the package in `folder`. Returns its paragraph of the status file."""
    notes = draft / "var/lib/dpkg/info"
    told = draft / "tmp/control"
    subprocess.run(["dpkg-deb", "--control", deb, told], check=True)
    control = (told / "control").read_text().strip()
    name = field(control, "Package")
    if field(control, "Multi-Arch") == "same":
        name += f":{field(control, 'Architecture')}"
    for kind in ("symbols", "shlibs"):
        if (told / kind).exists():
            shutil.copy(told / kind, notes / f"{name}.{kind}")
    shutil.rmtree(told)
    listed = subprocess.run(["dpkg-deb", "--fsys-tarfile", deb], capture_output=True, check=True).stdout
    paths = subprocess.run(["tar", "-t"], input=listed, capture_output=True, check=True).stdout.decode().splitlines()
    (notes / f"{name}.list").write_text("".join(f"{folder}/{path.removeprefix('./').rstrip('/')}\n" for path in paths))
    head, _, rest = control.partition("\n")
    return f"{head}\nStatus: install ok installed\n{rest}\n"


def note_packages(draft, folder):
    """Called by mmdebstrap when the packages are laid out and still there as files."""
    draft = pathlib.Path(draft)
    debs = sorted((draft / "var/cache/apt/archives").glob("*.deb"))
    (draft / "var/lib/dpkg/info").mkdir(parents=True, exist_ok=True)
    (draft / "var/lib/dpkg/info/format").write_text("1\n")  # the notes' names tell the architecture
    (draft / "tmp").mkdir(exist_ok=True)
    (draft / "var/lib/dpkg/status").write_text("\n".join(note_package(deb, draft, folder) for deb in debs))


def make(architecture, folder, packages, lines):
    """Whether the folder was made. A draft that an interrupted run left is thrown away."""
    draft = folder.with_suffix(".draft")
    for old in (draft, folder):
        if old.exists():
            shutil.rmtree(old)
    note = f"/usr/bin/python3 -B {shlex.quote(os.path.abspath(__file__))} --note \"$1\" {shlex.quote(str(folder))}"
    made = subprocess.run(["mmdebstrap", "--variant=extract", f"--architectures={architecture}", f"--include={','.join(packages)}",
                           f"--extract-hook={note}", RELEASE, draft, *lines], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    if made.returncode != 0:
        print(f"{made.stdout[-3000:]}\nsysroot: mmdebstrap could not lay out the libraries of {architecture} in {draft}; it says why "
              "above. Is there a network, and do the package sources have that architecture?", file=sys.stderr)
        return False
    make_links_relative(draft)
    shutil.rmtree(draft / "dev")  # an emulator that looks for libraries in here would open these instead of this machine's own
    draft.rename(folder)
    return True


def main(arguments):
    if arguments[0] == "--note":
        note_packages(*arguments[1:])
        return 0
    architecture, folder, *packages = arguments
    folder = pathlib.Path(folder).resolve()
    wanted = f"{folder} {architecture} {' '.join(sorted(packages))} {pathlib.Path(__file__).read_text()}"
    stamp = folder / STAMP
    if stamp.exists() and stamp.read_text() == wanted:
        return 0
    lines = list(sources())
    if not lines:
        print(f"sysroot: apt on this machine knows no source of {RELEASE}; run apt-get update, or name one in /etc/apt", file=sys.stderr)
        return 1
    if not make(architecture, folder, packages, lines):
        return 1
    stamp.parent.mkdir(exist_ok=True)
    stamp.write_text(wanted)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
