"""How fast a backlog leaves: a store with hours of 400 readings a second that nobody has, drained by the release gateway to a real
mosquitto on loopback that confirms them (PUBACK). The bucket that paces a backlog is as wide open as it goes: a second's worth leaves
at once, then a thousand batches a second. From the first to the last batch as a subscriber sees them. Takes about a minute.
"""
import pathlib
import subprocess
import sys
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))

from bench_thirty_two import tell  # noqa: E402
from rig.chain import Chain  # noqa: E402
from rig.processes import wait_until  # noqa: E402

HOURS = 6
PER_S = 400
WIDE_OPEN = 1_000  # batches a second
RUNS = 3


def arrivals(watcher):
    """When messages of readings came, and their bytes."""
    found = []
    for line in watcher.log().splitlines():
        at, size, topic = line.split(maxsplit=2)
        if topic.endswith("/reading"):
            found.append((float(at), int(size)))
    return found


def drain():
    """Readings a second, batches a second, MB a second and processor seconds a million readings of one backlog."""
    with Chain() as chain:
        chain.start_plant("load20")
        chain.start_broker()
        watcher = chain.start("watcher", ["/usr/bin/mosquitto_sub", "-V", "5", "-h", "127.0.0.1", "-p", chain.port, "-t", "#", "-q", "0",
                                          "-F", "%U %l %t"])
        chain.write_site(commit="10s", quota="2GB", live="1h", uplinks=[chain.uplink(confirm="broker", backlog_batches_per_s=WIDE_OPEN)])
        fill = [chain.program("jidian-fill-store"), "--folder", chain.folder / "store", "--gateway", "jd-1", "--hours", HOURS,
                "--until-ms", time.time_ns() // 1_000_000]
        filled = subprocess.run([str(part) for part in fill], check=True, capture_output=True, text=True).stdout.splitlines()[-1]
        chain.start_gateway()
        begin_cpu = chain.gateway.cpu_seconds()
        wait_until(lambda: chain.pending() <= 3, 300, "the end of the backlog", 0.5)
        cpu = chain.gateway.cpu_seconds() - begin_cpu
        time.sleep(1)
        came = arrivals(watcher)
        chain.stop_gateway()
    print(f"  {filled}")
    took = came[-1][0] - came[0][0]
    readings = HOURS * 3600 * PER_S
    return readings / took / 1e6, len(came) / took, sum(size for _, size in came) / took / 1e6, cpu / (readings / 1e6)


def main():
    print(f"# {HOURS} hours of {PER_S} readings/s, the release gateway, a real mosquitto on loopback")
    runs = [drain() for _ in range(RUNS)]
    for figure, unit, samples in zip(("drain.readings", "drain.batches", "drain.bytes", "drain.processor"),
                                     ("M readings/s", "batches/s", "MB/s", "s per M readings"), zip(*runs)):
        tell(figure, list(samples), unit)
    return 0


if __name__ == "__main__":
    sys.exit(main())
