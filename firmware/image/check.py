"""What must hold of a root file system and of an image before anybody may have it. Each check gives its complaints."""
import os
import pathlib
import re
import stat
import subprocess

from disk import MIB, SLOT_BYTES

# Programs that give their caller another's rights. The device needs none: nobody has a shell but root.
MAY_SET_ID = set()

ENABLED = ["systemd-networkd.service", "systemd-resolved.service", "nftables.service", "chrony.service", "ssh.socket"]
NEVER_ENABLED = ["ssh.service", "getty@tty1.service", "serial-getty@ttyAMA0.service", "systemd-timesyncd.service"]
TEST_UNIT = "jidian-test-console.service"
PROGRAMS = ["usr/lib/jidian/mount-data", "usr/lib/jidian/note-time", "usr/lib/jidian/make-host-keys", "usr/lib/jidian/ethernet-socket",
            "usr/lib/jidian/service-shell"]
OF_THE_GATEWAY = ["usr/bin/jidian", "usr/lib/jidian/jidian-boot-state", "usr/lib/systemd/system/jidian.service"]
EMPTY = ["var", "tmp", "run", "data", "proc", "sys"]
PRIVATE_KEY = re.compile(rb"^-----BEGIN ([A-Z]+ )?PRIVATE KEY-----$", re.MULTILINE)
AARCH64 = b"\x7fELF\x02\x01"

ROOT_BYTES_MAX = 400 * MIB
IMAGE_BYTES_MAX = 350_000_000
PACKED_BYTES_MAX = 90_000_000
INITRD_BYTES_MAX = 16 * MIB


def every(root):
    for folder, folders, names in os.walk(root):
        for name in folders + names:
            path = pathlib.Path(folder, name)
            yield path, os.lstat(path)


def no_passwords(root):
    for line in (root / "etc/shadow").read_text().splitlines():
        name, secret = line.split(":")[:2]
        if not secret.startswith(("!", "*")):
            yield f"{name} has a password, or needs none"
    for line in (root / "etc/passwd").read_text().splitlines():
        name, secret = line.split(":")[:2]
        if secret != "x":
            yield f"{name} has its password in /etc/passwd"


def modes(root):
    for path, found in every(root):
        name = path.relative_to(root)
        if stat.S_ISLNK(found.st_mode):
            continue
        if found.st_mode & (stat.S_ISUID | stat.S_ISGID) and stat.S_ISREG(found.st_mode) and str(name) not in MAY_SET_ID:
            yield f"/{name} gives its caller another's rights"
        device = stat.S_ISCHR(found.st_mode) or stat.S_ISBLK(found.st_mode)
        if found.st_mode & stat.S_IWOTH and not device and not (stat.S_ISDIR(found.st_mode) and found.st_mode & stat.S_ISVTX):
            yield f"anyone may write /{name}"
        if stat.S_ISREG(found.st_mode) and "security.capability" in os.listxattr(path, follow_symlinks=False):
            yield f"/{name} has capabilities"


def secrets(root):
    """Keys are the box's own, made on it. Public ones may be shipped."""
    for top in ("etc", "usr/lib/jidian", "usr/share/jidian", "boot"):
        for path, found in every(root / top):
            if stat.S_ISREG(found.st_mode) and found.st_size < MIB and PRIVATE_KEY.search(path.read_bytes()):
                yield f"/{path.relative_to(root)} holds a private key"


def is_enabled(root, unit):
    done = subprocess.run(["systemctl", f"--root={root}", "is-enabled", unit], capture_output=True, text=True, check=False)
    return done.stdout.strip() in ("enabled", "enabled-runtime", "alias")


def units(root, test_console, with_gateway):
    for unit in ENABLED + (["jidian.service"] if with_gateway else []):
        if not is_enabled(root, unit):
            yield f"{unit} is not enabled"
    for unit in NEVER_ENABLED:
        if is_enabled(root, unit):
            yield f"{unit} is enabled"
    present = [path for path, _ in every(root / "usr/lib/systemd") if path.name == TEST_UNIT]
    present += [path for path, _ in every(root / "etc/systemd") if path.name == TEST_UNIT]
    if present and not test_console:
        yield "there is a test console"
    if test_console and not is_enabled(root, TEST_UNIT):
        yield "the test console is not enabled"


def files(root, with_gateway):
    for name in PROGRAMS + (OF_THE_GATEWAY if with_gateway else []) + ["boot/vmlinuz", "boot/initrd.img", "etc/nftables.conf"]:
        if not (root / name).exists():
            yield f"/{name} is missing"
    for name in PROGRAMS:
        if (root / name).exists() and not os.access(root / name, os.X_OK):
            yield f"/{name} cannot be executed"
    for name in OF_THE_GATEWAY[:2] if with_gateway else []:
        program = root / name
        if program.exists():
            head = program.read_bytes()[:20]
            if not head.startswith(AARCH64) or head[18:20] != b"\xb7\x00":
                yield f"/{name} is no program for arm64"
    for name in EMPTY:
        if not (root / name).is_dir() or any((root / name).iterdir()):
            yield f"/{name} is not an empty folder"
    if (root / "etc/machine-id").read_text() != "":
        yield "every box would have the same machine id"
    if (root / "etc/apt").exists():
        yield "/etc/apt names where this machine gets its packages"


def sizes(root):
    total = sum(found.st_size for _, found in every(root) if stat.S_ISREG(found.st_mode))
    if total > ROOT_BYTES_MAX:
        yield f"it has {total // MIB} MB, more than {ROOT_BYTES_MAX // MIB}"
    initrd = (root / "boot/initrd.img").stat().st_size if (root / "boot/initrd.img").exists() else 0
    if initrd > INITRD_BYTES_MAX:
        yield f"the initial RAM disk has {initrd // MIB} MB, more than {INITRD_BYTES_MAX // MIB}"


def root(folder, test_console, with_gateway):
    """The complaints about a root file system."""
    return [*no_passwords(folder), *modes(folder), *secrets(folder), *units(folder, test_console, with_gateway),
            *files(folder, with_gateway), *sizes(folder)]


def image(disk, slot):
    """The complaints about a disk image and what is in its slot."""
    complaints = []
    if disk.stat().st_blocks * 512 > IMAGE_BYTES_MAX:
        complaints.append(f"{disk.name} takes {disk.stat().st_blocks * 512 // 1_000_000} MB, more than {IMAGE_BYTES_MAX // 1_000_000}")
    packed = pathlib.Path(f"{disk}.zst").stat().st_size
    if packed > PACKED_BYTES_MAX:
        complaints.append(f"packed it has {packed // 1_000_000} MB, more than {PACKED_BYTES_MAX // 1_000_000}: an update would have too")
    if slot.stat().st_size > SLOT_BYTES:
        complaints.append("the root file system does not fit its slot")
    table = subprocess.run(["sfdisk", "--json", disk], capture_output=True, text=True, check=False).stdout
    for label in ("boot", "state", "rootfs-a", "rootfs-b", "data"):
        if f'"name": "{label}"' not in table and f'"name":"{label}"' not in table.replace(" ", ""):
            complaints.append(f"there is no partition {label}")
    return complaints
