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
LATHE_SILENT_S, SWAP_S, REPLACE_S = 110, 120, 140
RATIO_S, ZERO_S = 180, 150


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


def plant(start_ms):
    """The whole works."""
    works = Works(start_ms)
    counters(works)
    return works.scenario()


def _facility(name, kind, kilowatts, *meters, **more):
    lines = [f'[[facility]]', f'id = "{name}"', f'kind = "{kind}"', f"rated_power_kw = {kilowatts}",
             "meters = [" + ", ".join(f'"{meter}"' for meter in meters) + "]"]
    lines += [f"{key} = {value}" for key, value in more.items()]
    return "\n" + "\n".join(lines) + "\n"


def site():
    """Facilities of the site file."""
    return "".join([_facility("mill", "production", 120, "mill-1"), _facility("lathe", "production", 720, "lathe-1"),
                    _facility("oven", "production", 240, "oven-1")])
