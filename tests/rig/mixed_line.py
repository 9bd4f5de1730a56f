"""Eight meters on one line, set to two bauds and three parities: what a search of an old plant meets."""
import json
import pathlib
import shutil
import subprocess
import tempfile

from .processes import Process, wait_until
from .wire import SerialTap

ROOT = pathlib.Path(__file__).resolve().parents[2]
# Unit, model and settings of each.
METERS = [(1, "eastron-sdm630", 9600, "N"), (3, "chint-dtsu666", 9600, "E"), (7, "schneider-iem3155", 19200, "E"),
          (12, "siemens-pac3200", 19200, "N"), (18, "carlogavazzi-em340", 9600, "O"), (23, "acrel-adl400", 19200, "O"),
          (29, "chint-pd666", 9600, "N"), (32, "eastron-sdm630", 19200, "E")]
FOUND = {unit: f"{baud} 8{parity}1" for unit, _, baud, parity in METERS}


def _scenario():
    lines = {}
    for unit, model, baud, parity in METERS:
        line = lines.setdefault((baud, parity), {"id": f"at-{baud}-{parity.lower()}", "baud": baud, "parity": parity, "units": []})
        line["units"].append({"unit": unit, "meter": f"m-{unit}", "model": model, "feed": "load", "latency_ms": 20})
    return {"name": "mixed", "feeds": [{"id": "load", "kind": "load", "rated": 50000, "initial": 1000}],
            "lines": list(lines.values())}


class MixedLine:
    """Use as a context manager. The site file knows the line, with the wrong settings for most, and its first meter."""

    def __init__(self, jidian, plant):
        self.jidian, self.plant_program = jidian, plant
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="jidian-"))
        self.plant = self.tap = None

    def __enter__(self):
        (self.folder / "scenario.json").write_text(json.dumps(_scenario()))
        ports_file = self.folder / "ports.json"
        self.plant = Process("plant", [self.plant_program, "serve", "--scenario", self.folder / "scenario.json", "--dir",
                                       self.folder, "--ports-file", ports_file], self.folder / "plant.log")
        wait_until(ports_file.exists, 20, "the plant's start")
        paths = [line["path"] for line in json.loads(ports_file.read_text())["lines"]]
        self.tap = SerialTap(paths, self.folder / "tty").__enter__()
        (self.folder / "site.toml").write_text(
            '[gateway]\nid = "jd-1"\n\n[site]\ncredit_code = "91130100MA0000000Y"\nname = "Works"\nregion = "130100"\n'
            'industry = "C3391"\ncontract_capacity_kva = 1250\nsecurity_load_kw = 60\nutc_offset = "+08:00"\n\n'
            f'[store]\nfolder = "{self.folder}/store"\nquota = "1GB"\n\n[api]\nsocket = "{self.folder}/api.sock"\n\n'
            f'[[bus]]\nid = "line"\nkind = "rtu"\ndevice = "{self.folder}/tty"\nbaud = 9600\nresponse_timeout = "300ms"\n'
            'worst_latency = "600ms"\n\n[[meter]]\nid = "known"\nbus = "line"\nunit = 1\nprofile = "eastron-sdm630"\n'
            'points = ["voltage_ln.l1"]\n')
        return self

    def __exit__(self, *_):
        if self.tap is not None:
            self.tap.__exit__()
        if self.plant is not None:
            self.plant.stop()
        shutil.rmtree(self.folder)

    def command(self, *arguments, profiles=ROOT / "config/meters"):
        return [str(word) for word in (self.jidian, *arguments, "--site", self.folder / "site.toml", "--profiles", profiles)]

    def scan(self, *options, profiles=ROOT / "config/meters"):
        """The lines that `jidian scan line` told, and its exit status."""
        done = subprocess.run([*self.command("scan", "line", *options, profiles=profiles), "--json"], capture_output=True,
                              text=True, timeout=1200)
        return [json.loads(line) for line in done.stdout.splitlines()], done.returncode
