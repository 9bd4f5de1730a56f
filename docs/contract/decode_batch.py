"""Reads a batch with nothing but protobuf's generated classes and zstd: the contract's decoder, to be translated.

    protoc --python_out=. --proto_path=../../gateway/record record.proto
    python3 decode_batch.py BATCH [MANIFEST]

BATCH and MANIFEST are files of bytes as they came. Without MANIFEST only event batches can be read. telemetry.md explains
each step.
"""
import hashlib
import struct
import subprocess
import sys

NO_VALUE = {1, 2, 3, 4}  # the qualities of a reading that has no value
UNSIGNED, SIGNED, FLOAT32, FLOAT64 = range(4)
ALL_ONES = 2**64 - 1


def crc32c(data):
    crc = 0xFFFFFFFF
    for byte in data:
        crc ^= byte
        for _ in range(8):
            crc = crc >> 1 ^ (0x82F63B78 if crc & 1 else 0)
    return crc ^ 0xFFFFFFFF


def open_batch(data, pb):
    """The message of a batch and its body's bytes, checked."""
    if data[:1] != b"\x08" or data[1:2] != b"\x01":
        raise ValueError("not a batch of format 1")
    if data[2] != 0x15 or struct.unpack("<I", data[3:7])[0] != crc32c(data[7:]):
        raise ValueError("CRC mismatch")
    batch = pb.Batch.FromString(data)
    if batch.body_size > 2**19:
        raise ValueError("body too large")
    body = batch.body
    if batch.compression == pb.ZSTD:
        body = subprocess.run(["zstd", "-dc"], input=body, stdout=subprocess.PIPE, check=True).stdout
    elif batch.compression != pb.NONE:
        raise ValueError("unknown compression")
    if len(body) != batch.body_size:
        raise ValueError("body size mismatch")
    return batch, body


def expand(pairs, count, usual):
    """A list of `count` codes from (code, length) pairs; all `usual` if there are none."""
    codes = [code for code, length in zip(pairs[::2], pairs[1::2]) for _ in range(length)] if pairs else [usual] * count
    assert len(codes) == count
    return codes


def unfold(number):
    return (number >> 1) ^ -(number & 1)


def read_columns(counts, readings):
    """The columns of a body, each a list of 64-bit numbers."""
    shapes = [(shape >> 4, shape & 15) for shape in readings.shapes]
    assert len(shapes) == len(counts)
    heads = [min(order, count) for (order, _), count in zip(shapes, counts)]
    residuals = [[0] * (count - head) for count, head in zip(counts, heads)]
    at = 0
    for width in range(1, 9):
        for plane in range(width):
            for (_, own_width), column in zip(shapes, residuals):
                if own_width == width:
                    for i in range(len(column)):
                        column[i] |= readings.planes[at] << 8 * plane
                        at += 1
    assert at == len(readings.planes)
    columns, head = [], iter(readings.heads)
    for (order, _), count, column in zip(shapes, counts, residuals):
        values = [next(head)] if count else []
        step = 0
        if order == 2 and count > 1:
            step = next(head)
            values.append(values[0] + step)
        for residual in map(unfold, column):
            step = step + residual if order == 2 else residual
            values.append(values[-1] + step)
        columns.append([value & ALL_ONES for value in values])
    assert next(head, None) is None
    return columns


def bits_of(ordered, type_):
    """The meter's own 64 bits of an ordered integer."""
    if type_ == FLOAT32:
        return (ordered ^ 0x7FFFFFFF if ordered >> 31 & 1 else ordered) & 0xFFFFFFFF
    if type_ == FLOAT64:
        return ordered ^ 0x7FFFFFFFFFFFFFFF if ordered >> 63 else ordered
    return ordered


def value_of(bits, type_):
    """The number that the bits are, before exponent and ratios."""
    if type_ == SIGNED:
        return bits - 2**64 if bits >> 63 else bits
    if type_ == FLOAT32:
        return struct.unpack("<f", struct.pack("<I", bits))[0]
    if type_ == FLOAT64:
        return struct.unpack("<d", struct.pack("<Q", bits))[0]
    return bits


def points_of(manifest, meter):
    return manifest.point_lists[manifest.meters[meter].point_list].points


