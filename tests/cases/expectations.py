"""The language of the expected files: one line, one fact, written by hand and readable without this program.

    # text after a hash is for people
    states voc   running T+00:00  stopped T+02:00  running T+04:00    all states of a facility within the case, and no other
    together press running voc stopped = 120 s ± 2                    how long both were so at the same time
    pair press -> voc                                                 the manifest says that voc treats press
    declares line adjustable_w = 30000                                the manifest's number of a facility
    rows voc T+02:00 T+04:00 stopped = 60 s ± 0                       in each minute of the time: seconds of a state …
    rows gas T+02:00 T+04:00 gas = 0.3 ± 0.02                         … or an amount
    marks voc T+02:00 T+04:00 energy.taken = none                     in each minute: none, partial, spanning, both
    energy voc energy.taken T+02:00 T+04:00 = voc-1 active_energy_import.total     the rows' sum is the counter's difference, exactly
    energy voc energy.taken T+00:00 T+02:00 = 1.1 ± 0.1               the rows' sum
    energy line energy.taken T+02:00 T+04:00 = 92 ± 0.5 % of T+00:00 T+02:00       the same as a part of another time's
    counted oven-1 active_energy_import.total T+00:00 T+03:00 = 12 ± 0.5 times 40  a counter's difference, with the factor named
    total lathe-1 active_energy_import.total T+00:00 T+06:00 = 72 ± 0.3            the same over an exchange, by the contract's rule
    event ratio_changed oven-1 T+03:00 point=ct_ratio before=40 after=80           one event then, with these facts among its own
    events implausible mill-1 = 0                                     so many events of the kind within the case
    gap - box_off T+01:00 T+03:00                                     one gap ("-": of the box) and its cause
    silent booster-1 T+01:00 T+01:45                                  its gaps, put together, and no other: silent, or its bus failed
    readings mill-1 active_energy_import.total implausible = 1        so many readings of that quality within the case
    quality roll-1 voltage_ln.l1 supply_lost T+03:30 T+05:00          readings have that quality in this time and at no other
    audit holes = 0                                                   the judge's own account of the whole run

T is the case's start, T+mm:ss a time after it. Times hold within one polling period (1 s), or within what `within N s` at the end says.
"""
import re

from witness import EVENTS, QUALITIES, utc_ms_of

PERIOD_S = 1.0
STATES = ("unknown", "de_energised", "stopped", "idle", "running")
MARKS = {"none": 0, "partial": 1, "spanning": 2, "both": 3}


class Mistake(Exception):
    """A line that is no expectation."""


class Expectation:
    """One line: `check` asks the witness, `wrong` gives lines that differ from it in one thing and must not hold."""

    def __init__(self, text):
        self.text = " ".join(text.split())
        words = self.text.split()
        self.within = PERIOD_S
        if len(words) > 4 and words[-3] == "within" and words[-1] == "s":
            self.within = float(words[-2])
            words = words[:-3]
        self.verb, self.words = words[0], words[1:]
        if self.verb not in VERBS:
            raise Mistake(f"'{self.verb}' is no kind of expectation; there are {', '.join(VERBS)}")

    def check(self, witness):
        """(holds, what was received instead)."""
        try:
            return VERBS[self.verb][0](witness, self.words, self.within)
        except (IndexError, ValueError, KeyError) as error:
            if isinstance(error, ValueError) and "judge" in str(error):
                return False, str(error)
            raise Mistake(f"'{self.text}' cannot be read: {error!r}") from error

    def wrong(self):
        """The same line with one time, number or word that is not so."""
        texts = []
        for index in VERBS[self.verb][1](self.words):
            words = list(self.words)
            words[index] = _another(words, index, self.within)
            texts.append(" ".join([self.verb, *words, "within", f"{self.within:g}", "s"]))
        if self.verb == "energy" and not _is_number(self.words[self.words.index("=") + 1]):
            texts.append(self.text + " plus 0.001")
        return [Expectation(text) for text in texts]


