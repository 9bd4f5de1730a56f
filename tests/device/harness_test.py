"""What the harness is made of, tried without a guest: the console on a shell of this machine, disks as files, QEMU's command line."""
import os
import pathlib
import pty
import random
import select
import shutil
import socket
import subprocess
import sys
import tempfile
import threading
import unittest
import zlib

HERE = pathlib.Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE.parent)]

import bundles  # noqa: E402
import console  # noqa: E402
import disks  # noqa: E402
import machine  # noqa: E402
from console import Console, ConsoleError  # noqa: E402
from rig.processes import wait_until  # noqa: E402


class ShellOnSocket:
    """A shell in a terminal of its own behind a Unix socket, as QEMU shows a guest's console."""

    def __init__(self, path, *shell):
        self.ended = False
        self._client = None
        self._listener = socket.socket(socket.AF_UNIX)
        self._listener.bind(str(path))
        self._listener.listen()
        self._master, slave = pty.openpty()
        self._shell = subprocess.Popen(shell, stdin=slave, stdout=slave, stderr=slave, start_new_session=True,
                                       env={"PATH": os.environ["PATH"], "PS1": "# ", "TERM": "vt100"})
        os.close(slave)
        self._thread = threading.Thread(target=self._carry, daemon=True)
        self._thread.start()

    def say(self, data):
        """Something between the lines, as the kernel does."""
        self._client.sendall(data)

    def end(self):
        self.ended = True
        self._shell.kill()
        self._shell.wait()
        wait_until(lambda: self._client, 10, "the client's being taken")
        self._client.shutdown(socket.SHUT_RDWR)
        self._thread.join()
        for end in (self._client, self._listener):
            end.close()
        os.close(self._master)

    def _carry(self):
        self._client, _ = self._listener.accept()
        while True:
            try:
                for ready in select.select([self._client, self._master], [], [])[0]:
                    data = os.read(ready if ready == self._master else ready.fileno(), 4096)
                    if not data:
                        return
                    if ready == self._master:
                        self._client.sendall(data)
                    else:
                        os.write(self._master, data)
            except OSError:
                return


class OnConsole(unittest.TestCase):
    SHELL = ("bash", "--norc", "-i")

    def setUp(self):
        self._folder = tempfile.TemporaryDirectory()
        self.folder = pathlib.Path(self._folder.name)
        console.FOLDER = str(self.folder / "inside")
        self.shell = ShellOnSocket(self.folder / "console", *self.SHELL)
        self.console = Console(self.folder / "console")
        self.console.wait_shell(20)

    def tearDown(self):
        self.console.__exit__()
        if not self.shell.ended:
            self.shell.end()
        self._folder.cleanup()

    def test_tells_status_output_and_errors_apart(self):
        answer = self.console.run("echo said; echo complained >&2; exit 7")
        self.assertEqual((7, "said\n", "complained\n"), (answer.status, answer.output, answer.errors))

    def test_a_script_ends_when_its_time_is_over_and_the_next_one_runs(self):
        self.assertEqual(124, self.console.run("sleep 60", seconds=1).status)
        self.assertEqual("next\n", self.console.must("echo next"))

    def test_quotes_lines_and_marks_in_the_output_arrive_as_they_are(self):
        text = "it's \"quoted\" $HOME `x` \\ \n.\nmark-1-end\r\n" + "x" * 5000
        self.assertEqual(text + "\n", self.console.must(f"cat <<'...'\n{text}\n..."))

    def test_files_go_over_and_back_unchanged(self):
        data = random.Random(1).randbytes(200_000)
        self.console.put(data, self.folder / "deep/er/file", "0640")
        self.assertEqual(data, (self.folder / "deep/er/file").read_bytes())
        self.assertEqual(data, self.console.get(self.folder / "deep/er/file"))

    def test_what_had_to_succeed_and_did_not_is_told_with_its_complaint(self):
        with self.assertRaisesRegex(ConsoleError, r"ended with 3[\s\S]*no such thing"):
            self.console.must("echo no such thing >&2; exit 3")

    def test_input_is_not_the_console(self):
        self.assertEqual("", self.console.must("cat"))

    def test_a_shell_that_died_is_no_shell(self):
        self.shell.end()
        with self.assertRaises(ConsoleError):
            self.console.run("echo", seconds=1)


class OnPlainShell(OnConsole):
    SHELL = ("sh", "-i")


class Silence(unittest.TestCase):
    def test_no_shell_is_told_with_what_was_said_last(self):
        with tempfile.TemporaryDirectory() as folder:
            shell = ShellOnSocket(f"{folder}/console", "sh", "-c", "echo just booting; cat >/dev/null")
            with Console(f"{folder}/console") as client, self.assertRaisesRegex(ConsoleError, "just booting"):
                client.wait_shell(1)
            shell.end()

    def test_nobody_waits_for_a_machine_that_has_ended(self):
        with tempfile.TemporaryDirectory() as folder:
            shell = ShellOnSocket(f"{folder}/console", "cat")
            with Console(f"{folder}/console") as client, self.assertRaisesRegex(ConsoleError, "ended"):
                client.wait_shell(600, alive=lambda: False)
            shell.end()


