"""The main job before your eyes: a foundry's eight meters are read, recorded, published, confirmed and checked.

In the middle the broker goes away for ten seconds, and the gateway is killed without warning. Needs no terminal; leaves
no process and no file behind.
"""
import json
import pathlib
import signal
import sys
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))

from rig import sites  # noqa: E402
from rig.chain import Chain  # noqa: E402
from rig.processes import RigError, wait_until  # noqa: E402

STARTED = time.monotonic()


def say(text):
    print(f"\n[{time.monotonic() - STARTED:5.1f} s] {text}", flush=True)


def show(text):
    for line in text.rstrip().splitlines():
        print(f"    {line}", flush=True)


def watch(chain, seconds):
    """The live table, every few seconds."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        show(chain.jidian("watch", "--rounds", "1").stdout.replace("Next: jidian read METER shows every point of one meter\n", ""))
        time.sleep(max(0.0, min(5.0, end - time.monotonic())))


def set_up(chain):
    say("A foundry: furnace, moulding line, bag filter, VOC device, compressor, transformer, a product counter, gas.\n"
        "          Four meters on an RS-485 line at 9600 baud, four over Modbus/TCP.")
    chain.start_plant("demo", at_hour=10)
    say("Certificates made on the spot; a broker that accepts nobody without one; the receiving side with its own database.")
    chain.start_broker()
    chain.start_judge()
    chain.write_site(facilities=sites.FOUNDRY_FACILITIES, commit="5s", live="1s", period="1s", line_period="3s")
    show(chain.jidian("check").stdout)
    chain.start_gateway()
    wait_until(lambda: '"meters":{}' not in chain.jidian("watch", "--rounds", "1", "--json").stdout, 20, "the first reading")
    say("The gateway records. What it sees:")


def go_through_trouble(chain):
    say("The broker goes away for 10 s. Polling and recording go on.")
    chain.broker.stop(signal.SIGTERM)
    watch(chain, 9)
    show(chain.jidian("status").stdout)
    chain.restart_broker()
    say("The broker is back.")
    chain.wait_drained(60)
    say("Everything that was recorded meanwhile is confirmed. Now kill -9 of the gateway, in full flight.")
    chain.gateway.kill()
    chain.start_gateway()
    say("Started again. What it missed it has declared as a gap with its cause; the verdict below counts it. Now it records:")
    watch(chain, 12)


def summarise(chain):
    chain.wait_drained(60)
    show(chain.jidian("status").stdout)
    until_ms = chain.finish_gateway()
    chain.judge.stop()
    chain.plant.stop()
    store = json.loads(chain.jidian("verify", "--json").stdout)
    recorded = sum(entry["batches"] for entry in store["chains"])
    verdict = chain.audit("--until-ms", until_ms)
    say(f"Recorded {recorded} batches, {len(store['findings'])} findings in the store's hash chains; "
        f"{recorded - verdict['batches']} batches of its last stop wait for the next start.")
    show(chain.audit_text("--until-ms", until_ms))
    return verdict["clean"] and not store["findings"]


def stop(*_):
    """So that whoever stops the demonstration finds nothing left behind."""
    print("\nStopped; everything that was started is stopped and removed.", flush=True)
    sys.exit(1)


def main():
    if len(sys.argv) > 1:
        sys.exit(f"demo: takes no arguments, got '{sys.argv[1]}'")
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, stop)
    print("Jidian, end to end: meters -> SQLite -> MQTT 5 over mutual TLS -> receiver -> checked against the truth")
    with Chain(tls=True) as chain:
        chain.certificate_days = 90  # fewer than 30 are a finding
        try:
            set_up(chain)
            watch(chain, 20)
            go_through_trouble(chain)
            clean = summarise(chain)
        except RigError as error:
            say(f"The demonstration failed: {error}")
            for process in (chain.gateway, chain.judge, chain.broker, chain.plant):
                if process is not None:
                    print(f"--- {process.name}")
                    show(process.log()[-3000:])
            return 1
    return 0 if clean else 1


if __name__ == "__main__":
    sys.exit(main())
