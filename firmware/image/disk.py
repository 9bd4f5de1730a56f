"""From a folder to a disk: the file system of a slot, the boot partition, the boot state, the data, and the table around them.

Nothing is mounted and no loop device is needed: mkfs.ext4 takes a folder, mtools writes FAT, genimage lays the pieces out."""
import os
import pathlib
import shutil
import zlib

from steps import Failure, TOP, run

MIB = 1 << 20
# A slot is as large as it is for the life of the box: twice what is needed today.
SLOT_BYTES = 512 * MIB
# Enough to start with; grown to the disk at the first start. 4096-byte blocks and a journal of 32 MB are for the grown one.
DATA_BYTES = 160 * MIB
STATE_BYTES = 64 * 1024
STATE_OFFSETS = (0, 32 * 1024)
COPY_BYTES = 4096

GENIMAGE = """
image boot.vfat {{
  vfat {{
    label = "BOOT"
    files = {{ "boot.scr" }}
  }}
  size = 8M
}}
image {name} {{
  hdimage {{
    partition-table-type = "gpt"
    align = 1M
  }}
  partition boot {{
    image = "boot.vfat"
    partition-type-uuid = "F"
    bootable = true
  }}
  partition state {{
    image = "state.bin"
    partition-type-uuid = "L"
  }}
  partition rootfs-a {{
    image = "rootfs.ext4"
    size = {slot}
    partition-type-uuid = "L"
  }}
  partition rootfs-b {{
    size = {slot}
    partition-type-uuid = "L"
  }}
  partition data {{
    image = "data.ext4"
    partition-type-uuid = "L"
  }}
}}
"""


def boot_state(fields):
    """One copy of the boot state, as U-Boot's `env import -c` and jidian-boot-state read it."""
    text = b"".join(f"{name}={value}\0".encode() for name, value in fields.items())
    text = text.ljust(COPY_BYTES - 4, b"\0")
    return zlib.crc32(text).to_bytes(4, "little") + text


def state_as_shipped():
    """Slot a is what was tested, with the tries of a good one; slot b is empty, so it has no tries. The second copy is written at the first start."""
    partition = bytearray(STATE_BYTES)
    copy = boot_state({"generation": "1", "order": "a b", "a_left": 8, "a_ok": 1, "b_left": 0, "b_ok": 0})
    partition[STATE_OFFSETS[0]:STATE_OFFSETS[0] + COPY_BYTES] = copy
    return bytes(partition)


def make_slot(root, target):
    """The file system of a slot: never written to, so without a journal and hardly larger than what is in it."""
    used = files = 0
    for folder, folders, names in os.walk(root):
        files += len(folders) + len(names)
        for name in names:
            used += (os.lstat(os.path.join(folder, name)).st_size + 4095) // 4096 * 4096
        used += 4096 * len(folders)
    size = int(used * 1.03 + files * 300 + 8 * MIB) // MIB * MIB
    if size > SLOT_BYTES:
        raise Failure(f"the root file system needs {size // MIB} MB, and a slot has {SLOT_BYTES // MIB}: leave something out")
    target.unlink(missing_ok=True)
    run(["mkfs.ext4", "-q", "-L", "rootfs", "-b", "4096", "-m", "0", "-N", files + 256, "-O", "^has_journal,^resize_inode",
         "-E", "lazy_itable_init=0,root_owner=0:0", "-d", root, target, f"{size // 1024}k"], "the file system of the slot could not be made")
    run(["e2fsck", "-f", "-n", target], "the file system of the slot is damaged as made")
    return size


def make_data(target):
    target.unlink(missing_ok=True)
    # An inode for 16 KiB, as on a disk of the size it grows to, not for 4 KiB as on one of the size it is made in.
    run(["mkfs.ext4", "-q", "-L", "data", "-b", "4096", "-i", "16384", "-m", "1", "-J", "size=32", "-E", "lazy_itable_init=1,lazy_journal_init=1",
         target, f"{DATA_BYTES // 1024}k"], "the file system of the data could not be made")


def make_boot_script(target):
    run(["mkimage", "-A", "arm64", "-T", "script", "-C", "none", "-n", "Jidian", "-d", TOP / "firmware/boot/boot.cmd", target],
        "mkimage could not compile firmware/boot/boot.cmd")


def make(folder, root, name):
    """The disk NAME in the folder, out of the root file system."""
    make_slot(root, folder / "rootfs.ext4")
    make_data(folder / "data.ext4")
    make_boot_script(folder / "boot.scr")
    (folder / "state.bin").write_bytes(state_as_shipped())
    (folder / "genimage.cfg").write_text(GENIMAGE.format(name=name, slot=SLOT_BYTES))
    for scratch in ("genimage.tmp", "genimage.root"):
        shutil.rmtree(folder / scratch, ignore_errors=True)
    (folder / "genimage.root").mkdir()
    run(["genimage", "--config", "genimage.cfg", "--inputpath", ".", "--outputpath", ".", "--tmppath", "genimage.tmp",
         "--rootpath", "genimage.root"], "genimage could not lay out the disk", cwd=folder)
    for scratch in ("genimage.tmp", "genimage.root"):
        shutil.rmtree(folder / scratch)
    (folder / "boot.vfat").unlink()
    run(["fallocate", "--dig-holes", folder / name], "the image could not be made sparse")
    return folder / name