TOOLS = ("qemu-img", "qemu-io", "qemu-system-aarch64", "mcopy", "mkfs.vfat", "sfdisk", "socat", "rauc", "mksquashfs")
MISSING = [tool for tool in TOOLS if shutil.which(tool, path="/usr/sbin:/usr/bin:/sbin:/bin") is None]
if not machine.BOOT_LOADER.exists():
    MISSING.append(str(machine.BOOT_LOADER))
with_tools = unittest.skipIf(MISSING, f"not installed: {MISSING}; ./dev test device installs them")


def copy_of(**values):
    body = b"".join(f"{key}={value}".encode() + b"\0" for key, value in values.items()) + b"\0"
    body = body.ljust(disks.STATE_COPY - 4, b"\0")
    return zlib.crc32(body).to_bytes(4, "little") + body


class BootStates(unittest.TestCase):
    def test_a_copy_is_read_as_the_boot_loader_does(self):
        self.assertEqual({"generation": "7", "order": "a b"}, disks.boot_state_of(copy_of(generation=7, order="a b")))

    def test_one_changed_byte_is_no_copy(self):
        copy = bytearray(copy_of(generation=7))
        copy[100] ^= 1
        self.assertIsNone(disks.boot_state_of(bytes(copy)))

    def test_the_greater_whole_copy_rules(self):
        self.assertEqual(1, disks.ruling([{"generation": "f"}, {"generation": "10"}]))
        self.assertEqual(0, disks.ruling([{"generation": "9"}, None]))
        self.assertIsNone(disks.ruling([None, None]))


@with_tools
class Disks(unittest.TestCase):
    def setUp(self):
        self._folder = tempfile.TemporaryDirectory()
        self.folder = pathlib.Path(self._folder.name)

    def tearDown(self):
        self._folder.cleanup()

    def _disk(self):
        """A disk with the partitions `state` and `data`, whose data is a file system with a record in it."""
        inside = self.folder / "inside"
        (inside / "jidian/store").mkdir(parents=True)
        (inside / "jidian/store/epoch-1.db").write_bytes(b"a record")
        data = self.folder / "data.ext4"
        subprocess.run(["mkfs.ext4", "-q", "-d", inside, data, "8M"], check=True, capture_output=True)
        base = self.folder / "base.img"
        with open(base, "wb") as file:
            file.truncate(32 << 20)
        table = "label: gpt\nstart=2048, size=128, name=state\nstart=4096, size=16384, name=data\n"
        subprocess.run(["sfdisk", "-q", base], input=table, text=True, check=True)
        with open(base, "r+b") as file:
            file.seek(4096 * disks.SECTOR)
            file.write(data.read_bytes())
            for number, generation in enumerate((3, 4)):
                file.seek(2048 * disks.SECTOR + disks.STATE_AT[number])
                file.write(copy_of(generation=generation, order="a b"))
        return disks.Disk(disks.overlay(base, self.folder / "disk.qcow2", "raw"))

    def test_the_record_is_read_from_a_disk_without_a_machine(self):
        store = disks.copy_store(self._disk(), self.folder / "copy")
        self.assertEqual(b"a record", (store / "epoch-1.db").read_bytes())

    def test_a_torn_copy_of_the_boot_state_leaves_the_other_one_ruling(self):
        state = disks.BootState(self._disk())
        self.assertEqual("4", state.show()["generation"])
        state.tear(1, random.Random(1))
        self.assertEqual("3", state.show()["generation"])
        state.tear(0, random.Random(1))
        self.assertIsNone(state.show())

    def test_a_partition_that_is_not_there_is_told_with_those_that_are(self):
        with self.assertRaisesRegex(disks.DiskError, "rootfs-a.*data.*state"):
            self._disk().partition("rootfs-a")

    def test_a_stick_gives_back_what_was_laid_on_it(self):
        stick = disks.make_stick(self.folder / "stick.img", {"site.toml": b"[gateway]\n", "keys/ca.pem": b"pem"})
        self.assertEqual(b"pem", disks.read_stick(stick, "keys/ca.pem"))
        with self.assertRaises(disks.DiskError):
            disks.read_stick(stick, "nothing")

    def test_a_library_holds_the_folder(self):
        (self.folder / "books").mkdir()
        (self.folder / "books/one.raucb").write_bytes(b"x" * 3_000_000)
        library = disks.make_library(self.folder / "library.img", self.folder / "books")
        said = subprocess.run(["debugfs", "-R", "ls -p /", library], capture_output=True, text=True, check=True).stdout
        self.assertIn("/one.raucb/", said)


