"""Disks of the box as files: overlays of the image, partitions read and torn while the power is off, sticks."""
import pathlib
import shutil
import subprocess
import zlib
from dataclasses import dataclass

SECTOR = 512
DISK_BYTES = 2 << 30  # of a box: small, so that filling it takes no time
STATE_COPY = 4096  # bytes of one copy of the boot state, crc and all
STATE_AT = (0, 32 << 10)  # where the copies lie in their partition
FAT_LABEL = "JIDIAN"
STICK_START = 1 << 20


class DiskError(Exception):
    """A disk is not as it has to be, or a tool refused."""


def _run(*command, data=None):
    done = subprocess.run([str(part) for part in command], capture_output=True, input=data, timeout=600)
    if done.returncode != 0:
        raise DiskError(f"'{' '.join(map(str, command))}' ended with {done.returncode}: {done.stderr.decode(errors='replace')[-500:]}")
    return done.stdout


def overlay(base, path, form):
    """A disk that begins as `base` and keeps what is written to itself. `form` of the base is raw or qcow2."""
    pathlib.Path(path).unlink(missing_ok=True)
    _run("qemu-img", "create", "-q", "-f", "qcow2", "-b", pathlib.Path(base).resolve(), "-F", form, path, DISK_BYTES)
    return path


@dataclass
class Partition:
    start: int  # bytes
    size: int


def partitions_of(table):
    """The partitions of a GPT by label. `table` is the beginning of the disk, 34 sectors of it."""
    header = table[SECTOR:2 * SECTOR]
    if header[:8] != b"EFI PART":
        raise DiskError("the disk has no GPT")
    count, size = int.from_bytes(header[80:84], "little"), int.from_bytes(header[84:88], "little")
    found = {}
    for at in range(2 * SECTOR, min(2 * SECTOR + count * size, len(table)), size):
        entry = table[at:at + size]
        first, last = int.from_bytes(entry[32:40], "little"), int.from_bytes(entry[40:48], "little")
        if any(entry[:16]):
            found[entry[56:128].decode("utf-16-le").rstrip("\0")] = Partition(first * SECTOR, (last - first + 1) * SECTOR)
    return found


class Disk:
    """A qcow2 disk that no machine has at this time."""

    def __init__(self, path):
        self.path = pathlib.Path(path)

    def read(self, offset, size):
        options = f"driver=raw,offset={offset},size={size},file.driver=qcow2,file.file.filename={self.path}"
        copy = self.path.with_suffix(".part")
        try:
            _run("qemu-img", "convert", "--image-opts", options, "-O", "raw", copy)
            return copy.read_bytes()[:size]
        finally:
            copy.unlink(missing_ok=True)

    def write(self, offset, data):
        """Precondition: whole sectors."""
        piece = self.path.with_suffix(".piece")
        piece.write_bytes(data)
        try:
            _run("qemu-io", "-f", "qcow2", "-c", f"write -s {piece} {offset} {len(data)}", self.path)
        finally:
            piece.unlink()
        if self.read(offset, len(data)) != data:
            raise DiskError(f"{self.path} does not hold what was written to it at {offset}")

    def partition(self, label):
        partitions = partitions_of(self.read(0, 34 * SECTOR))
        if label not in partitions:
            raise DiskError(f"{self.path} has no partition '{label}', it has {sorted(partitions)}")
        return partitions[label]

    def extract(self, label, path):
        """A partition as a file of its own, with holes where nothing is."""
        partition = self.partition(label)
        options = f"driver=raw,offset={partition.start},size={partition.size},file.driver=qcow2,file.file.filename={self.path}"
        _run("qemu-img", "convert", "--image-opts", options, "-O", "raw", path)
        return path

    def check(self):
        """Leaks are what a power cut leaves of QEMU's own tables; anything else is damage."""
        done = subprocess.run(["qemu-img", "check", "-q", self.path], capture_output=True, text=True, timeout=120)
        if done.returncode not in (0, 3):
            raise DiskError(f"{self.path} is damaged: {done.stdout}{done.stderr}")


# -- the record, as it lies on the disk ---------------------------------------------------------------------------------

