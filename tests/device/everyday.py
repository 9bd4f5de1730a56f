"""What a box does when nothing is wrong with it, and what it lets nobody do."""
import pathlib
import re
import socket
import subprocess
import sys

from box import CLOCK_ERROR_MS, METERS, OFF_S, PERIOD_S, Box, utc_ms
from console import ConsoleError
from machine import SERVICE_ADDRESS
from rig.processes import RigError, wait_until
from rig.received import Received

sys.path.append(str(pathlib.Path(__file__).resolve().parents[1] / "package"))
import exposure  # noqa: E402

START_S = 3  # from the service's start to the first record
WATCHDOG_S = 60  # of the unit
RESTARTS_S = 60  # of the service, together
TRIAL_S = 30  # of a new system in these tests
TCP_ALLOWED = {(SERVICE_ADDRESS, "22")}  # beside loopback
UDP_PORTS_ALLOWED = {"67", "68", "546"}  # DHCP's
PROVISIONED = "provisioned.qcow2"
LEAVE_KIB = 200  # on the full disk
TIME_SERVER = "10.0.2.2"  # QEMU's own address at the uplink; nobody answers there
NETWORK_TIME_S = 30  # until chrony knows what the network offers


def first_boot(bench, report):
    """A box as it leaves the house. Its disk, with a site file and without records, is what the other scenarios begin with."""
    with Box(bench, report) as box:
        box.power_on()
        box.wait_shell()
        report.expect("the image boots with the boot loader of Debian", True, f"a shell after {(utc_ms() - box.power_on_ms) / 1000:.0f} s")
        _settled(box)
        state = box.console.must("systemctl show --value -p ActiveState,ConditionResult jidian.service").split()
        report.expect("without a site file the service waits quietly", state[:2] == ["inactive", "no"], " ".join(state))
        failed = box.console.must("systemctl --failed --plain --no-legend").strip()
        report.expect("no unit has failed", not failed, failed or "none")
        size = int(box.console.must("df -B1 --output=size /data | tail -n 1"))
        room = int(box.console.must("part=$(basename \"$(readlink -f /dev/jidian/data)\"); cd /sys/class/block; "
                                    "echo $((512 * ($(cat ${part%?}/size) - $(cat $part/start))))"))
        report.expect("the data take the rest of the disk", size > 0.9 * room, f"{size >> 20} of {room >> 20} MiB")
        options = box.console.must("findmnt -no OPTIONS /").strip()
        report.expect("the root file system is read-only", "ro" in options.split(",") and box.console.run("touch /probe").status != 0, options)
        machine_id = box.console.must("cat /etc/machine-id").strip()
        report.expect("it has an id of its own", re.fullmatch("[0-9a-f]{32}", machine_id), machine_id)
        box.configure()
        box.console.put(f"{TRIAL_S}\n", "/etc/jidian/trial-seconds")
        checked = box.console.run("jidian check")
        report.expect("it takes the site file of these tests", checked.status in (0, 1), (checked.output + checked.errors).strip()[-200:])
        box.console.must("systemctl stop jidian; rm -rf /data/jidian/store; sync")
        box.machine.power_off(box.bench.slowly(OFF_S))
        bench.provisioned = bench.folder / PROVISIONED
        box.disk.path.rename(bench.provisioned)
        bench.provisioned.chmod(0o444)  # nobody writes to it from now on


def _settled(box, seconds=120):
    """Until systemd has nothing more to start."""
    wait_until(lambda: box.console.run("systemctl is-system-running").output.strip() in ("running", "degraded"), seconds,
               "the end of the guest's start", 1)


def everyday(bench, report):
    """One boot: the record begins, the doors are shut, a hung process and a full disk are survived."""
    with Box(bench, report) as box:
        box.begin()
        report.part = "records"
        box.power_on()
        _records(box)
        report.part = "security"
        _security(box)
        report.part = "time_servers"
        _time_servers(box)
        report.part = "hung_process"
        gap_s = _hung_process(box)
        report.part = "full_disk"
        _full_disk(box)
        report.part = "everyday"
        box.expect_clean(box.finish(), gap_s + box.bench.slowly(RESTARTS_S))


def console_lines(box, script):
    return box.console.run(script).output.splitlines()