def load(path):
    """The expectations of a file, and its title: the first line."""
    lines = path.read_text().splitlines()
    title = lines[0].lstrip("# ").strip()
    found = []
    for number, line in enumerate(lines, 1):
        text = line.split("#", 1)[0].strip()
        if text:
            try:
                found.append(Expectation(text))
            except Mistake as mistake:
                raise Mistake(f"{path.name}:{number}: {mistake}") from mistake
    return title, found


def _seconds(text):
    match = re.fullmatch(r"T\+(\d+):(\d\d)", text)
    if not match:
        raise ValueError(f"'{text}' is no time as T+02:30")
    return 60 * int(match[1]) + int(match[2])


def _time(seconds):
    seconds = round(seconds, 1)
    return f"T{'-' if seconds < 0 else '+'}{int(abs(seconds)) // 60:02}:{abs(seconds) % 60:04.1f}"


def _is_number(word):
    return re.fullmatch(r"-?\d+(\.\d+)?", word) is not None


def _another(words, index, within):
    """A word of the same sort that is not so."""
    word = words[index]
    if word.startswith("T+"):
        later = _seconds(word) + 15 + 2 * int(within)
        return f"T+{later // 60:02}:{later % 60:02}"
    if word in STATES:
        return "idle" if word != "idle" else "stopped"
    if word in MARKS:
        return "both" if word != "both" else "none"
    if "=" in word and word != "=":
        name, value = word.split("=", 1)
        return f"{name}={value}0x"
    if _is_number(word):
        allowed = float(words[words.index("±") + 1]) if "±" in words else 0
        return f"{float(word) + 2 * allowed + max(1e-6, abs(float(word)) / 1000):.7f}"
    return word + "-not"


def _number(words, start):
    """(value, allowed) of `= 12 s ± 2`; `start` is where "=" stands."""
    if words[start] != "=":
        raise ValueError("'=' is missing")
    allowed = float(words[words.index("±") + 1]) if "±" in words else 0.0
    return float(words[start + 1]), allowed


def _close(received, wanted, allowed):
    return abs(received - wanted) <= allowed + 1e-9


# -- states -----------------------------------------------------------------------------------------------------------
def _timeline(witness, facility, within):
    """(seconds, state) within the case, the state in force at its start in front."""
    told = witness.states(facility)
    before = [state for since, state in told if since <= within]
    later = [(since, state) for since, state in told if within < since < witness.end_s]
    return ([(0.0, before[-1])] if before else []) + later


def _states(witness, words, within):
    wanted = [(_seconds(words[i + 1]), words[i]) for i in range(1, len(words), 2)]
    for _, state in wanted:
        if state not in STATES:
            raise ValueError(f"'{state}' is no state")
    told = _timeline(witness, words[0], within)
    holds = len(told) == len(wanted) and all(state == right and abs(since - at) <= within
                                             for (since, state), (at, right) in zip(told, wanted))
    return holds, "  ".join(f"{state} {_time(since)}" for since, state in told) or "no state at all"


def _in_state(witness, facility, state, within):
    """[begin, end) of each time in it."""
    told = _timeline(witness, facility, within)
    ends = [since for since, _ in told[1:]] + [witness.end_s]
    return [(since, end) for (since, it), end in zip(told, ends) if it == state]


def _together(witness, words, within):
    wanted, allowed = _number(words, 4)
    both = sum(max(0.0, min(a[1], b[1]) - max(a[0], b[0]))
               for a in _in_state(witness, words[0], words[1], within) for b in _in_state(witness, words[2], words[3], within))
    told = all(_timeline(witness, facility, within) for facility in (words[0], words[2]))
    return told and _close(both, wanted, allowed), f"{both:.1f} s" if told else "a facility without any state"


# -- the manifest -----------------------------------------------------------------------------------------------------
def _pair(witness, words, _):
    treats = witness.facilities.get(words[2], {}).get("treats", [])
    return words[1] == "->" and words[0] in treats, f"{words[2]} treats {treats or 'nothing'}"


def _declares(witness, words, _):
    received = witness.facilities.get(words[0], {}).get(words[1])
    return received is not None and _close(received, *_number(words, 2)), f"{received}"


# -- rows -------------------------------------------------------------------------------------------------------------
def _minutes(witness, subject, begin, end):
    """The minute rows of a time, or the first minute that has none."""
    rows = witness.rows(subject)
    starts = range(_seconds(begin), _seconds(end), 60)
    missing = [start for start in starts if start not in rows]
    return [rows[start] for start in starts if start in rows], missing


