"""Stands between an MQTT client and its broker, sees what is published, and can let a link die without a word."""
import socket
import threading
import time
from dataclasses import dataclass


@dataclass
class Published:
    """A QoS 1 publish of the client, as it passed."""
    at: float  # time.monotonic()
    link: int  # number of the connection
    frozen: bool
    topic: str
    payload: bytes


class MqttProxy:
    """Use as a context manager. Connects every client to the broker at `broker_port` of loopback."""

    def __init__(self, broker_port):
        self.broker_port = broker_port
        self.published = []  # in order; appended by the links' threads
        self._links = []
        self._first_alive = 0
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = self._listener.getsockname()[1]
        threading.Thread(target=self._accept, daemon=True).start()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        _close(self._listener)
        for pair in self._links:
            for end in pair:
                _close(end)

    def freeze(self):
        """From now on the present connections carry nothing either way, yet stay open. New ones are as good as ever."""
        self._first_alive = len(self._links)

    def _accept(self):
        while True:
            try:
                client, _ = self._listener.accept()
                broker = socket.create_connection(("127.0.0.1", self.broker_port))
            except OSError:
                return
            self._links.append((client, broker))
            number = len(self._links) - 1
            threading.Thread(target=self._carry, args=(number, client, broker, True), daemon=True).start()
            threading.Thread(target=self._carry, args=(number, broker, client, False), daemon=True).start()

    def _carry(self, number, source, sink, watched):
        unread = bytearray()
        try:
            while data := source.recv(65536):
                frozen = number < self._first_alive
                if watched:
                    unread += data
                    self._note(number, frozen, unread)
                if not frozen:
                    sink.sendall(data)
        except OSError:
            pass
        if number >= self._first_alive:
            _close(sink)

    def _note(self, number, frozen, unread):
        """Takes whole packets off the front of `unread`."""
        while (packet := _packet_of(unread)) is not None:
            first, body, size = packet
            if first & 0xF6 == 0x32:  # PUBLISH, QoS 1
                topic, payload = _publish_of(body)
                self.published.append(Published(time.monotonic(), number, frozen, topic, payload))
            del unread[:size]


def _close(end):
    try:
        end.shutdown(socket.SHUT_RDWR)
    except OSError:
        pass
    end.close()


def _number_at(data, at):
    """MQTT's variable byte integer, and where it ends; None if it is not whole."""
    value = 0
    for index in range(4):
        if at + index >= len(data):
            return None
        value |= (data[at + index] & 0x7F) << (7 * index)
        if data[at + index] < 0x80:
            return value, at + index + 1
    raise ValueError("not MQTT")


def _packet_of(data):
    length = _number_at(data, 1)
    if length is None or len(data) < length[0] + length[1]:
        return None
    size = length[0] + length[1]
    return data[0], bytes(data[length[1]:size]), size


def _publish_of(body):
    topic_end = 2 + int.from_bytes(body[:2], "big")
    properties, at = _number_at(body, topic_end + 2)
    return body[2:topic_end].decode(), body[at + properties:]