def _records(box):
    report = box.report
    arrived_s = box.wait_live(since_ms=box.power_on_ms)
    report.expect(f"readings of the line are at the broker, over TLS, {box.bench.boot_s} s after power-on and a commit later",
                  arrived_s <= box.bench.boot_s + 10, f"{arrived_s:.1f} s")
    box.wait_shell()
    first_ms = min(polls[0].start for polls in Received(box.folder / "judge.db", box.folder).polls.values())
    report.expect(f"records of the line begin within {box.bench.boot_s} s after power-on",
                  first_ms - box.power_on_ms <= box.bench.boot_s * 1000, f"{(first_ms - box.power_on_ms) / 1000:.1f} s")
    shown = dict(line.split("=", 1) for line in box.console.must(
        "systemctl show -p ActiveState,ExecMainStartTimestampMonotonic,ActiveEnterTimestampMonotonic,NRestarts jidian.service").split())
    # What the monotonic clock had when UTC was 0, of one and the same instant.
    zero_ms = float(box.console.must("read up rest </proc/uptime; echo $(date +%s%N) $up | awk '{printf \"%.0f\", $1 / 1e6 - $2 * 1e3}'"))
    start_ms = zero_ms + int(shown["ExecMainStartTimestampMonotonic"]) / 1000
    ready_ms = zero_ms + int(shown["ActiveEnterTimestampMonotonic"]) / 1000
    start_s = box.bench.slowly(START_S)
    report.expect(f"the service records within {start_s:.0f} s after its start (READY), and was not restarted",
                  shown["ActiveState"] == "active" and shown["NRestarts"] == "0" and 0 <= ready_ms - start_ms <= start_s * 1000,
                  f"{(ready_ms - start_ms) / 1000:.1f} s, restarts: {shown['NRestarts']}")
    report.expect("its first poll is that of the next slot", first_ms - ready_ms <= (PERIOD_S + start_s) * 1000,
                  f"{(first_ms - ready_ms) / 1000:.1f} s later, slots are {PERIOD_S} s apart")
    cycles = console_lines(box, "journalctl -b -o cat --no-pager | grep -i 'ordering cycle'")
    idle = console_lines(box, "for unit in $(systemctl list-unit-files --state=enabled --no-legend 'jidian-*.path' 'jidian-*.timer' | cut -d' ' -f1); do "
                              "systemctl -q is-active $unit || echo $unit; done")
    report.expect("no unit waits for itself, and all that watches for something does", not cycles and not idle, cycles + idle or "")
    status = box.status()
    silent = [meter["id"] for meter in status["meters"] if not meter["last_good"]]
    report.expect("every meter answers, the record goes on", status["recording"] and len(status["meters"]) == len(METERS) and not silent,
                  f"recording={status['recording']}, silent: {silent or 'none'}")
    asked_ms = utc_ms()
    told_ms = int(box.console.must("date +%s%3N"))
    off_ms = max(asked_ms - told_ms, told_ms - utc_ms(), 0)  # the answer took a while
    report.expect("the guest's clock is as right as the judge takes it to be", off_ms < CLOCK_ERROR_MS, f"{off_ms} ms off at least")


# -- doors ---------------------------------------------------------------------------------------------------------------

def _listeners(box):
    """(protocol, address, port, program) of each socket that waits for somebody."""
    for line in box.console.must("ss -Htulnp").splitlines():
        fields = line.split()
        address, _, port = fields[4].rpartition(":")
        yield fields[0], address.split("%")[0].strip("[]"), port, fields[-1]


def _is_loopback(address):
    return address.startswith("127.") or address in ("::1", "::ffff:127.0.0.1")


