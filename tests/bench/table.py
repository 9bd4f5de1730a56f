"""table.py [PROGRAM …]: runs the benchmarks of the release build, or the named ones, and prints every figure
that has a target beside that target.

A benchmark prints lines for people, and for each figure one line of JSON with its samples. What was not measured is said
so. Targets are judged by the median; speeds are comparable only within one run.
"""
import json
import os
import pathlib
import statistics
import subprocess
import sys
import time
from dataclasses import dataclass

ROOT = pathlib.Path(__file__).resolve().parents[2]
BUILD = ROOT / "build/release/tests/bench"
PROGRAMS = {
    "record": [BUILD / "bench_record"],
    "store": [BUILD / "bench_store"],
    "aggregates": [BUILD / "bench_aggregates"],
    "recorder": [BUILD / "bench_recorder"],
    "line": [BUILD / "bench_line"],
    "faults": [BUILD / "bench_faults"],
    "fleet": [BUILD / "bench_fleet"],
    "drain": ["/usr/bin/python3", ROOT / "tests/bench/bench_drain.py"],
    "gateway": ["/usr/bin/python3", ROOT / "tests/bench/bench_gateway.py"],
    "thirty_two": ["/usr/bin/python3", ROOT / "tests/bench/bench_thirty_two.py"],
    "eight": ["/usr/bin/python3", ROOT / "tests/bench/bench_eight.py"],
    "scan": ["/usr/bin/python3", ROOT / "tests/bench/bench_scan.py"],
}


@dataclass
class Row:
    what: str
    figure: str
    target: str  # "<= 1.1", ">= 0.92", or "-" if there is none
    limit: str  # what is known to be possible: text, or the name of a figure


ENTROPY = "noise_model.entropy.integers"
ROWS = [
    Row("payload, integers, 4,000 a batch", "payload.integers.4000", "<= 1.1", ENTROPY),
    Row("payload, integers, 24,000 a batch", "payload.integers.24000", "<= 0.85", ENTROPY),
    Row("payload, float32, to its planes' entropy", "payload.float32.24000.ratio", "<= 1.15", "1"),
    Row("flash, commit every 10 s", "flash.commit_10s.filling", "<= 6.5", "1.2"),
    Row("  while rows past retention leave", "flash.commit_10s.retiring", "<= 6.5", "1.2"),
    Row("flash, commit every 1 s", "flash.commit_1s.filling", "<= 35", "10.3"),
    Row("  while rows past retention leave", "flash.commit_1s.retiring", "<= 35", "10.3"),
    Row("rows of 64 facilities at 10 s, wire", "aggregates.wire", "-", "-"),
    Row("  on flash", "aggregates.flash", "-", "-"),
    Row("fdatasync, commit every 10 s", "syncs.commit_10s.filling", "<= 1.02", "1"),
    Row("  while rows past retention leave", "syncs.commit_10s.retiring", "<= 1.02", "1"),
    Row("fdatasync, commit every 1 s", "syncs.commit_1s.filling", "<= 1.02", "1"),
    Row("  while rows past retention leave", "syncs.commit_1s.retiring", "<= 1.02", "1"),
    Row("durable ingest, store alone", "ingest.24000", ">= 1", "3"),
    Row("drained from store to broker, loopback", "drain.readings", ">= 1", "-"),
    Row("encode and compress, 4,000", "encode.integers.4000", "<= 15", "9"),
    Row("encode and compress, 24,000", "encode.integers.24000", "<= 15", "9"),
    Row("wrong values, RTU", "faults.wrong.rtu", "<= 0", "0"),
    Row("wrong values, TCP", "faults.wrong.tcp", "<= 0", "0"),
    Row("wrong values, RTU over TCP", "faults.wrong.rtu_over_tcp", "<= 0", "0"),
    Row("  late or foreign, but of the right shape", "faults.late", ">= 20000", "-"),
    Row("clean transactions accepted, RTU", "faults.accepted.rtu", ">= 99", "100"),
    Row("clean transactions accepted, TCP", "faults.accepted.tcp", ">= 99", "100"),
    Row("clean transactions accepted, RTU over TCP", "faults.accepted.rtu_over_tcp", ">= 99", "100"),
    Row("trusted value after a fault, RTU, 99 %", "faults.recovery.rtu", "<= 230", "203 silence"),
    Row("trusted value after a fault, TCP, 99 %", "faults.recovery.tcp", "<= 230", "40 time-out"),
    Row("trusted value after a fault, RTU over TCP, 99 %", "faults.recovery.rtu_over_tcp", "<= 230", "203 silence"),
    Row("misses, up to 3 bits or a burst of 16", "faults.light_noise", "<= 0", "0"),
    Row("misses, heavier noise on a serial line", "faults.heavy_noise", "-", "1 by its checksum"),
    Row("9600-baud line used", "line.used", ">= 92", "93"),
    Row("quick search, 8 meters at 6 settings", "scan.quick", "<= 60", "-"),
    Row("  what was told before, to what it took", "scan.estimate", "-", "1"),
    Row("half-open link: sent again after", "uplink.half_open_resend", "<= 25", "38-44 by library"),
    Row("20,000 gateways after 6 h: attempts at the peak", "fleet.attempts_peak", "<= 1000", "667 on average"),
    Row("  99 % live at 500 connections/s", "fleet.live.99", "<= 120", "40"),
    Row("  all live", "fleet.live.100", "<= 240", "40"),
    Row("  new batches while the backlogs drain, the oldest", "fleet.live_lag.100", "<= 60", "-"),
    Row("  all backlogs drained", "fleet.drained.100", "-", "-"),
    Row("  bytes at the peak, broker of 100 MB/s", "fleet.bytes_peak", "-", "-"),
    Row("  10 s without a broker: all live", "fleet.restart.live.100", "<= 120", "40"),
    Row("2,000 gateways, attempts beside those without jitter", "fleet.tenth_open.attempts_peak", "<= 150",
        "fleet.alike_open.attempts_peak"),
    Row("  bytes at the peak beside those without offset", "fleet.tenth_open.bytes_peak", "-", "fleet.alike_open.bytes_peak"),
    Row("resident memory, 400 readings/s", "gateway.resident", "<= 18", "12"),
    Row("processor time, 400 readings/s", "gateway.cpu_per_reading", "-", "-"),
    Row("32 meters, 64 facilities at 10 s: one core", "thirty_two.cpu", "-", "-"),
    Row("  resident memory", "thirty_two.resident", "<= 18", "-"),
    Row("    of it its own, without pages of files", "thirty_two.resident_own", "-", "-"),
    Row("  at its peak", "thirty_two.resident_peak", "-", "-"),
    Row("  wire, all streams, TLS and TCP included", "thirty_two.wire", "-", "-"),
    Row("    with commits every minute", "thirty_two.wire.commit_60s", "-", "-"),
    Row("  wire, the live view every 5 s beside them", "thirty_two.wire.live_5s", "-", "-"),
    Row("  bytes written to flash", "thirty_two.flash", "-", "-"),
    Row("    with commits every minute", "thirty_two.flash.commit_60s", "-", "-"),
    Row("  the store grows", "thirty_two.store", "-", "-"),
    Row("  4 GB hold", "thirty_two.months", ">= 6", "-"),
    Row("    with commits every minute", "thirty_two.months.commit_60s", ">= 6", "-"),
    Row("8 meters at 1 s: a reading kept takes", "eight.reading", "-", "-"),
    Row("    with commits every minute", "eight.reading.commit_60s", "-", "-"),
    Row("  6 months of readings, 12 of rows and events", "eight.kept", "<= 4", "-"),
    Row("    with commits every minute", "eight.kept.commit_60s", "<= 4", "-"),
    Row("  beside a year of rows, 4 GB hold readings for", "eight.reading_months", ">= 6", "-"),
    Row("    with commits every minute", "eight.reading_months.commit_60s", ">= 6", "-"),
]


