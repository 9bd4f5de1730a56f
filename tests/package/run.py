"""run.py BUILD_FOLDER: tries the package that was made there. Needs root, for a Debian of its own to install it in."""
import pathlib
import signal
import subprocess
import sys
import tempfile
import time

import chroot
import deb
import exposure
import lifecycle
from checks import Broken, expect


def newest(build):
    made = sorted((build / "package").glob("jidian_*.deb"), key=lambda file: file.stat().st_mtime)
    expect(made, f"there is no package in {build / 'package'}; ./dev package makes it")
    return made[-1]


def check_lintian(package):
    """Errors and warnings fail; overrides are in firmware/debian/lintian-overrides, each with its reason."""
    done = subprocess.run(["lintian", "--fail-on", "error,warning", "--tag-display-limit", "0", "--allow-root", package],
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    expect(done.returncode == 0, f"lintian complains:\n{done.stdout.strip()}")


def notes_of(package, build):
    """dpkg's notes of the libraries it was linked with: this machine's own, or those of the folder that cross/sysroot.py made."""
    apart = build.parent / f"sysroot-{deb.field(package, 'Architecture')}/var/lib/dpkg"
    return apart if apart.exists() else "/var/lib/dpkg"


def check_in_chroot(package, build):
    if deb.field(package, "Architecture") != subprocess.run(["dpkg", "--print-architecture"], capture_output=True, text=True,
                                                            check=True).stdout.strip():
        print("  not installed: it is for another architecture than this machine's")
        return
    base = build / f"package/{chroot.RELEASE}-base.tar"
    chroot.make_base(base)
    with tempfile.TemporaryDirectory() as folder, chroot.Chroot(base) as debian:
        lifecycle.check_lifecycle(debian, deb.older_than(package, folder), package)


def main(arguments):
    build = pathlib.Path(arguments[0]).resolve()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # what was begun is put away
    started = time.monotonic()
    try:
        package = newest(build)
        for text, check in (("what it depends on", lambda: deb.check_depends(package, notes_of(package, build))),
                            ("lintian", lambda: check_lintian(package)),
                            ("what the service may reach", exposure.check),
                            ("its life in a Debian of its own", lambda: check_in_chroot(package, build))):
            print(text, flush=True)
            check()
    except Broken as broken:
        print(f"package: {broken}", file=sys.stderr)
        return 1
    print(f"{package} is in order ({time.monotonic() - started:.0f} s)")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
