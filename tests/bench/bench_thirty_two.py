"""What a works of ordinary size costs: 32 meters on four lines and eight endpoints, 64 facilities, one account with sliding
demand, polled every 10 s, the release gateway on one core. Processor and memory, bytes on the wire as a SIM card's month,
bytes on flash, and the months that 4 GB hold; the same with commits every minute, whose batches hold six polls of a meter
instead of one. Takes about ten minutes and says how each figure was extrapolated.
"""
import collections
import json
import pathlib
import sqlite3
import statistics
import sys
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))

from rig.chain import Chain  # noqa: E402
from rig.counter import WireCounter  # noqa: E402

METERS, FACILITIES, LINES = 32, 64, 4
MODELS = ("eastron-sdm630", "chint-dtsu666", "acrel-adl400", "chint-pd666", "janitza-umg96rm", "carlogavazzi-em340",
          "schneider-iem3155", "siemens-pac3200")
CYCLES = ("furnace", "press", "bag-filter", "voc", "compressor", "line")
TREATMENTS = ("bag-filter", "voc")
CT = 20  # of the models that show secondary values
SEED = 32
LIVE_S = 5  # as the gateway has it by default
NO_LIVE = "1h"
WARM_UP_S = 45
WITH_LIVE_S, WITHOUT_LIVE_S = 60, 180  # whole minutes
COMMITS = {"10s": "", "60s": ".commit_60s"}  # with what is added to the figures' names
DAY_S, MONTH_DAYS = 86_400, 30.4
RETENTION_DAYS = {"event": 366, "interval": 366, "reading": 183}
DISK_BYTES = 4e9
LONG_ROWS = 2_000
ROW_ROUNDS_A_DAY = 1_440 + 96 + 24 + 1 + 3  # minutes, and as if each were one: quarter hours, hours, the day, its shifts
STREAMS = ("event", "interval", "reading")


def tell(figure, samples, unit):
    """One figure, as tests/bench/figure.hpp prints it."""
    print(f"{figure:<36} {statistics.median(samples):13.3f} {unit}")
    print(json.dumps({"figure": figure, "unit": unit, "samples": samples}), flush=True)


def load_of(number):
    return {"id": f"load-{number}", "kind": "load", "shift": "always", "cycle": CYCLES[number % len(CYCLES)], "standby_permille": 20,
            "phase_ms": 3_700 * number, "rated": 8_000 + 1_300 * (number * 7 % 29), "initial": 1_000 + 97 * (number * 13 % 31)}


def plant():
    """31 consumers and the transformer that feeds them."""
    loads = [load_of(number) for number in range(METERS - 1)]
    units = [{"meter": f"meter-{number}", "model": MODELS[number % len(MODELS)], "feed": load["id"], "ct": CT, "latency_ms": 12}
             for number, load in enumerate(loads)]
    units.append({"meter": "transformer", "model": "siemens-pac3200", "feed": "transformer", "latency_ms": 5})
    on_lines = METERS - 8
    lines = [{"id": f"line-{line}", "baud": 9_600, "units": [unit | {"unit": 1 + at} for at, unit in enumerate(units[line:on_lines:LINES])]}
             for line in range(LINES)]
    endpoints = [{"id": f"net-{at}", "units": [unit | {"unit": 1}]} for at, unit in enumerate(units[on_lines:])]
    return {"name": "thirty-two", "seed": SEED, "lines": lines, "tcp": endpoints,
            "feeds": [*loads, {"id": "transformer", "kind": "sum", "children": [load["id"] for load in loads]}]}


def facilities():
    """One for each consumer, the others of two; every third treats what stands before it."""
    text = ""
    for number in range(FACILITIES):
        own = [number % (METERS - 1)] + ([(number + 1) % (METERS - 1)] if number >= METERS - 1 else [])
        rated = sum(load_of(meter)["rated"] for meter in own) / 1000
        treats = number < METERS - 1 and number > 0 and load_of(number)["cycle"] in TREATMENTS
        text += f'\n[[facility]]\nid = "facility-{number}"\nkind = "{"treatment" if treats else "production"}"\nrated_power_kw = {rated:g}\n'
        text += f'treats = ["facility-{number // 6 * 6}"]\n' if treats else ""
        text += "meters = [" + ", ".join(f'"meter-{meter}"' for meter in own) + "]\n"
    return text + '\n[[site.account]]\nid = "grid"\ncarrier = "electricity"\nnumber = "1"\nmeters = ["transformer"]\n'


