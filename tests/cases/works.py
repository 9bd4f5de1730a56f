"""One plant for all cases that need no broken box: what happens in it, minute by minute from T on, and its site file.

An hour of the trade is a minute here. Feeds that an expectation counts exactly take a load without noise: an outage of 1000
permille is the rated load, no more and no less.
"""

MINUTE_MS = 60_000
ENERGY = "active_energy_import.total"
POINTS = {"eastron-sdm630": '["voltage_ln.l*", "active_power.total", "active_energy_import.total"]',
          "chint-dtsu666": '["voltage_ll.*", "active_power.total", "active_energy_import.total"]',
          "siemens-pac3200": '["voltage_ln.l*", "active_power.total", "active_energy_import.total", "active_energy_export.total"]'}
END_S = 360
LATHE_SILENT_S, SWAP_S, REPLACE_S = 112.5, 120, 140
RATIO_S, ZERO_S = 180, 150
ORDER_S, DECLARE_S = 90, 160


class Works:
    """Feeds and meters of a plant whose T is `start_ms`."""

    def __init__(self, start_ms):
        self.start_ms = start_ms
        self.feeds, self.units, self.alone = [], [], []

    def at(self, minute):
        """UTC ms of a minute after T."""
        return self.start_ms + round(minute * MINUTE_MS)

    def outage(self, begin, end, permille=0, **more):
        return {"from_ms": self.at(begin), "to_ms": self.at(end), "permille": permille} | more

    def exactly(self, *levels):
        """The load from a minute before T on, without noise: (until minute, permille) one after the other."""
        outages, begin = [], -1
        for end, permille in levels:
            outages.append(self.outage(begin, end, permille))
            begin = end
        return outages

    def load(self, feed, watts, outages=(), cycle="steady", **more):
        self.feeds.append({"id": feed, "kind": "load", "shift": "always", "cycle": cycle, "rated": watts, "initial": 1_000,
                           "outages": list(outages)} | more)

    def meter(self, meter, feed, model="eastron-sdm630", alone=False, **more):
        """`alone`: on an endpoint of its own, because its silence would cost the others their slots."""
        units = [] if alone else self.units
        units.append({"unit": len(units) + 1, "meter": meter, "model": model, "feed": feed} | more)
        if alone:
            self.alone.append({"id": f"net-{meter}", "units": units})

    def scenario(self):
        """Counters began ten minutes before T, at small counts: a float32 register then shows every digit."""
        return {"name": "cases", "seed": 14, "start_ms": self.at(-10), "feeds": self.feeds, "tcp": [{"id": "hall", "units": self.units}, *self.alone]}


def counters(works):
    """A meter that reads zero once; one that is exchanged; one whose current transformers are."""
    works.load("mill", 120_000, works.exactly((7, 1000)))
    works.meter("mill-1", "mill", alone=True)
    works.load("lathe", 720_000, works.exactly((7, 1000)))
    works.meter("lathe-1", "lathe", alone=True, swap_ms=works.at(SWAP_S / 60), swap_shows=3)
    works.load("oven", 240_000, works.exactly((7, 1000)))
    works.meter("oven-1", "oven", "chint-dtsu666", ct=40, ct_ms=works.at(RATIO_S / 60), ct_after=80)


def treatments(works):
    """Production and what treats its air: one pair where it fails, one that rests together, one small among the large."""
    works.load("press", 90_000, cycle="press")
    works.meter("press-1", "press")
    works.load("voc", 45_000, [works.outage(2, 4)], cycle="voc")
    works.meter("voc-1", "voc")
    works.load("mould", 80_000, [works.outage(1, 5)])
    works.meter("mould-1", "mould")
    works.load("scrubber", 30_000, [works.outage(70 / 60, 290 / 60)])
    works.meter("scrubber-1", "scrubber")
    works.load("furnace", 630_000, cycle="furnace")
    works.meter("furnace-1", "furnace")
    works.load("pump", 750, [works.outage(2, 3.5)])
    works.meter("pump-1", "pump")


