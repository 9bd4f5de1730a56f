"""Receipts that come late, twice, in part, forged, for another epoch, or never."""
import json
import time

from attack import Attack, utc_ms
from rig.bad_link import PUBLISH, BadLink, Fate, puback
from rig.processes import wait_until

SECONDS = 25
OTHER_EPOCH = "0123456789abcdef"


class _Receipts:
    """A hook on the way down that has `change` decide over each receipt while it is `on`."""

    def __init__(self, change):
        self.change = change
        self.on = False
        self.seen = 0

    def __call__(self, packet):
        if not self.on or packet.kind != PUBLISH or not packet.topic.endswith("/receipt"):
            return None
        self.seen += 1
        return self.change(packet)


def _instead(packet, payload=None):
    """Another receipt for the gateway, or none. The broker is told that its own one came: else it would keep back all others
    once its window is full."""
    return Fate(on=b"" if payload is None else packet.at_most_once(payload), back=puback(packet.number, 0))


def _under(row, options, change, check=lambda chain: None, seconds=SECONDS, limit_s=15):
    """The common course: good receipts, bad ones for a while with `check` at their end, good ones again."""
    receipts = _Receipts(change)
    with Attack(row, options) as chain:
        chain.begin(link=BadLink(chain.port, down=receipts))
        receipts.on = True
        time.sleep(seconds)
        lag = chain.wait_live(utc_ms(), 60)
        row.expect(lag <= limit_s, f"new readings came only after {lag:.1f} s while receipts were bad")
        check(chain)
        row.runs = receipts.seen
        row.expect(receipts.seen > 0, "no receipt was touched")
        receipts.on = False
        row.recovery_s.append(round(chain.wait_live(utc_ms()), 1))
        chain.finish()
        return chain


def _uplink(chain):
    return chain.status()["uplinks"][0]


def late(row, options):
    """Receipts come a while after the batches were sent again for want of them."""
    _under(row, options, lambda packet: Fate(late_s=12), lambda chain: wait_until(
        lambda: _uplink(chain)["resent"] > 0, 20, "sending again"))
    row.expect(row.resent > 0, "nothing was sent again")


def twice(row, options):
    """Every receipt comes twice."""
    def check(chain):
        row.expect(_uplink(chain)["receipts_refused"] == 0, "an honest repetition was refused")
    _under(row, options, lambda packet: Fate(on=packet.raw + packet.at_most_once(packet.payload)), check)


def in_part(row, options):
    """Receipts lose the first of what they confirm."""
    def change(packet):
        receipt = json.loads(packet.payload)
        first = receipt["stored"][0]
        first[0] += 1
        if first[0] > first[1]:
            receipt["stored"].pop(0)
        return _instead(packet, json.dumps(receipt).encode() if receipt["stored"] else None)

    def check(chain):
        row.expect(chain.pending() > 0, "what no receipt confirms counts as confirmed")
    _under(row, options, change, check, limit_s=60)
    row.expect(row.resent > 0, "nothing was sent again")


def forged(row, options):
    """Receipts name another hash: refused, counted, and nothing is confirmed by them."""
    def change(packet):
        receipt = json.loads(packet.payload)
        receipt["head"]["sha256"] = "ab" * 32
        return _instead(packet, json.dumps(receipt).encode())

    def check(chain):
        row.expect(_uplink(chain)["receipts_refused"] > 0, "no forged receipt was refused")
        row.expect(chain.pending() > 0, "forged receipts confirmed what they spoke of")
    _under(row, options, change, check, limit_s=60)


def other_epoch(row, options):
    """With every receipt comes one for an epoch that this box never had."""
    def change(packet):
        receipt = json.loads(packet.payload) | {"epoch": OTHER_EPOCH}
        return Fate(on=packet.raw + packet.at_most_once(json.dumps(receipt).encode()))

    def check(chain):
        row.expect(_uplink(chain)["receipts_refused"] > 0, "no receipt for another epoch was refused")
    _under(row, options, change, check)


def never(row, options):
    """No receipt comes: nothing counts as confirmed, new readings still go out, everything is confirmed at last."""
    def check(chain):
        row.note = f"status says '{chain.wait_trouble('receipt', 20)}'"
        row.expect(chain.pending() > 0, "batches without a receipt count as confirmed")
    _under(row, options, _instead, check, limit_s=60)


def future(row, options):
    """Receipts confirm batches that were never sent: nothing of it counts."""
    def change(packet):
        receipt = json.loads(packet.payload)
        receipt["stored"] = [[receipt["stored"][0][0], receipt["head"]["seq"] + 1000]]
        receipt["head"]["seq"] += 1000
        return Fate(on=packet.raw + packet.at_most_once(json.dumps(receipt).encode()))

    def check(chain):
        row.expect(_uplink(chain)["receipts_refused"] > 0, "no receipt for batches of the future was refused")
    _under(row, options, change, check)


ALL = {f"receipt_{function.__name__}": function for function in (late, twice, in_part, forged, other_epoch, never, future)}
