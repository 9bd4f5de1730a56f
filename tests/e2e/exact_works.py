"""A works whose states, energies and pieces are known exactly: what happens in it follows from a seed, second by second."""
import random
import struct
import subprocess

STEP_MS = 100
TCP_PERIOD, LINE_PERIOD = "1s", "2s"
PERIOD_MS = {"press-1": 1_000, "plc-1": 1_000, "furnace-1": 2_000, "voc-1": 2_000}
RATED_KW = {"press": 360, "furnace": 54, "voc": 45}
FACILITIES = {"press": ("press-1", "plc-1"), "furnace": ("furnace-1",), "voc": ("voc-1",)}
"""Production, production, and what treats the air of the first."""

# What a facility does, and the load that shows it, in permille of what it is rated for; None: its supply is cut.
LOADS = {"running": 1000, "idle": 200, "stopped": 0, "de_energised": None}
NEXT = {"running": ("idle", "stopped", "de_energised"), "idle": ("running", "stopped"), "stopped": ("running", "idle"),
        "de_energised": ("stopped", "running")}
STRETCH_S = (12, 45)
LEVELS = (("stop_below_kw", 0.05), ("start_at_kw", 0.1), ("idle_below_kw", 0.3), ("run_at_kw", 0.5))

POINTS = {"schneider-iem3155": '["voltage_ln.l*", "active_power.total", "active_energy_import.total"]',
          "acrel-adl400": '["voltage_ln.l*", "active_power.total", "active_energy_import.total"]',
          "eastron-sdm630": '["voltage_ln.l*", "active_power.total", "active_energy_import.total"]'}

# Where the plant's own truth has a counter, and what its words mean: meter, table, first register, form.
REGISTERS = {("press-1", "active_energy_import.total"): (3, 3203, ">q"), ("furnace-1", "active_energy_import.total"): (3, 10, ">I"),
             ("voc-1", "active_energy_import.total"): (4, 72, ">f"), ("plc-1", "pieces_good"): (3, 2, ">I")}


class ExactWorks:
    """The plant from `begin_ms` to `end_ms` (UTC): a stretch of one state after the other for each facility."""

    def __init__(self, seed, begin_ms, end_ms):
        chance = random.Random(f"works {seed}")
        self.seed, self.begin_ms, self.end_ms = seed, begin_ms, end_ms
        self.stretches = {facility: self._live(chance) for facility in FACILITIES}

    def _live(self, chance):
        """(from, to, state) without a hole."""
        stretches, at, state = [], self.begin_ms, chance.choice(list(LOADS))
        while at < self.end_ms:
            end = min(self.end_ms, at + chance.randrange(STRETCH_S[0] * 1_000, STRETCH_S[1] * 1_000, STEP_MS))
            stretches.append((at, end, state))
            at, state = end, chance.choice(NEXT[state])
        return stretches

    def scenario(self):
        """For the plant. Pieces are made while the press runs."""
        def load(facility, initial):
            outages = [{"from_ms": begin, "to_ms": end, "permille": LOADS[state] or 0, "cut": LOADS[state] is None}
                       for begin, end, state in self.stretches[facility]]
            return {"id": facility, "kind": "load", "shift": "always", "cycle": "steady", "rated": 1000 * RATED_KW[facility],
                    "initial": initial, "outages": outages}
        pauses = [{"from_ms": begin, "to_ms": end, "permille": 0} for begin, end, state in self.stretches["press"] if state != "running"]
        castings = {"id": "castings", "kind": "product", "shift": "always", "cycle": "steady", "rated": 700, "initial": 5_000,
                    "outages": pauses}
        return {"name": "works", "seed": self.seed, "start_ms": self.begin_ms,
                "feeds": [load("press", 48_213), load("furnace", 7_020), load("voc", 900), castings],
                "lines": [{"id": "line", "baud": 19_200, "units": [
                    {"unit": 1, "meter": "furnace-1", "model": "acrel-adl400", "feed": "furnace", "ct": 20, "latency_ms": 10},
                    {"unit": 2, "meter": "voc-1", "model": "eastron-sdm630", "feed": "voc", "latency_ms": 10}]}],
                "tcp": [{"id": "hall", "units": [{"unit": 1, "meter": "press-1", "model": "schneider-iem3155", "feed": "press",
                                                  "latency_ms": 5}]},
                        {"id": "plc", "units": [{"unit": 1, "meter": "plc-1", "model": "plc-counter", "feed": "castings",
                                                 "latency_ms": 5}]}]}

    def true_ms(self, facility, state, begin_ms, end_ms):
        """How long it was in a state, and how many stretches of it that were."""
        parts = [min(end, end_ms) - max(begin, begin_ms) for begin, end, was in self.stretches[facility]
                 if was == state and begin < end_ms and end > begin_ms]
        return sum(parts), len(parts)

    def states_within(self, facility, begin_ms, end_ms):
        return {state for begin, end, state in self.stretches[facility] if begin <= end_ms and end > begin_ms}


def site_sections(shift_change_ms=None):
    """Facilities, the product and the account, for the site file; shifts that change at a quarter of an hour."""
    text = '\n[[site.product]]\nid = "castings"\nname = "Castings"\nunit = "pcs"\n'
    text += '\n[[site.account]]\nid = "grid"\ncarrier = "electricity"\nnumber = "1"\nmeters = ["press-1", "furnace-1", "voc-1"]\n'
    if shift_change_ms is not None:
        minute = (shift_change_ms // 60_000 + 480) % 1440
        clock = [f"{at // 60:02}:{at % 60:02}" for at in ((minute - 480) % 1440, minute, (minute + 480) % 1440)]
        text += "".join(f'\n[[site.shift]]\nid = "{name}"\nstart = "{start}"\nend = "{end}"\n'
                        for name, start, end in zip(("before", "behind"), clock, clock[1:]))
    for facility, kind, more in (("press", "production", ""), ("furnace", "production", ""),
                                 ("voc", "treatment", 'treats = ["press"]\n')):
        rated = RATED_KW[facility]
        meters = ", ".join(f'"{meter}"' for meter in FACILITIES[facility])
        text += f'\n[[facility]]\nid = "{facility}"\nkind = "{kind}"\n{more}rated_power_kw = {rated}\nmeters = [{meters}]\n'
        text += "[facility.run]\n" + "".join(f"{key} = {rated * share:.2f}\n" for key, share in LEVELS)
        if facility == "press":
            text += '[[facility.product]]\nproduct = "castings"\nmeter = "plc-1"\npoint = "pieces_good"\n'
    return text


def truly_showed(chain, meter, point, begin_ms, end_ms):
    """What the plant's own truth says that a counter showed between two instants, in the counter's digits, oldest first."""
    table, first, form = REGISTERS[meter, point]
    command = [chain.program("jidian-plant"), "truth", "--scenario", chain.scenario_file, "--meter", meter, "--table", table,
               "--first", first, "--count", struct.calcsize(form) // 2, "--at", begin_ms, "--until", end_ms]
    lines = subprocess.run([str(part) for part in command], check=True, capture_output=True, text=True).stdout.splitlines()
    return [struct.unpack(form, bytes.fromhex("".join(line.split()[1:])))[0] for line in lines]
