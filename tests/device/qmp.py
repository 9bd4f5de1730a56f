"""QEMU's own control line: reset, stop, quit, and what happened to the machine."""
import json
import socket
import time


class QmpError(Exception):
    """QEMU does not answer, or refuses."""


class Qmp:
    """Use as a context manager. `path` is the Unix socket of QEMU's monitor; it has to be there already."""

    def __init__(self, path, seconds=20):
        self._socket = socket.socket(socket.AF_UNIX)
        self._socket.settimeout(seconds)
        self._socket.connect(str(path))
        self._unread = b""
        self.events = []  # (time.monotonic() when it was read, name, data), oldest first
        self._line()  # the greeting
        self.ask("qmp_capabilities")

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self._socket.close()

    def ask(self, command, **arguments):
        """What a command returns."""
        self._socket.sendall(json.dumps({"execute": command, "arguments": arguments}).encode() + b"\n")
        while True:
            said = json.loads(self._line())
            if "event" in said:
                self._note(said)
            elif "error" in said:
                raise QmpError(f"{command}: {said['error']['desc']}")
            else:
                return said["return"]

    def saw(self, event):
        """How often an event was told since this line was opened."""
        self.ask("query-status")  # what was told before comes first
        return sum(name == event for _, name, _ in self.events)

    def _note(self, said):
        self.events.append((time.monotonic(), said["event"], said.get("data", {})))

    def _line(self):
        while b"\n" not in self._unread:
            try:
                data = self._socket.recv(65536)
            except OSError as error:
                raise QmpError(f"QEMU's monitor does not answer: {error}") from error
            if not data:
                raise QmpError("QEMU's monitor is gone")
            self._unread += data
        line, _, self._unread = self._unread.partition(b"\n")
        return line
