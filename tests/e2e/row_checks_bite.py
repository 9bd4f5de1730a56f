"""Whether the checks of rows can fail: what the judge received is altered in one place after the other, and must be refused."""
import contextlib

import row_checks
from checks import Broken, expect
from exact_works import FACILITIES
from rig.received import COUNTER

STATE_MS = 10_000  # more than the check allows for a few stretches


@contextlib.contextmanager
def _set(holder, key, value):
    """`holder[key]`, or the attribute, has another value meanwhile."""
    is_dict = isinstance(holder, (dict, list))
    before = holder[key] if is_dict else getattr(holder, key)
    change = holder.__setitem__ if is_dict else lambda name, wanted: setattr(holder, name, wanted)
    change(key, value)
    try:
        yield
    finally:
        change(key, before)


def _short_of_facility(received, wanted=lambda row: True):
    return next(row for row in received.aggregates if row.subject in FACILITIES and row.length_s == 60 and wanted(row))


def _alterations(received, works, showed, kills, commit_ms, starts):
    """(what, the alteration, the check that must refuse it)."""
    def once(): row_checks.check_once(received)
    def meters(): row_checks.check_meter_rows(received)
    def aggregates(): row_checks.check_aggregates(received)
    def totals(): row_checks.check_totals(received, showed)
    def states(): row_checks.check_states(received, works)
    def gaps(): row_checks.check_gaps(received, kills, commit_ms, starts)

    def told(row): return row.state_ms.values()
    row = received.rows[len(received.rows) // 2]
    torn = next(row for row in received.rows if row.made < row.expected)
    counter = next(name for name, point in received.points(row.meter).items() if point.kind == COUNTER)
    aggregate = _short_of_facility(received)
    marked = next((row for row in received.aggregates if row.length_s == 60 and any(row.marks.values())), None)
    # In a short run the only row may have seen all states.
    false_states = [(row, state) for row in received.aggregates if row.subject in FACILITIES and row.length_s == 60 for state in row.state_ms
                    if state != "unknown" and sum(told(row)) > works.true_ms(row.subject, state, row.start, row.end)[0] + STATE_MS]
    amount = next(iter(aggregate.amounts))
    crash = next(event for event in received.events if event.kind == row_checks.GAP and event.gap.cause == row_checks.CRASH)
    states_told = [("a state that never was", _set(row, "state_ms", {name: sum(told(row)) * (name == state) for name in row.state_ms}), states)
                   for row, state in false_states[:1]]
    marks_told = [("a mark left out", _set(marked, "marks", dict.fromkeys(marked.marks, 0)), aggregates)] if marked else []
    return states_told + marks_told + [
        ("a row twice", _set(received, "rows", received.rows + [row]), once),
        ("a row of a facility twice", _set(received, "aggregates", received.aggregates + [aggregate]), once),
        ("a row lost", _set(received, "rows", [other for other in received.rows if other is not row]), aggregates if row.length_s == 60 else once),
        ("a torn row that claims to be whole", _set(torn, "made", torn.expected), meters),
        ("another count at an edge", _set(row.points[counter], "last", row.points[counter]["last"] + 1), meters),
        ("an edge without a reading", _set(row.points[counter], "last_at", row.points[counter]["last_at"] + 1), meters),
        ("another amount", _set(aggregate.amounts, amount, aggregate.amounts[amount] + 1), aggregates),
        ("another amount in a sum", _set(aggregate.amounts, amount, aggregate.amounts[amount] + 1), totals),
        ("a gap that is not told", _set(received, "events", [event for event in received.events if event is not crash]), gaps)]


def check_bites(received, works, showed, kills, commit_ms, starts):
    """Gives how many false records were refused: all of them."""
    alterations = _alterations(received, works, showed, kills, commit_ms, starts)
    for what, alteration, check in alterations:
        with alteration:
            try:
                check()
                refused = False
            except (Broken, KeyError):
                refused = True
        expect(refused, f"the checks do not see {what}")
    return len(alterations)
