"""run.py [--show]: plays the real cases of the trade and holds what the judge received against the expected files.

At the end a table: case, facts expected, facts received, ok. Fails if one differs, and if one could not differ: every line is
also asked wrongly, with another time, number or word, and must then not hold.
"""
import concurrent.futures
import pathlib
import sys
import time
import traceback

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))

import expectations  # noqa: E402
import play  # noqa: E402

EXPECTED = pathlib.Path(__file__).resolve().parent / "expected"
RUNS = {"works": play.play_works, "box": play.play_box}
"""What is played, each a chain of its own; the expected files of one are in the folder of its name."""


class Case:
    """An expected file and what became of it."""

    def __init__(self, path):
        self.name = path.stem
        self.title, self.lines = expectations.load(path)
        self.failed, self.asked_wrongly, self.not_refused = [], 0, []
        self.received = []

    def hold_against(self, witness):
        for line in self.lines:
            holds, received = line.check(witness)
            self.received.append((line, holds, received))
            if not holds:
                self.failed.append((line, received))
                continue
            for wrong in line.wrong():
                self.asked_wrongly += 1
                if wrong.check(witness)[0]:
                    self.not_refused.append((line, wrong))

    @property
    def ok(self):
        return len(self.received) == len(self.lines) and not self.failed and not self.not_refused


def play_all(cases, start_ms):
    """Runs at the same time; gives the failures of runs that could not be played."""
    def played(name):
        def judge(witness):
            for case in cases[name]:
                case.hold_against(witness)
        RUNS[name](start_ms, judge)

    broken = []
    with concurrent.futures.ThreadPoolExecutor(len(RUNS)) as pool:
        for name, future in {name: pool.submit(played, name) for name in cases}.items():
            try:
                future.result()
            except Exception as error:  # one run's failure must not hide the other's facts
                broken.append(f"{name} could not be played: {type(error).__name__}: {error}")
                traceback.print_exception(error)
    return broken


def table(cases):
    """The table, and below it what differs."""
    width = max(len(case.title) for case in cases)
    lines = [f"{'case':{width}}  expected  received  ok"]
    for case in cases:
        good = sum(holds for _, holds, _ in case.received)
        lines.append(f"{case.title:{width}}  {len(case.lines):8}  {good:8}  {'yes' if case.ok else 'NO'}")
    for case in cases:
        for line, received in case.failed:
            lines.append(f"{case.name}: expected  {line.text}\n{' ' * len(case.name)}  received  {received}")
        for line, wrong in case.not_refused:
            lines.append(f"{case.name}: this line cannot fail  {line.text}\n{' ' * len(case.name)}  it holds as well as  {wrong.text}")
    asked, refused = (sum(numbers) for numbers in zip(*((case.asked_wrongly, case.asked_wrongly - len(case.not_refused))
                                                        for case in cases)))
    lines.append(f"each line was also asked wrongly: {refused} of {asked} wrong ones were refused")
    return "\n".join(lines)


def main(arguments):
    cases = {name: [Case(path) for path in sorted((EXPECTED / name).glob("*.txt"))] for name in RUNS}
    start_ms = play.next_start()
    print(f"T is {time.strftime('%H:%M:%S', time.localtime(start_ms / 1000))}; a minute is an hour of the case", flush=True)
    broken = play_all(cases, start_ms)
    everything = [case for group in cases.values() for case in group]
    if "--show" in arguments:
        for case in everything:
            print(f"{case.name}: {case.title}")
            for line, holds, received in case.received:
                print(f"  {'ok' if holds else 'NO':3} {line.text}\n      received {received}")
    print(table(everything))
    for sentence in broken:
        print(sentence)
    return 0 if not broken and all(case.ok for case in everything) else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
