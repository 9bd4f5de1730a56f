"""What the release binary takes while it reads 400 readings a second from a simulated plant and publishes them: memory,
processor time, and how long a link that died without a word holds up what was published on it."""
import json
import pathlib
import statistics
import sys
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))

from rig.chain import Chain  # noqa: E402
from rig.processes import wait_until  # noqa: E402
from rig.proxy import MqttProxy  # noqa: E402

POINTS = {"eastron-sdm630": '["voltage_ln.l*", "current.l*", "active_power.l*", "apparent_power.l*", '
                            '"reactive_power.l*", "power_factor.l*", "frequency", "active_energy_import.total"]'}
WARM_UP_S = 15
LOAD_S = 30
FREEZES = 3


def tell(figure, samples, unit):
    """One figure, as tests/bench/figure.hpp prints it."""
    spread = f"  ({min(samples):.3f} … {max(samples):.3f} in {len(samples)})" if len(samples) > 1 else ""
    print(f"{figure:<36} {statistics.median(samples):13.3f} {unit}{spread}")
    print(json.dumps({"figure": figure, "unit": unit, "samples": samples}), flush=True)


def after_commit(chain):
    """Waits for the next commit; the readings recorded by then and the processor time so far."""
    recorded = chain.status()["store"]["readings_recorded"]
    more = wait_until(lambda: (now := chain.status()["store"]["readings_recorded"]) > recorded and now, 30, "a commit", 0.2)
    return more, chain.gateway.cpu_seconds()


def measure_load(chain):
    """Memory each second of a settled run, and the processor time of all of it."""
    time.sleep(WARM_UP_S)
    recorded, cpu = after_commit(chain)
    resident = []
    for _ in range(LOAD_S):
        time.sleep(1)
        resident.append(chain.gateway.resident_kib() * 1024 / 1e6)
    recorded_then, cpu_then = after_commit(chain)
    tell("gateway.resident", resident, "MB")
    tell("gateway.resident_peak", [chain.gateway.resident_peak_kib() * 1024 / 1e6], "MB")
    tell("gateway.cpu_per_reading", [(cpu_then - cpu) / (recorded_then - recorded) * 1e6], "us/reading")
    print(f"  {recorded_then - recorded} readings, {cpu_then - cpu:.2f} s of processor time")


def measure_half_open(chain, proxy):
    """Seconds from the first publish that a dead link swallows to the same bytes on another link."""
    took = []
    for _ in range(FREEZES):
        chain.wait_drained(60)
        begin = len(proxy.published)
        proxy.freeze()
        lost = wait_until(lambda: next((p for p in proxy.published[begin:] if p.frozen), None), 30, "a publish")
        again = wait_until(lambda: next((p for p in proxy.published[begin:] if p.link > lost.link
                                         and p.payload == lost.payload), None), 90, "sending it again")
        took.append(again.at - lost.at)
    tell("uplink.half_open_resend", took, "s")


def main():
    with Chain() as chain:
        chain.start_plant("load20")
        chain.start_broker()
        chain.start_judge()
        with MqttProxy(chain.port) as proxy:
            chain.write_site(points=POINTS, uplinks=[chain.uplink(url=f"mqtt://127.0.0.1:{proxy.port}",
                                                                  receipt_timeout="60s")])
            chain.start_gateway()
            print("# the release binary: 20 TCP meters x 20 float readings at 1 s, local API on, one uplink")
            measure_load(chain)
            measure_half_open(chain, proxy)


if __name__ == "__main__":
    main()
