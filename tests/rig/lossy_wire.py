"""Two network namespaces and a wire between them that loses packets: real TCP meets real loss, and the host sees nothing.

As a program: lossy_wire.py NEAR_PID FAR_PID LOSS SEED carries packets between the namespaces of two processes until it is
ended. It needs root and /dev/net/tun.
"""
import ctypes
import fcntl
import os
import random
import select
import shutil
import struct
import subprocess
import sys

NEAR, FAR = "10.98.0.1", "10.98.0.2"
_TUNSETIFF, _IFF_TUN, _IFF_NO_PI, _CLONE_NEWNET = 0x400454CA, 0x0001, 0x1000, 0x40000000


def _end(pid, own, peer):
    """Enters the namespace of `pid` and opens an end of the wire there."""
    with open(f"/proc/{pid}/ns/net") as namespace:
        if ctypes.CDLL(None, use_errno=True).setns(namespace.fileno(), _CLONE_NEWNET) != 0:
            raise OSError(ctypes.get_errno(), "setns")
    device = os.open("/dev/net/tun", os.O_RDWR)
    fcntl.ioctl(device, _TUNSETIFF, struct.pack("16sH14x", b"wire", _IFF_TUN | _IFF_NO_PI))
    for command in (f"addr add {own} peer {peer} dev wire", "link set wire up", "link set lo up"):
        subprocess.run(["ip", *command.split()], check=True)
    return device


def _carry(near, far, loss, chance):
    others = {near: far, far: near}
    while True:
        for end in select.select([near, far], [], [])[0]:
            packet = os.read(end, 65536)
            if chance.random() >= loss:
                os.write(others[end], packet)


class LossyWire:
    """`near` and `far` are what commands in the two namespaces begin with. `start` is Chain.start."""

    def __init__(self, start, loss, seed):
        holders = [start(name, ["unshare", "-n", "sleep", "infinity"]) for name in ("namespace-near", "namespace-far")]
        self.near, self.far = (["nsenter", "-t", str(holder.pid), "-n"] for holder in holders)
        self._start, self._loss, self._seed = start, loss, seed
        self._pids = [holder.pid for holder in holders]
        self.wire = None

    def is_ready(self):
        """Whether packets pass. Lays the wire once both namespaces are there."""
        own = os.readlink("/proc/self/ns/net")
        if any(os.readlink(f"/proc/{pid}/ns/net") == own for pid in self._pids):
            return False
        if self.wire is None:
            self.wire = self._start("wire", [sys.executable, __file__, *self._pids, self._loss, self._seed])
        shown = subprocess.run([*self.far, "ip", "-br", "addr", "show", "dev", "wire"], capture_output=True, text=True)
        return FAR in shown.stdout

    @staticmethod
    def is_possible():
        """Whether this machine allows it."""
        return (os.geteuid() == 0 and os.access("/dev/net/tun", os.R_OK | os.W_OK) and shutil.which("ip") is not None and
                subprocess.run(["unshare", "-n", "true"], capture_output=True).returncode == 0)


if __name__ == "__main__":
    _carry(_end(sys.argv[1], NEAR, FAR), _end(sys.argv[2], FAR, NEAR), float(sys.argv[3]), random.Random(sys.argv[4]))
