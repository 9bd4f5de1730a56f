"""Starting, stopping and watching the processes of a rig. Everything is stopped by the pid that was started."""
import os
import random
import signal
import socket
import subprocess
import time


class RigError(Exception):
    """The rig itself could not be set up, or something did not happen in time."""


def free_port():
    """A port that nobody listens on. Not one of those the kernel gives to connections: many rigs run at once, and what is free
    now shall still be free when it is bound."""
    while True:
        port = random.randrange(10_000, 32_000)
        with socket.socket() as probe:
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
            return port


def wait_until(condition, seconds, what, poll_s=0.05):
    """Returns the first true value of condition(), or raises RigError after `seconds`."""
    deadline = time.monotonic() + seconds
    while True:
        value = condition()
        if value:
            return value
        if time.monotonic() > deadline:
            raise RigError(f"{what} did not happen within {seconds} s")
        time.sleep(poll_s)


class Process:
    """A child with its output in a file."""

    def __init__(self, name, arguments, log_path, environment=None):
        self.name = name
        self.log_path = log_path
        self._log = open(log_path, "ab")
        self._child = subprocess.Popen(
            [str(argument) for argument in arguments], stdout=self._log, stderr=subprocess.STDOUT,
            stdin=subprocess.DEVNULL, env=None if environment is None else {**os.environ, **environment})

    @property
    def pid(self):
        return self._child.pid

    def is_running(self):
        return self._child.poll() is None

    def send(self, number):
        if self.is_running():
            self._child.send_signal(number)

    def stop(self, number=signal.SIGTERM, seconds=20):
        """Ends the child and returns its exit status; kills it if it does not go by itself, and says so."""
        self.send(number)
        try:
            status = self._child.wait(seconds)
        except subprocess.TimeoutExpired:
            self._child.kill()
            self._child.wait()
            raise RigError(f"{self.name} did not stop within {seconds} s; its log:\n{self.log()[-2000:]}")
        finally:
            self._log.close()
        return status

    def kill(self):
        """kill -9. Whether that is what it died of."""
        self._child.kill()
        status = self._child.wait()
        self._log.close()
        return status == -signal.SIGKILL

    def log(self):
        with open(self.log_path, "rb") as file:
            return file.read().decode(errors="replace")

    def resident_kib(self):
        return self._status_kib("VmRSS:")

    def resident_peak_kib(self):
        return self._status_kib("VmHWM:")

    def resident_own_kib(self):
        """Without pages of files, which other programs may share."""
        return self._status_kib("RssAnon:")

    def cpu_seconds(self):
        with open(f"/proc/{self.pid}/stat") as file:
            fields = file.read().rsplit(")", 1)[1].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def _status_kib(self, key):
        with open(f"/proc/{self.pid}/status") as file:
            for line in file:
                if line.startswith(key):
                    return int(line.split()[1])
        raise RigError(f"{self.name}: no {key} in its status")
