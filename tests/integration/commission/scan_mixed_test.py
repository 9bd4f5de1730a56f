"""scan on a line whose meters are set to different rates and parities, and one that is cut short.

Usage: scan_mixed_test.py JIDIAN JIDIAN_PLANT
"""
import json
import os
import pathlib
import pty
import signal
import subprocess
import sys
import time
import unittest

ROOT = pathlib.Path(__file__).resolve().parents[3]
sys.path.insert(0, str(ROOT / "tests"))
from rig.mixed_line import FOUND, MixedLine  # noqa: E402

JIDIAN, PLANT = sys.argv[1:3]
PATIENCE_S = 120


class MixedScan(unittest.TestCase):
    def setUp(self):
        self.line = self.enterContext(MixedLine(JIDIAN, PLANT))

    def test_quick_scan_finds_meters_of_two_rates_and_three_parities(self):
        started = time.monotonic()
        lines, code = self.line.scan("--quick")
        self.assertEqual(code, 0, lines[-3:])
        self.assertEqual({line["unit"]: line["settings"] for line in lines if line["type"] == "unit"}, FOUND)
        self.assertEqual(lines[-1], {"type": "summary", "found": len(FOUND), "complete": True})
        planned = next(line["seconds"] for line in lines if line["type"] == "plan")
        print(f"quick scan of {len(FOUND)} meters at {len(set(FOUND.values()))} settings: {time.monotonic() - started:.1f} s, "
              f"{planned} s were told before", file=sys.stderr)

    def test_an_interrupted_scan_tells_what_it_has_found(self):
        scan = subprocess.Popen([*self.line.command("scan", "line"), "--json"], stdout=subprocess.PIPE, text=True)
        self.addCleanup(scan.stdout.close)
        lines = []
        for text in scan.stdout:
            lines.append(json.loads(text))
            if lines[-1].get("found", 0) >= 1 and lines[-1]["type"] == "progress":
                scan.send_signal(signal.SIGINT)
                break
        lines += [json.loads(text) for text in scan.stdout]
        self.assertEqual(scan.wait(PATIENCE_S), 1)
        units = {line["unit"]: line["settings"] for line in lines if line["type"] == "unit"}
        self.assertGreaterEqual(len(units), 1)
        self.assertLess(len(units), len(FOUND))
        self.assertLessEqual(units.items(), FOUND.items())
        self.assertEqual(lines[-1], {"type": "summary", "found": len(units), "complete": False})

    def test_ctrl_c_on_a_terminal_tells_people_the_same(self):
        ours, theirs = pty.openpty()
        scan = subprocess.Popen(self.line.command("scan", "line"), stdout=theirs, stdin=theirs, stderr=theirs,
                                start_new_session=True)
        os.close(theirs)
        told, interrupted = b"", False
        while True:
            try:
                told += os.read(ours, 4096)
            except OSError:  # the other end is closed
                break
            if not interrupted and b"found 1" in told:
                interrupted = True
                scan.send_signal(signal.SIGINT)
        os.close(ours)
        self.assertEqual(scan.wait(PATIENCE_S), 1, told.decode())
        self.assertTrue(interrupted, told.decode())
        self.assertIn("so far; the search was not finished.", told.decode())
        self.assertRegex(told.decode(), r"9600 8N1 +(unit )?1\b")


if __name__ == "__main__":
    unittest.main(argv=sys.argv[:1])
