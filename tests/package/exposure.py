"""exposure.py [UNIT…]: the gate for what the services may reach, by systemd-analyze, which needs no running systemd.

The gate is a list for each unit: every check of systemd-analyze that it does not pass stands here with its reason, and none else
may fail. A figure beside it keeps the whole in view, in tenths as systemd-analyze takes it."""
import fnmatch
import json
import pathlib
import subprocess
import sys

from checks import Broken, expect

SYSTEM = pathlib.Path(__file__).resolve().parents[2] / "firmware/system"
EXPOSURE_MAX = {"jidian.service": 15, "jidian-clock.service": 7}

NEEDED = {
    "jidian.service": {
        "SystemCallFilter_privileged": "chown, which gives the socket to the group that the site file names",
        "PrivateNetwork": "meters and destinations are in the network",
        "RestrictAddressFamilies_AF_INET_INET6": "likewise",
        "IPAddressDeny": "their addresses stand in the site file",
        "RestrictAddressFamilies_AF_UNIX": "the local interface and systemd's own socket",
        "PrivateUsers": "users and groups at the local socket have to be told apart",
        "PrivateDevices": "meters are behind serial ports",
        "DeviceAllow": "serial ports, and what ProtectClock= allows: reading the hardware clock",
        "ProcSubset": "boot id and load stand beside the processes in /proc",
        "RootDirectoryOrRootImage": "libraries are those of the system, so that they are updated with it",
    },
    "jidian-clock.service": {
        "ProtectClock": "forbids to ask for the clock's state, which is what this service is for",
        "SystemCallFilter_clock": "adjtimex is asked; setting takes CAP_SYS_TIME",
        "SystemCallFilter_privileged": "adjtimex again",
        "RestrictAddressFamilies_AF_UNIX": "systemd's own socket",
        "PrivateUsers": "a kernel without user namespaces would not start it",
        "UMask": "what it writes is no secret, and its reader may be made another user's",
        "RootDirectoryOrRootImage": "libraries are those of the system, so that they are updated with it",
    },
}
# Classes of /proc/devices: built in, of processors, and of adapters; and what is no serial port.
SERIAL, OTHERS = ("ttyS", "ttyAMA", "ttymxc", "ttyO", "ttyUSB", "ttyACM"), ("tty", "pts", "vcs", "mem", "input")
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


def check_serial(unit):
    """Raises Broken with a sentence unless the unit may use every serial port and nothing beside."""
    allowed = [line.partition("=char-")[2].removesuffix(" rw") for line in unit.read_text().splitlines() if line.startswith("DeviceAllow=")]
    for name in (*SERIAL, *OTHERS):
        may = any(fnmatch.fnmatchcase(name, pattern) for pattern in allowed)
        expect(may == (name in SERIAL), f"{unit}: DeviceAllow= is to {'allow' if name in SERIAL else 'forbid'} the class {name}")


def check_unit(unit):
    """Raises Broken with a sentence unless the unit is as closed as it is meant to be."""
    said = directives(unit.read_text())
    for name, value in NONE.items():
        expect(said.get(name) == value, f"{unit} has {name}={said.get(name)}, and it is to be {name}={value}")
    needed, found = NEEDED[unit.name], exposed(unit)
    for name, what in found.items():
        expect(name in needed, f"{unit}: {name} is open and nothing says why: {what}")
    for name in needed:
        expect(name in found, f"{unit} closes {name} now: take it from the list, after the service was tried with it")
    tenths = EXPOSURE_MAX[unit.name]
    expect(within(unit, tenths), f"{unit}: the exposure is above {tenths / 10}")


def check(*units):
    """The units that have a list here, or the ones given."""
    for unit in units or [SYSTEM / name for name in NEEDED]:
        expect(unit.name in NEEDED, f"{unit}: there is no list of what it needs")
        if unit.name == "jidian.service":
            check_serial(unit)
        check_unit(unit)


def main(arguments):
    try:
        check(*map(pathlib.Path, arguments))
    except Broken as broken:
        print(f"exposure: {broken}")
        return 1
    for name, tenths in EXPOSURE_MAX.items():
        print(f"exposure: {name} at most {tenths / 10}; {len(NEEDED[name])} checks are open, each for a reason")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
