"""A simulated plant, a broker and a receiver that stay until Ctrl-C, and a site file for them: to try every verb by hand.

Usage: play.py [empty]

`empty`: eight meters on one RS-485 line that the site file does not know yet, to be commissioned.
"""
import pathlib
import signal
import sys
import threading

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))

from rig import sites  # noqa: E402
from rig.chain import ROOT, Chain  # noqa: E402

CABINET = [(2, "chint-dtsu666"), (3, "schneider-iem3155"), (5, "eastron-sdm630"), (7, "siemens-pac3200"), (11, "acrel-adl400"),
           (14, "carlogavazzi-em340"), (17, "chint-pd666"), (21, "eastron-sdm630")]


def cabinet():
    """Eight meters on a line of 9600 baud, each with a load of its own."""
    feeds = [{"id": f"load-{unit}", "kind": "load", "rated": 20000 + 1000 * unit, "initial": 1000 * unit + 37} for unit, _ in CABINET]
    units = [{"unit": unit, "meter": f"m-{unit}", "model": model, "feed": f"load-{unit}", "latency_ms": 20} for unit, model in CABINET]
    return {"name": "cabinet", "feeds": feeds, "lines": [{"id": "rs485-1", "baud": 9600, "units": units}], "tcp": []}


def explain(chain, empty):
    print(f"""A plant, a broker and a receiver run on loopback; all of it lives in {chain.folder} and goes with Ctrl-C.
In another terminal:

    export PATH={chain.program("jidian").parent}:$PATH
    export JIDIAN_PROFILES={ROOT / "config/meters"} JIDIAN_SITE={chain.site_file}
    jidian check
""")
    if empty:
        print("The line rs485-1 has eight meters that the site file does not know; docs/commissioning.md says how to go on.\n"
              "Their name plates:")
        for unit, model in CABINET:
            print(f"    unit {unit:2}  {sites.PROFILES.get(model, model)}")
    else:
        print("    jidian run &\n    jidian status\n    jidian watch\n    jidian read furnace-1\n    jidian tail --seconds 20\n")
    print("\nCtrl-C ends it.", flush=True)


def main():
    if sys.argv[1:] not in ([], ["empty"]):
        sys.exit(f"play: takes 'empty' or nothing, got '{' '.join(sys.argv[1:])}'")
    empty = sys.argv[1:] == ["empty"]
    ended = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, lambda *_: ended.set())
    with Chain() as chain:
        chain.start_plant(cabinet() if empty else "demo")
        chain.start_broker()
        chain.start_judge()
        if empty:
            chain.scenario = {"lines": [{"id": "rs485-1", "baud": 9600, "units": []}]}
        chain.write_site(facilities="" if empty else sites.FOUNDRY_FACILITIES, commit="5s", period="1s", line_period="3s")
        explain(chain, empty)
        while not ended.wait(1.0):
            if not chain.plant.is_running():
                sys.exit(f"play: the plant ended:\n{chain.plant.log()[-2000:]}")


if __name__ == "__main__":
    main()
