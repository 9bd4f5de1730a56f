"""Whether rows and events that the judge received are true: held against the readings it received and against the plant.

Each check raises checks.Broken, or gives figures for people.
"""
import datetime
import itertools
import math

from checks import expect
from exact_works import FACILITIES, PERIOD_MS
from rig.received import COUNTER, INSTANTANEOUS, PARTIAL, SITE, SPANNING

GAP, FACILITY_STATE, CRASH = 5, 23, 8
GOOD = (0, 7)
SHORT_S = (60, 900)
STATE_EVENTS_MOST = 20  # of a facility an hour; no run takes longer
SINGLE, DOUBLE = 2, 3


def _groups(rows, key):
    """Rows by key, each group in order of time."""
    groups = {}
    for row in sorted(rows, key=lambda row: row.start):
        groups.setdefault(key(row), []).append(row)
    return groups


def check_once(received):
    """No interval has two rows, and none between the first and the last has no row."""
    aggregates = [row for row in received.aggregates if row.length_s in SHORT_S and not row.shift]
    for name, group in (_groups(received.rows, lambda row: (row.meter, row.length_s))
                        | _groups(aggregates, lambda row: (row.subject, row.length_s))).items():
        for before, after in zip(group, group[1:]):
            expect(before.start != after.start, f"{name} has two rows at {before.start}: {before} {after}")
            expect(before.end == after.start, f"{name} has no row between {before.end} and {after.start}")
    longer = [(row.subject, row.length_s, row.shift, row.start) for row in received.aggregates]
    expect(len(longer) == len(set(longer)), "an hour, shift or day has two rows")


