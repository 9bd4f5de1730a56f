"""Every byte that leaves the gateway is part of a whole frame with function 1-4, 17 or 43/14.

Usage: only_reads_test.py JIDIAN JIDIAN_PLANT
A recorder stands before the simulated plant on a serial line, a Modbus/TCP endpoint and a line behind a device server,
while every verb that touches a bus is used with every option it has and some that it has not, without a gateway and
through a running one. What it recorded is taken apart to the last byte.
"""
import concurrent.futures
import contextlib
import http.client
import json
import pathlib
import re
import shutil
import socket
import subprocess
import sys
import tempfile
import time
import unittest

ROOT = pathlib.Path(__file__).resolve().parents[3]
sys.path.insert(0, str(ROOT / "tests"))
from rig import frames  # noqa: E402
from rig.processes import Process, wait_until  # noqa: E402
from rig.wire import DeviceServer, SerialTap, TcpTap  # noqa: E402

JIDIAN, PLANT = sys.argv[1:3]
BUSES = ("line", "net", "server")
LEAST_OF_EACH = 5  # of every function on every bus


def scenario():
    """On each bus a meter that says what it is, and a controller with bits."""
    def units(bus):
        return [{"unit": 1, "meter": f"{bus}-named", "model": "siemens-pac3200", "feed": "load"},
                {"unit": 2, "meter": f"{bus}-bits", "model": "plc-counter", "feed": "pieces"}]
    return {"name": "only-reads",
            "feeds": [{"id": "load", "kind": "load", "rated": 50000, "initial": 1000},
                      {"id": "pieces", "kind": "product", "rated": 36000, "initial": 10}],
            "lines": [{"id": bus, "baud": 115200, "strict": bus == "line", "units": units(bus)} for bus in ("line", "server")],
            "tcp": [{"id": "net", "absent_answers": True, "units": units("net")}]}


def site(folder, device, net, server):
    line = ('baud = 115200\nresponse_timeout = "200ms"\nworst_latency = "250ms"\nlisten_first = "100ms"\n\n')
    text = ('[gateway]\nid = "jd-1"\n\n[site]\ncredit_code = "91130100MA0000000Y"\nname = "Works"\nregion = "130100"\n'
            'industry = "C3391"\ncontract_capacity_kva = 1250\nsecurity_load_kw = 60\nutc_offset = "+08:00"\n\n'
            f'[store]\nfolder = "{folder}/store"\nquota = "1GB"\n\n[api]\nsocket = "{folder}/api.sock"\n\n'
            f'[[bus]]\nid = "line"\nkind = "rtu"\ndevice = "{device}"\n{line}'
            f'[[bus]]\nid = "net"\nkind = "tcp"\nhost = "127.0.0.1"\nport = {net}\nresponse_timeout = "300ms"\n\n'
            f'[[bus]]\nid = "server"\nkind = "rtu-over-tcp"\nhost = "127.0.0.1"\nport = {server}\n{line}')
    for bus in BUSES:
        text += (f'[[meter]]\nid = "{bus}-named"\nbus = "{bus}"\nunit = 1\nperiod = "1s"\nprofile = "siemens-pac3200"\n'
                 'points = ["voltage_ln.l1", "active_energy_import.*"]\n\n'
                 f'[[meter]]\nid = "{bus}-bits"\nbus = "{bus}"\nunit = 2\nperiod = "1s"\n'
                 '[meter.registers]\ncarrier = "none"\npoints = [\n'
                 '  { name = "run", kind = "state", table = "coil", address = 0, type = "bits" },\n'
                 '  { name = "auto", kind = "state", table = "discrete-input", address = 1, type = "bits" },\n'
                 '  { name = "good", kind = "counter", table = "holding", address = 2, type = "u32" },\n'
                 '  { name = "none", kind = "instantaneous", table = "input", address = 7, type = "u16" },\n]\n\n')
    return text


# Of every verb that may touch a bus: what it can be told, and what it must refuse.
LEGAL = [("scan", "{bus}", "--units", "1-3"), ("scan", "{bus}", "--quick", "--units", "2"),
         ("scan", "{bus}", "--full", "--units", "1-1"), ("scan", "{bus}", "--despite-other-master", "--units", "247"),
         ("show-as", "{bus}", "2", "coil", "0", "3"), ("show-as", "{bus}", "2", "discrete-input", "0x0000", "3"),
         ("show-as", "{bus}", "2", "holding", "0", "12", "--expect", "5"), ("show-as", "{bus}", "1", "input", "801", "16"),
         ("show-as", "{bus}", "1", "holding", "65535", "1"), ("show-as", "{bus}", "200", "input", "0", "1"),
         ("doctor", "{bus}", "--seconds", "5"), ("trace", "{bus}", "--seconds", "1"),
         ("read", "{bus}-named"), ("read", "{bus}-bits")]