def shortages(works):
    """Feeders that are cut, a promise that is not kept, the sun, and the gas."""
    works.load("roll", 200_000, [works.outage(1, 1.75, cut=True), works.outage(3.5, 5, cut=True)])
    works.meter("roll-1", "roll")
    works.load("booster", 40_000, [works.outage(1, 1.75, cut=True)])
    works.meter("booster-1", "booster", alone=True, powered_by="booster")
    works.load("line", 100_000, works.exactly((2, 1000), (5, 920), (7, 1000)))
    works.meter("line-1", "line")
    works.load("hall", 60_000, works.exactly((7, 1000)))
    works.feeds.append({"id": "panels", "kind": "generation", "shift": "never", "standby_permille": 0, "rated": 240_000,
                        "power_factor_permille": 1000, "initial": 1_000,
                        "outages": [works.outage(1, 2, 125), works.outage(2, 4, 1000), works.outage(4, 5, 125)]})
    works.feeds.append({"id": "grid", "kind": "sum", "children": ["hall", "panels"]})
    works.meter("panels-1", "panels")
    works.meter("grid-1", "grid", "siemens-pac3200")
    works.feeds.append({"id": "burner", "kind": "gas", "shift": "always", "cycle": "steady", "rated": 120_000, "initial": 1_000,
                        "outages": works.exactly((2, 1000), (4, 150), (7, 1000))})
    works.meter("gas-1", "burner", "fuxin-gas")
    works.load("heater", 60_000, [works.outage(2, 4, 1000)], shift="never", standby_permille=0)
    works.meter("heater-1", "heater")


def plant(start_ms):
    """The whole works."""
    works = Works(start_ms)
    for part in (counters, treatments, shortages):
        part(works)
    return works.scenario()


def _facility(name, kind, kilowatts, *meters, **more):
    lines = [f'[[facility]]', f'id = "{name}"', f'kind = "{kind}"', f"rated_power_kw = {kilowatts}",
             "meters = [" + ", ".join(f'"{meter}"' for meter in meters) + "]"]
    lines += [f"{key} = {value}" for key, value in more.items()]
    return "\n" + "\n".join(lines) + "\n"


def site():
    """Facilities, accounts and who may give orders, for the site file."""
    text = "".join([
        _facility("mill", "production", 120, "mill-1"), _facility("lathe", "production", 720, "lathe-1"),
        _facility("oven", "production", 240, "oven-1"), _facility("press", "production", 90, "press-1"),
        _facility("voc", "treatment", 45, "voc-1", treats='["press"]'), _facility("mould", "production", 80, "mould-1"),
        _facility("scrubber", "treatment", 30, "scrubber-1", treats='["mould"]'),
        _facility("furnace", "production", 630, "furnace-1"),
        _facility("pump", "treatment", 0.75, "pump-1", treats='["furnace"]'), _facility("roll", "production", 200, "roll-1"),
        _facility("booster", "auxiliary", 40, "booster-1"),
        _facility("line", "production", 100, "line-1", adjustable_kw=30, adjustable_minutes=1),
        _facility("roof", "generation", 240, "panels-1", forward='"given"'),
        _facility("kiln", "production", 60, "heater-1", "gas-1", fuel_switch='"electricity"', fuel_switch_minutes=1)])
    text += '\n[[site.account]]\nid = "grid"\ncarrier = "electricity"\nnumber = "1300010001"\nmeters = ["grid-1"]\n'
    text += '\n[[issuer]]\nid = "130000-energy"\nname = "Provincial energy authority"\nuplink = "province"\n'
    return text + ('\n[[site.account]]\nid = "gas"\ncarrier = "gas"\nnumber = "GZ-1"\nmeters = ["gas-1"]\n'
                   "contract_m3_per_day = 2880\nsafety_minimum_m3_per_day = 432\n")
