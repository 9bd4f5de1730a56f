"""run.py [--quick | --soak] [--seed N] [--at-once N] [SCENARIO …]: attacks a gateway and prints the table.

Every scenario is a process of its own; some run at once, since they mostly wait. Without a name: all of them. Ends with 1
if any promise did not hold.
"""
import argparse
import pathlib
import subprocess
import sys
import tempfile
import time
import traceback
from concurrent.futures import ThreadPoolExecutor

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))

import catalogue  # noqa: E402
import table  # noqa: E402
from options import Options  # noqa: E402

PATIENCE_S = {"quick": 300, "usual": 900, "soak": 14_400}


def run_one(name, options):
    """One scenario in this process; a failure of the rig itself is a miss, too."""
    row = table.Row(name)
    begin = time.monotonic()
    try:
        catalogue.ALL[name](row, options)
    except Exception as error:  # whatever it is, it must not hide the other rows
        traceback.print_exc()
        row.misses.append(f"{type(error).__name__}: {error}")
    row.took_s = time.monotonic() - begin
    return row


def run_apart(name, options, folder):
    """One scenario in a process of its own."""
    result, log = folder / f"{name}.json", folder / f"{name}.log"
    command = [sys.executable, __file__, "--one", name, "--result", result, "--length", options.length, "--seed", options.seed]
    try:
        with open(log, "wb") as output:
            subprocess.run([str(part) for part in command], stdout=output, stderr=output, timeout=PATIENCE_S[options.length])
        row = table.row_of(result.read_text())
    except (OSError, subprocess.TimeoutExpired) as error:
        row = table.Row(name, misses=[f"{error}: {log.read_text()[-1000:]}"])
    print(table.line_of(row) + f"  ({row.took_s:.0f} s)", flush=True)
    return row


def main(arguments):
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", dest="length", action="store_const", const="quick")
    parser.add_argument("--soak", dest="length", action="store_const", const="soak")
    parser.add_argument("--length", choices=PATIENCE_S, default="usual")
    parser.add_argument("--seed", type=int, default=time.time_ns() % 1_000_000)
    parser.add_argument("--at-once", type=int, default=10)
    parser.add_argument("--one", help="this scenario, in this process")
    parser.add_argument("--result", type=pathlib.Path)
    parser.add_argument("--list", action="store_true")
    parser.add_argument("names", nargs="*")
    given = parser.parse_args(arguments)
    options = Options(given.length, given.seed)
    if given.list:
        return print("\n".join(catalogue.ALL)) or 0
    if given.one:
        row = run_one(given.one, options)
        if given.result:
            given.result.write_text(row.to_json())
        else:
            print(table.text_of([row]))
        return 1 if row.misses else 0
    names = given.names or list(catalogue.ALL)
    if unknown := [name for name in names if name not in catalogue.ALL]:
        return print(f"no such scenario: {unknown}; there are {list(catalogue.ALL)}") or 2
    print(f"seed {options.seed}, length {options.length}, {len(names)} scenarios, {given.at_once} at once\n{table.HEAD}", flush=True)
    with tempfile.TemporaryDirectory(prefix="jidian-fault-") as folder, ThreadPoolExecutor(given.at_once) as pool:
        slow_first = sorted(names, key=lambda name: name not in catalogue.LONGEST)
        rows = dict(zip(slow_first, pool.map(lambda name: run_apart(name, options, pathlib.Path(folder)), slow_first)))
    rows = [rows[name] for name in names]
    print("\n" + table.text_of(rows))
    return 1 if any(row.misses for row in rows) else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