class Rig:
    """The chain with a counter before the broker, and somebody who notes the size of every message."""

    def __init__(self, chain, wire):
        self.chain, self.wire = chain, wire
        self._watch()

    def _watch(self):
        certificate, key = self.chain.certificates().issue("watcher")
        self.watcher = self.chain.start("watcher", ["/usr/bin/mosquitto_sub", "-V", "5", "-h", "127.0.0.1", "-p", self.chain.port, "-t", "#",
                                                    "-F", "%U %l %t", "--cafile", self.chain.certificates().ca, "--cert", certificate,
                                                    "--key", key])

    def write_site(self, live, commit):
        self.chain.write_site(period="10s", live=live, commit=commit, quota="4GB", facilities=facilities(),
                              uplinks=[self.chain.uplink(url=f"mqtts://127.0.0.1:{self.wire.port}", receipt_timeout="60s")])

    def run(self, live, commit):
        """Starts the gateway, on one core, with a store of its own."""
        self.write_site(live, commit)
        site = self.chain.site_file.read_text().replace('utc_offset = "+08:00"\n', 'utc_offset = "+08:00"\nsliding_demand = "1m"\n')
        self.chain.site_file.write_text(site.replace(f'{self.chain.folder}/store"', f'{self.store(live, commit)}"'))
        self.chain.start_gateway(before=("taskset", "-c", "0"))
        self.chain.wait_drained(60)
        time.sleep(WARM_UP_S)
        time.sleep((100 - time.time() % 60) % 60)  # no row's burst at an edge

    def store(self, live, commit):
        return self.chain.folder / f"store-{live}-{commit}"

    def measure(self, seconds):
        """What a window of whole minutes took."""
        gateway, begin = self.chain.gateway, time.time()
        cpu, wire, written = gateway.cpu_seconds(), self.wire.wire_bytes(), written_bytes(gateway)
        resident = []
        while time.time() < begin + seconds:
            time.sleep(1)
            resident.append(gateway.resident_kib() * 1024 / 1e6)
        took = time.time() - begin
        return {"seconds": took, "begin": begin, "cpu": gateway.cpu_seconds() - cpu, "wire": self.wire.wire_bytes() - wire,
                "written": written_bytes(gateway) - written, "resident": resident,
                "peak": gateway.resident_peak_kib() * 1024 / 1e6, "own": gateway.resident_own_kib() * 1024 / 1e6,
                "messages": self._messages(begin, begin + took)}

    def _messages(self, begin, end):
        """(time, bytes) of the messages of a window, by the last word of their topic."""
        messages = collections.defaultdict(list)
        for line in self.watcher.log().splitlines():
            at, size, topic = line.split(maxsplit=2)
            if begin <= float(at) < end:
                messages[topic.rsplit("/", 1)[1]].append((float(at), int(size)))
        return messages


def written_bytes(process):
    """What it caused to be sent to the block device."""
    with open(f"/proc/{process.pid}/io") as file:
        return next(int(line.split()[1]) for line in file if line.startswith("write_bytes"))


