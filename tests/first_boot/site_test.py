"""What the box takes from its site file, and the form of the scripts and units."""
import re
import shutil
import subprocess
import unittest

from box import SCRIPTS, TOP, BoxTest, main, site

SERVERS = '[device]\nntp_servers = ["ntp.example.org", "192.168.1.20"]\n'


class Site(BoxTest):
    def setUp(self):
        super().setUp()
        self.sources = self.root / "run/jidian-device/chrony/site.sources"

    def write(self, text):
        (self.config / "site.toml").write_text(text)

    def test_gives_the_host_its_name_and_chrony_its_servers(self):
        self.write(site(more=SERVERS))
        self.run_script("apply-site")
        self.assertEqual((self.folder / "hostname").read_text(), "foundry-1\n")
        self.assertEqual(self.sources.read_text(), "server ntp.example.org iburst\nserver 192.168.1.20 iburst\n")
        self.assertIn("chronyc reload sources", self.calls())

    def test_does_nothing_where_nothing_changed(self):
        self.write(site(more=SERVERS))
        self.run_script("apply-site")
        self.forget_calls()
        self.run_script("apply-site")
        self.assertEqual([call for call in self.calls() if call.startswith("chronyc") or call.startswith("hostname f")], [])

    def test_servers_that_are_gone_are_taken_from_chrony(self):
        self.write(site(more=SERVERS))
        self.run_script("apply-site")
        self.forget_calls()
        self.write(site())
        self.run_script("apply-site")
        self.assertFalse(self.sources.exists())
        self.assertIn("chronyc reload sources", self.calls())

    def test_a_file_with_mistakes_changes_nothing(self):
        self.write(site(more=SERVERS))
        self.run_script("apply-site")
        self.write(site("other", more='[device]\nntp_servers = ["a\\nmakestep 1 -1"]\n'))
        self.run_script("apply-site", status=2)
        self.assertEqual((self.folder / "hostname").read_text(), "foundry-1\n")
        self.assertIn("ntp.example.org", self.sources.read_text())

    def test_a_box_without_a_site_file_is_left_alone(self):
        self.run_script("apply-site")
        self.assertEqual(self.calls(), [])

    def test_a_name_is_one_that_hosts_may_have(self):
        self.write(site("-foundry-1-"))
        self.run_script("apply-site")
        self.assertEqual((self.folder / "hostname").read_text(), "foundry-1\n")


class Form(unittest.TestCase):
    ROOT = SCRIPTS.parents[2]
    UNITS = ROOT / "usr/lib/systemd/system"

    def test_every_script_is_one_of_the_plain_shell(self):
        for script in SCRIPTS.iterdir():
            self.assertEqual(script.read_text().splitlines()[0], "#!/bin/sh", script.name)
            self.assertTrue(script.stat().st_mode & 0o111, script.name)
            subprocess.run(["dash", "-n", script], check=True)

    @unittest.skipUnless(shutil.which("shellcheck"), "there is no shellcheck")
    def test_shellcheck_finds_nothing(self):
        done = subprocess.run(["shellcheck", "-s", "sh", *SCRIPTS.iterdir()], capture_output=True, text=True, check=False)
        self.assertEqual(done.stdout, "")

    def test_what_is_enabled_is_there_and_can_be(self):
        for name in (TOP / "firmware/first-boot/units.enabled").read_text().split():
            self.assertIn("[Install]", (self.UNITS / name).read_text(), name)

    def test_what_units_and_rules_start_is_there(self):
        named = set()
        for path in [*self.UNITS.iterdir(), *(self.ROOT / "usr/lib/udev/rules.d").iterdir()]:
            named |= set(re.findall(r"/usr/lib/jidian/([a-z-]+)", path.read_text()))
        self.assertTrue(named)
        self.assertLessEqual(named, {path.name for path in SCRIPTS.iterdir()})
        rule = (self.ROOT / "usr/lib/udev/rules.d/80-jidian-import.rules").read_text()
        self.assertIn('ENV{SYSTEMD_WANTS}+="jidian-import-usb@%k.service"', rule)
        self.assertTrue((self.UNITS / "jidian-import-usb@.service").exists())

    @unittest.skipUnless(shutil.which("systemd-analyze"), "there is no systemd-analyze")
    def test_services_are_closed_in(self):
        limits = {"jidian-identity.service": 20, "jidian-import.service": 30, "jidian-site.service": 45, "jidian-network-time.service": 40, "jidian-import-usb@.service": 45}
        for name, limit in limits.items():
            done = subprocess.run(["systemd-analyze", "security", "--offline=true", f"--threshold={limit}", self.UNITS / name],
                                  capture_output=True, text=True, check=False)
            self.assertEqual(done.returncode, 0, done.stdout[-200:] + done.stderr)


if __name__ == "__main__":
    main()