ILLEGAL = [("scan", "{bus}", "--units", "0-3"), ("scan", "{bus}", "--units", "240-260"), ("scan", "{bus}", "--write"),
           ("scan", "{bus}", "--quick", "--full"), ("scan", "nowhere"),
           ("show-as", "{bus}", "0", "holding", "0", "1"), ("show-as", "{bus}", "1", "write", "0", "1"),
           ("show-as", "{bus}", "1", "6", "0", "1"), ("show-as", "{bus}", "1", "holding", "65536", "1"),
           ("show-as", "{bus}", "1", "holding", "65535", "2"), ("show-as", "{bus}", "1", "holding", "0", "17"),
           ("show-as", "{bus}", "1", "holding", "0", "0"), ("show-as", "{bus}", "1", "holding", "-1", "1"),
           ("doctor", "{bus}", "--seconds", "0"), ("trace", "{bus}", "--seconds", "-1"), ("read", "nobody"),
           ("write", "{bus}", "1", "holding", "0", "1")]
# The local interface takes these without the checks of the command line.
ASKED = [{"op": "write", "bus": "line", "unit": 1}, {"op": "start", "what": "write", "args": {"bus": "{bus}"}},
         {"op": "start", "what": "show-as", "args": {"bus": "{bus}", "unit": 1, "table": 6, "address": 0, "count": 1}},
         {"op": "start", "what": "show-as", "args": {"bus": "{bus}", "unit": 0, "table": "holding", "address": 0, "count": 1}},
         {"op": "start", "what": "show-as",
          "args": {"bus": "{bus}", "unit": 1, "table": "holding", "address": 65535, "count": 2}},
         {"op": "start", "what": "scan", "args": {"bus": "{bus}", "unit_first": 0, "unit_last": 300}},
         {"op": "start", "what": "scan", "args": {"bus": "{bus}", "depth": "write", "unit_first": 3, "unit_last": 3}},
         {"op": "read", "meter": "nobody", "function": 6}, {"op": "read", "meter": "{bus}-bits", "function": 16}]


