"""Faults between the gateway and its broker: deaf, slow, lossy, cut, unfindable.

A scenario is a function of the row it fills and the options of the run (`scale` is 1 for the usual length).
"""
import signal
import time

from attack import RECONNECT_S, SHORT_PAUSE_S, Attack, utc_ms
from names import GatewayNames, NameServer
from rig.bad_link import BadLink
from rig.lossy_wire import FAR, LossyWire
from rig.processes import wait_until

HALF_OPEN_S = 25
LIVE_S = 5  # of age at the judge, commits a second apart
LOOKUP_S = 10  # until the system's resolver gives up on a silent name server


def half_open(row, options):
    """The link dies without a word: it is noticed, and what was unanswered is sent again on another one."""
    with Attack(row, options) as chain:
        chain.begin(link=BadLink(chain.port, up=lambda packet: None))
        row.runs = 0
        for _ in range(options.times(2)):
            begin, dead = time.monotonic(), chain.link.accepted
            chain.link.deafen()

            def sent(alive):
                return [one for one in chain.link.published if one.at > begin and (one.link >= dead) == alive]
            again = wait_until(lambda: sent(True), 60, "sending again")[0]
            took = again.at - sent(False)[0].at
            row.recovery_s.append(round(took, 1))
            row.expect(took <= HALF_OPEN_S, f"sent again {took:.1f} s after the first unanswered publish")
            row.runs += 1
            chain.wait_live(utc_ms())
        row.note = "recovery: from the first unanswered publish to sending again"
        chain.finish()


def broker_stopped(row, options):
    """The broker is SIGSTOPped, so that even new connections are accepted and never answered; then it goes on."""
    with Attack(row, options) as chain:
        chain.begin()
        begin = time.monotonic()
        chain.broker.send(signal.SIGSTOP)
        chain.wait_trouble("not", 40)
        noticed = time.monotonic() - begin
        time.sleep(max(0, 45 - noticed))
        back = utc_ms()
        chain.broker.send(signal.SIGCONT)
        row.expect(noticed <= HALF_OPEN_S, f"noticed after {noticed:.1f} s")
        chain.wait_back(back)
        row.note = f"noticed after {noticed:.1f} s"
        chain.finish()


def broker_back(row, options):
    """The broker is stopped and comes back after random seconds, several times."""
    with Attack(row, options) as chain:
        chain.begin()
        row.runs = options.times(5)
        for _ in range(row.runs):
            chain.broker.stop()
            time.sleep(chain.chance.uniform(1, 10))
            chain.restart_broker()
            chain.wait_back(pause_s=SHORT_PAUSE_S)
        chain.finish()


def backlog(row, options):
    """An outage left more than the rate allowed for backlog takes in at once: what is new goes first and stays fresh."""
    with Attack(row, options) as chain:
        chain.begin(uplink={"backlog_batches_per_s": 2})
        chain.broker.stop()
        chain.wait_waiting(options.pick(30, 200, 3000), 7200)
        chain.restart_broker()
        chain.wait_back()
        lags, begin = [], time.monotonic()
        while chain.pending() > 6:
            lags.append(chain.wait_live(utc_ms(), 60))
        row.expect(lags and max(lags) <= LIVE_S, f"new readings were {max(lags or [0]):.1f} s old while the backlog drained")
        row.note = f"drained in {time.monotonic() - begin:.0f} s at 2 batches/s; new readings at most {max(lags or [0]):.1f} s old meanwhile"
        chain.finish(drain_s=1800)


def reset_every_second(row, options):
    """The connection is reset every second for a while."""
    with Attack(row, options) as chain:
        chain.begin()
        end = time.monotonic() + 30
        row.runs = 0
        while time.monotonic() < end:
            time.sleep(1)
            chain.link.reset()
            row.runs += 1
        chain.wait_back()
        chain.finish()


def slow_link(row, options):
    """16 kbit/s: everything gets through, readings stay fresh, and the link is not torn down for being slow."""
    with Attack(row, options) as chain:
        chain.begin(live="5s", commit="2s")
        chain.link.rate = 2000
        begin, connections = time.monotonic(), chain.link.accepted
        lags = []
        while time.monotonic() - begin < 60 * options.scale:
            lags.append(chain.wait_live(utc_ms(), 60))
        chain.link.rate = None
        row.recovery_s.append(round(chain.wait_live(utc_ms()), 1))
        row.note = f"readings {min(lags):.1f} to {max(lags):.1f} s old at the judge, {chain.link.accepted - connections} reconnects"
        row.expect(max(lags) <= 20, f"readings arrived only after {max(lags):.1f} s")
        row.expect(chain.link.accepted - connections <= 1, f"{chain.link.accepted - connections} reconnects of a slow link")
        chain.finish()


