"""run.py [--quick] [NAME …]: runs scenarios and says what held. Without a name: all of them."""
import pathlib
import sys
import time
import traceback

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))

import field  # noqa: E402
import quota  # noqa: E402
import reconfigured  # noqa: E402
import scenarios  # noqa: E402
import wires  # noqa: E402

QUICK_SCALE = 0.05
ALL = scenarios.ALL | field.ALL | reconfigured.ALL | wires.ALL | quota.ALL


def main(arguments):
    quick = "--quick" in arguments
    names = [name for name in arguments if not name.startswith("-")] or list(ALL)
    unknown = [name for name in names if name not in ALL]
    if unknown:
        print(f"no such scenario: {unknown}; there are {list(ALL)}")
        return 2
    failed = 0
    for name in names:
        started = time.monotonic()
        try:
            ALL[name](QUICK_SCALE if quick else 1)
            outcome = "ok"
        except Exception as error:  # a scenario's failure must not hide the others
            outcome = f"FAILED {type(error).__name__}: {error}"
            if not isinstance(error, scenarios.checks.Broken):
                traceback.print_exc()
            failed += 1
        print(f"{name:18} {time.monotonic() - started:6.1f} s  {outcome}", flush=True)
    print(f"{len(names) - failed} passed, {failed} failed")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
