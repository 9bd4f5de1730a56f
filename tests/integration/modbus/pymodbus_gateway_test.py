"""The gateway reads servers of pymodbus over a serial line, Modbus/TCP and RTU over TCP, while a tap in between holds
replies back beyond their time-out, or swallows them: no value in its store is false.

Usage: pymodbus_gateway_test.py JIDIAN
pymodbus knows nothing of the gateway and keeps its own manners. Values are of every type that its own encoder has, in both
word orders, and many reads of one unit have the same function and length, so that another one's reply would fit.
"""
import collections
import contextlib
import csv
import decimal
import io
import pathlib
import random
import shutil
import subprocess
import sys
import tempfile
import unittest

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parents[2]
sys.path.insert(0, str(ROOT / "tests"))
sys.path.insert(0, str(HERE))
from pymodbus_server import typed_points  # noqa: E402
from rig import GOOD  # noqa: E402
from rig.processes import Process, free_port, wait_until  # noqa: E402
from rig.wire import SILENCE, SerialTap, TcpTap, Terminal  # noqa: E402

JIDIAN = sys.argv[1]
UNITS = (1, 2, 5)
ABSENT = 9  # pymodbus says nothing for it
BUSES = ("rtu", "tcp", "server")
LATE, SILENT = 0.12, 0.04
LATE_S = (0.13, 0.25)  # behind the time-out of 100 ms, within the worst latency of 400 ms
LATE_LEAST, SILENT_LEAST = 20, 5  # on each bus


class Fates:
    """Draws what happens to replies, and counts it."""

    def __init__(self, seed):
        self.random = random.Random(seed)
        self.late = self.silent = 0
        self.calm = True

    def __call__(self, _):
        chance = self.random.random()
        if self.calm or chance > LATE + SILENT:
            return None
        if chance < LATE:
            self.late += 1
            return self.random.uniform(*LATE_S)
        self.silent += 1
        return SILENCE


def points_of(unit):
    """Name, TOML and value as the export shows it."""
    for kind, order, address, value, _ in typed_points(unit):
        yield (f"{kind}_{order[:-6]}", f'table = "holding", address = {address}, type = "{kind}"'
               + (f', word_order = "{order}"' if kind not in ("u16", "s16") else ""), value)
    for number in range(6):
        address = 300 * number
        yield f"input_{number}", f'table = "input", address = {address}, type = "u16"', unit * 1000 + address
    for table in ("coil", "discrete-input"):
        for address in (30, 1031):
            yield (f"{table.replace('-', '_')}_{address}", f'table = "{table}", address = {address}, type = "bits"',
                   int((address + unit) % 3 == 0))


def site(folder, device, tcp, server):
    line = 'baud = 19200\nresponse_timeout = "100ms"\nworst_latency = "400ms"\nlisten_first = "100ms"\n\n'
    text = ('[gateway]\nid = "jd-1"\n\n[site]\ncredit_code = "91130100MA0000000Y"\nname = "Works"\nregion = "130100"\n'
            'industry = "C3391"\ncontract_capacity_kva = 1250\nsecurity_load_kw = 60\nutc_offset = "+08:00"\n\n'
            f'[store]\nfolder = "{folder}/store"\nquota = "1GB"\ncommit_interval = "1s"\n\n'
            f'[api]\nsocket = "{folder}/api.sock"\n\n'
            f'[[bus]]\nid = "rtu"\nkind = "rtu"\ndevice = "{device}"\n{line}'
            f'[[bus]]\nid = "tcp"\nkind = "tcp"\nhost = "127.0.0.1"\nport = {tcp}\nresponse_timeout = "100ms"\n\n'
            f'[[bus]]\nid = "server"\nkind = "rtu-over-tcp"\nhost = "127.0.0.1"\nport = {server}\n{line}')
    for bus in BUSES:
        for unit in (*UNITS, ABSENT):
            points = "".join(f'  {{ name = "{name}", kind = "instantaneous", {place} }},\n'
                             for name, place, _ in points_of(unit))
            text += (f'[[meter]]\nid = "{bus}-{unit}"\nbus = "{bus}"\nunit = {unit}\nperiod = "3s"\n'
                     f'[meter.registers]\ncarrier = "none"\npoints = [\n{points}]\n\n')
    return text


