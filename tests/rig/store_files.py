"""What a gateway's store holds, read from copies of its files with SQLite itself and none of the gateway's code."""
import hashlib
import pathlib
import shutil
import sqlite3
import tempfile

STREAMS = {"event": 1, "interval": 2, "reading": 3}


def epoch_files(folder):
    """The files of the epochs, oldest first."""
    return sorted(pathlib.Path(folder).glob("epoch-*.db"))


def batches(folder):
    """All that is committed: {(epoch, stream, seq): (sha256, readings)}. Call it while nobody writes; what cannot be read is
    left out."""
    found = {}
    with tempfile.TemporaryDirectory() as copies:
        for file in epoch_files(folder):
            copy = pathlib.Path(copies) / file.name
            shutil.copy(file, copy)
            if pathlib.Path(f"{file}-wal").exists():
                shutil.copy(f"{file}-wal", f"{copy}-wal")
            found |= _batches_of(copy, int(file.stem.rsplit("-", 1)[1], 16))
    return found


def _batches_of(file, epoch):
    found = {}
    with sqlite3.connect(file) as database:
        for name, stream in STREAMS.items():
            for seq, readings, content in _rows_of(database, name):
                found[epoch, stream, seq] = hashlib.sha256(content).hexdigest(), readings if stream == 3 else 0
    database.close()
    return found


def _rows_of(database, log):
    """All rows that can be read; behind a damaged page one by one."""
    ask = f"SELECT seq, readings, bytes FROM {log}"
    try:
        return database.execute(f"{ask} ORDER BY seq").fetchall()
    except sqlite3.DatabaseError:
        pass
    try:
        last = database.execute(f"SELECT seq FROM {log} ORDER BY seq DESC LIMIT 1").fetchone()
    except sqlite3.DatabaseError:
        return []
    rows = []
    for seq in range(1, last[0] + 1 if last else 1):
        try:
            rows += database.execute(f"{ask} WHERE seq=?", (seq,))
        except sqlite3.DatabaseError:
            continue
    return rows


def received(judge_db):
    """All that the judge holds: {(epoch, stream, seq): sha256}."""
    with sqlite3.connect(f"file:{judge_db}?mode=ro", uri=True, timeout=20) as database:
        rows = database.execute("SELECT epoch, stream, seq, sha256 FROM batch").fetchall()
    database.close()
    return {(epoch % 2**64, stream, seq): digest for epoch, stream, seq, digest in rows}


def conflicts(judge_db):
    """What the judge rejected as conflicts: {((epoch, stream, seq), sha256)}."""
    with sqlite3.connect(f"file:{judge_db}?mode=ro", uri=True, timeout=20) as database:
        rows = database.execute("SELECT epoch, stream, seq, sha256 FROM conflict").fetchall()
    database.close()
    return {((epoch % 2**64, stream, seq), digest) for epoch, stream, seq, digest in rows}


def arrivals(judge_db, since_ms):
    """Reading batches that arrived since then: (when they arrived in UTC ms, bytes), oldest first."""
    with sqlite3.connect(f"file:{judge_db}?mode=ro", uri=True, timeout=20) as database:
        rows = database.execute("SELECT received_ms, bytes FROM batch WHERE stream=3 AND received_ms>=? ORDER BY received_ms",
                                (since_ms,)).fetchall()
    database.close()
    return rows