class OnlyReads(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.folder = pathlib.Path(tempfile.mkdtemp(prefix="jidian-"))
        cls.open = contextlib.ExitStack()
        (cls.folder / "scenario.json").write_text(json.dumps(scenario()))
        ports_file = cls.folder / "ports.json"
        cls.plant = Process("plant", [PLANT, "serve", "--scenario", cls.folder / "scenario.json", "--dir", cls.folder,
                                      "--control", cls.folder / "control", "--ports-file", ports_file,
                                      "--stats-file", cls.folder / "stats.json"], cls.folder / "plant.log")
        wait_until(ports_file.exists, 20, "the plant's start")
        ports = json.loads(ports_file.read_text())
        paths = {line["id"]: line["path"] for line in ports["lines"]}
        cls.line = cls.open.enter_context(SerialTap(paths["line"], cls.folder / "tty-line"))
        cls.server = cls.open.enter_context(DeviceServer(paths["server"]))
        cls.net = cls.open.enter_context(TcpTap(ports["tcp"][0]["port"]))
        cls.make_catalogue()
        (cls.folder / "site.toml").write_text(
            site(cls.folder, cls.folder / "tty-line", cls.net.port, cls.server.port))

    @classmethod
    def make_catalogue(cls):
        """Profiles that ask for each kind of identification: function 43, function 17, registers."""
        (cls.folder / "profiles").mkdir()
        for profile in ("siemens-pac3200", "carlo-gavazzi-em340"):
            shutil.copy(ROOT / f"config/meters/{profile}.toml", cls.folder / "profiles")
        text = (ROOT / "config/meters/siemens-pac3200.toml").read_text()
        text = re.sub(r"(?<=\[identify\]\n)object = .*\nmatches = .*", 'server_id = true\nmatches = ["*PLC*"]', text)
        (cls.folder / "profiles/by-server-id.toml").write_text(text)

    @classmethod
    def tearDownClass(cls):
        cls.open.close()
        if cls.plant.is_running():
            cls.plant.stop()
        shutil.rmtree(cls.folder)

    def jidian(self, arguments, bus):
        words = [word.format(bus=bus) for word in arguments]
        done = subprocess.run([JIDIAN, *words, "--site", self.folder / "site.toml", "--profiles", self.folder / "profiles",
                               "--json"], capture_output=True, text=True, timeout=120)
        return done.returncode, " ".join(words) + "\n" + done.stdout[-500:] + done.stderr[-500:]

    def sent(self):
        return len(self.line.requests) + sum(map(len, self.net.requests)) + sum(map(len, self.server.requests))

    def ask(self, body):
        connection = http.client.HTTPConnection("localhost")
        connection.sock = socket.socket(socket.AF_UNIX)
        connection.sock.connect(str(self.folder / "api.sock"))
        connection.request("POST", "/v1/command", json.dumps(body))
        answer = connection.getresponse()
        answer.read()
        connection.close()
        return answer.status

    def use_every_verb(self):
        with concurrent.futures.ThreadPoolExecutor() as at_once:
            list(at_once.map(self.use_every_verb_on, BUSES))

    def use_every_verb_on(self, bus):
        for arguments in LEGAL:
            code, told = self.jidian(arguments, bus)
            self.assertIn(code, (0, 1, 3), told)  # found something or nothing, but was understood
        for arguments in ILLEGAL:
            code, told = self.jidian(arguments, bus)
            self.assertEqual(code, 2, told)

    def use_every_verb_through_a_gateway(self):
        gateway = Process("gateway", [JIDIAN, "run", "--site", self.folder / "site.toml", "--profiles",
                                      self.folder / "profiles"], self.folder / "gateway.log")
        try:
            wait_until((self.folder / "api.sock").exists, 20, "the gateway's start")
            self.use_every_verb()
            for bus in BUSES:
                for body in ASKED:
                    status = self.ask(json.loads(json.dumps(body).replace("{bus}", bus)))
                    self.assertIn(status, (200, 202, 400, 404, 409, 429, 503), body)
        finally:
            gateway.stop()

    def test_every_byte_sent_is_part_of_a_read(self):
        began = time.monotonic()
        self.use_every_verb()
        alone = self.sent()
        self.use_every_verb_through_a_gateway()
        streams = {"line": (frames.functions_of_rtu, [self.line.requests]),
                   "net": (frames.functions_of_tcp, self.net.requests),
                   "server": (frames.functions_of_rtu, self.server.requests)}
        for bus, (parse, sent) in streams.items():
            counts = sum((parse(stream) for stream in sent), start=frames.functions_of_rtu(b""))
            print(f"{bus}: {sum(counts.values())} frames, of each function {dict(sorted(counts.items()))}", file=sys.stderr)
            self.assertEqual(sorted(counts), sorted(frames.ALLOWED))
            self.assertGreaterEqual(min(counts.values()), LEAST_OF_EACH)
        print(f"{alone} bytes by verbs alone, {self.sent() - alone} with a gateway, all of them parts of reads; "
              f"{time.monotonic() - began:.0f} s", file=sys.stderr)
        self.plant.stop()
        stats = json.loads((self.folder / "stats.json").read_text())
        self.assertEqual(stats["total"]["forbidden_functions"], 0)

    def test_the_program_has_no_function_that_writes(self):
        """libmodbus is linked dynamically: what is not imported cannot be called."""
        listed = subprocess.run(["nm", "-D", "--undefined-only", JIDIAN], check=True, capture_output=True, text=True).stdout
        imported = {word.split("@")[0] for word in listed.split() if word.startswith("modbus_")}
        self.assertIn("modbus_send_raw_request", imported)
        self.assertLessEqual(imported, {
            "modbus_close", "modbus_connect", "modbus_flush", "modbus_free", "modbus_get_socket", "modbus_new_rtu",
            "modbus_new_tcp", "modbus_receive_confirmation", "modbus_send_raw_request", "modbus_set_byte_timeout",
            "modbus_set_response_timeout", "modbus_set_slave", "modbus_set_socket",
            "modbus_strerror"})

    def test_the_recorder_would_see_a_write(self):
        def rtu(frame):
            return frame + frames.crc16(frame).to_bytes(2, "little")
        read = rtu(bytes([1, 3, 0, 0, 0, 2]))
        self.assertEqual(frames.functions_of_rtu(read + rtu(bytes([1, 17]))), {3: 1, 17: 1})
        for bad in (rtu(bytes([1, 6, 0, 0, 0, 2])), rtu(bytes([1, 16, 0, 0, 0, 1, 2, 0, 1])), read[:-1], read + b"\0",
                    rtu(bytes([1, 3, 0, 0, 0, 126])), rtu(bytes([1, 43, 13, 1, 0])), rtu(bytes([1, 8, 0, 0, 0, 0]))):
            with self.assertRaises(frames.Forbidden):
                frames.functions_of_rtu(read + bad)
        header = bytes([0, 1, 0, 0, 0, 6])
        self.assertEqual(frames.functions_of_tcp(header + bytes([1, 4, 0, 0, 0, 2])), {4: 1})
        for bad in (header + bytes([1, 6, 0, 0, 0, 2]), header + bytes([1, 4, 0, 0, 0]),
                    bytes([0, 1, 0, 0, 0, 7, 1, 4, 0, 0, 0, 2, 0])):
            with self.assertRaises(frames.Forbidden):
                frames.functions_of_tcp(bad)


if __name__ == "__main__":
    unittest.main(argv=sys.argv[:1])
