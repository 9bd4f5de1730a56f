"""How long a quick search takes on a line of eight meters at six settings, and what was told before it began."""
import json
import pathlib
import sys
import time

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tests"))
from rig.mixed_line import FOUND, MixedLine  # noqa: E402

BUILD = ROOT / "build/release"


def tell(figure, unit, sample):
    print(json.dumps({"figure": figure, "unit": unit, "samples": [round(sample, 2)]}), flush=True)


def main():
    with MixedLine(BUILD / "gateway/app/jidian", BUILD / "tests/plant/jidian-plant") as line:
        started = time.monotonic()
        lines, code = line.scan("--quick")
        took = time.monotonic() - started
    found = {line["unit"]: line["settings"] for line in lines if line["type"] == "unit"}
    planned = next(line["seconds"] for line in lines if line["type"] == "plan")
    print(f"  {len(found)} of {len(FOUND)} meters found; {planned} s told before, {took:.1f} s taken")
    tell("scan.quick", "s", took)
    tell("scan.estimate", "of the time", planned / took)
    return 0 if code == 0 and found == FOUND else 1


if __name__ == "__main__":
    sys.exit(main())