def _rows(witness, words, _):
    rows, missing = _minutes(witness, *words[:3])
    wanted, allowed = _number(words, 4)
    if missing or not rows:
        return False, f"no row of {_time(missing[0]) if missing else words[1]}"
    what = words[3]
    if what in STATES:
        received = [row["state_ms"].get(what, 0) / 1000 for row in rows]
    else:
        received = [float(row["amounts"][what]) if what in row["amounts"] else float("nan") for row in rows]
    return all(_close(value, wanted, allowed) for value in received), ", ".join(f"{value:g}" for value in received)


def _marks(witness, words, _):
    rows, missing = _minutes(witness, *words[:3])
    if words[4] != "=":
        raise ValueError("'=' is missing")
    if missing or not rows:
        return False, f"no row of {_time(missing[0]) if missing else words[1]}"
    names = {code: name for name, code in MARKS.items()}
    received = [names.get(row["marks"].get(words[3]), "no such amount") for row in rows]
    return all(name == words[5] for name in received), ", ".join(received)


def _micro(value):
    return round(value * 1e6)


def _energy(witness, words, _):
    subject, amount, begin, end, equals, *wanted = words
    if equals != "=":
        raise ValueError("'=' is missing")
    rows = [row for start, row in witness.rows(subject).items() if _seconds(begin) <= start < _seconds(end)]
    if not rows or any(amount not in row["amounts"] for row in rows):
        return False, f"no rows with {amount}"
    received = sum(_micro(float(row["amounts"][amount])) for row in rows)
    if _is_number(wanted[0]):
        number, allowed = _number(words, 4)
        if "%" not in words:
            return _close(received / 1e6, number, allowed), f"{received / 1e6:.6f}"
        others = [row for start, row in witness.rows(subject).items() if _seconds(words[-2]) <= start < _seconds(words[-1])]
        whole = sum(_micro(float(row["amounts"][amount])) for row in others)
        return whole > 0 and _close(100 * received / whole, number, allowed), f"{100 * received / max(whole, 1):.2f} %"
    edges = [witness.count_at(wanted[0], wanted[1], _seconds(at)) for at in (begin, end)]
    if None in edges:
        return False, f"no reading of {wanted[0]} at {begin} or {end}"
    factor, more = 1.0, 0.0
    for word, value in zip(wanted[2::2], wanted[3::2]):
        factor, more = (float(value), more) if word == "times" else (factor, float(value))
    counted = _micro(edges[1] * factor) - _micro(edges[0] * factor) + _micro(more)
    return received == counted, f"rows {received / 1e6:.6f}, counter {counted / 1e6:.6f}"


# -- counters ---------------------------------------------------------------------------------------------------------
def _counted(witness, words, _):
    meter, point, begin, end = words[:4]
    wanted, allowed = _number(words, 4)
    factor = float(words[words.index("times") + 1]) if "times" in words else 1.0
    edges = [witness.count_at(meter, point, _seconds(at)) for at in (begin, end)]
    if None in edges:
        return False, f"no reading at {begin if edges[0] is None else end}"
    received = (edges[1] - edges[0]) * factor
    return _close(received, wanted, allowed), f"{received:.3f}"


def _total(witness, words, _):
    """By the contract: (old_final - before) + (after - new_start) across each exchange."""
    meter, point, begin, end = words[:4]
    wanted, allowed = _number(words, 4)
    swaps = [event["facts"] for _, event in witness.events("replaced", meter) if event["facts"].get("point") == point]
    counts = [(at, value) for at, quality, value in witness.counts(meter, point)
              if quality in (0, 7) and _seconds(begin) - 0.5 <= at <= _seconds(end) + 0.5]
    total = 0.0
    for (before_at, before), (after_at, after) in zip(counts, counts[1:]):
        for swap in swaps:
            if before_at < witness.since_start(utc_ms_of(swap["at"])) <= after_at:
                total += float(swap["old_final_raw"]) - before
                before = float(swap["new_start_raw"])
        total += after - before
    return bool(counts) and _close(total, wanted, allowed), f"{total:.3f}, {len(swaps)} exchanges"


