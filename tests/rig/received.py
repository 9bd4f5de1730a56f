"""What the judge stored, batch by batch, read with the contract's own decoder and nothing of the gateway."""
import pathlib
import sqlite3
from dataclasses import dataclass

from .events import decoder

EVENT, INTERVAL, READING = 1, 2, 3
STATES = ("unknown", "de_energised", "stopped", "idle", "running")
PARTIAL, SPANNING = 1, 2
SITE = "site"
INSTANTANEOUS, COUNTER = 0, 1


@dataclass
class Poll:
    slot: int
    start: int
    end: int
    values: dict  # by point name: (number before exponent and ratios, or None; quality)
    early: dict  # by point name, of those that were there before the end: when

    def there(self, name):
        """When a point's value was there."""
        return self.early.get(name, self.end)


@dataclass
class MeterRow:
    """The row of a meter. `points` has what read_rows() says, with `least`, `most`, `first` and `last` as numbers."""
    meter: str
    start: int
    length_s: int
    made: int
    expected: int
    points: dict

    @property
    def end(self):
        return self.start + 1000 * self.length_s


@dataclass
class Aggregate:
    """The row of a facility, an account (by their ids) or the site (SITE)."""
    subject: str
    start: int
    length_s: int
    shift: int
    made: int
    expected: int
    covered_s: int
    amounts: dict
    marks: dict
    state_ms: dict
    starts: int

    @property
    def end(self):
        return self.start + 1000 * self.length_s


class Received:
    """Everything that a judge's database holds of one gateway, each batch's content once."""

    def __init__(self, database, folder):
        self._decode, self._pb = decoder(pathlib.Path(folder))
        self.polls, self.rows, self.aggregates, self.events = {}, [], [], []
        with sqlite3.connect(f"file:{database}?mode=ro", uri=True) as db:
            manifests = {name: self._pb.Manifest.FromString(data) for name, data in db.execute("SELECT sha256, bytes FROM manifest")}
            for (data,) in db.execute("SELECT bytes FROM batch WHERE taken = 1 ORDER BY received_ms, stream, seq"):
                self._take(bytes(data), manifests)
        self.meters = {meter.id: meter for meter in self.manifest.meters}
        for polls in self.polls.values():
            polls.sort(key=lambda poll: poll.slot)

    def points(self, meter):
        """The manifest's points of a meter, by name."""
        return {point.name: point for point in self.manifest.point_lists[self.meters[meter].point_list].points}

    def amounts(self, subject):
        """The manifest's amounts of a facility, an account or the site, by name."""
        for entry in (*self.manifest.facilities, *self.manifest.site.accounts):
            if entry.id == subject:
                return {amount.name: amount for amount in entry.amounts}
        return {amount.name: amount for amount in self.manifest.site.amounts}

    def source_of(self, source):
        """(meter id, point) of an amount's source."""
        meter = self.manifest.meters[source.meter]
        return meter.id, self.manifest.point_lists[meter.point_list].points[source.point]

    def _take(self, data, manifests):
        self.manifest = manifests.get(self._pb.Batch.FromString(data).header.manifest.hex())
        header, content = self._decode.decode(data, self.manifest, self._pb)
        for item in content:
            if header.stream == EVENT:
                self.events.append(item)
            elif header.stream == READING:
                self._take_poll(item)
            elif "kind" in item:
                self._take_aggregate(item)
            else:
                self._take_row(item)

    def _take_poll(self, poll):
        meter = self.manifest.meters[poll["meter"]]
        points = self.manifest.point_lists[meter.point_list].points
        values = {point.name: (None if code in self._decode.NO_VALUE else self._decode.value_of(bits, point.type), code)
                  for point, (bits, code) in zip(points, poll["samples"])}
        early = {points[point].name: at for point, at in poll["early"]}
        self.polls.setdefault(meter.id, []).append(Poll(poll["slot"], poll["start"], poll["end"], values, early))

    def _take_row(self, row):
        meter = self.manifest.meters[row["meter"]]
        points = {}
        for point, told in zip(self.manifest.point_lists[meter.point_list].points, row["points"]):
            numbers = {name: self._decode.value_of(told[name], point.type) for name in ("least", "most", "first", "last")}
            kind = point.type if point.type == self._decode.SIGNED else self._decode.UNSIGNED
            is_float = point.type in (self._decode.FLOAT32, self._decode.FLOAT64)
            total = self._decode.value_of(told["sum"], self._decode.FLOAT64 if is_float else kind)
            points[point.name] = told | numbers | {"sum": total}
        self.rows.append(MeterRow(meter.id, row["start"], row["length_s"], row["made"], row["expected"], points))

    def _take_aggregate(self, row):
        subject = SITE
        if row["kind"] == 1:
            subject = self.manifest.facilities[row["index"]].id
        elif row["kind"] == 2:
            subject = self.manifest.site.accounts[row["index"]].id
        names = [amount.name for amount in self._decode.amounts_of(self.manifest, row["kind"], row["index"])]
        self.aggregates.append(Aggregate(subject, row["start"], row["length_s"], row["shift"], row["made"], row["expected"],
                                         row["covered_s"], dict(zip(names, row["amounts"])), dict(zip(names, row["marks"])),
                                         dict(zip(STATES, row["state_ms"])), row["starts"]))
