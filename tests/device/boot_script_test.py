"""The boot script, played by the boot loader itself on a small disk: which slot it starts, and what it writes down.

Kernels are 100 bytes that say their slot and switch off. Each start takes some seconds: the cores are emulated.
"""
import pathlib
import shutil
import struct
import subprocess
import sys
import tempfile
import unittest

HERE = pathlib.Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE.parent), str(HERE.parents[1] / "firmware/image")]

import disk as image_disk  # noqa: E402
import disks  # noqa: E402
from machine import BOOT_LOADER  # noqa: E402

START_S = 90  # of a start, on a busy machine
DISK_BYTES = 64 << 20
SLOT_BYTES = 8 << 20
LAYOUT = {"boot": 1 << 20, "state": 12 << 20, "rootfs-a": 16 << 20, "rootfs-b": 32 << 20}  # where each begins
TOOLS = ("qemu-system-aarch64", "mkimage", "mkfs.vfat", "mcopy", "mkfs.ext4", "sfdisk")
MISSING = [tool for tool in TOOLS if shutil.which(tool, path="/usr/sbin:/usr/bin:/sbin:/bin") is None]
if not BOOT_LOADER.exists():
    MISSING.append(str(BOOT_LOADER))


def kernel(says):
    """An arm64 Image that writes the text to the serial port and switches the board off."""
    code = [0xD2A12000]  # x0 = 0x09000000, the port
    for byte in says.encode() + b"\r\n":
        code += [0x52800001 | byte << 5, 0x39000001]  # w1 = byte; to the port
    code += [0x52800100, 0x72B08000, 0xD4000002, 0x14000000]  # PSCI SYSTEM_OFF; stay
    body = struct.pack(f"<{len(code)}I", *code)
    header = struct.pack("<IIQQQQQQ4sI", 0x14000010, 0, 0, 64 + len(body), 0, 0, 0, 0, b"ARM\x64", 0)
    return header + body