def check_meter_rows(received):
    """Every row is what the readings say; a row that claims all polls has them. Edges of counters are readings, and one row
    begins where the one before ended."""
    whole = 0
    for (meter, length_s), rows in _groups(received.rows, lambda row: (row.meter, row.length_s)).items():
        points, edges = received.points(meter), {}
        there = {name: {poll.there(name): poll for poll in received.polls[meter]} for name in points}
        for row in rows:
            polls = [poll for poll in received.polls[meter] if row.start <= poll.slot < row.end]
            answered = sum(any(value is not None for value, _ in poll.values.values()) for poll in polls)
            where = f"{meter} {length_s} s at {row.start}"
            expect(row.expected == row.length_s * 1000 // PERIOD_MS[meter], f"{where}: {row.expected} polls expected")
            expect(row.made == answered, f"{where}: {row.made} polls are told, {answered} are on record")
            whole += row.made == row.expected
            for name, point in points.items():
                told, values = row.points[name], [poll.values[name][0] for poll in polls if poll.values[name][1] in GOOD]
                expect(told["samples"] == len(values), f"{where} {name}: {told['samples']} samples, on record {len(values)}")
                if point.kind == INSTANTANEOUS and values:
                    _check_sums(told, values, point, f"{where} {name}")
                if point.kind == COUNTER:
                    _check_edges(told, there[name], edges, name, f"{where} {name}")
    return whole


def _check_sums(told, values, point, where):
    expect((told["least"], told["most"]) == (min(values), max(values)), f"{where}: {told['least']} … {told['most']} is told")
    close = math.isclose(told["sum"], sum(values), rel_tol=1e-9, abs_tol=1e-9)
    expect(close if point.type in (SINGLE, DOUBLE) else told["sum"] == sum(values), f"{where}: the sum {told['sum']} is told")


def _check_edges(told, there, edges, name, where):
    if not told["first_at"] or not told["last_at"] or told["first_at"] < 10 ** 9:
        expect(told["samples"] == 0, f"{where}: {told['samples']} samples and no step")
        return
    for edge in ("first", "last"):
        poll = there.get(told[edge + "_at"])
        expect(poll is not None, f"{where}: no reading was there at {edge}_at {told[edge + '_at']}")
        expect(poll.values[name][0] == told[edge], f"{where}: {edge} is {told[edge]}, the reading says {poll.values[name][0]}")
    before = edges.get(name)
    expect(before is None or before == (told["first_at"], told["first"]), f"{where}: begins with {told['first']}, the row before ended with {before}")
    edges[name] = (told["last_at"], told["last"])


def _worth(received, source, point, amount, count, ratios):
    """A count in the amount's own digits."""
    exponent = point.exponent + source.factor_exponent - amount.exponent
    factor = (source.factor or 1) * math.prod(ratios)
    if point.type in (SINGLE, DOUBLE):
        value = count * (factor * 10.0 ** exponent)
        return math.floor(abs(value) + 0.5) * (1 if value >= 0 else -1)
    return count * factor * 10 ** exponent if exponent >= 0 else count * factor // 10 ** -exponent


def _ratios(received, meter, point):
    """The values of the registers that multiply a point; the plant's do not change."""
    names = list(received.points(meter))
    return [received.polls[meter][0].values[names[position]][0] for position in point.ratio_points]


def _step_of(received, source, amount, row):
    """(what a counter gained, its marks) in a meter's row; marks alone if it has no step."""
    meter, point = received.source_of(source)
    told = row.points[point.name]
    if told["first_at"] < 10 ** 9 or told["last_at"] < 10 ** 9:
        return 0, PARTIAL
    ratios = _ratios(received, meter, point)
    first, last = (_worth(received, source, point, amount, told[edge], ratios) for edge in ("first", "last"))
    near = min(PERIOD_MS[meter] * 3 // 2, row.length_s * 500)
    if told["first_at"] > told["last_at"]:  # the clock was set back in between
        return last - first, PARTIAL | SPANNING
    marks = PARTIAL if told["last_at"] < row.end - near or told["first_at"] > row.start + near else 0
    return last - first, marks | (SPANNING if told["first_at"] < row.start - near else 0)


def _meters_of(received, subject):
    if subject in FACILITIES:
        return FACILITIES[subject]
    return sorted({received.source_of(source)[0] for amount in received.amounts(subject).values() for source in amount.sources})


def check_aggregates(received):
    """Every row of a facility or account is the sum of its meters' rows, and bears the marks that these make necessary.
    Gives how many have marks, and how many claim to be whole."""
    of_meters = {(row.meter, row.length_s, row.start): row for row in received.rows}
    marked = whole = 0
    for row in received.aggregates:
        if row.length_s not in SHORT_S or row.shift:
            continue
        where = f"{row.subject} {row.length_s} s at {row.start}"
        meters = _meters_of(received, row.subject)
        if absent := [meter for meter in meters if (meter, row.length_s, row.start) not in of_meters]:
            # A run that began just before the interval ended may have made a row before it reached every meter.
            early = [meter for meter in absent if any(row.start <= poll.slot < row.end for poll in received.polls[meter])]
            expect(not early, f"{where}: no row of {early}, which were polled")
            continue
        rows = {meter: of_meters[meter, row.length_s, row.start] for meter in meters}
        made, expected = (sum(getattr(part, name) for part in rows.values()) for name in ("made", "expected"))
        expect((row.made, row.expected) == (made, expected), f"{where}: {row.made} of {row.expected}, the meters say {made} of {expected}")
        for name, amount in received.amounts(row.subject).items():
            steps = [_step_of(received, source, amount, rows[received.source_of(source)[0]]) for source in amount.sources]
            total, marks = sum(step for step, _ in steps), 0
            for _, mark in steps:
                marks |= mark
            expect(row.amounts[name] == total, f"{where}: {name} {row.amounts[name]}, the meters' rows say {total}")
            expect(row.marks[name] == marks, f"{where}: {name} has marks {row.marks[name]}, its counts say {marks}")
        is_marked = any(row.marks.values())
        marked += is_marked
        whole += not is_marked and row.made == row.expected
    return marked, whole


def check_totals(received, showed):
    """From the first count to the last, the sum over all rows is the difference of the plant's own counters, to the last
    digit. `showed(meter, point, begin_ms, end_ms)` is the plant's truth. Gives the totals in the amounts' units."""
    totals = {}
    subjects = {row.subject for row in received.aggregates}
    for subject, length_s in itertools.product(sorted(subjects), SHORT_S):
        for name, amount in received.amounts(subject).items():
            rows = [row for row in received.aggregates if (row.subject, row.length_s, row.shift) == (subject, length_s, 0)]
            truly = 0
            for source in amount.sources:
                meter, point = received.source_of(source)
                steps = [row.points[point.name] for row in sorted(received.rows, key=lambda row: row.start)
                         if (row.meter, row.length_s) == (meter, length_s) and row.points[point.name]["first_at"] > 10 ** 9]
                if not steps:
                    continue
                counts = []
                for at, told in ((steps[0]["first_at"], steps[0]["first"]), (steps[-1]["last_at"], steps[-1]["last"])):
                    poll = next(poll for poll in received.polls[meter] if poll.there(point.name) == at)
                    true = showed(meter, point.name, poll.start, at)
                    expect(told in true, f"{meter} {point.name} at {at}: {told} is told, the plant had {true}")
                    counts.append(_worth(received, source, point, amount, told, _ratios(received, meter, point)))
                truly += counts[1] - counts[0]
            told = sum(row.amounts[name] for row in rows)
            expect(told == truly, f"{subject} {name} over all rows of {length_s} s: {told}, the plant's counters say {truly}")
            if rows:
                totals[f"{subject}.{name}" + (".quarters" if length_s == 900 else "")] = told * 10.0 ** amount.exponent
    return totals


def check_states(received, works):
    """In every row no state is told for longer than it truly lasted, but for one period a stretch; in rows that claim all
    polls, and whose states are known throughout, not for shorter either. Gives known and told seconds, and whole rows."""
    known = lived = whole = 0
    for row in received.aggregates:
        if row.subject not in FACILITIES or row.length_s not in SHORT_S or row.shift:
            continue
        period = max(PERIOD_MS[meter] for meter in FACILITIES[row.subject])
        told = sum(row.state_ms.values())
        expect(told <= 1000 * row.length_s, f"{row.subject} at {row.start}: {told} ms of states in {row.length_s} s")
        is_whole = row.made == row.expected and told == 1000 * row.length_s and row.state_ms["unknown"] == 0
        for state, ms in row.state_ms.items():
            if state == "unknown":
                continue
            true_ms, stretches = works.true_ms(row.subject, state, row.start, row.end)
            allowed = period * max(1, stretches)
            where = f"{row.subject} {row.length_s} s at {row.start}: {state} for {ms} ms, truly {true_ms}"
            expect(ms <= true_ms + allowed, where)
            expect(not is_whole or ms >= true_ms - allowed, where + ", and the row claims to be whole")
        if row.length_s == 60:
            lived, known = lived + told, known + told - row.state_ms["unknown"]
            whole += is_whole
    return known / 1000, lived / 1000, whole


def check_longer(received):
    """Hours and shifts are the sums of their quarter hours; a quarter hour has the times in states of its minutes."""
    shorts = {(row.subject, row.length_s, row.start): row for row in received.aggregates if row.length_s in SHORT_S and not row.shift}
    count = 0
    for row in received.aggregates:
        if row.length_s == 60:
            continue
        part_s = 60 if row.length_s == 900 and not row.shift else 900
        parts = [part for (subject, length_s, start), part in shorts.items()
                 if (subject, length_s) == (row.subject, part_s) and row.start <= start < row.end]
        where = f"{row.subject} {row.length_s} s at {row.start}"
        names = ("state_ms",) if part_s == 60 else ("state_ms", "amounts")
        for field in names:
            for name, told in getattr(row, field).items():
                total = sum(getattr(part, field)[name] for part in parts)
                expect(told == total, f"{where}: {name} {told}, its parts of {part_s} s say {total}")
        if part_s == 900:
            expect(row.covered_s == 900 * len(parts), f"{where}: {row.covered_s} s are covered, by {len(parts)} quarter hours")
            expect((row.made, row.expected) == tuple(sum(getattr(part, name) for part in parts) for name in ("made", "expected")),
                   f"{where}: its polls are not those of its quarter hours")
        count += 1
    return count


def check_gaps(received, kills, commit_ms, starts):
    """Every kill lies in a gap of the box that calls it a crash, which begins no earlier than the commit interval allows and
    holds no reading. Gives how many gaps there are, and the longest time lost before a kill (ms)."""
    gaps = sorted((event.gap.from_ms, event.gap.until_ms) for event in received.events
                  if event.kind == GAP and event.subject == "" and event.gap.cause == CRASH)
    lost_most = 0
    for begin, end in gaps:
        within = [kill for kill in kills if begin <= kill <= end]
        expect(within, f"a crash from {begin} to {end}, and nobody killed it")
        first = within[0]
        lived = first - max(start for start in starts if start <= first)
        if lived > 2 * commit_ms:
            lost_most = max(lost_most, first - begin)
            expect(first - begin <= commit_ms + 2_000, f"the kill at {first} cost {first - begin} ms of record")
        for meter, polls in received.polls.items():
            inside = [poll.slot for poll in polls if begin <= poll.slot < end]
            expect(not inside, f"readings of {meter} at {inside[:3]} inside the gap from {begin} to {end}")
    for kill in kills:
        expect(any(begin <= kill <= end for begin, end in gaps), f"the kill at {kill} is in no gap: {gaps}")
    return len(gaps), lost_most


def check_state_events(received, works):
    """A state that an event tells was true at its tick; and every change that nothing hid is told, as long as a facility may
    have events. Gives how many of each."""
    told, changes = 0, 0
    blind = sorted((event.gap.from_ms, event.gap.until_ms) for event in received.events if event.kind == GAP)
    for facility, meters in FACILITIES.items():
        period = max(PERIOD_MS[meter] for meter in meters)
        events = []
        for event in received.events:
            if event.kind != FACILITY_STATE or event.subject != facility:
                continue
            facts = {fact.name: fact.value for fact in event.facts}
            since = _utc_ms(facts["since"])
            events.append((since, facts["state"]))
            true = works.states_within(facility, since - period, since + period)
            expect(facts["state"] == "unknown" or facts["state"] in true,
                   f"{facility} is said to be {facts['state']} since {facts['since']}, truly {true}")
            told += 1
        expect(len(events) <= STATE_EVENTS_MOST, f"{facility} has {len(events)} events of its state")
        last_ms = max(row.end for row in received.aggregates if row.subject == facility and row.length_s == 60)
        for begin, _, state in works.stretches[facility][1:]:
            hidden = any(gap_from < begin + 5 * period and gap_until > begin - 5 * period for gap_from, gap_until in blind)
            is_over = len(events) == STATE_EVENTS_MOST and begin > events[-1][0]
            if hidden or is_over or begin > last_ms or begin < events[0][0]:
                continue
            near = [since for since, was in events if was == state and begin - period <= since <= begin + period]
            expect(len(near) == 1, f"{facility} was {state} from {begin} on, told {len(near)} times: {events}")
            changes += 1
    return told, changes


def _utc_ms(text):
    return round(datetime.datetime.fromisoformat(text.replace("Z", "+00:00")).timestamp() * 1000)