class SmallImage:
    """A disk whose rootfs-a is a few files, under a key made for this."""

    def __init__(self, folder):
        self.folder = folder

    def extract(self, label, path):
        tree = self.folder / "tree"
        for file, content in (("usr/lib/os-release", b'NAME=x\nVERSION_ID="1.0"\n'), ("usr/bin/jidian", b"a program"),
                              ("boot/vmlinuz-1", b"a kernel"), ("noise", random.Random(1).randbytes(3_000_000))):
            (tree / file).parent.mkdir(parents=True, exist_ok=True)
            (tree / file).write_bytes(content)
        (tree / "boot/vmlinuz").symlink_to("vmlinuz-1")
        subprocess.run(["mkfs.ext4", "-q", "-d", tree, path, "16M"], check=True, capture_output=True)
        return path


@with_tools
@unittest.skipUnless((bundles.ROOT / "firmware/update/bundle.py").exists(), "this tree makes no bundles")
class Bundles(unittest.TestCase):
    def setUp(self):
        self._folder = tempfile.TemporaryDirectory()
        self.folder = pathlib.Path(self._folder.name)
        import keys
        for name, value in zip(keys.NAMES, (self.folder / "keys/signer.key", self.folder / "keys/signer.pem", self.folder / "keys/keyring.pem")):
            os.environ[name] = str(value)
        keys.make_authority(self.folder / "keys", "a test")
        keys.make_signer(self.folder / "keys", "a test's signer", self.folder / "keys")
        keys.join(self.folder / "keys/keyring.pem", [self.folder / "keys/authority.pem"])
        self.updates = bundles.Updates(SmallImage(self.folder), self.folder / "updates")

    def tearDown(self):
        self._folder.cleanup()

    def _content(self, bundle, path):
        """A file of the system in a bundle."""
        folder = self.folder / "unpacked"
        shutil.rmtree(folder, ignore_errors=True)
        subprocess.run(["unsquashfs", "-q", "-n", "-d", folder, bundle], check=True, capture_output=True)
        return bundles._read(folder / "rootfs.img", path)

    def _is_trusted(self, bundle):
        return subprocess.run(["rauc", f"--keyring={self.folder}/keys/keyring.pem", f"--conf={self.updates.bundle.CONFIGURATION}", "info",
                               bundle], capture_output=True, timeout=60).returncode == 0

    def test_each_is_what_its_name_says(self):
        self.assertEqual("1.0", self.updates.version)
        self.assertIn(b'VERSION_ID="1.0+1"', self._content(self.updates.good(), "/usr/lib/os-release"))
        self.assertEqual(b"a program", self._content(self.updates.good(), "/usr/bin/jidian"))
        self.assertIn(b"exit 1", self._content(self.updates.without_gateway(), "/usr/bin/jidian"))
        self.assertNotIn(b"a kernel", self._content(self.updates.without_kernel(), "/boot/vmlinuz-1"))

    def test_the_signature_of_the_tampered_one_fits_and_those_of_others_do_not(self):
        expected = {"good": True, "older": True, "tampered": True, "foreign": False, "broken_signature": False}
        self.assertEqual(expected, {name: self._is_trusted(getattr(self.updates, name)()) for name in expected})


class CommandLine(unittest.TestCase):
    def _command(self, **parts):
        return machine.command_of(machine.Parts(pathlib.Path("d.qcow2"), pathlib.Path("f"), **parts))

    def test_the_guest_reaches_the_broker_and_nothing_else(self):
        command = self._command(broker_port=1883, service_ssh_port=22000)
        for network in (word for word in command if word.startswith("user,")):
            self.assertIn("restrict=on", network)
        uplink, service = (word for word in command if word.startswith("user,"))
        self.assertIn("guestfwd=tcp:10.0.2.100:8883-cmd:socat - TCP:127.0.0.1:1883", uplink)
        self.assertNotIn("guestfwd", service)
        self.assertNotIn("hostfwd", uplink)

    def test_the_first_network_port_is_the_uplink(self):
        ports = [word for word in self._command() if word.startswith("virtio-net-pci")]
        self.assertEqual(["netdev=uplink", "netdev=service"], [port.split(",")[2] for port in ports])

    def test_a_board_without_a_battery_begins_where_it_is_told(self):
        self.assertIn("base=1970-01-01T00:00:00", self._command(clock="1970-01-01T00:00:00"))
        self.assertIn("base=utc", self._command())

    @with_tools
    def test_qemu_takes_the_command_line(self):
        with tempfile.TemporaryDirectory() as name:
            folder = pathlib.Path(name)
            subprocess.run(["qemu-img", "create", "-q", "-f", "qcow2", folder / "disk", "16M"], check=True)
            parts = machine.Parts(folder / "disk", folder / "machine", os.ttyname(pty.openpty()[1]), broker_port=1883)
            with machine.Machine(parts) as box:
                box.power_on()
                self.assertEqual("running", box.monitor.ask("query-status")["status"])
                box.monitor.ask("system_reset")
                self.assertEqual(1, box.monitor.saw("RESET"))
            self.assertFalse(box.is_running())


if __name__ == "__main__":
    unittest.main()
