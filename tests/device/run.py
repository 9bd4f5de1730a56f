"""run.py [--image FILE] [--cuts N] [--seed N] [SCENARIO …]: boots the image as a box would, and prints a table of what holds.

Without a name: all scenarios, one after the other. The image is one of `./dev image --test-console`. Boots take a minute and
more: the cores are emulated. Ends with 1 if an expectation does not hold.
"""
import argparse
import pathlib
import shutil
import sys
import tempfile
import time
import traceback
from concurrent.futures import ThreadPoolExecutor

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))

import cuts  # noqa: E402
import everyday  # noqa: E402
import machine  # noqa: E402
import sticks  # noqa: E402
import troubles  # noqa: E402
import updates  # noqa: E402
from box import Bench  # noqa: E402
from report import HEAD, Report, last_line  # noqa: E402
from rig.certificates import Certificates  # noqa: E402
from rig.chain import ROOT  # noqa: E402

ALL = everyday.ALL | troubles.ALL | sticks.ALL | cuts.ALL | updates.ALL
FIRST = "first_boot"  # what all others begin with
KEPT = ROOT / "build/device"
IMAGES = ROOT / "build/image"
CERTIFICATE_DAYS = 3  # one that begins yesterday outlives a run, and so do those that are kept for a day
ENOUGH_CUTS = 20  # of the power
GUESTS_MOST = 2  # a gigabyte and two busy threads each


class NotReady(Exception):
    """What is missing, and how to get it."""


def image_of(given):
    """The image to try."""
    if given:
        if not given.is_file():
            raise NotReady(f"there is no file {given}")
        return given
    found = sorted(IMAGES.glob("jidian-*-test.img"), key=lambda file: file.stat().st_mtime)
    if not found:
        raise NotReady("there is no image with a test console yet; run: ./dev image --test-console")
    return found[-1]


def check_tools():
    for program in ("qemu-system-aarch64", "qemu-img", "qemu-io", "socat", "mcopy", "mkfs.vfat", "debugfs", "sshpass", "rauc", "mksquashfs", "faketime"):
        if shutil.which(program, path="/usr/sbin:/usr/bin:/sbin:/bin") is None:
            raise NotReady(f"{program} is not installed; ./dev test device installs it")
    if not machine.BOOT_LOADER.exists():
        raise NotReady(f"{machine.BOOT_LOADER} is not there: install u-boot-qemu; ./dev test device does")


def play(name, scenario, bench):
    """One scenario; a failure of the rig is told as a row, too."""
    report = Report(name)
    begin = time.monotonic()
    try:
        scenario(bench, report)
    except Exception as error:  # whatever it is, it must not hide the other scenarios
        traceback.print_exc()
        report.expect("the scenario runs to its end", False, f"{type(error).__name__}: {error}"[:600])
    print(f"{name} took {time.monotonic() - begin:.0f} s\n", flush=True)
    return report


def play_all(names, bench, at_once):
    kept = bench.folder / everyday.PROVISIONED
    if kept.exists():
        bench.provisioned = kept
        first = []
    else:
        first = [play(FIRST, everyday.first_boot, bench)]
    if bench.provisioned is None:
        return first
    if any(name in updates.ALL for name in names):
        updates.prepare(bench)
    with ThreadPoolExecutor(at_once) as pool:
        return [*first, *pool.map(lambda name: play(name, ALL[name], bench), names)]


def main(arguments):
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--image", type=pathlib.Path)
    parser.add_argument("--cuts", type=int, default=ENOUGH_CUTS, help=f"of the power (default {ENOUGH_CUTS}; a box wants no fewer)")
    parser.add_argument("--seed", type=int, default=time.time_ns() % 1_000_000, help="of the random moments; printed")
    parser.add_argument("--boot-seconds", type=int, default=60, help="the longest from power-on to records (default 60); all other times grow with it")
    parser.add_argument("--at-once", type=int, choices=range(1, GUESTS_MOST + 1), default=1, help="guests (default 1)")
    parser.add_argument("--keep", type=pathlib.Path, metavar="FOLDER", help="what first_boot made is kept there for a day, and used by the next run")
    parser.add_argument("--list", action="store_true", help="the scenarios")
    parser.add_argument("names", nargs="*", metavar="SCENARIO")
    given = parser.parse_args(arguments)
    if given.list:
        width = max(map(len, ALL))
        return print("\n".join(f"{name:{width}}  {ALL[name].__doc__.splitlines()[0]}" for name in ALL)) or 0
    names = [name for name in given.names or ALL if name != FIRST]
    if unknown := [name for name in names if name not in ALL]:
        return print(f"no such scenario: {', '.join(unknown)}; there are {', '.join(ALL)}") or 2
    try:
        check_tools()
        image = image_of(given.image)
    except NotReady as missing:
        return print(f"device: {missing}", file=sys.stderr) or 2
    print(f"image {image}, seed {given.seed}, {given.cuts} power cuts, {len(names)} scenarios behind {FIRST}\n\n{HEAD}", flush=True)
    with tempfile.TemporaryDirectory(prefix="jidian-device-") as name:
        folder = given.keep.resolve() if given.keep else pathlib.Path(name)
        if (folder / everyday.PROVISIONED).exists() and (folder / everyday.PROVISIONED).stat().st_mtime < image.stat().st_mtime:
            shutil.rmtree(folder)  # of another image
        folder.mkdir(parents=True, exist_ok=True)
        bench = Bench(image, folder, KEPT, Certificates(folder / "keys", days=CERTIFICATE_DAYS), given.seed, given.cuts, given.boot_seconds)
        reports = play_all(names, bench, given.at_once)
    print(HEAD + "\n" + "-" * len(HEAD))
    for report in reports:
        print("\n".join(line for row in report.rows for line in row.lines()))
    left = [name for name in ALL if name not in names or name in cuts.ALL and given.cuts < ENOUGH_CUTS]
    print(f"\nseed {given.seed}: {last_line(reports, KEPT.relative_to(ROOT), left)}")
    return 1 if any(report.failed for report in reports) else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
