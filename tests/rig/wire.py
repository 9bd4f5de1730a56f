"""Stands between a gateway and its meters on a bus of any kind: sees every byte, and can hold replies back.

A `fate` is asked for each piece that the gateway sends and says what becomes of the reply: seconds by which it is late,
SILENCE, or None to let it pass. It is called on the tap's own thread.
"""
import errno
import heapq
import os
import select
import socket
import termios
import threading
import time
import tty

SILENCE = float("inf")


class _Loop:
    """One thread around select; readers and things to do at an instant are added before it starts, or on the thread."""

    def __init__(self):
        self._readers = {}
        self._later = []
        self._number = 0
        self._stopping = False
        self._wake, self._waker = os.pipe()
        self._lock = threading.Lock()
        self._tasks = []
        self._thread = threading.Thread(target=self._run, daemon=True)

    def __enter__(self):
        self._thread.start()
        return self

    def __exit__(self, *_):
        self._do(self._stop)
        self._thread.join()
        os.close(self._wake)
        os.close(self._waker)

    def _stop(self):
        self._stopping = True

    def _do(self, task):
        """Has `task` done on the loop's thread and waits for it."""
        done = threading.Event()
        with self._lock:
            self._tasks.append((task, done))
        os.write(self._waker, b"!")
        if not done.wait(20):
            raise RuntimeError("the tap does not answer")

    def _at(self, instant, task):
        self._number += 1
        heapq.heappush(self._later, (instant, self._number, task))

    def _run(self):
        while not self._stopping:
            left = None if not self._later else max(0, self._later[0][0] - time.monotonic())
            ready, _, _ = select.select([self._wake, *self._readers], [], [], left)
            while self._later and self._later[0][0] <= time.monotonic():
                heapq.heappop(self._later)[2]()
            for fd in ready:
                if fd in self._readers:
                    self._readers[fd]()
            if self._wake in ready:
                os.read(self._wake, 4096)
                with self._lock:
                    tasks, self._tasks = self._tasks, []
                for task, done in tasks:
                    task()
                    done.set()


class Terminal:
    """A raw pseudo terminal under a link. It stays open without a peer, as a serial port does."""

    def __init__(self, link):
        self.link = link
        self.master, self.slave = os.openpty()
        tty.setraw(self.slave)
        os.set_blocking(self.master, False)
        self.name = os.ttyname(self.slave)
        self.lay(link)

    def lay(self, link):
        """The device is called `link` from now on."""
        part = f"{link}.part"
        os.symlink(self.name, part)
        os.replace(part, link)
        self.link = link

    def close(self):
        os.close(self.slave)
        os.close(self.master)


def _open(path):
    fd = os.open(path, os.O_RDWR | os.O_NOCTTY | os.O_NONBLOCK)
    tty.setraw(fd)
    return fd


def _write(fd, data):
    """What an end does not take is lost, as on a wire."""
    try:
        os.write(fd, data)
    except OSError as error:
        if error.errno not in (errno.EAGAIN, errno.EIO, errno.EPIPE, errno.EBADF):
            raise


class SerialTap(_Loop):
    """An RS-485 line: every terminal at `links` hears the others and the meters behind `far`; the first one is the
    gateway's, which alone has a fate and is recorded. `far` is the path of the meters' terminal (or a list of such, whose
    meters share the line), or a Terminal of which they hold the other end."""

    def __init__(self, far, *links, fate=None):
        super().__init__()
        self.fate = fate
        self.requests = bytearray()  # all the gateway ever sent
        self.others = bytearray()  # all that other masters did
        self._fate = None
        self._settings = None
        self._opened = [] if isinstance(far, Terminal) else [_open(path) for path in ([far] if isinstance(far, str) else far)]
        self._far = self._opened or [far.master]
        for fd in self._far:
            self._readers[fd] = lambda fd=fd: self._from_far(fd)
        self._near = [self._plug(link) for link in links]

    def __exit__(self, *_):
        super().__exit__()
        for terminal in self._near:
            if terminal is not None:
                terminal.close()
        for fd in self._opened:
            os.close(fd)

    def unplug(self, unlink=True):
        """The adapter is pulled out: its terminal hangs up and its link is gone."""
        def pull():
            terminal, self._near[0] = self._near[0], None
            del self._readers[terminal.master]
            if unlink:
                os.unlink(terminal.link)
            terminal.close()
        self._do(pull)

    def plug(self, link):
        """It is put in again: another terminal, under this link."""
        def put():
            self._near[0] = self._plug(link)
        self._do(put)

    def _plug(self, link):
        terminal = Terminal(link)
        self._readers[terminal.master] = lambda: self._from_near(terminal)
        return terminal

    def _from_near(self, terminal):
        data = os.read(terminal.master, 4096)
        if terminal is self._near[0]:
            self.requests += data
            self._fate = self.fate(bytes(data)) if self.fate else None
        else:
            self.others += data
        self._set_like(terminal)
        for fd in self._far:
            _write(fd, data)
        for other in self._near:
            if other is not terminal and other is not None:
                _write(other.master, data)

    def _set_like(self, terminal):
        """The meters see the settings that the sender has made."""
        settings = termios.tcgetattr(terminal.master)
        if settings != self._settings:
            self._settings = settings
            for fd in self._opened:
                termios.tcsetattr(fd, termios.TCSANOW, settings)

    def _from_far(self, fd):
        data = os.read(fd, 4096)
        if self._fate == SILENCE:
            return
        if self._fate:
            self._at(time.monotonic() + self._fate, lambda: self._to_near(data))
        else:
            self._to_near(data)

    def _to_near(self, data):
        for terminal in self._near:
            if terminal is not None:
                _write(terminal.master, data)


