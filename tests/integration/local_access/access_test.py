"""Who may ask a running gateway, and that it records whatever is wrong with its local interface.

Usage: access_test.py JIDIAN
"""
import json
import os
import pathlib
import shutil
import socket
import stat
import subprocess
import sys
import tempfile
import unittest

ROOT = pathlib.Path(__file__).resolve().parents[3]
sys.path.insert(0, str(ROOT / "tests"))
from rig.processes import Process, free_port, wait_until  # noqa: E402

STRANGER = 4321  # neither a user nor a group of any system
SITE = """[gateway]
id = "jd-1"
[site]
credit_code = "91130100MA0000000Y"
name = "Works"
region = "130100"
industry = "C3391"
[store]
folder = "{folder}/store"
quota = "1GB"
commit_interval = "1s"
[api]
socket = "{folder}/api.sock"
{groups}
[[bus]]
id = "net"
kind = "tcp"
host = "127.0.0.1"
port = {port}
[[meter]]
id = "m-1"
bus = "net"
unit = 1
profile = "siemens-pac3200"
[[facility]]
id = "shop"
kind = "production"
meters = ["m-1"]
rated_power_kw = 100
"""


class LocalAccessTest(unittest.TestCase):
    def setUp(self):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="jidian-"))
        self.addCleanup(shutil.rmtree, self.folder, ignore_errors=True)
        self.folder.chmod(0o755)
        self.jidian_file = self.folder / "jidian"  # where any user can run it
        shutil.copy(sys.argv[1], self.jidian_file)
        self.jidian_file.chmod(0o755)
        self.socket = self.folder / "api.sock"

    def command(self, *arguments):
        return [self.jidian_file, *arguments, "--site", self.folder / "site.toml", "--profiles", ROOT / "config/meters"]

    def jidian(self, *arguments):
        return subprocess.run(self.command(*arguments), capture_output=True, text=True, timeout=60)

    def write_site(self, groups):
        (self.folder / "site.toml").write_text(SITE.format(folder=self.folder, groups=groups, port=free_port()))

    def start(self, groups):
        self.write_site(groups)
        process = Process("gateway", self.command("run"), self.folder / "gateway.log")
        self.addCleanup(process.stop)
        return process

    def status(self):
        return json.loads(self.jidian("status", "--json").stdout or "{}")

    def ask_as_stranger(self, *arguments):
        return subprocess.run([self.jidian_file, *arguments, "--socket", self.socket], capture_output=True, text=True,
                              timeout=60, user=STRANGER, group=STRANGER, extra_groups=[])

    def test_a_group_that_is_not_there_closes_the_socket_and_nothing_else(self):
        groups = 'read_group = "no-such-group-here"'
        gateway = self.start(groups)
        wait_until(lambda: self.status().get("recording"), 30, "recording")
        self.assertEqual(stat.S_IMODE(self.socket.stat().st_mode), 0o600)
        self.assertEqual(self.socket.stat().st_gid, os.getegid())
        told = [each for each in self.status()["findings"] if each["about"] == "local interface"]
        self.assertEqual(len(told), 1)
        self.assertIn("no group 'no-such-group-here'", told[0]["what"])
        self.assertIn("groupadd --system no-such-group-here", told[0]["do"])
        self.assertIn("recording goes on", gateway.log())

        line = 1 + (self.folder / "site.toml").read_text().splitlines().index(groups)
        checked = self.jidian("check")
        self.assertEqual(checked.returncode, 1, checked.stdout + checked.stderr)
        self.assertIn(f"site.toml:{line}:14: ", checked.stdout)
        self.assertIn("`groupadd --system no-such-group-here`", checked.stdout)

    def test_it_records_without_any_local_interface_and_opens_it_once_it_can(self):
        self.write_site("")
        with socket.socket(socket.AF_UNIX) as other:
            other.bind(str(self.socket))
            other.listen()
            gateway = Process("gateway", self.command("run"), self.folder / "gateway.log")
            self.addCleanup(gateway.stop)
            wait_until(lambda: "no local interface, recording goes on" in gateway.log(), 30, "the start")
            wait_until(lambda: "recording version=" in gateway.log(), 30, "recording")
        wait_until(lambda: self.status().get("recording"), 60, "the interface, once nobody else listens there")
        self.assertEqual(gateway.log().count("local interface is open as configured"), 1)
        self.assertEqual([each for each in self.status()["findings"] if each["about"] == "local interface"], [])

    @unittest.skipIf(os.geteuid() != 0, "only root can ask as somebody else")
    def test_a_stranger_is_told_that_he_may_not_ask_and_how_he_could(self):
        self.start('read_group = "games"')
        wait_until(lambda: self.status().get("recording"), 30, "recording")
        refused = self.ask_as_stranger("status")
        self.assertEqual(refused.returncode, 2, refused.stdout + refused.stderr)
        self.assertIn(f"permission denied at {self.socket}: you are not in the group 'games'", refused.stderr)
        self.assertIn("usermod -aG games", refused.stderr)
        self.assertNotIn("no gateway answers", refused.stderr)
        chinese = self.ask_as_stranger("status", "--lang", "zh")
        self.assertIn("您不在组“games”中", chinese.stderr)
        told = json.loads(self.ask_as_stranger("status", "--json").stdout)
        self.assertEqual(told["error"]["kind"], "denied")

    @unittest.skipIf(os.geteuid() != 0, "only root can ask as somebody else")
    def test_a_closed_socket_says_whose_it_is(self):
        self.start('read_group = "no-such-group-here"')
        wait_until(lambda: self.status().get("recording"), 30, "recording")
        refused = self.ask_as_stranger("status")
        self.assertEqual(refused.returncode, 2, refused.stdout + refused.stderr)
        self.assertIn("open to root and the user 'root' only", refused.stderr)

    def test_where_no_gateway_runs_that_is_what_is_said(self):
        self.write_site("")
        nobody = self.jidian("status")
        self.assertEqual(nobody.returncode, 3)
        self.assertIn("no gateway answers", nobody.stderr)


if __name__ == "__main__":
    unittest.main(argv=sys.argv[:1] + sys.argv[2:])