def copy_store(disk, folder, where="/jidian/store"):
    """The files of the store as the disk has them now, into `folder`: after the journal was replayed, as the next boot would do."""
    folder = pathlib.Path(folder)
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir()
    data = disk.extract("data", folder.parent / "data.img")
    try:
        done = subprocess.run(["e2fsck", "-p", data], capture_output=True, text=True, timeout=300)
        if done.returncode > 1:
            raise DiskError(f"the file system of the data is not whole after the power cut: {done.stdout[-1000:]}{done.stderr[-500:]}")
        _run("debugfs", "-R", f"rdump {where} {folder}", data)
    finally:
        data.unlink()
    return folder / pathlib.Path(where).name


# -- the boot state ------------------------------------------------------------------------------------------------------

def boot_state_of(copy):
    """What a copy of the boot state says, or nothing if it is not whole: a crc32, then key=value, each ended by a zero."""
    if len(copy) != STATE_COPY or int.from_bytes(copy[:4], "little") != zlib.crc32(copy[4:]):
        return None
    text = copy[4:].split(b"\0\0", 1)[0].rstrip(b"\0").decode(errors="replace")
    return dict(entry.partition("=")[::2] for entry in text.split("\0") if entry)


def ruling(copies):
    """Which copy counts: the whole one with the greatest generation (hexadecimal); nothing if none is whole."""
    whole = [(int(state.get("generation", "0"), 16), number) for number, state in enumerate(copies) if state]
    return max(whole)[1] if whole else None


class BootState:
    """The partition with the two copies."""

    def __init__(self, disk):
        self._disk = disk
        self._start = disk.partition("state").start

    def raw(self, number):
        return self._disk.read(self._start + STATE_AT[number], STATE_COPY)

    def copies(self):
        return [boot_state_of(self.raw(number)) for number in range(2)]

    def show(self):
        """What counts, or nothing."""
        copies = self.copies()
        number = ruling(copies)
        return None if number is None else copies[number]

    def tear(self, number, chance):
        """A write that the power cut ended in the middle: the first half is new, and noise as far as anybody can tell."""
        half = STATE_COPY // 2
        self._disk.write(self._start + STATE_AT[number], chance.randbytes(half) + self.raw(number)[half:])
        if self.copies()[number] is not None:
            raise DiskError("the torn copy of the boot state passes for whole")


# -- disks to plug in ----------------------------------------------------------------------------------------------------

def make_stick(path, files, mib=32):
    """A FAT file system with `files` (name → bytes), as people format sticks: in one partition of an MBR."""
    path = pathlib.Path(path)
    start = STICK_START
    with open(path, "wb") as file:
        file.truncate(mib << 20)
        sectors = (mib << 20) - start
        entry = bytes([0, 0, 2, 0, 0x0C, 0, 0, 0]) + (start // SECTOR).to_bytes(4, "little") + (sectors // SECTOR).to_bytes(4, "little")
        file.seek(446)
        file.write(entry)
        file.seek(510)
        file.write(b"\x55\xaa")
    _run("mkfs.vfat", "-n", FAT_LABEL, "--offset", start // SECTOR, path, sectors // 1024)
    add_to_stick(path, files)
    return path


def add_to_stick(path, files):
    """Lays files and their folders on a stick."""
    there = f"{path}@@{STICK_START}"
    for name, content in files.items():
        folders = name.split("/")[:-1]
        for depth in range(1, len(folders) + 1):
            folder = "::" + "/".join(folders[:depth])
            if subprocess.run(["mdir", "-i", there, folder], capture_output=True, timeout=60).returncode != 0:
                _run("mmd", "-i", there, folder)
        _run("mcopy", "-o", "-i", there, "-", f"::{name}", data=content)


def read_stick(path, name):
    """A file of a stick; raises DiskError if it is not there."""
    return _run("mtype", "-i", f"{path}@@{STICK_START}", f"::{name}")


def make_library(path, folder):
    """An ext4 file system with the content of a folder, to be read only."""
    folder = pathlib.Path(folder)
    size = sum(file.stat().st_size for file in folder.rglob("*") if file.is_file())
    pathlib.Path(path).unlink(missing_ok=True)
    _run("mkfs.ext4", "-q", "-m", "0", "-O", "^has_journal", "-d", folder, path, f"{size * 11 // 10 // 1024 + 16384}k")
    return path
