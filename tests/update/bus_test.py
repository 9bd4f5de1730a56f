"""Who may speak to RAUC: the real one, at a bus of its own that reads Debian's settings and the device's in the order of a system's bus.

Needs root, to be somebody else.
"""
import os
import pathlib
import re
import subprocess
import tempfile
import time
import unittest

TREE = pathlib.Path(__file__).resolve().parents[2]
OURS = TREE / "firmware/update/root/etc/dbus-1/system.d"
SYSTEM = pathlib.Path("/usr/share/dbus-1/system.conf")
NAME = "de.pengutronix.rauc"
# What Debian's rauc-service says.
DEBIANS = f"""<busconfig>
  <policy context="default"><allow send_destination="{NAME}"/></policy>
  <policy user="root"><allow own="{NAME}"/></policy>
</busconfig>
"""
RAUC = "[system]\ncompatible=x\nbootloader=noop\n[keyring]\npath=/dev/null\n[slot.rootfs.0]\ndevice=/dev/null\nbootname=a\n"
NOBODY = 65534


class Bus:
    def __init__(self, ours):
        self.folder = tempfile.TemporaryDirectory(prefix="jidian-bus-")
        path = pathlib.Path(self.folder.name)
        path.chmod(0o755)
        (path / "system.d").mkdir()
        (path / f"system.d/{NAME}.conf").write_text(DEBIANS)
        (path / "rauc.conf").write_text(RAUC)
        text = SYSTEM.read_text()
        for found, instead in ((r"<listen>.*</listen>", f"<listen>unix:path={path}/socket</listen>"),
                               (r"<includedir>system\.d</includedir>", f"<includedir>{path}/system.d</includedir>"),
                               (r"<includedir>/etc/dbus-1/system\.d</includedir>", f"<includedir>{ours}</includedir>")):
            text, count = re.subn(found, instead, text)
            assert count == 1, found
        # What would make it the system's own: its user, its place in the background, its helper, its services.
        text = re.sub(r"<(user|pidfile|servicehelper)>.*</\1>|<(fork|standard_system_servicedirs)/>|<include [^>]*>[^<]*</include>", "", text)
        (path / "bus.conf").write_text(text)
        self.environment = {"PATH": os.environ["PATH"], "DBUS_SYSTEM_BUS_ADDRESS": f"unix:path={path}/socket", "LC_ALL": "C"}
        self.running = []
        self.start("dbus-daemon", f"--config-file={path}/bus.conf", "--nofork", "--nosyslog")
        self.until(lambda: (path / "socket").exists())
        self.start("rauc", f"--conf={path}/rauc.conf", "--override-boot-slot=a", "service")
        self.until(lambda: NAME in self.call(0, "org.freedesktop.DBus", "org.freedesktop.DBus.ListNames"))

    def start(self, *command):
        self.running.append(subprocess.Popen(command, env=self.environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL))

    def until(self, happened):
        deadline = time.monotonic() + 30
        while not happened():
            assert time.monotonic() < deadline and all(process.poll() is None for process in self.running), "it does not start"
            time.sleep(0.05)

    def call(self, user, destination, method, *arguments):
        done = subprocess.run(["setpriv", f"--reuid={user}", "--clear-groups", "dbus-send", "--system", "--print-reply", f"--dest={destination}", "/", method,
                               *arguments], env=self.environment, capture_output=True, text=True, timeout=30, check=False)
        return done.stdout + done.stderr

    def __enter__(self):
        return self

    def __exit__(self, *_):
        for process in reversed(self.running):
            process.kill()
            process.wait()
        self.folder.cleanup()


class Callers(unittest.TestCase):
    def ask(self, bus, user):
        """What is answered to each call, by the service's name and by the number that stands for it."""
        owner = re.search(r":[0-9.]+", bus.call(0, "org.freedesktop.DBus", "org.freedesktop.DBus.GetNameOwner", f"string:{NAME}").split("\n", 1)[1])
        return [bus.call(user, destination, method) for destination in (NAME, owner[0])
                for method in (f"{NAME}.Installer.Mark", f"{NAME}.Installer.InstallBundle", f"{NAME}.Installer.GetSlotStatus",
                               "org.freedesktop.DBus.Introspectable.Introspect", "org.freedesktop.DBus.Properties.GetAll")]

    def test_root_alone_is_heard(self):
        with Bus(OURS) as bus:
            for answer in self.ask(bus, 0):
                self.assertNotIn("AccessDenied", answer)
            for answer in self.ask(bus, NOBODY):
                self.assertIn("AccessDenied", answer)

    def test_without_the_devices_own_file_everybody_would_be(self):
        with tempfile.TemporaryDirectory() as empty, Bus(empty) as bus:
            for answer in self.ask(bus, NOBODY):
                self.assertNotIn("AccessDenied", answer)


if __name__ == "__main__":
    unittest.main()
