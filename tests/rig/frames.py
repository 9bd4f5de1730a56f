"""Modbus frames that a master may send, taken apart byte by byte. Written from the standard, not from the gateway."""
import collections

READS = (1, 2, 3, 4)
REPORT_SERVER_ID = 17
READ_IDENTIFICATION = 43
ALLOWED = (*READS, REPORT_SERVER_ID, READ_IDENTIFICATION)


class Forbidden(Exception):
    """Bytes that are no complete frame with an allowed function."""


def crc16(data):
    crc = 0xFFFF
    for byte in data:
        crc ^= byte
        for _ in range(8):
            crc = crc >> 1 ^ 0xA001 if crc & 1 else crc >> 1
    return crc


def _length_of(function, data, at):
    """Bytes from the function to the last one before the checksum."""
    if function in READS:
        return 5
    if function == REPORT_SERVER_ID:
        return 1
    if function == READ_IDENTIFICATION:
        return 4
    raise Forbidden(f"function {function} at byte {at}: {bytes(data[at:at + 16]).hex()}")


def _check_body(body):
    if body[0] == READ_IDENTIFICATION and body[1:3] != b"\x0e\x01":
        raise Forbidden(f"function 43 for something else than the basic identification: {body.hex()}")
    if body[0] in READS:
        count, most = int.from_bytes(body[3:5], "big"), 2000 if body[0] < 3 else 125
        if not 1 <= count <= most or int.from_bytes(body[1:3], "big") + count > 0x10000:
            raise Forbidden(f"a read that the standard does not allow: {body.hex()}")


def functions_of_rtu(data):
    """How often each function stands in a stream of RTU requests."""
    counts = collections.Counter()
    at = 0
    while at < len(data):
        if at + 2 > len(data):
            raise Forbidden(f"half a frame at byte {at}")
        end = at + 1 + _length_of(data[at + 1], data, at) + 2
        frame = bytes(data[at:end])
        if len(frame) != end - at or crc16(frame[:-2]) != int.from_bytes(frame[-2:], "little"):
            raise Forbidden(f"no complete frame at byte {at}: {frame.hex()}")
        _check_body(frame[1:-2])
        counts[frame[1]] += 1
        at = end
    return counts


def functions_of_tcp(data):
    """How often each function stands in a stream of Modbus/TCP requests."""
    counts = collections.Counter()
    at = 0
    while at < len(data):
        if at + 8 > len(data):
            raise Forbidden(f"half a frame at byte {at}")
        length = _length_of(data[at + 7], data, at)
        frame = bytes(data[at:at + 7 + length])
        if frame[2:4] != b"\0\0" or int.from_bytes(frame[4:6], "big") != 1 + length or len(frame) != 7 + length:
            raise Forbidden(f"no complete frame at byte {at}: {frame.hex()}")
        _check_body(frame[7:])
        counts[frame[7]] += 1
        at += len(frame)
    return counts
