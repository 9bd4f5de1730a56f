"""A TCP port before another one of loopback that behaves as bad links do: slow, late, deaf, cut.

All knobs may be turned at any time from any thread; they hold for present and for new connections. With `up` and `down`
whole MQTT packets are handed to a hook, which says what becomes of each: see Packet and Fate.
"""
import asyncio
import socket
import struct
import threading
import time
from dataclasses import dataclass

CHUNK = 256  # bytes that a slow link carries at once
PUBLISH, PUBACK = 3, 4


@dataclass
class Packet:
    """A whole MQTT packet as it passed."""
    kind: int  # PUBLISH, PUBACK, …
    head: int  # its first byte
    body: bytes
    raw: bytes
    at: float  # time.monotonic()
    link: int  # number of the connection

    @property
    def qos(self):
        return self.head >> 1 & 3

    @property
    def topic(self):
        """Of a PUBLISH."""
        return self.body[2:2 + int.from_bytes(self.body[:2], "big")].decode()

    @property
    def number(self):
        """Packet identifier of a PUBLISH with QoS 1 or of a PUBACK."""
        at = 2 + int.from_bytes(self.body[:2], "big") if self.kind == PUBLISH else 0
        return int.from_bytes(self.body[at:at + 2], "big")

    @property
    def payload(self):
        """Of a PUBLISH."""
        at = 2 + int.from_bytes(self.body[:2], "big") + (2 if self.qos else 0)
        length, at = _number_at(self.body, at)
        return self.body[at + length:]

    def at_most_once(self, payload):
        """The bytes of a PUBLISH with QoS 0 on the same topic with another payload."""
        body = self.body[:2 + int.from_bytes(self.body[:2], "big")] + b"\0" + payload
        return bytes([PUBLISH << 4]) + _number(len(body)) + body


@dataclass
class Fate:
    """What becomes of a packet: bytes on to where it goes (None: itself), after `late_s`, and bytes back to the sender."""
    on: bytes | None = None
    back: bytes = b""
    late_s: float = 0


def puback(number, reason):
    return bytes([PUBACK << 4, 3]) + number.to_bytes(2, "big") + bytes([reason])


