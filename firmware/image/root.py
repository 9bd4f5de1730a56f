"""The root file system of one slot: Debian's half unpacked, pruned, and what lies in the repository laid over it."""
import fnmatch
import os
import pathlib
import re
import shutil
import stat
import subprocess
import sys

import base
from steps import Failure, HERE, TOP, chroot, run

OVERLAYS = [HERE / "root", TOP / "firmware/update/root", TOP / "firmware/first-boot/root"]
TEST_CONSOLE = HERE / "test-console"

# Folders that are emptied: what they hold is made at every start, or read by nobody.
EMPTIED = ["var", "usr/share/man", "usr/share/info", "usr/share/locale", "usr/share/zoneinfo/right", "usr/share/zoneinfo/posix",
           "usr/lib/udev/hwdb.d", "usr/share/pixmaps", "usr/share/perl5/debconf", "tmp", "run", "root", "usr/share/bug", "media", "mnt", "srv", "home"]
REMOVED = ["etc/udev/hwdb.bin", "usr/lib/udev/hwdb.bin", "etc/ssh/ssh_host_*", "etc/machine-id", "etc/resolv.conf", "etc/motd", "etc/update-motd.d",
           "etc/cron.*", "etc/apt", "etc/logrotate.d", "boot/System.map-*", "boot/config-*", "etc/*-", "usr/share/polkit-1",
           "lib/systemd/system-generators/systemd-getty-generator", "etc/systemd/network", "opt", ".dockerenv"]
LINKS = {"etc/resolv.conf": "/run/systemd/resolve/stub-resolv.conf", "etc/systemd/network": "/etc/jidian/network",
         "etc/mtab": "../proc/self/mounts"}
MOUNT_POINTS = ["data", "var", "tmp", "run", "dev", "proc", "sys", "etc/jidian"]


def unpack(tar, root):
    if root.exists():
        shutil.rmtree(root)
    root.mkdir(parents=True)
    run(["tar", "--extract", "--numeric-owner", "--xattrs", "--xattrs-include=*", "--file", tar, "--directory", root],
        "the Debian half could not be unpacked")


def overlay(source, root):
    """Copies a folder as it lies: folders and programs 0755, files 0644, everything root's. Modes of the checkout decide nothing but x."""
    for path in sorted(source.rglob("*")):
        target = root / path.relative_to(source)
        # Debian 12 has /lib inside /usr.
        if path.is_symlink():
            target.unlink(missing_ok=True)
            target.symlink_to(os.readlink(path))
        elif path.is_dir():
            if not target.exists():
                target.mkdir()
                target.chmod(0o755)
        else:
            target.unlink(missing_ok=True)
            shutil.copyfile(path, target)
            target.chmod(0o755 if path.stat().st_mode & 0o100 else 0o644)


def join_groups(root):
    """Groups that packages made: `service` may read the journal."""
    path = root / "etc/group"
    text, count = re.subn(r"^(systemd-journal:.*:)(.*)$", lambda row: row[1] + ",".join(filter(None, [row[2], "service"])),
                          path.read_text(), flags=re.MULTILINE)
    if count != 1:
        raise Failure("there is no group systemd-journal in the image")
    path.write_text(text)


def install_package(root, package):
    """The gateway's own package, by dpkg, so that its users, units and checks are those of any Debian."""
    inside = root / "tmp/jidian.deb"
    shutil.copyfile(package, inside)
    # The users are there already, with fixed numbers; nothing of the device's overlay is to run yet.
    chroot(root, ["dpkg", "--install", "/tmp/jidian.deb"],
           f"the package {package.name} could not be installed; does firmware/image/packages.txt lack a library?")
    inside.unlink()


def prune_modules(root):
    """Removes the kernel modules that modules.txt does not keep and no kept one needs. Gives the kernel's version."""
    versions = sorted((root / "lib/modules").iterdir())
    if len(versions) != 1:
        raise Failure(f"the image must have one kernel, and has {len(versions)}: {', '.join(v.name for v in versions)}")
    folder = versions[0]
    chroot(root, ["depmod", folder.name], "depmod failed before the modules were pruned")
    needs = {}
    for line in (folder / "modules.dep").read_text().splitlines():
        module, _, rest = line.partition(":")
        needs[module] = rest.split()
    patterns = base.names(HERE / "modules.txt")
    used = {pattern: False for pattern in patterns}
    kept = set()
    for module, others in needs.items():
        hits = [p for p in patterns if fnmatch.fnmatch(module.removeprefix("kernel/"), p)]
        for pattern in hits:
            used[pattern] = True
        if hits:
            kept.update([module, *others])
    idle = [pattern for pattern, has_hit in used.items() if not has_hit]
    if idle:
        raise Failure(f"firmware/image/modules.txt keeps modules that this kernel has not got: {', '.join(idle)}")
    for module in needs.keys() - kept:
        (folder / module).unlink()
    for path, _, _ in os.walk(folder, topdown=False):
        if not os.listdir(path):
            os.rmdir(path)
    chroot(root, ["depmod", folder.name], "depmod failed after the modules were pruned")
    return folder.name