@unittest.skipIf(MISSING, f"not installed: {MISSING}")
class BootScript(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = pathlib.Path(folder.name)
        self.disk = self.folder / "disk.img"
        with open(self.disk, "wb") as file:
            file.truncate(DISK_BYTES)
        sizes = {"boot": 8 << 20, "state": image_disk.STATE_BYTES, "rootfs-a": SLOT_BYTES, "rootfs-b": SLOT_BYTES}
        lines = [f"start={at // 512}, size={sizes[name] // 512}, name={name}" + (", attrs=LegacyBIOSBootable" if name == "boot" else "")
                 for name, at in LAYOUT.items()]
        self._run("sfdisk", "-q", self.disk, typed="label: gpt\n" + "\n".join(lines) + "\n")
        self._make_boot(sizes["boot"])
        for slot in "ab":
            self.fill(slot, {"vmlinuz": kernel(f"KERNEL {slot}"), "initrd.img": bytes(4096)})

    def _run(self, *command, typed=None):
        subprocess.run([str(word) for word in command], input=typed, text=True, capture_output=True, check=True, timeout=60)

    def _make_boot(self, size):
        script, fat = self.folder / "boot.scr", self.folder / "boot.vfat"
        image_disk.make_boot_script(script)
        with open(fat, "wb") as file:
            file.truncate(size)
        self._run("mkfs.vfat", fat)
        self._run("mcopy", "-i", fat, script, "::boot.scr")
        self.lay("boot", fat.read_bytes())

    def lay(self, name, content, offset=0):
        with open(self.disk, "r+b") as file:
            file.seek(LAYOUT[name] + offset)
            file.write(content)

    def fill(self, slot, files):
        """The file system of a slot with these files in /boot."""
        root, target = self.folder / "root", self.folder / "rootfs.ext4"
        shutil.rmtree(root, ignore_errors=True)
        (root / "boot").mkdir(parents=True)
        for name, content in files.items():
            (root / "boot" / name).write_bytes(content)
        target.unlink(missing_ok=True)
        self._run("mkfs.ext4", "-q", "-b", "4096", "-O", "^has_journal,^resize_inode", "-d", root, target, f"{SLOT_BYTES >> 10}k")
        self.lay(f"rootfs-{slot}", target.read_bytes())

    def write_state(self, number=0, **fields):
        self.lay("state", image_disk.boot_state(fields), disks.STATE_AT[number])

    def copies(self):
        with open(self.disk, "rb") as file:
            content = []
            for at in disks.STATE_AT:
                file.seek(LAYOUT["state"] + at)
                content.append(disks.boot_state_of(file.read(disks.STATE_COPY)))
        return content

    def ruling(self):
        """The fields of the copy that rules."""
        copies = self.copies()
        return copies[disks.ruling(copies)]

    def state(self):
        """Order, tries of a, tries of b."""
        ruling = self.ruling()
        return ruling["order"], int(ruling["a_left"]), int(ruling["b_left"])

    def start(self):
        """The power comes on; gives what the serial port said, once the board switched itself off or restarts."""
        command = ["qemu-system-aarch64", "-nodefaults", "-no-user-config", "-display", "none", "-no-reboot", "-M", "virt", "-cpu", "cortex-a53",
                   "-m", "256", "-bios", BOOT_LOADER, "-serial", "stdio", "-drive", f"if=none,id=disk,file={self.disk},format=raw",
                   "-device", "virtio-blk-pci,drive=disk"]
        with subprocess.Popen([str(word) for word in command], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT) as machine:
            try:
                said, _ = machine.communicate(timeout=START_S)
            except subprocess.TimeoutExpired:
                machine.kill()
                said = machine.stdout.read()
                self.fail(f"it did not end: {said.decode(errors='replace')[-2000:]}")
        return said.decode(errors="replace")

    def test_the_first_slot_is_started_and_one_try_taken(self):
        self.write_state(generation="1", order="a b", a_left=8, a_ok=1, b_left=0, b_ok=0)
        said = self.start()
        self.assertIn("KERNEL a", said)
        self.assertNotIn("cannot be started", said)
        self.assertNotIn("Unknown command", said)
        self.assertEqual(("a b", 7, 0), self.state())
        self.assertEqual("2", self.copies()[1]["generation"])
        self.assertEqual("1", self.copies()[0]["generation"], "the copy that ruled stays as it was")

    def test_a_slot_that_cannot_be_loaded_is_left_in_the_same_boot_and_has_no_tries_left(self):
        for what, files in (("a kernel that is none", {"vmlinuz": b"no kernel" * 1000, "initrd.img": bytes(4096)}),
                            ("no kernel", {"initrd.img": bytes(4096)}),
                            ("no RAM disk", {"vmlinuz": kernel("KERNEL b")})):
            with self.subTest(what):
                self.fill("b", files)
                self.write_state(0, generation="f", order="b a", a_left=8, a_ok=1, b_left=3, b_ok=0)
                self.write_state(1, generation="10", order="b a", a_left=8, a_ok=1, b_left=8, b_ok=1)
                said = self.start()
                self.assertIn("slot b cannot be started", said)
                self.assertIn("KERNEL a", said)
                self.assertEqual(1, said.count("starting slot b"))
                self.assertEqual(("b a", 7, 0), self.state())
                self.assertEqual(("1", "0"), (self.ruling()["a_ok"], self.ruling()["b_ok"]))
                self.assertEqual(["11", "12"], [copy["generation"] for copy in self.copies()], "both copies are of this boot")

    def test_the_other_slot_has_its_turn_when_the_tries_are_over(self):
        self.write_state(generation="1", order="a b", a_left=0, a_ok=1, b_left=2, b_ok=1)
        self.assertIn("KERNEL b", self.start())
        self.assertEqual(("a b", 0, 1), self.state())

    def test_without_any_copy_slot_a_is_tried_and_a_state_is_written(self):
        self.assertIn("KERNEL a", self.start())
        self.assertEqual(("a b", 2, 3), self.state())

    def test_if_no_slot_can_be_started_the_board_restarts_and_tries_again(self):
        for slot in "ab":
            self.fill(slot, {})
        self.write_state(generation="1", order="a b", a_left=8, a_ok=1, b_left=0, b_ok=0)
        said = self.start()  # it ends with the restart
        self.assertIn("no slot can be started", said)
        self.assertEqual(("a b", 0, 0), self.state())
        self.fill("b", {"vmlinuz": kernel("KERNEL b"), "initrd.img": bytes(4096)})
        self.assertIn("KERNEL b", self.start())


if __name__ == "__main__":
    unittest.main()
