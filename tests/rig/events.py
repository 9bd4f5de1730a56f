"""The events that a gateway recorded, read from its evidence with the contract's own decoder."""
import importlib
import json
import pathlib
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parents[2]
GAP, BUS_DOWN, BUS_BACK, FOREIGN_MASTER = 5, 10, 11, 22
CAUSES = {1: "meter silent", 2: "bus fault", 3: "foreign master", 7: "clean stop", 8: "crash", 11: "configuration", 14: "damaged"}


def decoder(folder):
    """Protobuf's classes, generated into `folder`, and the contract's decoder."""
    if not (folder / "record_pb2.py").exists():
        subprocess.run(["protoc", f"--python_out={folder}", f"--proto_path={ROOT}/gateway/record", "record.proto"], check=True)
    for path in (folder, ROOT / "docs/contract"):
        if str(path) not in sys.path:
            sys.path.insert(0, str(path))
    return importlib.import_module("decode_batch"), importlib.import_module("record_pb2")


def events_of(evidence, folder):
    """All events, oldest first. `evidence` is what `jidian export --format evidence` wrote; `folder` takes generated code."""
    decode_batch, record_pb2 = decoder(pathlib.Path(folder))
    events = []
    for line in evidence.splitlines():
        batch = json.loads(line)
        if batch["stream"] == "event":
            events += decode_batch.decode(bytes.fromhex(batch["bytes"]), None, record_pb2)[1]
    return events


def facts_of(event):
    return {fact.name: fact.value for fact in event.facts}


def causes_of(events, subject):
    """The causes of a meter's own gaps, as words."""
    return {CAUSES.get(event.gap.cause, event.gap.cause) for event in events
            if event.kind == GAP and event.subject == subject}