# -- events, gaps, readings -------------------------------------------------------------------------------------------
def _event(witness, words, within):
    kind, subject, at, *facts = words
    if kind not in EVENTS:
        raise ValueError(f"'{kind}' is no event")
    wanted = dict(fact.split("=", 1) for fact in facts)
    told = witness.events(kind, subject)
    fitting = [event for seconds, event in told if abs(seconds - _seconds(at)) <= within and
               all(event["facts"].get(name) == value.replace("_", " ") or event["facts"].get(name) == value
                   for name, value in wanted.items())]
    shown = [f"{_time(seconds)} " + " ".join(f"{name}={event['facts'].get(name)}" for name in wanted) for seconds, event in told]
    return len(fitting) == 1, "; ".join(shown) or "none"


def _events(witness, words, _):
    told = witness.events(words[0], words[1])
    return len(told) == _number(words, 2)[0], f"{len(told)}"


def _gap(witness, words, within):
    subject, cause, begin, end = words
    told = witness.gaps(subject)
    fitting = [1 for it, first, last in told
               if it == cause and abs(first - _seconds(begin)) <= within and abs(last - _seconds(end)) <= within]
    return len(fitting) == 1, "; ".join(f"{it} {_time(first)} {_time(last)}" for it, first, last in told) or "none"


def _silent(witness, words, within):
    joined, causes = [], set()
    for cause, first, last in sorted(witness.gaps(words[0]), key=lambda gap: gap[1]):
        causes.add(cause)
        if joined and abs(first - joined[-1][1]) < 0.01:
            joined[-1][1] = last
        else:
            joined.append([first, last])
    holds = len(joined) == 1 and "meter_silent" in causes and causes <= {"meter_silent", "bus_fault"} and \
        abs(joined[0][0] - _seconds(words[1])) <= within and abs(joined[0][1] - _seconds(words[2])) <= within
    return holds, "; ".join(f"{_time(first)} {_time(last)}" for first, last in joined) + f" {sorted(causes)}" if joined else "none"


def _readings(witness, words, _):
    counts = [count for count in witness.counts(*words[:2]) if -1 <= count[0] < witness.end_s and count[1] in QUALITIES[words[2]]]
    return len(counts) == _number(words, 3)[0], f"{len(counts)}"


def _quality(witness, words, within):
    counts = [count for count in witness.counts(*words[:2]) if -1 <= count[0] < witness.end_s]
    begin, end = _seconds(words[3]), _seconds(words[4])
    there = [at for at, quality, _ in counts if quality in QUALITIES[words[2]]]
    between = [quality for at, quality, _ in counts if begin + within < at < end - within]
    holds = bool(there) and abs(there[0] - begin) <= within and abs(there[-1] - (end - PERIOD_S)) <= within and \
        all(quality in QUALITIES[words[2]] for quality in between)
    return holds, f"{_time(there[0])} to {_time(there[-1])}, {len(there)} readings" if there else "none"


def _audit(witness, words, _):
    received = witness.verdict.get(words[0])
    return isinstance(received, (int, float)) and received == _number(words, 1)[0], f"{received}"


def _value_after(sign):
    return lambda words: [words.index(sign) + 1]


def _times_and_facts(words):
    return range(2, len(words))


VERBS = {
    "states": (_states, lambda words: [i for i in range(1, len(words)) if words[i] != "T+00:00"]),
    "together": (_together, _value_after("=")),
    "pair": (_pair, lambda words: [0, 2]),
    "declares": (_declares, _value_after("=")),
    "rows": (_rows, _value_after("=")),
    "marks": (_marks, _value_after("=")),
    "energy": (_energy, lambda words: [words.index("=") + 1]),
    "counted": (_counted, _value_after("=")),
    "total": (_total, _value_after("=")),
    "event": (_event, _times_and_facts),
    "events": (_events, _value_after("=")),
    "gap": (_gap, lambda words: [1, 2, 3]),
    "silent": (_silent, lambda words: [1, 2]),
    "readings": (_readings, _value_after("=")),
    "quality": (_quality, lambda words: [3, 4]),
    "audit": (_audit, _value_after("=")),
}
