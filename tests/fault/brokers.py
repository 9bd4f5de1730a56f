"""Brokers that refuse, limit, forget or show the wrong papers."""
import signal
import time

from attack import Attack, utc_ms
from rig.bad_link import PUBLISH, BadLink, Fate, puback
from rig.certificates import Certificates
from rig.processes import wait_until

QUOTA_EXCEEDED = 0x97


def tls_cut(row, options):
    """The connection breaks in the TLS handshake: cut after a few bytes, again and again, then left hanging; then it is good."""
    with Attack(row, options, tls=True) as chain:
        chain.begin()
        row.runs = 0
        chain.link.cut_after = 100
        chain.link.reset()
        wait_until(lambda: chain.link.cuts >= 3, 60, "three cut handshakes")
        row.runs += chain.link.cuts
        row.note = f"status says '{chain.trouble()}'"
        chain.link.cut_after, chain.link.stalled = None, True
        accepted = chain.link.accepted
        wait_until(lambda: chain.link.accepted > accepted, 40, "a handshake that hangs")
        time.sleep(5)
        row.runs += 1
        back = utc_ms()
        chain.link.stalled = False
        chain.wait_back(back)
        chain.finish()


def certificate_expired(row, options):
    """The broker's certificate has expired: nothing is sent to it, status says why; with a good one everything arrives."""
    with Attack(row, options, tls=True) as chain:
        chain.begin()
        _new_broker_certificate(chain, days_ago=10)
        row.note = f"status says '{chain.wait_trouble('expired', 60)}'"
        held = _received(chain)
        time.sleep(5)
        row.expect(_received(chain) == held, "batches went to a broker with an expired certificate")
        _new_broker_certificate(chain)
        chain.wait_back()
        chain.finish()


def _received(chain):
    return chain.audit(truth=False)["batches"]


def _new_broker_certificate(chain, authority=None, days_ago=0):
    """The broker is started again with another certificate; its clients' are still of the first authority."""
    chain.broker.stop()
    files = (authority or chain.certificates()).issue("broker", "IP:127.0.0.1,DNS:localhost", days_ago)
    config = chain.folder / "mosquitto.conf"
    kept = [line for line in config.read_text().splitlines() if not line.startswith(("certfile", "keyfile"))]
    config.write_text("\n".join([*kept, f"certfile {files[0]}", f"keyfile {files[1]}"]) + "\n")
    chain.restart_broker()


def certificate_rolled_over(row, options):
    """The gateway's own certificate expires and is renewed in its file, then the broker moves to another authority that the
    gateway's list has beside the old one: no restart, and the way back works, too."""
    with Attack(row, options, tls=True) as chain:
        chain.begin()
        chain.certificates().issue("jd-1", None, days_ago=10)
        chain.broker.stop()
        chain.restart_broker()
        row.note = f"own certificate expired: status says '{chain.wait_trouble('certificate', 40)}'"
        time.sleep(5)
        chain.certificates().issue("jd-1")
        chain.wait_back(what="live again with a new certificate of its own")
        first, second = chain.certificates(), Certificates(chain.folder / "keys-2", "second")
        trusted = first.ca.read_text()
        first.ca.write_text(trusted + second.ca.read_text())  # the gateway's and the judge's list
        for authority in (second, first):
            _new_broker_certificate(chain, authority)
            chain.wait_back(what="live again with a broker of another authority")
        row.runs = 3
        chain.finish()


def quota_exceeded(row, options):
    """The broker answers every batch of readings with 0x97: they wait, status says why, nothing is hammered; then it has room."""
    full = [False]

    def judge(packet):
        if full[0] and packet.kind == PUBLISH and packet.qos == 1 and packet.topic.endswith("/reading"):
            return Fate(on=b"", back=puback(packet.number, QUOTA_EXCEEDED))
        return None
    with Attack(row, options) as chain:
        chain.begin(link=BadLink(chain.port, up=judge))
        full[0] = True
        row.note = f"status says '{chain.wait_trouble('quota', 40)}'"
        time.sleep(25 * options.scale)
        tried = sum(packet.topic.endswith("/reading") for packet in chain.link.published)
        time.sleep(10)
        tried = sum(packet.topic.endswith("/reading") for packet in chain.link.published) - tried
        row.expect(tried <= 5, f"{tried} batches were tried in 10 s while the broker refused them")
        full[0] = False
        took = chain.wait_live(utc_ms(), 400, note=True)
        row.expect(took <= 60, f"live again only {took:.1f} s after the broker had room")
        chain.finish()


def receive_maximum_1(row, options):
    """The broker takes one message at a time: never more are on their way, and a backlog gets through."""
    flying, most = set(), [0]

    def up(packet):
        if packet.kind == PUBLISH and packet.qos == 1:
            flying.add((packet.link, packet.number))
            most[0] = max(most[0], len([one for one in flying if one[0] == packet.link]))

    def down(packet):
        if packet.kind == 4:
            flying.discard((packet.link, packet.number))
    with Attack(row, options) as chain:
        chain.begin(link=BadLink(chain.port, up=up, down=down), broker="max_inflight_messages 1")
        chain.broker.stop()
        chain.wait_waiting(10)
        chain.restart_broker()
        chain.wait_back()
        chain.wait_drained(60)
        row.expect(most[0] == 1, f"{most[0]} messages were on their way at once")
        row.note = f"at most {most[0]} on its way"
        chain.finish()


def queue_lost(row, options):
    """The broker takes batches while the receiver is away, then restarts and has forgotten them: all are sent again."""
    with Attack(row, options) as chain:
        chain.begin()
        row.runs = options.times(2)
        for _ in range(row.runs):
            chain.judge.stop()
            chain.wait_waiting(8)
            chain.broker.stop(signal.SIGKILL)
            chain.restart_broker()
            chain.start_judge()
            chain.wait_back()
        chain.finish()


ALL = [tls_cut, certificate_expired, certificate_rolled_over, quota_exceeded, receive_maximum_1, queue_lost]