class BadLink:
    """Use as a context manager."""

    def __init__(self, far_port, up=None, down=None, port=0):
        self.far_port = far_port
        self.rate = None  # bytes a second, each way and connection
        self.delay_s = 0.0
        self.stalled = False  # nothing passes, nothing is closed
        self.deaf_links = set()  # numbers of connections that carry nothing any more
        self.cut_after = None  # bytes of a connection's client after which it is reset; 0: at once
        self.cuts = 0  # done so far
        self.refused = False  # new connections are reset at once
        self.up, self.down = up, down
        self.accepted = 0  # connections so far
        self.attempts = []  # when a client began to speak on one that leads somewhere, UTC ms
        self.published = []  # QoS 1 PUBLISH packets of clients as they came; only with a hook
        self._pairs = {}
        self._loop = asyncio.new_event_loop()
        self._listener = socket.create_server(("127.0.0.1", port))
        self.port = self._listener.getsockname()[1]
        self._thread = threading.Thread(target=self._run, daemon=True)

    def __enter__(self):
        self._thread.start()
        return self

    def __exit__(self, *_):
        self._loop.call_soon_threadsafe(self._stop)
        self._thread.join(10)

    def reset(self):
        """All present connections are reset."""
        self._loop.call_soon_threadsafe(lambda: [_abort(writer) for pair in list(self._pairs.values()) for writer in pair])

    def deafen(self):
        """The present connections carry nothing any more, yet stay open; new ones are as good as ever."""
        self.deaf_links |= set(range(self.accepted))

    @property
    def _watches(self):
        return self.up is not None or self.down is not None

    # -- on the loop's thread -------------------------------------------------------------------------------------------
    def _run(self):
        asyncio.set_event_loop(self._loop)
        self._loop.create_task(asyncio.start_server(self._serve, sock=self._listener))
        self._loop.run_forever()
        left = asyncio.all_tasks(self._loop)
        self._loop.run_until_complete(asyncio.gather(*left, return_exceptions=True))
        self._listener.close()

    def _stop(self):
        for pair in list(self._pairs.values()):
            for writer in pair:
                _abort(writer)
        for task in asyncio.all_tasks(self._loop):
            task.cancel()
        self._loop.stop()

    async def _serve(self, near_reader, near_writer):
        number, self.accepted = self.accepted, self.accepted + 1
        if self.refused or self.cut_after == 0:
            self.cuts += 1
            return _abort(near_writer)
        try:
            far_reader, far_writer = await asyncio.open_connection("127.0.0.1", self.far_port)
        except OSError:
            return _abort(near_writer)
        self._pairs[number] = (near_writer, far_writer)
        ways = [self._carry(number, near_reader, far_writer, near_writer, True),
                self._carry(number, far_reader, near_writer, far_writer, False)]
        await asyncio.gather(*ways, return_exceptions=True)
        self._pairs.pop(number, None)

    async def _carry(self, number, reader, sink, source, upwards):
        unread, unnoted, passed = bytearray(), bytearray(), 0
        try:
            while data := await reader.read(CHUNK if self.rate else 65536):
                if upwards and self._watches:
                    unnoted += data
                    self._note(number, unnoted)
                if number in self.deaf_links:
                    continue
                held = self.stalled
                while self.stalled:
                    await asyncio.sleep(0.02)
                if upwards and passed == 0 and not held:  # who sent what was held may have given up
                    self.attempts.append(time.time_ns() // 1_000_000)
                passed += len(data)
                if upwards and self.cut_after is not None and passed >= self.cut_after:
                    self.cuts += 1
                    return _abort(source), _abort(sink)
                if self.delay_s:
                    await asyncio.sleep(self.delay_s)
                if self.rate:
                    await asyncio.sleep(len(data) / self.rate)
                if not self._watches:
                    sink.write(data)
                else:
                    unread += data
                    self._judge(number, unread, sink, source, upwards)
                await sink.drain()
        except OSError:
            _abort(source)
            _abort(sink)
        finally:
            sink.close()

    def _note(self, number, unread):
        """Also what a deaf link will never carry on is noted when the client sends it."""
        while (packet := _packet_of(unread, number)) is not None:
            del unread[:len(packet.raw)]
            if packet.kind == PUBLISH and packet.qos == 1:
                self.published.append(packet)

    def _judge(self, number, unread, sink, source, upwards):
        while (packet := _packet_of(unread, number)) is not None:
            del unread[:len(packet.raw)]
            hook = self.up if upwards else self.down
            fate = (hook(packet) if hook else None) or Fate()
            if fate.back:
                source.write(fate.back)
            on = packet.raw if fate.on is None else fate.on
            if fate.late_s:
                self._loop.call_later(fate.late_s, _write, sink, on)
            else:
                sink.write(on)


def _write(writer, data):
    if not writer.is_closing():
        writer.write(data)


def _abort(writer):
    """Ends a connection with a reset."""
    end = writer.get_extra_info("socket")
    if end is not None and end.fileno() >= 0:
        end.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    writer.transport.abort()


def _number(value):
    """MQTT's variable byte integer."""
    digits = bytearray()
    while True:
        value, low = value >> 7, value & 0x7F
        digits.append(low | (0x80 if value else 0))
        if not value:
            return bytes(digits)


def _number_at(data, at):
    """(value, where it ends); None if it is not whole."""
    value = 0
    for index in range(4):
        if at + index >= len(data):
            return None
        value |= (data[at + index] & 0x7F) << (7 * index)
        if data[at + index] < 0x80:
            return value, at + index + 1
    raise ValueError("not MQTT")


def _packet_of(data, link):
    if not data:
        return None
    length = _number_at(data, 1)
    if length is None or len(data) < sum(length):
        return None
    return Packet(data[0] >> 4, data[0], bytes(data[length[1]:sum(length)]), bytes(data[:sum(length)]), time.monotonic(), link)
