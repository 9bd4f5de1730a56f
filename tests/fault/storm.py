"""Many faults one after the other, drawn from the seed: replayable with it. Memory is watched meanwhile."""
import signal
import threading
import time

from attack import COMMIT_S, Attack
from deaths import START_S

BATCHES_S = 20  # of a backlog, unless the site file says otherwise
RESIDENT_KIB_MAX = 30 * 1024  # a bound for the test; the target is that of the benchmark


class Weather:
    """What can be done to a chain; each takes the seconds it is to last and is over when it returns."""

    def __init__(self, chain):
        self.chain = chain
        self.kills = 0

    def broker_away(self, seconds):
        self.chain.broker.stop()
        time.sleep(seconds)
        self.chain.restart_broker()

    def broker_stopped(self, seconds):
        self.chain.broker.send(signal.SIGSTOP)
        time.sleep(seconds)
        self.chain.broker.send(signal.SIGCONT)

    def receiver_away(self, seconds):
        self.chain.judge.stop()
        time.sleep(seconds)
        self.chain.start_judge()

    def resets(self, seconds):
        for _ in range(round(seconds)):
            self.chain.link.reset()
            time.sleep(1)

    def deaf(self, seconds):
        self.chain.link.deafen()
        time.sleep(seconds)

    def stall(self, seconds):
        self.chain.link.stalled = True
        time.sleep(seconds)
        self.chain.link.stalled = False

    def slow(self, seconds):
        self.chain.link.rate = 2000
        time.sleep(seconds)
        self.chain.link.rate = None

    def late(self, seconds):
        self.chain.link.delay_s = 0.7
        time.sleep(seconds)
        self.chain.link.delay_s = 0.0

    def refused(self, seconds):
        self.chain.link.refused = True
        self.chain.link.reset()
        time.sleep(seconds)
        self.chain.link.refused = False

    def calm(self, seconds):
        time.sleep(seconds)

    def kill(self, _):
        self.kills += 1
        self.chain.kill_gateway()
        self.chain.start_gateway(wait=False)


NETWORK = ("broker_away", "broker_stopped", "receiver_away", "resets", "deaf", "stall", "slow", "late", "refused", "calm")


class Memory:
    """Watches how much a process has resident."""

    def __init__(self, process):
        self.samples = []  # (seconds, KiB)
        self._process = process
        self._over = threading.Event()
        threading.Thread(target=self._watch, daemon=True).start()

    def _watch(self):
        begin = time.monotonic()
        while not self._over.wait(1) and self._process.is_running():
            self.samples.append((time.monotonic() - begin, self._process.resident_kib()))

    def stop(self):
        self._over.set()

    def slope_kib_h(self):
        """By least squares over the second half."""
        half = self.samples[len(self.samples) // 2:]
        middle_s = sum(s for s, _ in half) / len(half)
        middle_kib = sum(kib for _, kib in half) / len(half)
        spread = sum((s - middle_s) ** 2 for s, _ in half)
        return 3600 * sum((s - middle_s) * (kib - middle_kib) for s, kib in half) / spread if spread else 0


def _storm(chain, row, names, seconds):
    weather, done = Weather(chain), []
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        name = chain.chance.choice(names)
        length = chain.chance.uniform(1, 12)
        print(f"{time.monotonic() - end + seconds:7.1f} s {name} for {length:.1f} s", flush=True)
        getattr(weather, name)(length)
        done.append(name)
    row.runs = len(done)
    chain.wait_back()
    return weather


def _drain_s(seconds):
    """Connections of some seconds between faults may carry less than a commit a second makes: all that the storm made may wait at
    its end, a batch of readings a commit, and those of rows and events."""
    return 120 + 1.5 * seconds / COMMIT_S / BATCHES_S


def storm(row, options):
    """Faults of the network, the broker and the receiver at random: nothing is lost, and memory stays flat."""
    with Attack(row, options) as chain:
        chain.begin()
        memory = Memory(chain.gateway)
        seconds = options.pick(90, 600, 7200)
        _storm(chain, row, NETWORK, seconds)
        memory.stop()
        most = max(kib for _, kib in memory.samples)
        row.note = f"seed {options.seed}: at most {most / 1024:.1f} MiB resident, slope {memory.slope_kib_h():+.0f} KiB/h"
        row.expect(most <= RESIDENT_KIB_MAX, f"{most} KiB resident")
        if options.length == "soak":
            row.expect(abs(memory.slope_kib_h()) < 200, f"memory grows by {memory.slope_kib_h():.0f} KiB/h")
        chain.finish(drain_s=_drain_s(seconds))


def storm_with_kills(row, options):
    """The same with kill -9 in between."""
    with Attack(row, options) as chain:
        chain.begin()
        seconds = options.pick(90, 600, 7200)
        weather = _storm(chain, row, (*NETWORK, *["kill"] * 5), seconds)
        row.note = f"seed {options.seed}: {weather.kills} kills among them"
        chain.finish(drain_s=_drain_s(seconds), gap_s=weather.kills * (COMMIT_S + START_S + 1))


ALL = [storm, storm_with_kills]