def stalled_link(row, options):
    """Nothing passes for a while and nothing is closed; then everything goes on."""
    with Attack(row, options) as chain:
        chain.begin()
        row.runs = 0
        for seconds in (8, 40):
            chain.link.stalled = True
            time.sleep(seconds)
            back = utc_ms()
            chain.link.stalled = False
            chain.wait_back(back)
            row.runs += 1
        chain.finish()


def late_link(row, options):
    """Every piece is a second late in each direction."""
    with Attack(row, options) as chain:
        chain.begin()
        chain.link.delay_s = 1.0
        connections = chain.link.accepted
        time.sleep(30 * options.scale)
        lag = chain.wait_live(utc_ms(), 60)
        chain.link.delay_s = 0.0
        row.note = f"readings {lag:.1f} s old at the judge meanwhile"
        row.expect(lag <= 10, f"readings arrived only after {lag:.1f} s")
        row.expect(chain.link.accepted == connections, "it reconnected although everything was answered")
        row.recovery_s.append(round(chain.wait_live(utc_ms()), 1))
        chain.finish()


class LossyChain(Attack):
    """Gateway and plant on one side of a lossy wire, broker and judge on the other."""

    def lay(self, loss):
        self.wire = LossyWire(self.start, loss, f"{self.options.seed}")
        wait_until(self.wire.is_ready, 20, "the wire")

    def start(self, name, arguments, environment=None):
        where = {"plant": "near", "gateway": "near", "mosquitto": "far", "judge": "far"}.get(name)
        prefix = getattr(self.wire, where) if where else []
        return super().start(name, [*prefix, *arguments], environment)

    def retransmitted(self):
        """TCP segments that were sent again on the gateway's side."""
        with open(f"/proc/{self.gateway.pid}/net/snmp") as counters:
            names, values = (line.split() for line in counters if line.startswith("Tcp:"))
        return int(dict(zip(names, values))["RetransSegs"])

    def _broker_listens(self):
        with open(f"/proc/{self.broker.pid}/net/tcp") as sockets:
            return f":{self.port:04X} 00000000:0000 0A" in sockets.read()


def loss(row, options):
    """One packet in five is lost each way, in real TCP; then the wire is good again."""
    if not LossyWire.is_possible():
        row.skipped = "this machine allows no network namespaces with a tun device"
        return
    with LossyChain(row, options) as chain:
        chain.lay(0.2)
        chain.begin(link=False, broker=f"listener {chain.port} {FAR}\nallow_anonymous true",
                    uplink={"url": f"mqtt://{FAR}:{chain.port}", "insecure": True})
        lags = []
        end = time.monotonic() + 60 * options.scale
        while time.monotonic() < end:
            lags.append(chain.wait_live(utc_ms(), 90))
        lags.sort()
        again = chain.retransmitted()
        row.expect(again > 0, "not a segment was sent again: the wire loses nothing")
        row.note = f"readings {lags[0]:.1f} to {lags[-1]:.1f} s old at the judge under loss, half of them {lags[len(lags) // 2]:.1f}; {again} segments sent again"
        row.expect(lags[-1] <= 60, f"readings arrived only after {lags[-1]:.1f} s")
        chain.finish(drain_s=150)


def names_gone(row, options):
    """The broker's name cannot be found, the name server is silent; then it answers again."""
    if not GatewayNames.is_possible():
        row.skipped = "this machine allows no mount namespaces"
        return
    with Attack(row, options) as chain, NameServer(chain.chance) as server:
        names = GatewayNames(chain.folder, server)
        chain.prefix = names.prefix
        link = BadLink(chain.port)
        chain.begin(link=link, uplink={"url": f"mqtt://broker.test:{link.port}", "insecure": True})
        row.runs = 0
        for how in ("nothing", "silent"):
            server.answer = how
            chain.link.reset()
            row.note += f"{how}: '{chain.wait_trouble('find the broker', 60)}'; "
            time.sleep(5)
            server.answer = "127.0.0.1"
            chain.wait_back(what=f"live again after a name server that says {how}", beyond_s=RECONNECT_S + LOOKUP_S)
            row.runs += 1
        chain.finish()


ALL = [half_open, broker_stopped, broker_back, backlog, reset_every_second, slow_link, stalled_link, late_link, loss, names_gone]