def run(name):
    """The figures of one program by name, and whether it ended well. What it says to people goes through."""
    print(f"\n== {name}", flush=True)
    figures = {}
    child = subprocess.Popen(list(map(str, PROGRAMS[name])), stdout=subprocess.PIPE, text=True)
    for line in child.stdout:
        if line.startswith('{"figure"'):
            figure = json.loads(line)
            figures[figure["figure"]] = figure
        else:
            print(line, end="", flush=True)
    if child.wait() != 0:
        print(f"{name} ended with status {child.returncode}")
    return figures, child.returncode == 0


def number(value):
    return f"{value:.0f}" if float(value).is_integer() or abs(value) >= 1000 else f"{value:.3g}"


def measured(figure):
    samples = figure["samples"]
    middle = number(statistics.median(samples))
    if len(samples) == 1:
        return middle
    return f"{middle} ({number(min(samples))} … {number(max(samples))})"


def reached(row, figure):
    if row.target == "-":
        return "-"
    relation, bound = row.target.split()
    value = statistics.median(figure["samples"])
    return "yes" if (value <= float(bound) if relation == "<=" else value >= float(bound)) else "NO"


def cells(row, figures):
    figure = figures.get(row.figure)
    limit = number(statistics.median(figures[row.limit]["samples"])) if row.limit in figures else row.limit
    if limit == ENTROPY:
        limit = "-"
    if figure is None:
        return [row.what, "", row.target, "not measured", limit, "-"]
    return [row.what, figure["unit"], row.target, measured(figure), limit, reached(row, figure)]


def print_table(figures):
    lines = [["figure", "unit", "target", "measured: median (min … max)", "known limit", "reached"]]
    lines += [cells(row, figures) for row in ROWS]
    widths = [max(len(line[column]) for line in lines) for column in range(len(lines[0]))]
    print()
    for index, line in enumerate(lines):
        print("  ".join(cell.ljust(width) for cell, width in zip(line, widths)).rstrip())
        if index == 0:
            print("  ".join("-" * width for width in widths))


def main(names):
    unknown = [name for name in names if name not in PROGRAMS]
    if unknown:
        print(f"no such benchmark: {' '.join(unknown)}; there are {' '.join(PROGRAMS)}", file=sys.stderr)
        return 2
    started = time.monotonic()
    load = os.getloadavg()[0]
    figures = {}
    failed = []
    for name in names or PROGRAMS:
        told, well = run(name)
        figures |= told
        if not well:
            failed.append(name)
    print_table(figures)
    print(f"\n{time.monotonic() - started:.0f} s on {os.cpu_count()} processors, load average {load:.1f} at the start")
    if failed:
        print(f"failed: {' '.join(failed)}")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
