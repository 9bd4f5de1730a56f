"""exposure.py [UNIT]: the gate for what the service may reach, by systemd-analyze, which needs no running systemd.

The gate is a list: every check of systemd-analyze that the unit does not pass stands here with its reason, and none else may fail.
Two figures beside it keep the whole in view, in tenths as systemd-analyze takes them. The second is of the unit without the right
to ask the kernel for the state of its clock: systemd counts that as if the clock could be set, which takes a capability that
the service has not got."""
import json
import pathlib
import subprocess
import sys
import tempfile

from checks import Broken, expect

UNIT = pathlib.Path(__file__).resolve().parents[2] / "firmware/system/jidian.service"
EXPOSURE_MAX = 19
EXPOSURE_MAX_BESIDE_THE_CLOCK = 15

CLOCK = {
    "ProtectClock": "forbids to ask whether the clock is synchronised, too: readings would have an unknown clock",
    "SystemCallFilter_clock": "adjtimex is asked for that; setting takes CAP_SYS_TIME",
    "SystemCallFilter_privileged": "adjtimex again, and chown, which gives the socket to its group",
}
NEEDED = CLOCK | {
    "PrivateNetwork": "meters and destinations are in the network",
    "RestrictAddressFamilies_AF_INET_INET6": "likewise",
    "IPAddressDeny": "their addresses stand in the site file",
    "RestrictAddressFamilies_AF_UNIX": "the local interface and systemd's own socket",
    "PrivateUsers": "users and groups at the local socket have to be told apart",
    "PrivateDevices": "meters are behind serial ports",
    "DeviceAllow": "serial ports, nothing else",
    "ProcSubset": "boot id and load stand beside the processes in /proc",
    "RootDirectoryOrRootImage": "libraries are those of the system, so that they are updated with it",
}
NONE = {"CapabilityBoundingSet": "", "NoNewPrivileges": "yes", "DevicePolicy": "closed",
        "ProtectSystem": "strict", "MemoryDenyWriteExecute": "yes", "User": "jidian"}


def directives(text):
    """The last value of each directive of [Service]."""
    service = text.partition("[Service]")[2].partition("\n[")[0]
    pairs = (line.split("=", 1) for line in service.splitlines() if "=" in line and not line.startswith("#"))
    return {name: value for name, value in pairs}


def analyse(unit, *options):
    return subprocess.run(["systemd-analyze", "security", "--offline=yes", "--no-pager", *options, str(unit)],
                          capture_output=True, text=True, timeout=120)


def exposed(unit):
    """The checks that the unit does not pass, by name."""
    answer = analyse(unit, "--json=short", "--threshold=100")
    expect(answer.returncode == 0, f"systemd-analyze could not judge {unit}: {answer.stderr.strip()}")
    return {check["json_field"]: check["description"] for check in json.loads(answer.stdout) if check.get("exposure")}


def within(unit, tenths):
    """Whether the exposure of the unit is at most that many tenths."""
    return analyse(unit, f"--threshold={tenths}").returncode == 0


def without_the_clock(text):
    lines = [line for line in text.splitlines()
             if not (line.startswith("SystemCallFilter=") and "adjtimex" in line)]
    expect(len(lines) == len(text.splitlines()) - 1, "the unit has no line of its own any more that allows adjtimex")
    return "\n".join(lines).replace("[Install]", "ProtectClock=yes\nSystemCallFilter=chown fchownat\n\n[Install]") + "\n"


def check(unit=UNIT):
    """Raises Broken with a sentence unless the unit is as closed as it is meant to be."""
    text = pathlib.Path(unit).read_text()
    said = directives(text)
    for name, value in NONE.items():
        expect(said.get(name) == value, f"{unit} has {name}={said.get(name)}, and it is to be {name}={value}")
    found = exposed(unit)
    for name, what in found.items():
        expect(name in NEEDED, f"{unit}: {name} is open and nothing says why: {what}")
    for name in NEEDED:
        expect(name in found, f"{unit} closes {name} now: take it from the list, after the gateway was tried with it")
    expect(within(unit, EXPOSURE_MAX), f"{unit}: the exposure is above {EXPOSURE_MAX / 10}")
    with tempfile.TemporaryDirectory() as folder:
        beside = pathlib.Path(folder) / "jidian.service"
        beside.write_text(without_the_clock(text))
        expect(within(beside, EXPOSURE_MAX_BESIDE_THE_CLOCK),
               f"{unit}: the exposure is above {EXPOSURE_MAX_BESIDE_THE_CLOCK / 10}, the clock left aside")


def main(arguments):
    try:
        check(*map(pathlib.Path, arguments[:1]))
    except Broken as broken:
        print(f"exposure: {broken}")
        return 1
    print(f"exposure: at most {EXPOSURE_MAX / 10}, and {EXPOSURE_MAX_BESIDE_THE_CLOCK / 10} the clock left aside; "
          f"{len(NEEDED)} checks are open, each for a reason")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
