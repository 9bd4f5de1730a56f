"""The table: scenario, what was expected, what was seen, how long that took, whether it holds."""
import textwrap
import time
from dataclasses import dataclass

WIDTHS = (16, 58, 60)
HEAD = f"{'scenario':{WIDTHS[0]}} {'expectation':{WIDTHS[1]}} {'seen':{WIDTHS[2]}} {'seconds':>7}  ok"


@dataclass
class Row:
    scenario: str
    expectation: str
    seen: str
    seconds: float
    holds: bool

    def lines(self):
        """The row, its texts broken where they are too long."""
        columns = [textwrap.wrap(text, width) or [""] for text, width in zip((self.scenario, self.expectation, self.seen), WIDTHS)]
        height = max(map(len, columns))
        ends = [f"{self.seconds:7.1f}  {'ok' if self.holds else 'NO'}"] + [""] * (height - 1)
        for number in range(height):
            cells = [column[number] if number < len(column) else "" for column in columns]
            yield f"{cells[0]:{WIDTHS[0]}} {cells[1]:{WIDTHS[1]}} {cells[2]:{WIDTHS[2]}} {ends[number]}".rstrip()


class Report:
    """Of one scenario. An expectation that does not hold is noted, and the scenario goes on: a table tells all of them."""

    def __init__(self, scenario):
        self.scenario = scenario
        self.part = ""  # of the scenario, where one boot serves several
        self.rows = []
        self._since = time.monotonic()

    def expect(self, expectation, holds, seen=""):
        """Gives back whether it holds. The seconds are those since the row before."""
        now = time.monotonic()
        self.rows.append(Row(self.part or self.scenario, expectation, str(seen), now - self._since, bool(holds)))
        self._since = now
        print("\n".join(self.rows[-1].lines()), flush=True)
        return bool(holds)

    @property
    def failed(self):
        return not self.rows or not all(row.holds for row in self.rows)


def last_line(reports, kept, left):
    """What to do next. `kept` is the folder of the logs, `left` are the scenarios that were not played."""
    failed = [report.scenario for report in reports if report.failed]
    count = sum(len(report.rows) for report in reports)
    if failed:
        broken = sum(not row.holds for report in reports for row in report.rows)
        return f"{broken} of {count} expectations do not hold: look into {kept}/{failed[0]}, then run: ./dev test device {' '.join(failed)}"
    held = f"all {count} expectations hold"
    return f"{held}; left to play: ./dev test device {' '.join(left)}" if left else f"{held}: the image may be given to boxes"
