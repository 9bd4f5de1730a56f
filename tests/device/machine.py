"""The box: QEMU's board `virt` with U-Boot, a disk, an RS-485 line, two network ports and a hardware watchdog.

The guest reaches one thing outside: the broker, at BROKER of its uplink. kill() is the power cut: what the guest has not
flushed is lost with its page cache, and with QEMU's own tables of the disk.
"""
import pathlib
import signal
from dataclasses import dataclass, field

from console import Console
from qmp import Qmp, QmpError
from rig.processes import Process, RigError, free_port, wait_until

BOOT_LOADER = pathlib.Path("/usr/lib/u-boot/qemu_arm64/u-boot.bin")
BROKER = ("10.0.2.100", 8883)  # as the guest sees it
UPLINK_ADDRESS = "10.0.2.15"  # what QEMU's DHCP server gives first
SERVICE_NETWORK, SERVICE_ADDRESS, LAPTOP_ADDRESS = "192.168.99.0/24", "192.168.99.1", "192.168.99.2"
SERIAL_PORT = "/dev/ttyS0"  # of the line, in the guest
MEMORY_MIB, CORES = 1024, 2


@dataclass
class Parts:
    """What a machine is put together of. Ports are of the host's loopback."""
    disk: pathlib.Path  # qcow2
    folder: pathlib.Path  # for sockets and logs
    line: str = ""  # the terminal of the RS-485 line's other end
    broker_port: int = 0
    service_ssh_port: int = 0
    uplink_ssh_port: int = 0
    clock: str = ""  # of the board at power-on, as 1970-01-01T00:00:00; else the host's
    read_only_disks: list = field(default_factory=list)  # raw, in this order behind the first

    @property
    def console_path(self):
        return self.folder / "console.sock"

    @property
    def monitor_path(self):
        return self.folder / "monitor.sock"

    @property
    def serial_log(self):
        return self.folder / "serial.log"


def command_of(parts):
    """QEMU's command line."""
    command = ["qemu-system-aarch64", "-nodefaults", "-no-user-config", "-display", "none",
               "-M", "virt", "-cpu", "cortex-a53", "-smp", str(CORES), "-m", str(MEMORY_MIB), "-accel", "tcg,thread=multi",
               "-bios", str(BOOT_LOADER)]
    command += ["-chardev", f"socket,id=monitor,path={parts.monitor_path},server=on,wait=off", "-mon", "monitor,mode=control"]
    command += ["-chardev", f"file,id=serial,path={parts.serial_log},append=on", "-serial", "chardev:serial"]
    command += _disk("disk", parts.disk, "qcow2", "off")
    for number, path in enumerate(parts.read_only_disks):
        command += _disk(f"extra{number}", path, "raw", "on")
    command += _networks(parts)
    # hvc0 is nobody's; the shell of the test image is on hvc1.
    command += ["-device", "virtio-serial-pci", "-chardev", "null,id=unused", "-device", "virtconsole,chardev=unused",
                "-chardev", f"socket,id=console,path={parts.console_path},server=on,wait=off",
                "-device", "virtconsole,chardev=console"]
    if parts.line:
        command += ["-chardev", f"serial,id=line,path={parts.line}", "-device", "pci-serial,chardev=line"]
    command += ["-device", "i6300esb", "-action", "watchdog=reset", "-device", "qemu-xhci,id=usb"]
    command += ["-rtc", f"base={parts.clock or 'utc'}"]
    return command


def _disk(name, path, form, read_only):
    return ["-drive", f"if=none,id={name},file={path},format={form},readonly={read_only},cache=writeback",
            "-device", f"virtio-blk-pci,drive={name},serial={name}"]


def _networks(parts):
    uplink, service = "user,id=uplink,restrict=on", f"user,id=service,restrict=on,net={SERVICE_NETWORK},host={LAPTOP_ADDRESS}"
    if parts.broker_port:
        uplink += f",guestfwd=tcp:{BROKER[0]}:{BROKER[1]}-cmd:socat - TCP:127.0.0.1:{parts.broker_port}"
    if parts.uplink_ssh_port:
        uplink += f",hostfwd=tcp:127.0.0.1:{parts.uplink_ssh_port}-{UPLINK_ADDRESS}:22"
    if parts.service_ssh_port:
        service += f",hostfwd=tcp:127.0.0.1:{parts.service_ssh_port}-{SERVICE_ADDRESS}:22"
    return ["-netdev", uplink, "-device", "virtio-net-pci,romfile=,netdev=uplink,mac=52:54:00:00:00:01",
            "-netdev", service, "-device", "virtio-net-pci,romfile=,netdev=service,mac=52:54:00:00:00:02"]


class Machine:
    """Use as a context manager; power_on() begins. One at a time lives on a disk."""

    def __init__(self, parts):
        self.parts = parts
        parts.folder.mkdir(parents=True, exist_ok=True)
        parts.service_ssh_port = parts.service_ssh_port or free_port()
        parts.uplink_ssh_port = parts.uplink_ssh_port or free_port()
        self._process = None
        self.console = self.monitor = None

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.kill()

    def power_on(self):
        """Returns as soon as the board runs."""
        for path in (self.parts.console_path, self.parts.monitor_path):
            path.unlink(missing_ok=True)
        self._process = Process("qemu", command_of(self.parts), self.parts.folder / "qemu.log")
        wait_until(self._is_there, 30, "the start of QEMU")
        try:
            self.monitor = Qmp(self.parts.monitor_path)
            self.console = Console(self.parts.console_path)
        except (QmpError, OSError) as error:
            raise RigError(f"QEMU does not answer after its start: {error}: {self._process.log()[-1000:]}") from error

    def _is_there(self):
        if not self._process.is_running():
            raise RigError(f"QEMU ended at its start: {self._process.log()[-1000:]}")
        return self.parts.console_path.exists() and self.parts.monitor_path.exists()

    def is_running(self):
        return self._process is not None and self._process.is_running()

    def wait_shell(self, seconds):
        self.console.wait_shell(seconds, self.is_running)

    def kill(self):
        """The power is cut."""
        if self.is_running():
            self._process.kill()
        self._close()

    def power_off(self, seconds=120):
        """The guest shuts down by itself, as when it is told to."""
        self.console.tell("systemctl poweroff")
        wait_until(lambda: not self.is_running(), seconds, "the guest's shutting down", 0.2)
        self._close()

    def send(self, number):
        """A signal to QEMU: SIGSTOP holds the whole box, the clock of its board included."""
        self._process.send(number)

    def resume(self):
        self.send(signal.SIGCONT)

    def _close(self):
        for line in (self.console, self.monitor):
            if line is not None:
                line.__exit__()
        if self.console is not None:
            with open(self.parts.folder / "console.log", "ab") as log:
                log.write(self.console.log)
        self.console = self.monitor = self._process = None

    def serial(self):
        """What boot loader and kernel said."""
        return self.parts.serial_log.read_bytes().decode(errors="replace") if self.parts.serial_log.exists() else ""
