"""Independent Modbus masters read the simulated plant and agree with its truth.

Usage: plant_peers.py JIDIAN_PLANT
Debian's pymodbus and mbpoll read every kind of meter of the demo scenario over TCP and over the serial line. What they
got must be what `jidian-plant truth` says the registers showed while they were reading: so the plant is a fair judge.
"""
import json
import pathlib
import re
import signal
import subprocess
import sys
import tempfile
import time

from pymodbus.client import ModbusSerialClient, ModbusTcpClient
from pymodbus.mei_message import ReadDeviceInformationRequest

COILS, DISCRETE, HOLDING, INPUT = 1, 2, 3, 4

# meter, table, first, count
TCP_BLOCKS = [
    ("transformer-1", HOLDING, 1, 70),
    ("transformer-1", INPUT, 801, 40),
    ("compressor-1", INPUT, 0, 80),
    ("compressor-1", HOLDING, 0xFC00, 2),
    ("plc-1", HOLDING, 0, 12),
    ("plc-1", COILS, 0, 3),
    ("plc-1", DISCRETE, 0, 3),
    ("gas-1", HOLDING, 10, 20),
]
SERIAL_BLOCKS = [
    ("furnace-1", HOLDING, 0x2000, 34),
    ("furnace-1", HOLDING, 0x101E, 8),
    ("moulding-1", HOLDING, 0x2006, 44),
    ("bag-filter-1", HOLDING, 0, 60),
    ("voc-1", INPUT, 200, 8),
]


def now_ms():
    return time.time_ns() // 1_000_000


class Plant:
    """The program under test, with the scenario it really serves."""

    def __init__(self, program, folder):
        self.program = program
        self.folder = folder
        self.scenario_file = folder / "scenario.json"
        self.stats_file = folder / "stats.json"
        ports_file = folder / "ports.json"
        self.process = subprocess.Popen(
            [program, "serve", "--scenario", "demo", "--dir", folder, "--ports-file", ports_file,
             "--scenario-file", self.scenario_file, "--stats-file", self.stats_file])
        deadline = time.monotonic() + 30
        while not ports_file.exists():
            if self.process.poll() is not None or time.monotonic() > deadline:
                raise SystemExit("the plant did not come up")
            time.sleep(0.02)
        scenario = json.loads(self.scenario_file.read_text())
        self.line = scenario["lines"][0]
        self.places = {}
        for bus in scenario["tcp"] + scenario["lines"]:
            for unit in bus["units"]:
                self.places[unit["meter"]] = (bus, unit["unit"])

    def truth(self, block, start, end):
        """Every content of the block between two instants."""
        meter, table, first, count = block
        out = subprocess.run(
            [self.program, "truth", "--scenario", self.scenario_file, "--meter", meter, "--table", str(table),
             "--first", str(first), "--count", str(count), "--at", str(start), "--until", str(end)],
            check=True, capture_output=True, text=True, timeout=30).stdout
        return [[int(word, 16) for word in line.split()[1:]] for line in out.splitlines()]

    def stop(self):
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(timeout=10)


def check(condition, sentence):
    if not condition:
        raise SystemExit("FAILED: " + sentence)


def expect_true(plant, who, block, words, start, end):
    shown = plant.truth(block, start, end)
    check(words in shown, f"{who} read {words} from {block}, but it showed {shown}")


def pymodbus_read(client, unit, table, first, count):
    read = {COILS: client.read_coils, DISCRETE: client.read_discrete_inputs,
            HOLDING: client.read_holding_registers, INPUT: client.read_input_registers}[table]
    return read(first, count, slave=unit)


def pymodbus_words(client, unit, block):
    _, table, first, count = block
    answer = pymodbus_read(client, unit, table, first, count)
    check(not answer.isError(), f"pymodbus got {answer} for {block}")
    if table in (COILS, DISCRETE):
        return [int(bit) for bit in answer.bits[:count]]
    return answer.registers


def read_with_pymodbus(plant, client, blocks):
    for block in blocks:
        _, unit = plant.places[block[0]]
        start = now_ms()
        words = pymodbus_words(client, unit, block)
        expect_true(plant, "pymodbus", block, words, start, now_ms())


def read_with_mbpoll(plant, block, where):
    meter, table, first, count = block
    _, unit = plant.places[meter]
    kind = {COILS: "0", DISCRETE: "1", HOLDING: "4:hex", INPUT: "3:hex"}[table]
    start = now_ms()
    out = subprocess.run(["mbpoll", "-a", str(unit), "-0", "-r", str(first), "-c", str(count), "-t", kind, "-1", *where],
                         check=True, capture_output=True, text=True, timeout=30).stdout
    end = now_ms()
    words = [int(word, 0) for word in re.findall(r"^\[\d+\]:\s+(\w+)", out, re.M)]
    expect_true(plant, "mbpoll", block, words, start, end)


def check_refusals(client, plant):
    unmapped = client.read_holding_registers(500, 2, slave=1)
    check(unmapped.isError() and unmapped.exception_code == 2, f"unmapped registers gave {unmapped}")
    long = client.read_input_registers(0, 90, slave=2)
    check(long.isError() and long.exception_code == 3, f"a read above the model's limit gave {long}")
    wrong = client.read_coils(0, 1, slave=1)
    check(wrong.isError() and wrong.exception_code == 1, f"a function the model lacks gave {wrong}")
    write = client.write_register(0, 1, slave=1)
    check(write.isError() and write.exception_code == 1, f"a write gave {write}")
    identity = client.execute(ReadDeviceInformationRequest(1, 0, unit=1))
    check(identity.information[0] == b"SIEMENS AG", f"the identity was {identity}")


def run(program, folder):
    plant = Plant(program, folder)
    try:
        for block in TCP_BLOCKS:
            bus, _ = plant.places[block[0]]
            client = ModbusTcpClient("127.0.0.1", port=bus["port"], timeout=5)
            check(client.connect(), f"pymodbus could not connect to {bus['id']}")
            read_with_pymodbus(plant, client, [block])
            client.close()
            read_with_mbpoll(plant, block, ["-m", "tcp", "-p", str(bus["port"]), "-o", "5", "127.0.0.1"])

        serial = ModbusSerialClient(plant.line["path"], baudrate=plant.line["baud"], parity="N", timeout=5)
        check(serial.connect(), "pymodbus could not open the line")
        read_with_pymodbus(plant, serial, SERIAL_BLOCKS)
        serial.close()
        for block in SERIAL_BLOCKS:
            read_with_mbpoll(plant, block, ["-m", "rtu", "-b", str(plant.line["baud"]), "-P", "none", "-o", "5",
                                            plant.line["path"]])

        client = ModbusTcpClient("127.0.0.1", port=plant.places["transformer-1"][0]["port"], timeout=5)
        check(client.connect(), "pymodbus could not connect")
        check_refusals(client, plant)
        client.close()
    finally:
        code = plant.stop()
    check(code == 0, f"the plant ended with {code}")
    check(not pathlib.Path(plant.line["path"]).is_symlink(), "the link to the line was left behind")
    stats = json.loads(plant.stats_file.read_text())
    check(stats["total"]["forbidden_functions"] == 1, f"counted {stats['total']}")
    check(stats["meters"]["furnace-1"]["replies"] == 4, f"counted {stats['meters']['furnace-1']}")
    print(f"{len(TCP_BLOCKS) + len(SERIAL_BLOCKS)} blocks read by pymodbus and mbpoll agree with the truth")


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as temporary:
        run(sys.argv[1], pathlib.Path(temporary))
