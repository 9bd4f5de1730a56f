"""run.py [--jobs N] [--list] [DEFECT …]: builds known defects into a copy of the sources and looks whether each is found.

Every check must first be green on the copy as it is. Exit status 0: each defect turned its check red, with the word it must say.
"""
import argparse
import dataclasses
import os
import signal
import subprocess
import sys
import time

from defects import DEFECTS
from sources import ROOT, copy_to, mistakes, planted

WORK = ROOT / "build" / "planted"
TREE = WORK / "src"
BUILD = TREE / "build" / "release"
CHECK_S_MAX = 600
NO_TEST = "0 tests from 0 test suites ran"


@dataclasses.dataclass
class Outcome:
    defect: object
    as_it_should: bool
    says: str
    seconds: float


class Rig:
    def __init__(self, jobs):
        self.jobs = ["-j", str(jobs)] if jobs else []
        (WORK / "logs").mkdir(parents=True, exist_ok=True)
        copy_to(TREE)
        if not (BUILD / "build.ninja").exists():
            self._run(["cmake", "--preset", "release"], "configure", must=True)

    def builds(self, targets, log):
        return self._run(["ninja", "-C", str(BUILD), *self.jobs, *targets], log, seconds=None)[0] == 0

    def check(self, check, log):
        """Exit status and what was said; None for the status: no end. A filter that no test has finds nothing."""
        status, said = self._run(list(check.command), log)
        return (1 if status == 0 and NO_TEST in said else status), said

    def _run(self, command, log, seconds=CHECK_S_MAX, must=False):
        path = WORK / "logs" / f"{log}.log"
        with open(path, "wb") as file:
            child = subprocess.Popen(command, cwd=TREE, stdout=file, stderr=subprocess.STDOUT, stdin=subprocess.DEVNULL,
                                     start_new_session=True)
            try:
                status = child.wait(seconds)
            except BaseException as stopped:
                os.killpg(child.pid, signal.SIGKILL)
                child.wait()
                if not isinstance(stopped, subprocess.TimeoutExpired):
                    raise
                status = None
        said = path.read_text(errors="replace")
        if must and status != 0:
            sys.exit(f"{' '.join(command)} failed:\n{said[-2000:]}")
        return status, said


def last_line(said):
    lines = [line.strip() for line in said.splitlines() if line.strip()]
    return lines[-1][:120] if lines else "nothing"


def line_with(said, word):
    return next(line.strip() for line in said.splitlines() if word in line)[:160]


def control(rig, checks):
    """The checks that are not green on sound sources, each with what it says."""
    if not rig.builds(sorted({target for check in checks for target in check.targets}), "control-build"):
        sys.exit(f"the copy does not build: {WORK / 'logs' / 'control-build.log'}")
    red = {}
    for number, check in enumerate(checks):
        started = time.monotonic()
        status, said = rig.check(check, f"control-{number}")
        if status != 0:
            red[check] = last_line(said)
        print(f"  {'green' if status == 0 else 'RED':6} {time.monotonic() - started:6.1f} s  {check.name}", flush=True)
    return red


def try_defect(rig, defect):
    started = time.monotonic()
    with planted(defect, TREE):
        if not rig.builds(defect.found_by.targets, f"{defect.name}-build"):
            return Outcome(defect, False, "does not compile: mend the defect", time.monotonic() - started)
        status, said = rig.check(defect.found_by, defect.name)
    seconds = time.monotonic() - started
    if status == 0:
        return Outcome(defect, False, "STAYS GREEN", seconds)
    if defect.says not in said:
        return Outcome(defect, False, f"red for another reason: {'no end' if status is None else last_line(said)}", seconds)
    return Outcome(defect, True, line_with(said, defect.says), seconds)


def table(outcomes):
    widths = [max(len(text) for text in column) for column in
              zip(("defect", "found by"), *((outcome.defect.name, outcome.defect.found_by.name) for outcome in outcomes))]
    lines = [f"{'defect':{widths[0]}}  {'found by':{widths[1]}}  red  seconds  promise"]
    for outcome in outcomes:
        lines.append(f"{outcome.defect.name:{widths[0]}}  {outcome.defect.found_by.name:{widths[1]}}  "
                     f"{'yes' if outcome.as_it_should else 'NO':3}  {outcome.seconds:7.1f}  {outcome.defect.breaks}")
        if not outcome.as_it_should:
            lines.append(f"{'':{widths[0]}}  {outcome.says}")
    found = sum(outcome.as_it_should for outcome in outcomes)
    return "\n".join([*lines, f"{found} of {len(outcomes)} planted defects were found"])


def main():
    parser = argparse.ArgumentParser(description="Builds known defects into a copy of the sources: each must be found.")
    parser.add_argument("defects", nargs="*", metavar="DEFECT")
    parser.add_argument("--jobs", type=int, help="compile so many sources at once")
    parser.add_argument("--list", action="store_true", help="say what there is")
    arguments = parser.parse_args()
    if arguments.list:
        print("\n".join(f"{defect.name:30} {defect.found_by.name:60} {defect.breaks}" for defect in DEFECTS))
        return 0
    known = {defect.name: defect for defect in DEFECTS}
    unknown = [name for name in arguments.defects if name not in known]
    if unknown:
        print(f"no such defect: {unknown}; there are {list(known)}")
        return 2
    if moved := mistakes(DEFECTS):
        print("\n".join(moved))
        return 1
    chosen = [known[name] for name in arguments.defects] or list(DEFECTS)
    rig = Rig(arguments.jobs)
    print("the checks on sound sources", flush=True)
    red = control(rig, list(dict.fromkeys(defect.found_by for defect in chosen)))
    print("with a defect", flush=True)
    outcomes = []
    for defect in chosen:
        outcome = (Outcome(defect, False, f"its check is red without it: {red[defect.found_by]}", 0) if defect.found_by in red
                   else try_defect(rig, defect))
        outcomes.append(outcome)
        print(f"  {'found' if outcome.as_it_should else 'NOT':6} {outcome.seconds:6.1f} s  {defect.name}: {outcome.says}", flush=True)
    print(table(outcomes))
    return 0 if all(outcome.as_it_should for outcome in outcomes) else 1


if __name__ == "__main__":
    sys.exit(main())
