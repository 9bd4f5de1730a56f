"""scan, show-as, doctor and trace against the simulated plant, without a gateway and through a running one.

Usage: scan_test.py JIDIAN JIDIAN_PLANT
"""
import json
import pathlib
import shutil
import subprocess
import sys
import tempfile
import time
import unittest

ROOT = pathlib.Path(__file__).resolve().parents[3]
sys.path.insert(0, str(ROOT / "tests"))
from rig.processes import Process, wait_until  # noqa: E402

JIDIAN, PLANT = sys.argv[1:3]
MODELS = ["eastron-sdm630", "chint-dtsu666", "schneider-iem3155", "siemens-pac3200", "carlogavazzi-em340", "acrel-adl400",
          "chint-pd666", "eastron-sdm630"]
UNITS = [1, 3, 7, 12, 18, 23, 29, 32]
NAMED = {"schneider-iem3155": "schneider-iem3155", "siemens-pac3200": "siemens-pac3200",
         "carlogavazzi-em340": "carlo-gavazzi-em340"}  # those that say what they are


def scenario():
    """Eight meters on a line that the site file has with other settings."""
    units = [{"unit": unit, "meter": f"m-{unit}", "model": model, "feed": "load", "latency_ms": 20}
             for unit, model in zip(UNITS, MODELS)]
    return {"name": "scan", "feeds": [{"id": "load", "kind": "load", "rated": 50000, "initial": 1000}],
            "lines": [{"id": "line", "baud": 19200, "parity": "E", "units": units},
                      {"id": "home", "baud": 9600, "units": [
                          {"unit": 5, "meter": "known", "model": "eastron-sdm630", "feed": "load", "latency_ms": 20},
                          {"unit": 9, "meter": "new", "model": "schneider-iem3155", "feed": "load", "latency_ms": 20}]}],
            "tcp": [{"id": "net", "absent_answers": True, "units": [
                {"unit": 2, "meter": "net-2", "model": "siemens-pac3200", "feed": "load"},
                {"unit": 3, "meter": "net-3", "model": "sunspec-meter", "feed": "load"}]}]}


def site(folder, ports):
    bus = ('[[bus]]\nid = "{id}"\nkind = "rtu"\ndevice = "{device}"\nbaud = 9600\nresponse_timeout = "300ms"\n'
           'worst_latency = "600ms"\n\n')
    return ('[gateway]\nid = "jd-1"\n\n[site]\ncredit_code = "91130100MA0000000Y"\nname = "Works"\nregion = "130100"\n'
            'industry = "C3391"\ncontract_capacity_kva = 1250\nsecurity_load_kw = 60\nutc_offset = "+08:00"\n\n'
            f'[store]\nfolder = "{folder}/store"\nquota = "1GB"\n\n[api]\nsocket = "{folder}/api.sock"\n\n'
            + bus.format(id="line", device=ports["lines"]["line"]) + bus.format(id="home", device=ports["lines"]["home"])
            + f'[[bus]]\nid = "net"\nkind = "tcp"\nhost = "127.0.0.1"\nport = {ports["tcp"]["net"]}\n\n'
            '[[meter]]\nid = "known"\nbus = "home"\nunit = 5\nperiod = "2s"\nprofile = "eastron-sdm630"\n'
            'points = ["voltage_ln.l1", "active_energy_import.total"]\n\n'
            '[[meter]]\nid = "net-3"\nbus = "net"\nunit = 3\nperiod = "2s"\nprofile = "sunspec-meter-int"\n'
            'points = ["voltage_ln.l1", "active_energy_import.total"]\n')