def _security(box):
    report, console = box.report, box.console
    open_doors = [one for one in _listeners(box) if not _is_loopback(one[1])
                  and not (one[0] == "tcp" and one[1:3] in TCP_ALLOWED) and not (one[0] == "udp" and one[2] in UDP_PORTS_ALLOWED)]
    heard = [one for one in _listeners(box)]
    report.expect("nothing listens but ssh on the service port, and DHCP", not open_doors and any(one[1:3] in TCP_ALLOWED for one in heard),
                  open_doors or [f"{one[1]}:{one[2]}/{one[0]}" for one in heard])
    rules = console.must("nft list ruleset")
    hooks = dict(re.findall(r"hook (\w+) priority [^;]+; policy (\w+);", rules))
    report.expect("the packet filter drops what no rule allows, in and through", hooks.get("input") == "drop" and hooks.get("forward") == "drop", hooks)
    spoken = [line for line in rules.splitlines() if re.search(r"dport .*22\b", line)]
    report.expect("ssh is let in from the service port alone", spoken and all("service0" in line for line in spoken),
                  [line.strip() for line in spoken])
    spoken = [line.strip() for line in rules.splitlines() if re.search(r"dport .*(546|dhcpv6-client)\b", line)]
    report.expect("answers of DHCPv6 are let in from neighbours alone, and not at the service port", len(spoken) == 2 and all(
        re.match(r'iifname "(uplink0|plant\*)" ip6 saddr fe80::/10 ', line) for line in spoken), spoken)
    known = console.must("awk -F: '$2 !~ /^[!*]/ {print $1}' /etc/shadow").split()
    report.expect("nobody has a password but the service account", set(known) <= {"service"}, known or "nobody")
    words = console.must("cut -d: -f1,3 /etc/passwd").split()
    roots = [word for word in words if word.endswith(":0")]
    report.expect("there is one root", roots == ["root:0"], roots)
    for unit, tenths in exposure.EXPOSURE_MAX.items():  # what the units' own check allows
        analysed = console.run(f"systemd-analyze security --no-pager {unit}", 120)
        found = re.search(r"Overall exposure level for \S+: ([0-9.]+)", analysed.output)
        report.expect(f"the exposure of {unit} is at most {tenths / 10}, by systemd in the guest", found and float(found[1]) <= tenths / 10,
                      found[1] if found else analysed.output[-200:] + analysed.errors[-200:])
    kernel = console.must("cat /proc/$(systemctl show --value -p MainPID jidian)/status")
    report.expect("the gateway has no capability, and a filter of system calls", re.search(r"^CapEff:\s+0+$", kernel, re.M)
                  and re.search(r"^Seccomp:\s+2$", kernel, re.M), re.findall(r"^(?:Uid|CapEff|Seccomp):.*$", kernel, re.M))
    writable = console.run("find / -xdev \\( -path /proc -o -path /sys -o -path /dev \\) -prune -o -type f -perm -o+w -print | head -5", 120)
    report.expect("no file of the system may be written by everybody", not writable.output.strip(), writable.output.strip() or "none")
    _service_port(box)


def _banner(port, seconds=15):
    """What a server says first, or nothing."""
    try:
        with socket.create_connection(("127.0.0.1", port), seconds) as connection:
            connection.settimeout(seconds)
            return connection.recv(100)
    except OSError:
        return b""


def _ssh(box, code, *words, options=(), text=True):
    command = ["sshpass", "-p", code, "ssh", "-o", "StrictHostKeyChecking=no", "-o", "UserKnownHostsFile=/dev/null", "-o", "LogLevel=ERROR",
               "-o", "PubkeyAuthentication=no", "-o", "NumberOfPasswordPrompts=1", "-o", "ConnectTimeout=20", *options,
               "-p", str(box.machine.parts.service_ssh_port), "service@127.0.0.1", *words]
    return subprocess.run(command, capture_output=True, text=text, timeout=120, stdin=subprocess.DEVNULL)


def _service_port(box):
    """The person with a laptop, and the one who only has the network."""
    report, ports = box.report, box.machine.parts
    report.expect("ssh answers at the service port", _banner(ports.service_ssh_port, 30).startswith(b"SSH-2.0"), "")
    report.expect("and not at the uplink", not _banner(ports.uplink_ssh_port), "no banner within 15 s")
    try:
        code = box.console.must("cat /data/service-code").strip()
    except ConsoleError as error:
        report.expect("the code of this box is known to root", False, str(error)[-120:])
        return
    status = _ssh(box, code, "status")
    report.expect("the service account may ask for the status", status.returncode in (0, 1) and "press" in status.stdout,
                  (status.stdout + status.stderr).strip()[-120:])
    bundle = _ssh(box, code, "bundle", text=False)
    packed = subprocess.run(["tar", "--list", "--zstd"], input=bundle.stdout, capture_output=True, check=False).stdout.decode()
    report.expect("a bundle for support comes out of it, with status and log", "/status.json" in packed and "/log.txt" in packed,
                  f"{len(bundle.stdout)} bytes; {' '.join(line.rpartition('/')[2] for line in packed.split())}; {bundle.stderr.decode().strip()[-80:]}")
    wrong = _ssh(box, code + "x", "status")
    report.expect("with a wrong code it may not", wrong.returncode != 0 and "press" not in wrong.stdout, wrong.stderr.strip()[-80:])
    for words in (("id",), ("sh", "-c", "id"), ("status;id",), ("status", "$(id)"), ("export", "--help;", "id"), ("run",)):
        tried = _ssh(box, code, *words)
        report.expect(f"'{' '.join(words)}' is no shell for it", "uid=" not in tried.stdout + tried.stderr, (tried.stdout + tried.stderr).strip()[-80:])
    forwarded = _ssh(box, code, "status", options=("-o", "ExitOnForwardFailure=yes", "-R", "0:127.0.0.1:1"))
    report.expect("it forwards nothing", forwarded.returncode not in (0, 1) or "forwarding" in forwarded.stderr, forwarded.stderr.strip()[-100:])


