"""Root's shell in the guest, over its virtio console: commands with their exit status, what they said, and files.

The line is a terminal of its own kind: it may echo, wrap, or carry what was said before we came. So a command goes over as
base64, its output comes back as base64, and the lines around it bear a number that was never used before.
"""
import base64
import select
import socket
import time
from dataclasses import dataclass

LINE = 512  # characters: far below what a terminal takes in one line
SHELL_S = 4  # between two questions whether a shell is there
SPARE_S = 30  # beside a command's own time: for the way there and back on a busy machine
FOLDER = "/run/device-test"


class ConsoleError(Exception):
    """The console does not answer, or a command that had to succeed did not."""


class ConsoleGone(ConsoleError):
    """There is nobody at the other end, and nobody will come."""


@dataclass
class Answer:
    status: int
    data: bytes  # what it said
    errors: str

    @property
    def output(self):
        return self.data.decode(errors="replace")


class Console:
    """Use as a context manager. `path` is the Unix socket of the console; it has to be there already."""

    def __init__(self, path):
        self._socket = socket.socket(socket.AF_UNIX)
        self._socket.connect(str(path))
        self._socket.setblocking(False)
        self._unread = b""
        self._number = int(time.time() * 1000)
        self.log = bytearray()  # everything the guest ever said here

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self._socket.close()

    def wait_shell(self, seconds, alive=lambda: True):
        """Until a shell answers; it is a plain one without echo and prompt afterwards. `alive` says whether waiting is any use."""
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            if not alive():
                raise ConsoleError("the machine ended before its shell answered")
            try:
                # What nobody reads yet waits for the guest, so a question costs the shell as little as possible.
                self._ask_alive("", SHELL_S)
                self._ask_alive(f"exec /bin/sh\nPS1=; PS2=; stty -echo -onlcr; mkdir -p {FOLDER}\n", SPARE_S)
                return
            except ConsoleGone:
                raise
            except ConsoleError:
                continue  # nobody reads there yet, or what was typed was for somebody else
        raise ConsoleError(f"no shell on the console within {seconds} s; the last it said: {bytes(self.log[-300:])}")

    def _ask_alive(self, before, seconds):
        """Types something, and waits until the shell is done with it. Typed, the mark is in two parts: an echo of the line is not
        taken for the answer."""
        mark = self._mark()
        self._send(f"\n{before}echo {mark[:6]}''{mark[6:]}\n".encode(), seconds)
        self._read_to(mark + "\n", seconds)

    def run(self, script, seconds=60):
        """What a script of sh does. It is ended after `seconds` in the guest, with status 124 (137 if it had to be killed)."""
        mark = self._mark()
        self._send_base64(script.encode(), f"{FOLDER}/script")
        self._send((f"timeout -k 5 {seconds} sh {FOLDER}/script >{FOLDER}/output 2>{FOLDER}/errors </dev/null; status=$?\n"
                    f"echo; echo {mark[:6]}''{mark[6:]}; base64 {FOLDER}/output; echo {mark[:6]}''{mark[6:]}; "
                    f"base64 {FOLDER}/errors; echo {mark[:6]}''{mark[6:]} $status\n").encode())
        self._read_to(mark + "\n", seconds + SPARE_S)
        output = self._read_to(mark + "\n", SPARE_S)
        errors = self._read_to(mark + " ", SPARE_S)
        status = self._read_to("\n", SPARE_S)
        return Answer(int(status), _decoded(output), _decoded(errors).decode(errors="replace"))

    def must(self, script, seconds=60):
        """The output of a script that has to succeed."""
        answer = self.run(script, seconds)
        if answer.status != 0:
            raise ConsoleError(f"'{script[:200]}' ended with {answer.status} in the guest:\n{answer.output[-1000:]}\n"
                               f"{answer.errors[-1000:]}")
        return answer.output

    def put(self, data, path, mode="0644"):
        """Writes a file of the guest."""
        self._send_base64(data.encode() if isinstance(data, str) else data, f"{FOLDER}/file")
        self.must(f"mkdir -p \"$(dirname '{path}')\" && umask 077 && rm -f '{path}' && cp {FOLDER}/file '{path}' && chmod {mode} '{path}'")

    def get(self, path, seconds=60):
        """The bytes of a file of the guest. A console is slow: some kilobytes a second."""
        answer = self.run(f"cat '{path}'", seconds)
        if answer.status != 0:
            raise ConsoleError(f"'{path}' cannot be read in the guest: {answer.errors}")
        return answer.data

    def tell(self, script):
        """Has a script done whose end is not waited for: the machine may be gone by then."""
        told = f"{FOLDER}/told-{self._mark()}"  # of its own: the next script may come before the shell has read this one
        self._send_base64(script.encode(), told)
        self._send(f"sh {told} >/dev/null 2>&1 </dev/null &\n".encode())

    # -- the line -----------------------------------------------------------------------------------------------
    def _mark(self):
        self._number += 1
        return f"mark-{self._number:x}-end"

    def _send_base64(self, data, path):
        encoded = base64.b64encode(data).decode()
        lines = [encoded[at:at + LINE] for at in range(0, len(encoded), LINE)]
        self._send("\n".join([f"base64 -d >{path} <<'.'", *lines, ".", ""]).encode())

    def _send(self, data, seconds=SPARE_S):
        end = time.monotonic() + seconds
        while data:
            _, ready, _ = select.select([], [self._socket], [], max(end - time.monotonic(), 0))
            if not ready:
                raise ConsoleError("the console takes nothing any more")
            try:
                data = data[self._socket.send(data):]
            except OSError as error:
                raise ConsoleGone(f"the console is gone: {error}") from error

    def _read_to(self, mark, seconds):
        """All up to `mark`, which is swallowed with it. Fails if nothing comes for so many seconds."""
        wanted = mark.encode()
        while wanted not in self._unread:
            ready, _, _ = select.select([self._socket], [], [], seconds)
            if not ready:
                raise ConsoleError(f"no answer on the console within {seconds} s; the last it said: {bytes(self.log[-300:])}")
            try:
                data = self._socket.recv(65536)
            except OSError as error:
                raise ConsoleGone(f"the console is gone: {error}") from error
            if not data:
                raise ConsoleGone("the console is gone")
            self.log += data
            self._unread += data.replace(b"\r", b"")
        before, _, self._unread = self._unread.partition(wanted)
        return before


def _decoded(encoded):
    return base64.b64decode(b"".join(encoded.split()))
