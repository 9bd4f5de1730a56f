"""All 247 units at every setting that the known meters can have, and how long it took beside what was told before.

Usage: scan_full_test.py JIDIAN JIDIAN_PLANT
"""
import pathlib
import shutil
import sys
import tempfile
import time
import unittest

ROOT = pathlib.Path(__file__).resolve().parents[3]
sys.path.insert(0, str(ROOT / "tests"))
from rig.mixed_line import FOUND, MixedLine  # noqa: E402

JIDIAN, PLANT = sys.argv[1:3]
# A catalogue whose meters have few settings; the first one is the site file's.
PROFILES = ("eastron-sdm630", "siemens-pac3200", "carlo-gavazzi-em340")


class FullScan(unittest.TestCase):
    def test_every_unit_at_every_setting(self):
        catalogue = pathlib.Path(tempfile.mkdtemp(prefix="jidian-"))
        self.addCleanup(shutil.rmtree, catalogue)
        for profile in PROFILES:
            shutil.copy(ROOT / f"config/meters/{profile}.toml", catalogue)
        with MixedLine(JIDIAN, PLANT) as line:
            started = time.monotonic()
            lines, code = line.scan("--full", profiles=catalogue)
            took = time.monotonic() - started
        self.assertEqual(code, 0, lines[-3:])
        plan = next(line for line in lines if line["type"] == "plan")
        self.assertEqual(plan["units_first"], 247)
        self.assertGreaterEqual(len(plan["settings"]), 4)
        self.assertEqual({line["unit"]: line["settings"] for line in lines if line["type"] == "unit"}, FOUND)
        probes = 247 * len(plan["settings"])
        print(f"{len(plan['settings'])} settings x 247 units: {plan['seconds']} s told before, {took:.0f} s taken, "
              f"{1000 * took / probes:.0f} ms a probe; 4 settings would take {4 * took / len(plan['settings']):.0f} s",
              file=sys.stderr)


if __name__ == "__main__":
    unittest.main(argv=sys.argv[:1])
