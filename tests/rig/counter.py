"""Stands between a client and a server and counts what goes over the wire, encrypted or not."""
import socket
import threading
from dataclasses import dataclass

SEGMENT_BYTES = 1_360  # of payload, on a mobile link
HEADER_BYTES = 52      # IPv4, TCP and its time stamps


@dataclass
class Traffic:
    """Bytes of payload and their bursts so far, in one direction."""
    payload: int = 0
    segments: int = 0
    acknowledgements: int = 0  # what the other side needs to say for them: one for every two segments of a burst


class WireCounter:
    """Use as a context manager. Connects every client to the server at `port` of loopback."""

    def __init__(self, port):
        self._server_port = port
        self.up, self.down = Traffic(), Traffic()
        self._links = []
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = self._listener.getsockname()[1]
        threading.Thread(target=self._accept, daemon=True).start()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        for end in (self._listener, *self._links):
            _close(end)

    def wire_bytes(self):
        """Both directions together, with the headers of IP and TCP, as a provider counts them."""
        return sum(way.payload + HEADER_BYTES * (way.segments + way.acknowledgements) for way in (self.up, self.down))

    def _accept(self):
        while True:
            try:
                client, _ = self._listener.accept()
                server = socket.create_connection(("127.0.0.1", self._server_port))
            except OSError:
                return
            for end in (client, server):
                end.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            self._links += [client, server]
            for source, sink, traffic in ((client, server, self.up), (server, client, self.down)):
                threading.Thread(target=_carry, args=(source, sink, traffic), daemon=True).start()


def _carry(source, sink, traffic):
    try:
        while data := source.recv(65536):
            segments = -(-len(data) // SEGMENT_BYTES)
            traffic.payload += len(data)
            traffic.segments += segments
            traffic.acknowledgements += -(-segments // 2)
            sink.sendall(data)
    except OSError:
        pass
    _close(sink)


def _close(end):
    try:
        end.shutdown(socket.SHUT_RDWR)
    except OSError:
        pass
    end.close()
