"""One row of the table that the fault rig prints, and the printing."""
import json
from dataclasses import asdict, dataclass, field


@dataclass
class Row:
    """What one scenario showed. `lost` and `false` are the judge's counts; `misses` are the promises that did not hold."""
    scenario: str
    runs: int = 1  # times that the fault was done
    at_stake: int = 0  # readings of the run: those that arrived and those that should have
    lost: int = 0  # committed and never arrived, or due and neither there nor in a declared gap
    false: int = 0
    twice: int = 0  # one slot of one meter twice, after the key has removed what was sent again
    resent: int = 0  # batches that the key removed
    recovery_s: list = field(default_factory=list)  # from the fault's end to the first new readings at the judge
    note: str = ""
    skipped: str = ""
    misses: list = field(default_factory=list)
    took_s: float = 0

    def expect(self, holds, sentence):
        """Notes a promise that did not hold and goes on: a table tells all of them."""
        if not holds:
            self.misses.append(sentence)
        return holds

    def to_json(self):
        return json.dumps(asdict(self))

    @property
    def outcome(self):
        return "skipped" if self.skipped else "MISSED" if self.misses else "ok"


def row_of(text):
    return Row(**json.loads(text))


HEAD = f"{'scenario':28} {'runs':>5} {'at stake':>9} {'lost':>6} {'false':>6} {'twice':>6} {'recovery s':>12}  outcome"


def line_of(row):
    recovery = "-" if not row.recovery_s else f"{max(row.recovery_s):.1f}"
    if len(row.recovery_s) > 1:
        recovery = f"{min(row.recovery_s):.1f} to {recovery}"
    return (f"{row.scenario:28} {row.runs:5} {row.at_stake:9} {row.lost:6} {row.false:6} {row.twice:6} {recovery:>12}  "
            f"{row.outcome}")


def text_of(rows):
    """The whole table with what there is to say below."""
    lines = [HEAD, "-" * len(HEAD)] + [line_of(row) for row in rows]
    counted = [row for row in rows if not row.skipped]
    total = Row("all", *(sum(getattr(row, name) for row in counted) for name in ("runs", "at_stake", "lost", "false", "twice")))
    total.misses = [miss for row in rows for miss in row.misses]
    lines += ["-" * len(HEAD), line_of(total), ""]
    lines += [f"{row.scenario}: {row.note}" for row in rows if row.note]
    lines += [f"{row.scenario}: skipped, {row.skipped}" for row in rows if row.skipped]
    lines += [f"{row.scenario}: MISSED {miss}" for row in rows for miss in row.misses]
    return "\n".join(lines)
