"""bundle.py ROOTFS --version VERSION --into BUNDLE: makes a signed update of a root file system, and checks it as a box does.

ROOTFS is an ext4 image; VERSION is what its /etc/os-release has as VERSION_ID. Which keys: see keys.py.
"""
import argparse
import os
import pathlib
import subprocess
import sys
import tempfile

import keys

CONFIGURATION = pathlib.Path(__file__).resolve().parent / "root/etc/rauc/system.conf"
BYTES_MOST = 90_000_000
COMPRESSIONS = {"zstd": "-comp zstd -Xcompression-level 19 -b 1M", "xz": "-comp xz -b 1M"}
EXT_MAGIC = (1080, b"\x53\xef")

MANIFEST = """[update]
compatible={compatible}
version={version}
build={build}

[bundle]
format=verity

[image.rootfs]
filename=rootfs.img
"""


def compatible():
    for line in CONFIGURATION.read_text(encoding="utf-8").splitlines():
        if line.startswith("compatible="):
            return line.partition("=")[2]
    raise keys.Unusable(f"{CONFIGURATION} has no line compatible=")


def rauc(signing, *arguments, timeout=1800):
    command = ["rauc", f"--conf={CONFIGURATION}", f"--keyring={signing.keyring}", *map(str, arguments)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=timeout)
    if done.returncode != 0:
        raise keys.Unusable(f"rauc {arguments[0]}: {(done.stderr or done.stdout).strip().splitlines()[-1:] or 'no reason given'}")
    return done.stdout


def check_rootfs(file):
    with open(file, "rb") as image:
        image.seek(EXT_MAGIC[0])
        if image.read(2) != EXT_MAGIC[1]:
            raise keys.Unusable(f"{file} is no ext4 image: the box writes it to a slot as it is")


def version_in(rootfs):
    """VERSION_ID of the image: the box compares this one later, and the bundle's now."""
    done = subprocess.run(["debugfs", "-R", "cat /etc/os-release", str(rootfs)], capture_output=True, text=True, timeout=60)
    release = done.stdout
    if not release.strip():  # a link, as Debian has it: debugfs does not follow links out of a folder
        done = subprocess.run(["debugfs", "-R", "cat /usr/lib/os-release", str(rootfs)], capture_output=True, text=True, timeout=60)
        release = done.stdout
    for line in release.splitlines():
        if line.startswith("VERSION_ID="):
            return line.partition("=")[2].strip("\"'")
    return None


def check_version(rootfs, version):
    if subprocess.run(["dpkg", "--validate-version", version], capture_output=True, timeout=60).returncode != 0:
        raise keys.Unusable(f"'{version}' is no version that a box can compare: write 1.2.3, 1.2.3~rc1, …")
    inside = version_in(rootfs)
    if inside != version:
        raise keys.Unusable(f"the image says VERSION_ID={inside}, the bundle is to say {version}: a box that compares them later "
                            "would take the wrong one for newer")


def make(rootfs, version, into, signing, build="", compression="zstd"):
    check_rootfs(rootfs)
    check_version(rootfs, version)
    into.parent.mkdir(parents=True, exist_ok=True)
    # Beside the result: the same file system, so that the image is linked and not copied.
    with tempfile.TemporaryDirectory(dir=into.parent, prefix=".bundle-") as folder:
        content = pathlib.Path(folder) / "content"
        content.mkdir()
        try:
            os.link(rootfs, content / "rootfs.img")
        except OSError:
            subprocess.run(["cp", "--sparse=always", rootfs, content / "rootfs.img"], check=True)
        manifest = MANIFEST.format(compatible=compatible(), version=version, build=build)
        (content / "manifest.raucm").write_text(manifest.replace("build=\n", ""), encoding="ascii")
        made = pathlib.Path(folder) / "bundle.raucb"
        rauc(signing, f"--cert={signing.certificate}", f"--key={signing.key}", "bundle",
             f"--mksquashfs-args={COMPRESSIONS[compression]}", content, made)
        size = made.stat().st_size
        if size > BYTES_MOST:
            raise keys.Unusable(f"the bundle has {size} bytes, {BYTES_MOST} are the most that a box takes: take packages, modules "
                                "or documents out of the image")
        rauc(signing, "info", made)
        os.replace(made, into)
    return size


def main(arguments):
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("rootfs", type=pathlib.Path)
    parser.add_argument("--version", required=True)
    parser.add_argument("--into", type=pathlib.Path, required=True)
    parser.add_argument("--build", default="", help="BUILD_ID of the image")
    parser.add_argument("--compression", choices=COMPRESSIONS, default="zstd")
    options = parser.parse_args(arguments)
    try:
        signing = keys.found()
        size = make(options.rootfs, options.version, options.into, signing, options.build, options.compression)
    except (keys.Unusable, OSError, subprocess.SubprocessError) as problem:
        print(f"bundle: {problem}", file=sys.stderr)
        return 1
    print(f"{options.into}: version {options.version}, {size / 1e6:.1f} MB, of {BYTES_MOST / 1e6:.0f} MB at most")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