# -- the time that the network offers -------------------------------------------------------------------------------------

def _time_servers(box):
    """networkd comes to know of a server, as it would by DHCP; chrony asks it until networkd knows of it no longer."""
    report, console, limit_s = box.report, box.console, box.bench.slowly(NETWORK_TIME_S)
    for what, command, wanted in (("a time server that the network offers is asked", f"timedatectl ntp-servers uplink0 {TIME_SERVER}", True),
                                  ("and no longer when it is offered no longer", "timedatectl revert uplink0", False)):
        console.must(command)
        try:
            wait_until(lambda wanted=wanted: (TIME_SERVER in console.run("chronyc -n sources").output) == wanted, limit_s, what, 1)
            report.expect(what, True, "")
        except RigError:
            known = console.run("cat /run/jidian-device/chrony/*.sources; grep ^NTP /run/systemd/netif/links/*")
            report.expect(what, False, known.output + known.errors)


# -- troubles of every day -----------------------------------------------------------------------------------------------

def _hung_process(box):
    """The gateway is stopped as if it hung; systemd's watchdog ends it."""
    pid = box.console.must("systemctl show --value -p MainPID jidian").strip()
    began_ms = utc_ms()
    box.console.must("systemctl kill --signal=SIGSTOP jidian")
    wait_until(lambda: box.console.must("systemctl show --value -p MainPID jidian").strip() not in ("0", pid), box.bench.slowly(2 * WATCHDOG_S),
               "another process of the gateway", 1)
    took_s = (utc_ms() - began_ms) / 1000
    result = box.console.must("journalctl -b -u jidian --no-pager -o cat | grep -i watchdog | tail -n 1").strip()
    box.report.expect(f"systemd ends a hung gateway after its {WATCHDOG_S} s and starts it again", took_s <= WATCHDOG_S + box.bench.slowly(40) and result,
                      f"{took_s:.0f} s; '{result[:60]}'")
    live_s = box.wait_live()
    box.report.expect("it records and sends again", live_s <= box.bench.slowly(30), f"{live_s:.1f} s later")
    return (utc_ms() - began_ms) / 1000


def _full_disk(box):
    """Somebody fills the data."""
    report, console = box.report, box.console
    before = console.must("systemctl show --value -p InvocationID jidian").strip()
    console.must(f"avail=$(df --output=avail /data | tail -n 1); fallocate -l $(((avail - {LEAVE_KIB}) * 1024)) /data/ballast; sync", 120)
    left = console.must("df --output=avail /data | tail -n 1").strip()
    lags = [box.wait_live() for _ in range(4)]
    status = box.status()
    report.expect("on a full disk the record goes on", max(lags) <= box.bench.slowly(15) and status and status["recording"],
                  f"{left} KiB left; new readings after {max(lags):.1f} s at most; status says '{status and status['store']['trouble']}'")
    console.must("systemctl restart jidian", 400)
    lag = box.wait_live()
    report.expect("also behind a restart of the service", lag <= box.bench.slowly(60), f"{lag:.1f} s")
    console.must("rm /data/ballast; sync")
    box.wait_status(lambda status: not status["store"]["trouble"], box.bench.slowly(120), "the end of the store's trouble")
    after = console.must("systemctl show --value -p NRestarts jidian").strip()
    report.expect("with room again all is as before", box.wait_live() <= box.bench.slowly(15), f"started anew by systemd: {after} times; {before[:8]}")


ALL = {"everyday": everyday}