class Commissioning(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.folder = pathlib.Path(tempfile.mkdtemp(prefix="jidian-"))
        (cls.folder / "scenario.json").write_text(json.dumps(scenario()))
        ports_file = cls.folder / "ports.json"
        cls.plant = Process("plant", [PLANT, "serve", "--scenario", cls.folder / "scenario.json", "--dir", cls.folder,
                                      "--control", cls.folder / "control", "--ports-file", ports_file],
                            cls.folder / "plant.log")
        wait_until(ports_file.exists, 20, "the plant's start")
        raw = json.loads(ports_file.read_text())
        ports = {"lines": {line["id"]: line["path"] for line in raw["lines"]},
                 "tcp": {port["id"]: port["port"] for port in raw["tcp"]}}
        (cls.folder / "site.toml").write_text(site(cls.folder, ports))

    @classmethod
    def tearDownClass(cls):
        cls.plant.stop()
        shutil.rmtree(cls.folder)

    def jidian(self, *arguments, code=0):
        done = subprocess.run([JIDIAN, *map(str, arguments), "--site", self.folder / "site.toml", "--profiles",
                               ROOT / "config/meters", "--json"], capture_output=True, text=True, timeout=200)
        self.assertEqual(done.returncode, code, done.stdout[-2000:] + done.stderr[-2000:])
        return [json.loads(line) for line in done.stdout.splitlines()]

    def gateway(self):
        gateway = Process("gateway", [JIDIAN, "run", "--site", self.folder / "site.toml", "--profiles",
                                      ROOT / "config/meters"], self.folder / "gateway.log")
        self.addCleanup(gateway.stop)
        wait_until((self.folder / "api.sock").exists, 20, "the gateway's start")
        return gateway

    def test_quick_scan_finds_and_names_eight_meters_at_foreign_settings(self):
        started = time.monotonic()
        lines = self.jidian("scan", "line", "--quick")
        took = time.monotonic() - started
        units = {line["unit"]: line for line in lines if line["type"] == "unit"}
        self.assertEqual(sorted(units), UNITS)
        for unit, model in zip(UNITS, MODELS):
            self.assertEqual(units[unit]["settings"], "19200 8E1")
            if model in NAMED:
                self.assertEqual([one["profile"] for one in units[unit]["profiles"]], [NAMED[model]])
                self.assertTrue(units[unit]["certain"])
            else:
                self.assertIn(model, [one["profile"] for one in units[unit]["profiles"]])
        self.assertEqual(lines[-1], {"type": "summary", "found": 8, "complete": True})
        print(f"quick scan: 8 meters found and named in {took:.1f} s", file=sys.stderr)

    def test_scan_beside_polling_leaves_the_polls_alone(self):
        self.gateway()
        lines = self.jidian("scan", "home", "--quick", "--units", "1-12")
        units = {line["unit"]: line for line in lines if line["type"] == "unit"}
        self.assertEqual(sorted(units), [5, 9])
        self.assertEqual(units[5]["meter"], "known")
        read = self.jidian("read", "known")[0]
        self.assertTrue(all(point["quality"] == "ok" for point in read["points"]))
        shown = self.jidian("show-as", "home", 5, "input", "0x0000", 2)[0]
        self.assertTrue(any(one["plausible"] and one["type"] == "f32" and one["order"] == "ABCD"
                            for one in shown["interpretations"]))
        frames = [line for line in self.jidian("trace", "home", "--seconds", 5) if line["type"] == "frame"]
        self.assertIn("request", {frame["kind"] for frame in frames})
        self.assertIn("reply", {frame["kind"] for frame in frames})

    def test_an_endpoint_is_searched_by_unit(self):
        units = [line for line in self.jidian("scan", "net", "--units", "1-4") if line["type"] == "unit"]
        self.assertEqual([unit["unit"] for unit in units], [2, 3])
        self.assertEqual(units[0]["profiles"][0]["profile"], "siemens-pac3200")

    def test_a_search_that_finds_nothing_is_a_finding_in_json_too(self):
        lines = self.jidian("scan", "net", "--units", "10-12", code=1)
        self.assertEqual(lines[-1], {"type": "summary", "found": 0, "complete": True})

    def test_a_sunspec_meter_is_named_by_itself_and_read(self):
        unit = next(line for line in self.jidian("scan", "net", "--units", "3-3") if line["type"] == "unit")
        self.assertEqual(unit["profiles"], [{"profile": "sunspec-meter-int", "vendor": "Example Meters", "model": "EM-203"}])
        self.assertTrue(unit["certain"])
        self.assertRegex(unit["serial"], "^[0-9]{8}$")
        points = {point["point"]: point for point in self.jidian("read", "net-3")[0]["points"]}
        self.assertEqual(points["voltage_ln.l1"]["quality"], "ok")
        self.assertTrue(200 < float(points["voltage_ln.l1"]["value"]) < 260, points)

    def test_an_address_as_printed_is_told_as_it_is_on_the_wire(self):
        shown = self.jidian("show-as", "net", 3, "holding", 40001, 1)[0]
        self.assertIn("`holding 0`", shown["hint"])
        self.assertNotIn("hint", self.jidian("show-as", "net", 3, "holding", "0x9C41", 1)[0])

    def test_doctor_asks_an_endpoint_ten_times_a_second_at_most(self):
        lines = self.jidian("doctor", "net", "--seconds", 5)
        self.assertIn({"type": "pace", "requests_per_second": 10}, lines)
        requests = next(line["requests"] for line in lines if line["type"] == "line")
        self.assertTrue(20 <= requests <= 52, requests)
        self.assertFalse([line for line in lines if line["type"] == "diagnosis" and line["fault"]])

    def test_doctor_has_nothing_to_say_of_a_good_line(self):
        self.assertFalse([line for line in self.jidian("doctor", "home", "--seconds", 5)
                          if line["type"] == "diagnosis" and line["fault"]])


if __name__ == "__main__":
    unittest.main(argv=sys.argv[:1])
