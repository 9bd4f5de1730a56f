"""How long a box of 4 GB keeps what eight meters say every second: 16 points each, 128 readings a second, four facilities, the
release gateway over TLS. Told for both commit intervals: bytes a day of each stream in the store's file, what six months of
readings with twelve of rows and events take, and the months that 4 GB hold of everything. Takes about eight minutes.
"""
import pathlib
import sqlite3
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))

from bench_thirty_two import (  # noqa: E402
    COMMITS, DAY_S, DISK_BYTES, MONTH_DAYS, NO_LIVE, RETENTION_DAYS, STREAMS, Rig, page_factors, payloads, tell)
from rig.chain import Chain  # noqa: E402
from rig.counter import WireCounter  # noqa: E402

POINTS = {
    "eastron-sdm630": ("voltage_ln.l*", "current.l*", "active_power.*", "reactive_power.total", "power_factor.total", "frequency",
                       "active_energy_import.total", "active_energy_export.total", "reactive_energy_import.total"),
    "chint-dtsu666": ("voltage_ln.l*", "current.l*", "active_power.*", "reactive_power.total", "power_factor.total", "frequency",
                      "active_energy_import.total", "active_energy_export.total", "active_energy_import.l1"),
    "acrel-adl400": ("voltage_ln.l*", "current.l*", "active_power.*", "reactive_power.total", "power_factor.total", "frequency",
                     "active_energy_import.total", "active_energy_export.total", "reactive_energy_import.total"),
    "carlogavazzi-em340": ("voltage_ln.l*", "current.l*", "active_power.*", "reactive_power.total", "power_factor.total", "frequency",
                           "active_energy_import.total", "active_energy_export.total", "reactive_energy_import.total"),
}
METERS, POINTS_EACH, PER_S = 8, 16, 128
CYCLES = ("furnace", "press", "bag-filter", "voc")
CT = 20
SEED = 8
WINDOW_S = 180


def plant():
    """Eight consumers, each with a meter at an endpoint of its own."""
    loads = [{"id": f"load-{number}", "kind": "load", "shift": "always", "cycle": CYCLES[number % len(CYCLES)], "standby_permille": 20,
              "phase_ms": 3_700 * number, "rated": 20_000 + 9_300 * number, "initial": 1_000 + 97 * number} for number in range(METERS)]
    models = list(POINTS)
    tcp = [{"id": f"net-{at}", "units": [{"unit": 1, "meter": f"meter-{at}", "model": models[at % len(models)], "feed": load["id"],
                                          "ct": CT, "latency_ms": 5}]} for at, load in enumerate(loads)]
    return {"name": "eight", "seed": SEED, "feeds": loads, "tcp": tcp}


def facilities():
    """Two that produce, and what treats the air of each."""
    text = ""
    for number, (kind, meters) in enumerate((("production", (0, 1)), ("treatment", (2,)), ("production", (4, 5)), ("treatment", (3, 6)))):
        treats = f'treats = ["facility-{number - 1}"]\n' if kind == "treatment" else ""
        text += f'\n[[facility]]\nid = "facility-{number}"\nkind = "{kind}"\nrated_power_kw = 60\n{treats}'
        text += "meters = [" + ", ".join(f'"meter-{meter}"' for meter in meters) + "]\n"
    return text


class EightRig(Rig):
    """The same, with this works' site file."""

    def write_site(self, live, commit):
        points = {model: "[" + ", ".join(f'"{name}"' for name in names) + "]" for model, names in POINTS.items()}
        self.chain.write_site(period="1s", live=live, commit=commit, quota="4GB", points=points, facilities=facilities(),
                              uplinks=[self.chain.uplink(url=f"mqtts://127.0.0.1:{self.wire.port}", receipt_timeout="60s")])


def reading_bytes(store):
    """Bytes of record for a reading, by the counts of the batches themselves: a slot that was missed is none."""
    (path,) = pathlib.Path(store).glob("*.db")
    with sqlite3.connect(f"file:{path}?mode=ro", uri=True) as db:
        total, readings = db.execute("SELECT sum(length(bytes)), sum(readings) FROM reading").fetchone()
    return total / readings


def tell_store(window, ending):
    """What a day of all slots takes, and what is left of 4 GB."""
    factors = page_factors(window["store"])
    day = payloads(window) | {"reading": reading_bytes(window["store"]) * PER_S * DAY_S}
    kept = {stream: day[stream] * factors[stream] for stream in STREAMS}
    needed = sum(kept[stream] * RETENTION_DAYS[stream] for stream in STREAMS)
    tell("eight.reading" + ending, [kept["reading"] / (PER_S * DAY_S)], "B/reading")
    tell("eight.kept" + ending, [needed / 1e9], "GB")
    tell("eight.months" + ending, [DISK_BYTES / sum(kept.values()) / MONTH_DAYS], "months")
    rows = sum(kept[stream] * RETENTION_DAYS[stream] for stream in ("interval", "event"))
    months = (DISK_BYTES - rows) / kept["reading"] / MONTH_DAYS
    tell("eight.reading_months" + ending, [months], "months")
    for stream in STREAMS:
        print(f"  {stream:<8} {kept[stream] / 1e6:7.2f} MB a day in the file ({factors[stream]:.2f} x payload)")


def main():
    with Chain(tls=True) as chain:
        chain.start_plant(plant())
        chain.start_broker()
        chain.start_judge()
        print(f"# the release binary: {METERS} meters of {POINTS_EACH} points polled every second, four facilities, MQTT over TLS")
        with WireCounter(chain.port) as wire:
            rig = EightRig(chain, wire)
            windows = {}
            for commit in COMMITS:
                rig.run(NO_LIVE, commit)
                windows[commit] = rig.measure(WINDOW_S) | {"store": rig.store(NO_LIVE, commit)}
                chain.finish_gateway()
        chain.judge.stop()
        verdict = chain.audit()  # the time between the stores is in none of them
        broken = [key for key in ("damaged", "holes", "chain_breaks", "values_false", "conflicts", "refused") if verdict[key]]
        print(f"  {verdict['readings']} readings, {verdict['interval_rows']} rows; the judge finds {broken or 'nothing wrong'}")
        for commit, ending in COMMITS.items():
            print(f"  commits every {commit}:")
            tell_store(windows[commit], ending)
    return 1 if broken else 0


if __name__ == "__main__":
    sys.exit(main())
