"""Small file systems of our own to be filled, frozen, failed and made read-only. They need root."""
import os
import pathlib
import shutil
import subprocess


def _run(*command):
    subprocess.run([str(part) for part in command], check=True, capture_output=True, text=True)


class Tmpfs:
    """A file system in memory of so many MiB at `folder`."""

    def __init__(self, folder, mib):
        self.folder = pathlib.Path(folder)
        self.folder.mkdir(exist_ok=True)
        _run("mount", "-t", "tmpfs", "-o", f"size={mib}m", "none", self.folder)

    def close(self):
        _run("umount", "-l", self.folder)

    def fill(self, leave_kib=0):
        """A file takes what is free but so much; its path."""
        ballast = self.folder / "ballast"
        free = os.statvfs(self.folder)
        with open(ballast, "wb") as file:
            os.posix_fallocate(file.fileno(), 0, max(free.f_bavail * free.f_frsize - leave_kib * 1024, 4096))
        return ballast


class LoopDisk:
    """An ext4 in a file, mounted at `folder`."""

    def __init__(self, folder, mib=64):
        self.folder = pathlib.Path(folder)
        self.folder.mkdir(exist_ok=True)
        self.image = self.folder.with_suffix(".img")
        with open(self.image, "wb") as file:
            file.truncate(mib << 20)
        _run("mkfs.ext4", "-q", "-m", "0", self.image)
        self.frozen = False
        self.mount()

    def mount(self):
        _run("mount", "-o", "loop,errors=remount-ro", self.image, self.folder)

    def remount_after_check(self):
        """What a technician does after an error."""
        _run("umount", self.folder)
        done = subprocess.run(["e2fsck", "-fy", self.image], capture_output=True, text=True)
        if done.returncode > 1:
            raise OSError(f"e2fsck: {done.stdout}")
        self.mount()

    def fail(self):
        """The kernel meets an error and makes it read-only, whatever is open."""
        device = subprocess.run(["findmnt", "-no", "SOURCE", self.folder], check=True, capture_output=True, text=True).stdout.strip()
        pathlib.Path(f"/sys/fs/ext4/{os.path.basename(device)}/trigger_fs_error").write_text("the rig")

    def freeze(self):
        """Whoever writes hangs."""
        _run("fsfreeze", "-f", self.folder)
        self.frozen = True

    def thaw(self):
        if self.frozen:
            _run("fsfreeze", "-u", self.folder)
        self.frozen = False

    def close(self):
        self.thaw()
        _run("umount", "-l", self.folder)


def mounts_allowed():
    return os.geteuid() == 0 and subprocess.run(["unshare", "-m", "mount", "-t", "tmpfs", "none", "/mnt"],
                                                capture_output=True).returncode == 0


def loop_allowed():
    return mounts_allowed() and os.path.exists("/dev/loop-control") and all(map(shutil.which, ("mkfs.ext4", "fsfreeze")))
