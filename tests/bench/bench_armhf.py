"""What the 32-bit ARM release takes while it reads 400 readings a second and publishes them, without such a machine: instructions
for each reading, counted by qemu's user-mode emulation, and the memory that the emulated program has resident. From them, the
load of one Cortex-A7; how it is derived is printed with it.

Run by `./dev bench armhf`, which builds the release of armhf and this machine's plant, broker and judge.
"""
import pathlib
import re
import struct
import subprocess
import sys
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))

from bench_gateway import POINTS, tell  # noqa: E402
from rig.chain import ROOT, Chain  # noqa: E402
from rig.processes import wait_until  # noqa: E402

SYSROOT = ROOT / "build/sysroot-armhf"
PROGRAM = ROOT / "build/armhf/gateway/app/jidian"
GUEST = 0x2_0000_0000  # where qemu is told to lay the 4 GiB that the emulated program sees
WARM_UP_S, LOAD_S = 20, 40
READINGS_S = 400
# A Cortex-A7 issues two instructions a cycle at best; programs of pointers and small copies get one in 1.5 to 2.5 cycles out of
# its 32 KiB caches. 528 MHz is what the slowest boxes of this kind have.
CYCLES_PER_INSTRUCTION = 2.5
CLOCK_HZ = 528e6


class EmulatedChain(Chain):
    """The gateway alone is the one of armhf; plant, broker, judge and the verbs are this machine's."""

    def start_emulated(self):
        plugin, self.counter = self.folder / "count.so", self.folder / "instructions"
        subprocess.run(["g++", "-std=c++20", "-O2", "-fPIC", "-shared", ROOT / "tests/bench/count_instructions.cpp", "-o", plugin], check=True)
        self.gateway = self.start("gateway", ["qemu-arm", "-plugin", f"file={plugin},into={self.counter}", "-B", hex(GUEST), "-L", SYSROOT,
                                              PROGRAM, "run", "--site", self.site_file, "--profiles", ROOT / "config/meters"])
        wait_until(lambda: self.jidian("status", "--json").returncode in (0, 1) or not self.gateway.is_running(), 60, "the gateway")
        if not self.gateway.is_running():
            sys.exit(f"the emulated gateway ended:\n{self.gateway.log()[-3000:]}")

    def instructions(self):
        return struct.unpack("=Q", self.counter.read_bytes()[:8])[0]


def guest_resident_mb(pid):
    """What of the emulated program's own 4 GiB is resident; qemu's translations and its own libraries lie elsewhere."""
    kib, inside = 0, False
    for line in pathlib.Path(f"/proc/{pid}/smaps").read_text().splitlines():
        if place := re.match(r"([0-9a-f]+)-([0-9a-f]+) ", line):
            inside = GUEST <= int(place[1], 16) < GUEST + 2**32
        elif inside and line.startswith("Rss:"):
            kib += int(line.split()[1])
    return kib * 1024 / 1e6


def user_and_system_s(pid):
    fields = pathlib.Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    return int(fields[11]) / 100, int(fields[12]) / 100


def after_commit(chain, measure):
    """Waits for the next commit; the readings recorded by then, and what is measured."""
    recorded = chain.status()["store"]["readings_recorded"]
    more = wait_until(lambda: (now := chain.status()["store"]["readings_recorded"]) > recorded and now, 30, "a commit", 0.2)
    return more, measure()


def over_load(chain, measure, watch=lambda: None):
    """(readings, differences of what is measured, what was watched each second) of a settled run."""
    time.sleep(WARM_UP_S)
    began_s = time.monotonic()
    before, first = after_commit(chain, measure)
    watched = []
    for _ in range(LOAD_S):
        time.sleep(1)
        watched.append(watch())
    after, last = after_commit(chain, measure)
    rate = (after - before) / (time.monotonic() - began_s)
    print(f"  {after - before} readings, about {rate:.0f} a second")
    return after - before, [b - a for a, b in zip(first, last)], watched


def prepare(chain):
    chain.start_plant("load20")
    chain.start_broker()
    chain.start_judge()
    chain.write_site(points=POINTS, uplinks=[chain.uplink()])


def main():
    if not PROGRAM.exists():
        sys.exit("there is no armhf release in build/armhf; ./dev bench armhf builds it")
    with Chain() as chain:
        prepare(chain)
        chain.start_gateway()
        print("# this machine's release: 20 TCP meters x 20 float readings at 1 s, one uplink")
        readings, (user_s, system_s), _ = over_load(chain, lambda: user_and_system_s(chain.gateway.pid))
    tell("armhf.native_user", [user_s / readings * 1e6], "us/reading")
    tell("armhf.native_system", [system_s / readings * 1e6], "us/reading")
    kernel_share = system_s / user_s

    with EmulatedChain() as chain:
        prepare(chain)
        chain.start_emulated()
        print("# the armhf release under qemu-arm, same load")
        readings, (instructions,), resident = over_load(chain, lambda: (chain.instructions(),), lambda: guest_resident_mb(chain.gateway.pid))
    each = instructions / readings
    tell("armhf.instructions", [each], "instructions/reading")
    tell("armhf.resident", resident, "MB")

    user = each * READINGS_S * CYCLES_PER_INSTRUCTION / CLOCK_HZ
    tell("armhf.cortex_a7", [100 * user * (1 + kernel_share)], "% of one core")
    print(f"  {each:.0f} instructions x {READINGS_S} readings/s x {CYCLES_PER_INSTRUCTION} cycles / {CLOCK_HZ / 1e6:.0f} MHz = {100 * user:.1f} % "
          f"for the program; the kernel's part as here, {kernel_share:.2f} of that")


if __name__ == "__main__":
    main()
