"""What the judge received, and nothing else: every fact is read from its database by its own verbs."""
import json
import re
import subprocess

EVENTS = {"start": 2, "stop": 3, "gap": 5, "meter_silent": 8, "meter_back": 9, "bus_down": 10, "bus_back": 11, "counter_step": 15,
          "foreign_meter": 20, "ratio_changed": 21, "facility_state": 23, "directive": 24, "data_quality": 25, "update": 27, "implausible": 30, "signoff": 40,
          "replaced": 41, "mark": 42}
CAUSES = {1: "meter_silent", 2: "bus_fault", 3: "foreign_master", 4: "queue_full", 5: "box_off", 6: "supply_lost", 7: "clean_stop",
          8: "crash", 9: "watchdog", 10: "update", 11: "configuration", 12: "clock", 13: "evicted", 14: "damaged"}
QUALITIES = {"ok": (0, 7), "implausible": (6,), "maintenance": (8,), "calibration": (9,), "manual": (10,), "stopped": (11,),
             "supply_lost": (12,)}
"""Names of the contract; good is good, also when the test machine's clock was never set."""


class Witness:
    """The facts of one run. Times are seconds since the case's start T."""

    def __init__(self, judge, database, start_ms, end_s, verdict):
        self.start_ms, self.end_s, self.verdict = start_ms, end_s, verdict
        self._judge, self._database = judge, database
        self._counts = {}
        self._rows = {}
        self._events = self._ask("events")
        self.facilities = {facility["id"]: facility for manifest in self._ask("manifests") for facility in manifest["facilities"]}

    def _run(self, verb, *arguments):
        command = [str(self._judge), verb, "--db", str(self._database), *arguments]
        done = subprocess.run(command, capture_output=True, text=True, timeout=120)
        if done.returncode != 0:
            raise ValueError(f"the judge cannot tell {verb} {' '.join(arguments)}: {done.stderr.strip()}")
        return done.stdout.splitlines()

    def _ask(self, verb, *arguments):
        return [json.loads(line) for line in self._run(verb, *arguments)]

    def since_start(self, utc_ms):
        return (utc_ms - self.start_ms) / 1000

    def events(self, kind, subject, all_of_them=False):
        """(seconds, event) of a kind and subject ("-": the box), within the case unless `all_of_them`."""
        wanted = "" if subject == "-" else subject
        found = [(self.since_start(event["time_ms"]), event) for event in self._events
                 if event["kind"] == EVENTS[kind] and event["subject"] == wanted]
        return [pair for pair in found if all_of_them or -1 <= pair[0] < self.end_s]

    def gaps(self, subject):
        """(cause, from, until) in seconds of the gaps that begin within the case."""
        found = []
        for _, event in self.events("gap", subject, all_of_them=True):
            gap = event["gap"]
            begin, end = self.since_start(gap["from_ms"]), self.since_start(gap["until_ms"])
            if -1 <= begin < self.end_s:
                found.append((CAUSES.get(gap["cause"], str(gap["cause"])), begin, end))
        return found

    def states(self, facility):
        """(seconds, state) of all that was told of a facility, in order of time."""
        found = []
        for _, event in self.events("facility_state", facility, all_of_them=True):
            since = event["facts"]["since"]
            found.append((self.since_start(utc_ms_of(since)), event["facts"]["state"]))
        return sorted(found, key=lambda pair: pair[0])

    def counts(self, meter, point):
        """(seconds, quality, value) of a point's readings, oldest first."""
        if (meter, point) not in self._counts:
            rows = (line.split() for line in self._run("counts", "--meter", meter, "--point", point))
            self._counts[meter, point] = sorted((self.since_start(int(end)), int(quality), float(value))
                                                for end, quality, value in rows)
        return self._counts[meter, point]

    def count_at(self, meter, point, seconds):
        """The trusted reading nearest to an instant, if there is one within a period and a half."""
        trusted = [count for count in self.counts(meter, point) if count[1] in (0, 7) or count[1] >= 8]
        nearest = min(trusted, key=lambda count: abs(count[0] - seconds), default=None)
        return nearest[2] if nearest is not None and abs(nearest[0] - seconds) <= 1.5 else None

    def rows(self, subject):
        """The minute rows of a facility, an account or the site ("site"), by their start in seconds."""
        if subject not in self._rows:
            rows = self._ask("rows", "--subject", subject, "--length", "60")
            self._rows[subject] = {round(self.since_start(row["start_ms"])): row for row in rows}
        return self._rows[subject]


def utc_ms_of(text):
    """Milliseconds of "2026-03-01T08:00:00.000Z"."""
    import datetime
    return round(datetime.datetime.fromisoformat(re.sub(r"Z$", "+00:00", text)).timestamp() * 1000)
