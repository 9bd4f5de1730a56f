"""sysroot.py ARCHITECTURE FOLDER PACKAGE…: lays Debian's libraries of another architecture into a folder to link with. Nothing of
them is executed or configured. Packages come from where this machine's own apt gets them."""
import os
import pathlib
import subprocess
import sys

RELEASE = "bookworm"


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


def main(arguments):
    architecture, folder, *packages = arguments
    folder = pathlib.Path(folder)
    if folder.exists():
        print(f"{folder} is there already; remove it to have it made anew")
        return 0
    lines = list(sources())
    if not lines:
        print(f"sysroot: apt on this machine knows no source of {RELEASE}", file=sys.stderr)
        return 1
    draft = folder.with_suffix(".draft")
    made = subprocess.run(["mmdebstrap", "--variant=extract", f"--architectures={architecture}", f"--include={','.join(packages)}",
                           RELEASE, draft, *lines])
    if made.returncode != 0:
        print(f"sysroot: mmdebstrap could not lay out the libraries of {architecture} in {draft}; remove what is there", file=sys.stderr)
        return 1
    make_links_relative(draft)
    draft.rename(folder)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