class SecondJudge(unittest.TestCase):
    def setUp(self):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="jidian-"))
        self.addCleanup(shutil.rmtree, self.folder)
        self.open = self.enterContext(contextlib.ExitStack())
        self.fates = {bus: Fates(number) for number, bus in enumerate(BUSES)}

    def serve(self, kind, where):
        server = Process(f"pymodbus-{kind}", ["/usr/bin/python3", HERE / "pymodbus_server.py", kind, where],
                         self.folder / f"{kind}.log")
        self.open.callback(server.kill)
        wait_until(lambda: "ready" in server.log(), 30, f"the start of pymodbus, {kind}")

    def start(self):
        line = Terminal(self.folder / "tty-pymodbus")
        self.open.callback(line.close)
        tcp, server = free_port(), free_port()
        self.serve("rtu", line.link)
        self.serve("tcp", tcp)
        self.serve("rtu-over-tcp", server)
        device = self.folder / "tty"
        self.open.enter_context(SerialTap(line, device, fate=self.fates["rtu"]))
        net = self.open.enter_context(TcpTap(tcp, fate=self.fates["tcp"]))
        serial = self.open.enter_context(TcpTap(server, fate=self.fates["server"]))
        (self.folder / "site.toml").write_text(site(self.folder, device, net.port, serial.port))
        gateway = Process("gateway", [JIDIAN, "run", "--site", self.folder / "site.toml", "--profiles",
                                      ROOT / "config/meters"], self.folder / "gateway.log")
        self.open.callback(lambda: gateway.is_running() and gateway.kill())
        wait_until((self.folder / "api.sock").exists, 20, "the gateway's start")
        return gateway

    def rows(self):
        told = subprocess.run([JIDIAN, "export", "--site", self.folder / "site.toml", "--profiles", ROOT / "config/meters"],
                              check=True, capture_output=True, text=True, timeout=60).stdout
        return list(csv.DictReader(io.StringIO(told)))

    def good_values(self):
        """How often each point of each meter came; one that is false fails the test."""
        truth = {(f"{bus}-{unit}", name): value for bus in BUSES for unit in UNITS for name, _, value in points_of(unit)}
        counts = collections.Counter(dict.fromkeys(truth, 0))
        for row in self.rows():
            if row["quality"] in GOOD:
                key = row["meter"], row["point"]
                self.assertEqual(decimal.Decimal(row["value"]), decimal.Decimal(truth[key]), row)
                counts[key] += 1
        return counts

    def test_no_value_is_false_whatever_happens_to_replies(self):
        gateway = self.start()
        wait_until(lambda: min(self.good_values().values()) > 0, 60, "one value of every point of every meter", 1)
        for fates in self.fates.values():
            fates.calm = False
        wait_until(lambda: all(fates.late >= LATE_LEAST and fates.silent >= SILENT_LEAST for fates in self.fates.values()), 120,
                   "enough trouble", 0.5)
        for fates in self.fates.values():
            fates.calm = True
        before = self.good_values()
        wait_until(lambda: all(count > before[key] for key, count in self.good_values().items()), 60,
                   "another value of every point of every meter after the trouble", 1)
        self.assertEqual(gateway.stop(), 0)
        counts = self.good_values()
        for bus, fates in self.fates.items():
            values = sum(count for (meter, _), count in counts.items() if meter.startswith(bus))
            print(f"{bus}: {values} values, none false; {fates.late} replies late, {fates.silent} swallowed", file=sys.stderr)
        silent = [row for row in self.rows() if row["meter"].endswith(f"-{ABSENT}")]
        self.assertLessEqual({row["quality"] for row in silent}, {"no_answer"})  # mostly gaps: they are no readings


if __name__ == "__main__":
    unittest.main(argv=sys.argv[:1])
