"""Updates to try: made of the image's own root file system, and such as must not be taken.

They are signed with what the image trusts (firmware/update/keys.py), and packed in a hurry: larger than those for boxes.
"""
import pathlib
import random
import shutil
import subprocess
import sys

import disks
from rig.chain import ROOT

sys.path.insert(0, str(ROOT / "firmware/update"))

IN_A_HURRY = "-comp zstd -Xcompression-level 1"
SMALL_MIB = 24  # what is never started need not be a system


def _maker():
    import bundle
    import keys
    bundle.COMPRESSIONS["hurry"] = IN_A_HURRY
    bundle.BYTES_MOST = 1 << 30
    return bundle, keys


def _debugfs(rootfs, *requests):
    done = subprocess.run(["debugfs", "-w", "-f", "-", rootfs], input="\n".join(requests) + "\n", capture_output=True, text=True, timeout=120)
    # It goes on behind a mistake and ends with 0.
    said = [line for line in done.stderr.splitlines() if not line.startswith("debugfs 1.")]
    if done.returncode != 0 or said:
        raise disks.DiskError(f"debugfs on {rootfs}: {said}")
    return done.stdout


def _replace(rootfs, path, content, mode, scratch):
    """Another content for a file of a root file system that nobody has mounted. `scratch` is a folder."""
    file = scratch / "content"
    file.write_bytes(content)
    _debugfs(rootfs, f"rm {path}", f"write {file} {path}", f"sif {path} mode {mode}", f"sif {path} uid 0", f"sif {path} gid 0")


def _read(rootfs, path):
    return subprocess.run(["debugfs", "-R", f"cat {path}", rootfs], capture_output=True, timeout=60, check=True).stdout


def _set_version(rootfs, version, scratch):
    release = _read(rootfs, "/usr/lib/os-release").decode()
    lines = [line for line in release.splitlines() if not line.startswith("VERSION_ID=")]
    _replace(rootfs, "/usr/lib/os-release", "\n".join([*lines, f'VERSION_ID="{version}"', ""]).encode(), "0100644", scratch)


def version_of(rootfs):
    bundle, _ = _maker()
    return bundle.version_in(rootfs)


class Updates:
    """Makes what a scenario asks for, once in a run. `folder` keeps everything."""

    def __init__(self, image_disk, folder):
        self.folder = pathlib.Path(folder)
        self.folder.mkdir(parents=True, exist_ok=True)
        self.bundle, self.keys = _maker()
        self.signing = self.keys.found()
        self._rootfs = image_disk.extract("rootfs-a", self.folder / "rootfs.img")
        self.version = version_of(self._rootfs)
        self.newer, self.newest = f"{self.version}+1", f"{self.version}+2"

    def good(self):
        """The same system under a newer version."""
        return self._made("good", self.newer)

    def without_gateway(self):
        """A release whose gateway ends at once, whenever it is started."""
        return self._made("without-gateway", self.newest, ("/usr/bin/jidian", b"#!/bin/sh\nexit 1\n", "0100755"))

    def without_kernel(self):
        """A release that the boot loader cannot start."""
        return self._made("without-kernel", self.newest, (self._kernel(), b"no kernel" * 1000, "0100644"))

    def older(self):
        return self._small("older", "0.0.1~test", self.signing)

    def foreign(self):
        """Signed by somebody whom the box does not know, and a good signer otherwise."""
        folder = self.folder / "foreign-keys"
        if not folder.exists():
            self.keys.make_authority(folder, "foreign authority")
            self.keys.make_signer(folder, "foreign signer", folder)
            self.keys.join(folder / "keyring.pem", [folder / "authority.pem"])
        signing = self.keys.Signing(str(folder / "signer.key"), folder / "signer.pem", folder / "keyring.pem")
        return self._small("foreign", self.newest, signing)

    def tampered(self):
        """One byte in the middle of the payload of the good one is another one: its signature still fits."""
        file = self.folder / "tampered.raucb"
        if not file.exists():
            shutil.copy(self.good(), file)
            at = file.stat().st_size // 2
            with open(file, "r+b") as content:
                content.seek(at)
                byte = content.read(1)[0]
                content.seek(at)
                content.write(bytes([byte ^ 0x01]))
        return file

    def broken_signature(self):
        """The signature, which lies at the end, is damaged."""
        file = self.folder / "broken-signature.raucb"
        if not file.exists():
            shutil.copy(self.older(), file)
            with open(file, "r+b") as content:
                content.seek(-200, 2)
                content.write(bytes(100))
        return file

    def library(self, *files):
        """A disk with them, for the guest to mount."""
        folder = self.folder / "library"
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir()
        for file in files:
            (folder / file.name).hardlink_to(file)
        return disks.make_library(self.folder / f"{'-'.join(file.stem for file in files)}.ext4", folder)

    def _kernel(self):
        """The file behind /boot/vmlinuz, which may be a link."""
        said = _debugfs_stat(self._rootfs, "/boot/vmlinuz")
        if 'Fast link dest: "' in said:
            target = said.split('Fast link dest: "')[1].split('"')[0]
            return target if target.startswith("/") else f"/boot/{target}"
        return "/boot/vmlinuz"

    def _made(self, name, version, *changes):
        file = self.folder / f"{name}.raucb"
        if not file.exists():
            rootfs = self.folder / f"{name}.img"
            subprocess.run(["cp", "--sparse=always", self._rootfs, rootfs], check=True)
            _set_version(rootfs, version, self.folder)
            for change in changes:
                _replace(rootfs, *change, self.folder)
            self.bundle.make(rootfs, version, file, self.signing, compression="hurry")
            rootfs.unlink()
        return file

    def _small(self, name, version, signing):
        file = self.folder / f"{name}.raucb"
        if not file.exists():
            content = self.folder / "small"
            shutil.rmtree(content, ignore_errors=True)
            (content / "usr/lib").mkdir(parents=True)
            (content / "usr/lib/os-release").write_text(f'VERSION_ID="{version}"\n')
            (content / "noise").write_bytes(random.Random(name).randbytes(1 << 20))  # a bundle has a least size
            rootfs = self.folder / "small.img"
            rootfs.unlink(missing_ok=True)
            subprocess.run(["mkfs.ext4", "-q", "-d", content, rootfs, f"{SMALL_MIB}M"], check=True, capture_output=True)
            self.bundle.make(rootfs, version, file, signing, compression="hurry")
        return file


def _debugfs_stat(rootfs, path):
    return subprocess.run(["debugfs", "-R", f"stat {path}", rootfs], capture_output=True, text=True, timeout=60, check=True).stdout
