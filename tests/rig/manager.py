"""Plays the service manager for one service: hears what it notifies, and knows when it should have fed its watchdog."""
import socket
import threading
import time


class Manager:
    """Use as a context manager. `environment` is for the service."""

    def __init__(self, path, watchdog_s):
        self.watchdog_s = watchdog_s
        self.environment = {"NOTIFY_SOCKET": str(path), "WATCHDOG_USEC": str(round(watchdog_s * 1_000_000))}
        self.ready = 0  # how often it said so
        self.said = []  # its STATUS lines
        self._fed = time.monotonic()
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self._socket.bind(str(path))
        threading.Thread(target=self._listen, daemon=True).start()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self._socket.close()

    def _listen(self):
        while True:
            try:
                lines = self._socket.recv(65536).decode().split("\n")
            except OSError:
                return
            if not lines:
                return
            if "READY=1" in lines:
                self.ready += 1
                self._fed = time.monotonic()
            if "WATCHDOG=1" in lines:
                self._fed = time.monotonic()
            self.said += [line[7:] for line in lines if line.startswith("STATUS=")]

    @property
    def unfed_s(self):
        return time.monotonic() - self._fed

    def expired(self):
        """Whether systemd would have ended the service by now."""
        return self.unfed_s > self.watchdog_s