def prune(root):
    for name in EMPTIED:
        folder = root / name
        if folder.is_dir():
            for path in folder.iterdir():
                remove(path)
    for pattern in REMOVED:
        for path in root.glob(pattern):
            remove(path)
    for path in (root / "usr").rglob("__pycache__"):
        remove(path)


def drop_rights(root):
    """No program gives its caller another's rights: nobody has a shell but root."""
    for folder, _, names in os.walk(root):
        for name in names:
            path = pathlib.Path(folder, name)
            mode = path.lstat().st_mode
            if stat.S_ISREG(mode) and mode & (stat.S_ISUID | stat.S_ISGID):
                path.chmod(stat.S_IMODE(mode) & ~(stat.S_ISUID | stat.S_ISGID))


def remove(path):
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)


def make_initrd(root, kernel):
    """The RAM disk out of what the overlay says, and plain names for boot.scr."""
    for folder in ("tmp", "var/tmp"):
        (root / folder).mkdir(parents=True, exist_ok=True)
    shutil.rmtree(root / "var/lib/initramfs-tools", ignore_errors=True)
    (root / "var/lib/initramfs-tools").mkdir(parents=True)
    (root / "dev").mkdir(exist_ok=True)
    chroot(root, ["mkinitramfs", "-o", "/boot/initrd.img", kernel], "the initial RAM disk could not be made")
    for path in list((root / "boot").iterdir()):
        if path.name == f"vmlinuz-{kernel}":
            path.rename(root / "boot/vmlinuz")
        elif path.name != "initrd.img":
            path.unlink()
    for name in ("vmlinuz", "vmlinuz.old", "initrd.img", "initrd.img.old"):
        (root / name).unlink(missing_ok=True)


def unit_rows(test_console):
    files = [HERE / "units.txt"]
    if test_console:
        files.append(TEST_CONSOLE / "units.txt")
    for file in files:
        for line in file.read_text().splitlines():
            words = line.split("#")[0].split()
            if words:
                yield words[0], words[1]
    for folder in OVERLAYS[1:]:
        listed = folder.parent / "units.enabled"
        if listed.exists():
            yield from (("enable", unit) for unit in base.names(listed))


def set_units(root, test_console):
    for verb, unit in unit_rows(test_console):
        run(["systemctl", f"--root={root}", verb, "--quiet", unit], f"systemctl could not {verb} {unit} in the image")


def write_release(root, version, build_id):
    path = root / "usr/lib/os-release"
    kept = [line for line in path.read_text().splitlines() if not re.match("(PRETTY_NAME|NAME|VERSION|VERSION_ID|ID|ID_LIKE|BUILD_ID|VARIANT|"
                                                                          "VERSION_CODENAME|[A-Z]*_URL)=", line)]
    lines = ['NAME="Jidian"', "ID=jidian", "ID_LIKE=debian", f'VERSION="{version}"', f"VERSION_ID={version}", f"BUILD_ID={build_id}",
             f'PRETTY_NAME="Jidian {version}"']
    path.write_text("\n".join(lines + kept) + "\n")


def lay_keyring(root):
    """What updates of this box must be signed with."""
    keys = TOP / "firmware/update/keys.py"
    if not keys.exists():
        return
    done = subprocess.run([sys.executable, keys, "keyring"], stdout=subprocess.PIPE, text=True, check=False)
    if done.returncode != 0:
        raise Failure("there is no keyring for updates (above)")
    target = root / "etc/rauc/keyring.pem"
    target.parent.mkdir(exist_ok=True)
    shutil.copyfile(done.stdout.strip(), target)
    target.chmod(0o644)


def finish(root):
    for name in ("var", "tmp", "run"):
        for path in (root / name).iterdir():
            remove(path)
    for name in MOUNT_POINTS:
        (root / name).mkdir(exist_ok=True)
    for name, target in LINKS.items():
        path = root / name
        remove(path)
        path.symlink_to(target)
    (root / "etc/machine-id").touch(0o444)
    (root / "root").mkdir(mode=0o700, exist_ok=True)
    # Not a single old password, nor its date.
    for name in ("passwd-", "group-", "shadow-", "gshadow-"):
        (root / "etc" / name).unlink(missing_ok=True)


def make(folder, tar, package, version, build_id, test_console=False):
    """The folder that becomes the root file system. Takes a minute; made anew each time, so nothing old can stay in it."""
    root = folder / "root"
    base.may_run_foreign()
    unpack(tar, root)
    licences = folder / "dpkg"
    shutil.rmtree(licences, ignore_errors=True)
    join_groups(root)
    kernel = prune_modules(root)
    if package is not None:
        install_package(root, package)
    # What was installed, for the bill of materials.
    shutil.copytree(root / "var/lib/dpkg", licences, symlinks=True, ignore=shutil.ignore_patterns("*.list", "triggers", "updates", "parts"))
    for source in OVERLAYS:
        if source.is_dir():
            overlay(source, root)
    lay_keyring(root)
    if test_console:
        overlay(TEST_CONSOLE / "root", root)
    make_initrd(root, kernel)
    prune(root)
    drop_rights(root)
    finish(root)
    set_units(root, test_console)
    write_release(root, version, build_id)
    return root