def round_bytes(window):
    """Bytes of the rows of one minute: the median, so that a quarter hour's do not count."""
    minutes = collections.Counter()
    for at, size in window["messages"]["interval"]:
        minutes[int(at - window["begin"]) // 60] += size
    return statistics.median(minutes.values())


def payloads(window):
    """Bytes a day of each stream."""
    sums = {stream: sum(size for _, size in window["messages"][stream]) for stream in STREAMS}
    day = {stream: total * DAY_S / window["seconds"] for stream, total in sums.items()}
    return day | {"interval": round_bytes(window) * ROW_ROUNDS_A_DAY}


def wire_rate(window):
    """Bytes a second on the wire, as if no quarter of an hour had ended."""
    sent = sum(size for _, size in window["messages"]["interval"])
    return (window["wire"] - sent + round_bytes(window) * window["seconds"] / 60) / window["seconds"]


def tell_wire(window, ending):
    """A SIM card's month: the three streams with everything that comes with them."""
    day = wire_rate(window) * DAY_S + round_bytes(window) * (ROW_ROUNDS_A_DAY - 1_440)
    plain = payloads(window)
    tell("thirty_two.wire" + ending, [day * MONTH_DAYS / 1e6], "MB/month")
    parts = ", ".join(f"{stream} {size / 1e6:.3g}" for stream, size in plain.items())
    print(f"  {day / 1e6:.2f} MB a day with MQTT, TLS, IP and TCP, receipts and keep-alives, "
          f"{100 * (day / sum(plain.values()) - 1):.0f} % more than the payload: {parts}")
    print(f"  from {window['seconds']:.0f} s; rows from the median minute x {ROW_ROUNDS_A_DAY} rounds a day; headers of IP and TCP computed "
          f"for segments of 1,360 B")


def tell_live(with_live, without):
    """What the live view takes beside."""
    sizes = [size for _, size in with_live["messages"]["live"]]
    of_live = (wire_rate(with_live) - wire_rate(without)) * with_live["seconds"] / len(sizes)
    tell("thirty_two.wire.live_5s", [of_live * DAY_S / LIVE_S * MONTH_DAYS / 1e6], "MB/month")
    print(f"  a message of live: {statistics.mean(sizes):.0f} B of JSON, {of_live:.0f} B on the wire; every minute "
          f"{of_live * 1440 * MONTH_DAYS / 1e6:.0f} MB a month, every hour {of_live * 24 * MONTH_DAYS / 1e6:.0f}; from {len(sizes)} messages")


def page_factors(store):
    """What the file takes for each byte of a batch, by stream: from a file of the same pages with the same rows over and over, because
    of the few rows of a window the half-empty last pages would count too much."""
    (path,) = pathlib.Path(store).glob("*.db")
    with sqlite3.connect(f"file:{path}?mode=ro", uri=True) as db, sqlite3.connect(path.with_suffix(".long")) as long:
        long.execute(f"PRAGMA page_size={db.execute('PRAGMA page_size').fetchone()[0]}")
        for stream in STREAMS:
            schema = db.execute("SELECT sql FROM sqlite_schema WHERE name=?", (stream,)).fetchone()[0]
            rows = db.execute(f"SELECT * FROM {stream} ORDER BY seq").fetchall()
            long.execute(schema)
            rounds = -(-LONG_ROWS // len(rows))
            long.executemany(f"INSERT INTO {stream} VALUES({', '.join('?' * len(rows[0]))})",
                             ((1 + at, *row[1:]) for at, row in enumerate(rows * rounds)))
        long.commit()
        pages = dict(long.execute("SELECT name, sum(pgsize) FROM dbstat GROUP BY name"))
        return {stream: pages[stream] / long.execute(f"SELECT sum(length(bytes)) FROM {stream}").fetchone()[0] for stream in STREAMS}


def tell_flash(window, store, ending):
    """Bytes a day on the device and in the file, and how long 4 GB last."""
    tell("thirty_two.flash" + ending, [window["written"] * DAY_S / window["seconds"] / 1e6], "MB/day")
    factors, day = page_factors(store), payloads(window)
    kept = {stream: day[stream] * factors[stream] for stream in STREAMS}
    tell("thirty_two.store" + ending, [sum(kept.values()) / 1e6], "MB/day")
    tell("thirty_two.months" + ending, [DISK_BYTES / sum(kept.values()) / MONTH_DAYS], "months")
    for stream in STREAMS:
        print(f"  {stream:<8} {kept[stream] / 1e6:7.2f} MB a day in the file ({factors[stream]:.2f} x payload), "
              f"{kept[stream] * RETENTION_DAYS[stream] / 1e9:5.2f} GB in the {RETENTION_DAYS[stream]} days of the default retention, "
              f"{100 * kept[stream] / sum(kept.values()):.0f} %")
    without = kept["event"] + kept["interval"]
    print(f"  4 GB hold {DISK_BYTES / sum(kept.values()) / MONTH_DAYS:.1f} months of everything; with readings for one month "
          f"{(DISK_BYTES - kept['reading'] * MONTH_DAYS) / without / MONTH_DAYS:.1f} months of rows and events")


def measure_all(chain):
    """Windows by their live interval and commit interval, with the stores they left."""
    windows = {}
    with WireCounter(chain.port) as wire:
        rig = Rig(chain, wire)
        for live, commit, seconds in ((f"{LIVE_S}s", "10s", WITH_LIVE_S), *((NO_LIVE, commit, WITHOUT_LIVE_S) for commit in COMMITS)):
            rig.run(live, commit)
            windows[live, commit] = rig.measure(seconds) | {"store": rig.store(live, commit)}
            chain.finish_gateway()
    return windows


def main():
    with Chain(tls=True) as chain:
        chain.start_plant(plant())
        chain.start_broker()
        chain.start_judge()
        print(f"# the release binary on one core: {METERS} meters, {FACILITIES} facilities, polls every 10 s, MQTT over TLS")
        windows = measure_all(chain)
        chain.judge.stop()
        verdict = chain.audit()  # the time between the stores is in none of them
        broken = [key for key in ("damaged", "holes", "chain_breaks", "values_false", "conflicts", "refused") if verdict[key]]
        print(f"  {verdict['readings']} readings of {METERS} meters, {verdict['interval_rows']} rows; the judge finds {broken or 'nothing wrong'}")
        with_live = windows[f"{LIVE_S}s", "10s"]
        tell("thirty_two.cpu", [100 * with_live["cpu"] / with_live["seconds"]], "% of a core")
        tell("thirty_two.cpu.no_live", [100 * windows[NO_LIVE, "10s"]["cpu"] / WITHOUT_LIVE_S], "% of a core")
        tell("thirty_two.resident", with_live["resident"], "MB")
        tell("thirty_two.resident_own", [with_live["own"]], "MB")
        tell("thirty_two.resident_peak", [max(window["peak"] for window in windows.values())], "MB")
        tell_live(with_live, windows[NO_LIVE, "10s"])
        for commit, ending in COMMITS.items():
            print(f"  commits every {commit}:")
            tell_wire(windows[NO_LIVE, commit], ending)
            tell_flash(windows[NO_LIVE, commit], windows[NO_LIVE, commit]["store"], ending)
    return 1 if broken else 0


if __name__ == "__main__":
    sys.exit(main())