def read_polls(readings, clock, manifest):
    plans, counts = [], []
    for block in readings.blocks:
        points = points_of(manifest, block.meter)
        assert block.points == len(points) and block.polls > 0
        codes = expand(block.quality_runs, block.polls * block.points, 0)
        qualities = [codes[i * block.points:(i + 1) * block.points] for i in range(block.polls)]
        empty = [all(code in NO_VALUE for code in row) for row in qualities]
        causes = iter(expand(block.cause_runs, sum(empty), 1))
        plans.append((block, points, qualities, expand(block.clock_runs, block.polls, clock),
                      [next(causes) if none else None for none in empty]))
        counts += [block.polls] * 3
        counts += [sum(row[k] not in NO_VALUE for row in qualities) for k in range(block.points)]
    columns = iter(read_columns(counts, readings))
    polls = []
    for block, points, qualities, clocks, causes in plans:
        slots, starts, ends = next(columns), next(columns), next(columns)
        values = [iter(next(columns)) for _ in points]
        for i in range(block.polls):
            start = slots[i] + starts[i] & ALL_ONES
            samples = [(bits_of(next(values[k]), points[k].type) if code not in NO_VALUE else 0, code)
                       for k, code in enumerate(qualities[i])]
            early = [[point, start + ms] for poll, point, ms in zip(*[iter(block.early)] * 3) if poll == i]
            polls.append({"meter": block.meter, "slot": slots[i], "start": start, "end": start + ends[i] & ALL_ONES,
                          "clock": clocks[i], "cause": causes[i], "samples": samples, "early": early})
    return polls


def read_rows(intervals, manifest):
    rows = []
    for row in intervals.rows:
        points = []
        for k, point in enumerate(points_of(manifest, row.meter)):
            entry = lambda numbers: numbers[k] if numbers else 0
            is_float = point.type in (FLOAT32, FLOAT64)
            least, first = entry(row.least), entry(row.first)
            total = entry(row.sum) + (0 if is_float else entry(row.samples) * least)
            as_bits = lambda number: bits_of(number & ALL_ONES, point.type)
            points.append({"samples": entry(row.samples), "least": as_bits(least),
                           "most": as_bits(least + entry(row.spread)), "sum": total & ALL_ONES,
                           "first": as_bits(first), "last": as_bits(first + entry(row.step)),
                           "first_at": row.start_ms + entry(row.first_after_ms),
                           "last_at": row.start_ms + entry(row.last_after_ms), "quality": entry(row.qualities)})
        rows.append({"meter": row.meter, "start": row.start_ms, "length_s": row.length_s, "made": row.polls_made,
                     "expected": row.polls_expected, "points": points})
    return rows


def amounts_of(manifest, kind, index):
    """The columns of the aggregate rows of a facility (1), an account (2) or the site (3)."""
    if kind == 1:
        return manifest.facilities[index].amounts
    return manifest.site.accounts[index].amounts if kind == 2 else manifest.site.amounts


def read_aggregates(intervals, manifest):
    rows = []
    for row in intervals.aggregates:
        end = row.start_ms + 1000 * row.length_s
        peak = lambda name: [getattr(row, name).value, end + getattr(row, name).until_ms] if row.HasField(name) else None
        count = len(amounts_of(manifest, row.kind, row.index))
        rows.append({"kind": row.kind, "index": row.index, "start": row.start_ms, "length_s": row.length_s,
                     "shift": row.shift, "made": row.polls_made, "expected": row.polls_expected,
                     "covered_s": row.covered_s, "amounts": list(row.amounts) or [0] * count,
                     "marks": list(row.marks) or [0] * count,
                     "from": None if row.no_counts else row.start_ms + row.from_ms,
                     "until": None if row.no_counts else end + row.until_ms,
                     "state_ms": list(row.state_ms) or [0] * 5, "state": row.state, "starts": row.starts,
                     "peak": peak("peak"), "month_peak": peak("month_peak")})
    return rows


def content_of(header, data):
    """What names a batch's content for ever, to take it once: its original's key and hash, or the batch's own."""
    if header.HasField("copy_of"):
        return header.gateway, header.copy_of.epoch, header.stream, header.copy_of.seq, header.copy_of.sha256
    return header.gateway, header.epoch, header.stream, header.seq, hashlib.sha256(data).digest()


def decode(data, manifest, pb):
    """(header, content) of a batch; content is a list of polls, rows or events."""
    batch, body = open_batch(data, pb)
    if batch.header.stream == pb.EVENT:
        return batch.header, list(pb.Events.FromString(body).events)
    if batch.header.stream == pb.INTERVAL:
        intervals = pb.Intervals.FromString(body)
        return batch.header, read_rows(intervals, manifest) + read_aggregates(intervals, manifest)
    return batch.header, read_polls(pb.Readings.FromString(body), batch.header.clock, manifest)


if __name__ == "__main__":
    import record_pb2

    with open(sys.argv[1], "rb") as batch_file:
        batch_bytes = batch_file.read()
    manifest_message = None
    if len(sys.argv) > 2:
        with open(sys.argv[2], "rb") as manifest_file:
            manifest_message = record_pb2.Manifest.FromString(manifest_file.read())
    batch_header, content = decode(batch_bytes, manifest_message, record_pb2)
    print(batch_header)
    print("content", "%s %016x/%d/%d %s" % (*content_of(batch_header, batch_bytes)[:4],
                                            content_of(batch_header, batch_bytes)[4].hex()))
    for item in content:
        print(item)
