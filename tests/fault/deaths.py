"""The gateway's process is killed, stopped, starved of memory, hung."""
import signal
import subprocess
import time

from attack import COMMIT_S, METERS, Attack, utc_ms
from rig.disks import LoopDisk, loop_allowed
from rig.manager import Manager
from rig.processes import RigError, wait_until

START_S = 2  # a bound for the test: from a kill to the first new slot, in the mean
FREEZE_S = 120  # a loop is stuck after 60 s, then the watchdog runs out


def kills(row, options):
    """kill -9 at random instants, also in the middle of a start: all that was committed arrives, the rest is declared."""
    with Attack(row, options) as chain:
        chain.begin()
        row.runs = options.pick(50, 50, 1000)
        for number in range(row.runs):
            time.sleep(chain.chance.choice((chain.chance.uniform(0.02, 0.4), chain.chance.uniform(0.4, 4))))
            chain.kill_gateway()
            chain.start_gateway(wait=False)
            if number % 10 == 9:
                chain.wait_live(utc_ms(), 30, note=True)
        row.expect(chain.kills == row.runs, f"{row.runs - chain.kills} times it had died by itself")
        chain.wait_live(utc_ms(), 30)
        # What the short lives could not send is backlog, at its pace: two batches a kill, twenty a second.
        verdict = chain.finish(drain_s=90 + row.runs // 5, gap_s=row.runs * (COMMIT_S + START_S))
        hole_s = verdict["slots_in_gaps"] / METERS / row.runs
        row.note = f"{len(chain.committed)} batches were seen committed; a kill cost {hole_s:.2f} s of readings, all declared"


def kills_without_broker(row, options):
    """kill -9 again and again while the broker is away: all of the outage arrives when it is back."""
    with Attack(row, options) as chain:
        chain.begin()
        chain.broker.stop()
        row.runs = options.pick(10, 10, 100)
        for _ in range(row.runs):
            time.sleep(chain.chance.uniform(0.5, 4))
            chain.kill_gateway()
            chain.start_gateway(wait=False)
        time.sleep(3)
        chain.restart_broker()
        chain.wait_back()
        chain.finish(gap_s=row.runs * (COMMIT_S + START_S))


def stopped_60s(row, options):
    """SIGSTOP for a minute, as a starved or suspended box: the hole is declared, and it goes on at once."""
    with Attack(row, options) as chain:
        chain.begin()
        chain.gateway.send(signal.SIGSTOP)
        time.sleep(60)
        back = utc_ms()
        chain.gateway.send(signal.SIGCONT)
        took = chain.wait_live(back, 60, note=True)
        row.expect(took <= 10, f"live again after {took:.1f} s")
        chain.finish(gap_s=65)


def out_of_memory(row, options):
    """The address space is limited to what is in use, so that allocations fail, while the connection breaks; whoever dies is
    started again, as systemd does."""
    with Attack(row, options) as chain:
        chain.begin()
        row.runs = options.times(4)
        deaths = 0
        for _ in range(row.runs):
            if not chain.gateway.is_running():
                chain.start_gateway()
            with open(f"/proc/{chain.gateway.pid}/status") as file:
                in_use_kib = next(int(line.split()[1]) for line in file if line.startswith("VmSize:"))
            limit = max(in_use_kib + chain.chance.choice((-in_use_kib, -1024, 0, 1024)), 1) * 1024  # often nothing more at all
            subprocess.run(["prlimit", f"--pid={chain.gateway.pid}", f"--as={limit}:unlimited"], check=True)
            chain.link.reset()
            end = time.monotonic() + 10
            while time.monotonic() < end and chain.gateway.is_running():
                time.sleep(0.2)
                chain.jidian("status")
            if chain.gateway.is_running():
                subprocess.run(["prlimit", f"--pid={chain.gateway.pid}", "--as=unlimited:unlimited"], check=True)
            else:
                deaths += 1
                chain.remember()
                chain.start_gateway()
            took = chain.wait_live(utc_ms(), 60, note=True)
            row.expect(took <= 20, f"live again after {took:.1f} s")
        row.note = f"it died {deaths} times"
        chain.finish(gap_s=row.runs * (COMMIT_S + START_S + 10))


def killed_at_the_limit(row, options):
    """It is started under a limit of memory that it can hardly live in: whatever happens, it neither records falsely nor
    hurts the store; without the limit it goes on."""
    with Attack(row, options) as chain:
        chain.begin()
        row.runs, started = 0, 0
        for mib in options.pick((60, 120, 180, 240), (40, 60, 80, 100, 120, 150, 180, 210, 240, 280), range(30, 300, 10)):
            chain.kill_gateway()
            chain.prefix = ["prlimit", f"--as={mib << 20}"]
            chain.start_gateway(wait=False)
            end = time.monotonic() + 4
            while time.monotonic() < end and chain.gateway.is_running():
                time.sleep(0.1)
            started += chain.gateway.is_running()
            row.runs += 1
        chain.kill_gateway()
        chain.prefix = []
        chain.start_gateway()
        row.note = f"{started} of {row.runs} limits let it live for 4 s"
        chain.wait_live(utc_ms(), 60, note=True)
        chain.finish(gap_s=row.runs * 8 + 10)


def watchdog(row, options):
    """The disk hangs: the recorder makes no progress, the watchdog is not fed, the manager kills and starts it again."""
    if not loop_allowed():
        row.skipped = "this machine allows no file system of our own"
        return
    with Attack(row, options) as chain:
        disk = LoopDisk(chain.folder / "store")
        chain.releasing.append(disk.thaw)
        chain.closing.append(disk.close)
        with Manager(chain.folder / "notify", 20) as manager:
            chain.environment = manager.environment
            chain.begin()
            wait_until(lambda: manager.ready == 1, 10, "READY=1")
            disk.freeze()
            begin = time.monotonic()
            wait_until(manager.expired, FREEZE_S, "the watchdog's expiry", 0.2)
            row.note = f"expired after {time.monotonic() - begin:.0f} s; it said '{manager.said[-1]}'"
            row.expect("no progress" in manager.said[-1], f"the last status is '{manager.said[-1]}'")
            chain.gateway.send(signal.SIGKILL)  # it is in the kernel and goes only when the disk does
            disk.thaw()
            back = utc_ms()
            chain.kill_gateway()
            chain.start_gateway()
            took = chain.wait_live(back, 60, note=True)
            row.expect(took <= 15, f"live again after {took:.1f} s")
            if manager.ready != 2:
                raise RigError(f"READY=1 came {manager.ready} times")
            chain.finish(gap_s=time.monotonic() - begin + 5)


ALL = [kills, kills_without_broker, stopped_60s, out_of_memory, killed_at_the_limit, watchdog]
