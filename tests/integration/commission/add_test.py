"""jidian add against the simulated plant: from a line without a meter to a gateway that reads it.

Usage: add_test.py JIDIAN JIDIAN_PLANT
"""
import json
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile
import unittest

ROOT = pathlib.Path(__file__).resolve().parents[3]
sys.path.insert(0, str(ROOT / "tests"))
from rig.processes import Process, wait_until  # noqa: E402

JIDIAN, PLANT = sys.argv[1:3]
SITE = """# The works' gateway, 现场网关.
[gateway]
id = "jd-1"

[site]
credit_code = "91130100MA0000000Y"
name = "Works"
region = "130100"
industry = "C3391"

[store]
folder = "{folder}/store"
quota = "1GB"

[api]
socket = "{folder}/api.sock"

# The line in the melting shop.
[[bus]]
id = "line"
kind = "rtu"
device = "{device}"
baud = 9600
response_timeout = "300ms"
worst_latency = "600ms"
listen_first = "1s"

# What the meters are for.
[[facility]]
id = "shop"
kind = "production"
meters = [
  # none yet
]
run = {{ source = "none" }}
"""
ADDED = """
[[meter]]
id = "{id}"
bus = "line"
unit = {unit}
profile = "{profile}"
"""


class Adding(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.folder = pathlib.Path(tempfile.mkdtemp(prefix="jidian-"))
        units = [{"unit": 7, "meter": "a", "model": "schneider-iem3155", "feed": "load", "latency_ms": 5},
                 {"unit": 8, "meter": "b", "model": "eastron-sdm630", "feed": "load", "latency_ms": 5},
                 {"unit": 10, "meter": "c", "model": "chint-dtsu666", "feed": "load", "ct": 40, "latency_ms": 5}]
        (cls.folder / "scenario.json").write_text(json.dumps(
            {"name": "add", "feeds": [{"id": "load", "kind": "load", "rated": 50000, "initial": 1000}],
             "lines": [{"id": "line", "baud": 9600, "units": units}]}))
        ports_file = cls.folder / "ports.json"
        cls.plant = Process("plant", [PLANT, "serve", "--scenario", cls.folder / "scenario.json", "--dir", cls.folder,
                                      "--control", cls.folder / "control", "--ports-file", ports_file],
                            cls.folder / "plant.log")
        wait_until(ports_file.exists, 20, "the plant's start")
        cls.device = json.loads(ports_file.read_text())["lines"][0]["path"]

    @classmethod
    def tearDownClass(cls):
        cls.plant.stop()
        shutil.rmtree(cls.folder)

    def setUp(self):
        self.site = self.folder / "site.toml"
        self.text = SITE.format(folder=self.folder, device=self.device)
        self.site.write_text(self.text)
        os.chmod(self.site, 0o640)
        shutil.rmtree(self.folder / "store", ignore_errors=True)

    def run_jidian(self, *arguments, code=0, profiles=ROOT / "config/meters"):
        done = subprocess.run([JIDIAN, *map(str, arguments), "--site", self.site, "--profiles", profiles],
                              capture_output=True, text=True, timeout=60)
        self.assertEqual(done.returncode, code, done.stdout[-2000:] + done.stderr[-2000:])
        return done.stdout + done.stderr

    def gateway(self):
        gateway = Process("gateway", [JIDIAN, "run", "--site", self.site, "--profiles", ROOT / "config/meters"],
                          self.folder / "gateway.log")
        self.addCleanup(gateway.stop)
        wait_until(lambda: subprocess.run([JIDIAN, "status", "--json", "--socket", self.folder / "api.sock"],
                                          capture_output=True).returncode != 3, 20, "the gateway's start")
        return gateway

    def test_from_an_empty_line_to_a_meter_that_is_read(self):
        self.assertIn("Next: jidian scan line", self.run_jidian("check", code=1))  # a bus without a meter is a warning
        said = self.run_jidian("add", "line", 7, "--profile", "schneider-iem3155", "--facility", "shop")
        self.assertIn("says that it is a Schneider", said)
        self.assertIn("Next: jidian read schneider-iem3155-7", said)
        text = self.site.read_text()
        serial = next(line for line in text.splitlines() if line.startswith("serial = "))
        added = ADDED.format(id="schneider-iem3155-7", unit=7, profile="schneider-iem3155") + serial + "\n"
        before, after = self.text.split("\n# What the meters are for.")
        after = after.replace("[\n  # none yet", '["schneider-iem3155-7"\n  # none yet')
        self.assertEqual(text, before + added + "\n# What the meters are for." + after)
        self.assertEqual(self.site.stat().st_mode & 0o777, 0o640)
        self.gateway()
        self.run_jidian("read", "schneider-iem3155-7")

        # Beside the running gateway, whose poller asks the second one.
        line = json.loads(self.run_jidian("add", "line", 8, "--profile", "eastron-sdm630", "--id", "oven", "--name",
                                          "二号炉", "--json"))
        self.assertEqual((line["written"], line["probe"]["verdict"], line["meter"]), (True, "looks", "oven"))
        self.assertTrue(line["taken"], line)
        self.assertIn("Next: jidian read oven", line["next"])
        self.run_jidian("read", "oven")
        self.assertTrue(any("belongs to no facility" in warning for warning in line["warnings"]))
        self.assertIn('name = "二号炉"\n', self.site.read_text())

    def test_a_profile_whose_voltage_is_right_by_chance_is_refused(self):
        profiles = self.folder / "profiles"
        shutil.copytree(ROOT / "config/meters", profiles, dirs_exist_ok=True)
        right = (profiles / "eastron-sdm630.toml").read_text()
        wrong = right.replace('"current.l1", address = 0x0006', '"current.l1", address = 0x0046')  # where the frequency is
        self.assertNotEqual(wrong, right)
        (profiles / "twin.toml").write_text(wrong)
        said = self.run_jidian("add", "line", 8, "--profile", "twin", code=1, profiles=profiles)
        self.assertIn("make no sense together: L1 draws", said)
        self.assertIn("--no-probe", said)
        self.assertEqual(self.site.read_text(), self.text)
        said = self.run_jidian("add", "line", 8, "--profile", "twin", "--lang", "zh", code=1, profiles=profiles)
        self.assertIn("数值互相矛盾", said)
        self.run_jidian("add", "line", 8, "--profile", "twin", "--no-probe", profiles=profiles)

    def test_what_was_compared_is_said(self):
        said = self.run_jidian("add", "line", 8, "--profile", "eastron-sdm630", "--dry-run")
        self.assertRegex(said, "checked: frequency (49|50)")
        self.assertIn("power against voltage × current (L1", said)

    def test_a_ratio_of_a_direct_meter_is_warned_of(self):
        def add(unit, *options):
            return self.run_jidian("add", "line", unit, *options, "--period", "10s", "--no-probe")
        self.assertIn("connected directly", add(99, "--profile", "eastron-sdm120", "--ct-ratio", "200/5"))
        self.assertIn("write ct_ratio", add(98, "--profile", "siemens-pac3200"))
        self.assertNotIn("write ct_ratio", add(97, "--profile", "siemens-pac3200", "--ct-ratio", "200/5"))

    def test_a_dry_run_shows_what_would_be_written(self):
        said = self.run_jidian("add", "line", 8, "--profile", "eastron-sdm630", "--facility", "shop", "--dry-run")
        self.assertEqual(self.site.read_text(), self.text)
        lines = said.splitlines()
        diff = lines[next(i for i, line in enumerate(lines) if line.startswith("--- ")):-1]
        self.run_jidian("add", "line", 8, "--profile", "eastron-sdm630", "--facility", "shop")
        wanted = self.site.read_text().splitlines()
        added = [line[1:] for line in diff if line.startswith("+") and not line.startswith("+++")]
        self.assertEqual([line for line in added if line],
                         [line for line in wanted if line and line not in self.text.splitlines()])

    def test_what_cannot_be_is_refused_and_nothing_written(self):
        for arguments, code, says in (
                (("line", 9, "--profile", "eastron-sdm630"), 3, "jidian scan line --units 9"),
                (("line", 7, "--profile", "siemens-pac3200"), 1, "--profile schneider-iem3155"),
                (("line", 7, "--profile", "schneider-iem3155", "--serial", "nonsense"), 1, "not nonsense"),
                (("line", 7, "--profile", "schneider-iem3156"), 2, "did you mean 'schneider-iem3155'"),
                (("lime", 7, "--profile", "schneider-iem3155"), 2, "it has: line"),
                (("line", 7, "--profile", "schneider-iem3155", "--facility", "oven"), 2, "it has: shop"),
                (("line", 7, "--profile", "schneider-iem3155", "--facility", "oven"), 2, '[[facility]]\nid = "oven"'),
                (("line", 248, "--profile", "schneider-iem3155"), 2, "unit is out of range"),
                (("line", 10, "--profile", "chint-dtsu666", "--ct-ratio", "400/5"), 1, "holds the ratio 40"),
                (("line", 7, "--profile", "schneider-iem3155", "--ct-ratio", "big"), 2, "write \"200/5\"")):
            with self.subTest(says):
                said = self.run_jidian("add", *arguments, code=code)
                self.assertIn(says, said)
                self.assertEqual(self.site.read_text(), self.text)

    def test_a_slip_is_answered_with_what_was_meant(self):
        for arguments, code, says in (
                (("add", "line", 7, "--profil", "schneider-iem3155"), 2, "did you mean '--profile'"),
                (("profiles", "Eastron"), 0, "eastron-sdm630"),
                (("profiles", "eastron-sdm63x"), 2, "did you mean 'eastron-sdm630'")):
            with self.subTest(says):
                self.assertIn(says, self.run_jidian(*arguments, code=code))
        bare = subprocess.run([JIDIAN], capture_output=True, text=True, timeout=20)
        self.assertEqual(bare.returncode, 2)
        for verb in ("scan", "signoff", "doctor", "tail"):
            self.assertIn(f"  jidian {verb} ", bare.stdout)
        self.site.write_text(self.text.replace(self.device, "/dev/serial/by-path/none"))
        self.assertIn("/dev/serial/by-path", self.run_jidian("scan", "line", code=3).split("No such file", 1)[1])

    def test_without_asking_a_meter_that_is_not_there_is_written(self):
        self.run_jidian("add", "line", 99, "--profile", "eastron-sdm630", "--no-probe", "--serial", "X1")
        self.assertEqual(self.site.read_text().count('serial = "X1"'), 1)
        self.assertIn("unit is taken", self.run_jidian("add", "line", 99, "--profile", "eastron-sdm630", code=2))


if __name__ == "__main__":
    unittest.main(argv=sys.argv[:1] + sys.argv[3:])
