"""Whether a line can fail: each kind of expectation against a witness whose facts are known, rightly and wrongly."""
import pathlib
import unittest

import expectations
from expectations import Expectation, Mistake

T_MS = 1_800_000_000_000


class Known:
    """A witness of a press that ran and a VOC device that stood still from T+02:00 to T+04:00."""
    end_s = 360
    verdict = {"holes": 0, "values_false": 1}
    facilities = {"voc": {"treats": ["press"], "adjustable_w": 30000}}

    def since_start(self, utc_ms):
        return (utc_ms - T_MS) / 1000

    def states(self, facility):
        return {"press": [(-10, "running")],
                "voc": [(-10, "unknown"), (-8, "running"), (120.0, "stopped"), (240.9, "running")]}.get(facility, [])

    def counts(self, meter, point):
        if meter != "voc-1":
            return []
        return [(s + 0.03, 6 if s == 150 else 12 if 200 <= s < 210 else 0, s / 8) for s in range(-5, 370)]

    def count_at(self, meter, point, seconds):
        return seconds / 8 if meter == "voc-1" else None

    def rows(self, subject):
        return {start: {"state_ms": {"stopped": 60_000 if 120 <= start < 240 else 0}, "marks": {"energy.taken": 0},
                        "amounts": {"energy.taken": "7.500000"}} for start in range(0, 360, 60)} if subject == "voc" else {}

    def events(self, kind, subject, all_of_them=False):
        told = {("mark", "voc"): [(180.4, {"facts": {"mark": "maintenance", "by": "shift electrician"}})],
                ("replaced", "voc-1"): [(100, {"facts": {"point": "energy", "at": "2027-01-15T08:00:50.500Z", "old_final_raw": "7",
                                                         "new_start_raw": "6"}})]}
        return told.get((kind, subject), [])

    def gaps(self, subject):
        if subject == "booster-1":
            return [("meter_silent", 60.0, 73.0), ("bus_fault", 73.0, 74.0), ("meter_silent", 74.0, 106.0)]
        return [("box_off", 60.2, 183.0)] if subject == "-" else []


HOLD = """states voc running T+00:00 stopped T+02:00 running T+04:00
states press running T+00:00
together press running voc stopped = 120 s ± 2
pair press -> voc
declares voc adjustable_w = 30000
rows voc T+02:00 T+04:00 stopped = 60 s ± 0
rows voc T+00:00 T+06:00 energy.taken = 7.4 ± 0.2
marks voc T+00:00 T+06:00 energy.taken = none
energy voc energy.taken T+02:00 T+04:00 = voc-1 energy
energy voc energy.taken T+02:00 T+04:00 = 15 ± 0.01
energy voc energy.taken T+02:00 T+04:00 = 50 ± 1 % of T+00:00 T+04:00
counted voc-1 energy T+01:00 T+02:00 = 15 ± 0.1 times 2
total voc-1 energy T+00:00 T+01:00 = 8.25 ± 0.3
event mark voc T+03:00 mark=maintenance by=shift_electrician
events mark voc = 1
events mark press = 0
gap - box_off T+01:00 T+03:00 within 5 s
silent booster-1 T+01:00 T+01:46
readings voc-1 energy implausible = 1
quality voc-1 energy supply_lost T+03:20 T+03:30
audit values_false = 1""".splitlines()


class Lines(unittest.TestCase):
    def test_what_is_so_holds(self):
        for text in HOLD:
            with self.subTest(text):
                holds, received = Expectation(text).check(Known())
                self.assertTrue(holds, received)

    def test_each_of_them_asked_wrongly_does_not_hold(self):
        for text in HOLD:
            wrong = Expectation(text).wrong()
            self.assertTrue(wrong or text == "states press running T+00:00", text)
            for line in wrong:
                with self.subTest(line.text):
                    self.assertFalse(line.check(Known())[0])

    def test_what_nobody_told_does_not_hold(self):
        for text in HOLD:
            text = text.replace("voc", "nobody").replace("press", "nobody").replace("booster-1", "nobody").replace(" - ", " nobody ")
            if text.startswith(("audit", "events mark nobody = 0")):
                continue
            with self.subTest(text):
                self.assertFalse(Expectation(text).check(Known())[0])

    def test_a_line_that_is_none_is_a_mistake(self):
        for text in ("state voc running", "rows voc T+02:00 T+04:00 stopped 60", "states voc flying T+00:00",
                     "counted voc-1 energy T+1 T+2 = 3"):
            with self.subTest(text), self.assertRaises(Mistake):
                Expectation(text).check(Known())

    def test_every_expected_file_is_read(self):
        files = sorted((pathlib.Path(__file__).parent / "expected").glob("*/*.txt"))
        self.assertTrue(files)
        for file in files:
            title, lines = expectations.load(file)
            self.assertTrue(title and lines, file)


if __name__ == "__main__":
    unittest.main()