class _Link:
    """One connection of the gateway and where it leads."""

    def __init__(self, near, far):
        self.near, self.far = near, far
        self.requests = bytearray()
        self.fate = None
        self.is_open = True


class TcpTap(_Loop):
    """A TCP port before another one on loopback: each connection has its own behind it."""

    def __init__(self, far_port, fate=None, port=0):
        super().__init__()
        self.fate = fate
        self.links = []  # in order; closed ones stay, for what they have sent
        self._far_port = far_port
        self._listener = socket.create_server(("127.0.0.1", port))
        self.port = self._listener.getsockname()[1]
        self._readers[self._listener.fileno()] = self._accept

    def __exit__(self, *_):
        super().__exit__()
        self._listener.close()
        for link in self.links:
            self._close(link)

    @property
    def requests(self):
        """What the gateway sent, connection by connection."""
        return [bytes(link.requests) for link in self.links]

    def refuse(self):
        """The endpoint is gone: its connections break, new ones are refused."""
        def stop():
            self._readers.pop(self._listener.fileno(), None)
            self._listener.close()
            for link in self.links:
                self._close(link)
        self._do(stop)

    def admit(self):
        """It is back, at the same port."""
        def listen():
            self._listener = socket.create_server(("127.0.0.1", self.port))
            self._readers[self._listener.fileno()] = self._accept
        self._do(listen)

    def _accept(self):
        near, _ = self._listener.accept()
        far = self._connect()
        if far is None:
            near.close()
            return
        link = _Link(near, far)
        near.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.links.append(link)
        self._readers[near.fileno()] = lambda: self._from_near(link)
        self._readers[far.fileno()] = lambda: self._from_far(link)

    def _connect(self):
        try:
            far = socket.create_connection(("127.0.0.1", self._far_port), timeout=5)
        except OSError:
            return None
        far.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        return far

    def _close(self, link):
        if link.is_open:
            link.is_open = False
            for end in (link.near, link.far):
                self._readers.pop(end.fileno(), None)
                end.close()

    def _from_near(self, link):
        data = _receive(link.near)
        if not data:
            return self._close(link)
        link.requests += data
        link.fate = self.fate(bytes(data)) if self.fate else None
        self._pass(link, link.far, data)

    def _from_far(self, link):
        data = _receive(link.far)
        if not data:
            return self._close(link)
        if link.fate == SILENCE:
            return
        if link.fate:
            self._at(time.monotonic() + link.fate, lambda: self._pass(link, link.near, data))
        else:
            self._pass(link, link.near, data)

    def _pass(self, link, end, data):
        if not link.is_open:
            return
        try:
            end.sendall(data)
        except OSError:
            self._close(link)


class DeviceServer(TcpTap):
    """A serial device server: one connection at a time to the line at terminal `far`. What comes from the line while
    nobody is connected waits for the next one, as real ones do."""

    def __init__(self, far, fate=None, port=0):
        super().__init__(0, fate, port)
        self._line = _open(far)
        self._waiting = b""

    def __exit__(self, *_):
        super().__exit__()
        os.close(self._line)

    def _accept(self):
        for link in self.links:
            self._close(link)
        near, _ = self._listener.accept()
        near.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        link = _Link(near, None)
        self.links.append(link)
        self._readers[near.fileno()] = lambda: self._from_near(link)
        self._readers[self._line] = self._from_line
        self._pass(link, near, self._waiting)
        self._waiting = b""

    def _close(self, link):
        if link.is_open:
            link.is_open = False
            self._readers.pop(link.near.fileno(), None)
            link.near.close()

    def _from_near(self, link):
        data = _receive(link.near)
        if not data:
            return self._close(link)
        link.requests += data
        link.fate = self.fate(bytes(data)) if self.fate else None
        _write(self._line, data)

    def _from_line(self):
        data = os.read(self._line, 4096)
        link = self.links[-1]
        if link.fate == SILENCE:
            return
        self._at(time.monotonic() + (link.fate or 0), lambda: self._to_client(data))

    def _to_client(self, data):
        link = self.links[-1]
        if link.is_open:
            self._pass(link, link.near, data)
        else:
            self._waiting += data


def _receive(end):
    try:
        return end.recv(4096)
    except OSError:
        return b""
