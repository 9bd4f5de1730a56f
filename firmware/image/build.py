"""build.py --package FILE [--test-console]: the image of the device, out of the gateway's package and this repository.

Called by `./dev image`. Everything goes below build/image; Debian's half is made once and kept there."""
import argparse
import os
import pathlib
import re
import subprocess
import sys

import base
import check
import disk
import materials
import root as rootfs
from steps import Failure, TOP, run


def version_of_project():
    found = re.search(r"project\(jidian VERSION ([0-9.]+)", (TOP / "CMakeLists.txt").read_text())
    if not found:
        raise Failure("CMakeLists.txt names no version of the project")
    return found.group(1)


def build_id():
    """The commit and its day; '-changed' if the tree is not that commit's."""
    def git(*words):
        return subprocess.run(["git", "-c", f"safe.directory={TOP}", "-C", TOP, *words], capture_output=True, text=True, check=False).stdout.strip()
    commit = git("rev-parse", "--short=12", "HEAD") or "unknown"
    return f"{commit}-changed" if git("status", "--porcelain", "--untracked-files=no") else commit


def build(package, test_console):
    if os.geteuid() != 0:
        raise Failure("an image is built as root: its files are root's")
    top = TOP / "build/image"
    folder = top / ("test" if test_console else "shipped")
    folder.mkdir(parents=True, exist_ok=True)
    version, identity = version_of_project(), build_id()
    print("   Debian's half (kept from one build to the next)", flush=True)
    tar = base.make(top)
    print("   the root file system", flush=True)
    root = rootfs.make(folder, tar, package, version, identity, test_console)
    complaints = check.root(root, test_console, package is not None)
    if complaints:
        raise Failure("the root file system is not fit to be shipped: " + "; ".join(complaints))
    print("   the disk", flush=True)
    stem = top / f"jidian-{version}-arm64{'-test' if test_console else ''}"
    made = disk.make(folder, root, stem.name + ".img")
    image = made.rename(stem.parent / made.name)
    materials.write(root, folder / "dpkg/status", stem, version, identity)
    run(["zstd", "-q", "-f", "-T0", "-9", image, "-o", f"{image}.zst"], "zstd could not pack the image")
    complaints = check.image(image, folder / "rootfs.ext4")
    if complaints:
        raise Failure("the image is not fit to be shipped: " + "; ".join(complaints))
    if not test_console:  # an update that every box takes is no place for a shell without a password
        make_bundle(folder / "rootfs.ext4", stem, version, identity)
    return image


def make_bundle(rootfs, stem, version, identity):
    """The same system as an update, signed."""
    maker = TOP / "firmware/update/bundle.py"
    if not maker.exists():
        return
    print("   the update", flush=True)
    done = subprocess.run([sys.executable, maker, rootfs, "--version", version, "--build", identity, "--into", f"{stem}.raucb"], check=False)
    if done.returncode != 0:
        raise Failure("the update could not be made (above)")


def main(arguments):
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--package", type=pathlib.Path, help="the gateway's package for arm64")
    parser.add_argument("--without-gateway", action="store_true", help="a system without it, to work on the system itself")
    parser.add_argument("--test-console", action="store_true", help="with a root shell on hvc1; never to be shipped")
    given = parser.parse_args(arguments)
    if (given.package is None) != given.without_gateway:
        parser.error("name a --package, or say --without-gateway")
    try:
        image = build(given.package, given.test_console)
    except Failure as failure:
        print(f"image: {failure}", file=sys.stderr)
        return 1
    print(f"{image.relative_to(TOP)} ({image.stat().st_blocks * 512 // 1_000_000} MB, packed "
          f"{pathlib.Path(f'{image}.zst').stat().st_size // 1_000_000} MB)")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
