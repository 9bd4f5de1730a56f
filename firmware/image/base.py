"""The Debian half of the device: a tar of the packages in packages.txt, made once and kept until what decides it changes.

Packages come from where this machine's own apt gets them. Nothing of the gateway is in it."""
import hashlib
import json
import pathlib
import re
import subprocess

from steps import Failure, HERE, run

RELEASE = "bookworm"
ARCHITECTURE = "arm64"

# Everyone may read why a package may be shipped; nobody reads manuals on the device.
LEFT_OUT = ["/usr/share/man/*", "/usr/share/info/*", "/usr/share/doc/*", "/usr/share/locale/*", "/usr/share/lintian/*",
            "/usr/share/bash-completion/*", "/usr/share/zsh/*", "/usr/share/bug/*", "/usr/share/polkit-1/*"]
KEPT = ["/usr/share/doc/*/copyright", "/usr/share/doc/jidian/*"]

# Numbers of users who own something on the data partition: they must outlive every update, whatever Debian would count out.
USERS = {"_chrony": (810, "/var/lib/chrony", "/usr/sbin/nologin", []),
         "jidian": (800, "/var/lib/jidian", "/usr/sbin/nologin", ["jidian-read", "jidian-operate", "dialout"]),
         "service": (805, "/run/service", "/usr/lib/jidian/service-shell", ["jidian-read", "jidian-operate", "dialout"])}
GROUPS = {"jidian-read": 801, "jidian-operate": 802}


def names(path):
    """The packages a list names: first words of its lines, without comments and versions."""
    lines = (line.split("#")[0].strip() for line in path.read_text().splitlines())
    return [line.split()[0] for line in lines if line]


def wanted():
    return names(HERE / "packages.txt")


def sources():
    """What apt on this machine knows of the release, its updates and its security fixes, as lines of a sources.list."""
    rows = subprocess.run(["apt-get", "indextargets", "--format", "$(REPO_URI)|$(RELEASE)|$(COMPONENT)", "Created-By: Packages"],
                          capture_output=True, text=True, check=True).stdout.split()
    for row in sorted(set(rows)):
        address, release, component = row.split("|")
        if re.fullmatch(RELEASE + "(-updates|-security)?", release):
            yield f"deb {address} {release} {component}"


def key():
    """Changes with everything that decides what is in the tar, but for what Debian publishes: remove build/image/base-* for that."""
    decided = [RELEASE, ARCHITECTURE, wanted(), LEFT_OUT, KEPT, user_hook()]
    return hashlib.sha256(json.dumps(decided).encode()).hexdigest()[:12]


def may_run_foreign():
    """Has the kernel run programs of arm64 through QEMU; in a container, binfmt_misc may have to be mounted first."""
    register = pathlib.Path("/proc/sys/fs/binfmt_misc")
    if not (register / "register").exists():
        subprocess.run(["mount", "-t", "binfmt_misc", "binfmt_misc", register], capture_output=True, check=False)
    if not (register / "qemu-aarch64").exists():
        subprocess.run(["update-binfmts", "--enable", "qemu-aarch64"], capture_output=True, check=False)
    if not (register / "qemu-aarch64").exists():
        raise Failure("this kernel does not run arm64 programs: mount binfmt_misc at /proc/sys/fs/binfmt_misc and run "
                      "`update-binfmts --enable qemu-aarch64`")


def user_lines():
    """Lines for passwd and group. No one has a password; the package passwd moves the marks of that into the shadow files."""
    users = [f"{name}:!:{number}:{number}::{home}:{shell}" for name, (number, home, shell, _) in USERS.items()]
    groups = [f"{name}:!:{number}:" for name, (number, *_) in USERS.items()]
    for name, number in GROUPS.items():
        groups.append(f"{name}:!:{number}:" + ",".join(user for user, row in USERS.items() if name in row[3]))
    return users, groups


def user_hook():
    """Runs in mmdebstrap once /etc/passwd is there and before any package makes a user."""
    users, groups = user_lines()
    steps = [f"echo '{line}' >> \"$1/etc/passwd\"" for line in users] + [f"echo '{line}' >> \"$1/etc/group\"" for line in groups]
    debian_groups = {group for row in USERS.values() for group in row[3]} - GROUPS.keys()
    for group in sorted(debian_groups):
        members = ",".join(user for user, row in USERS.items() if group in row[3])
        steps.append(f"sed -i 's/^{group}:.*:$/&{members}/' \"$1/etc/group\"")
    # The RAM disk is made anew later, with what is in the repository. The kernel's package makes one all the same: a small one.
    steps += ["mkdir -p \"$1/etc/initramfs-tools/conf.d\"", "echo MODULES=list > \"$1/etc/initramfs-tools/conf.d/jidian\"",
              "echo update_initramfs=no > \"$1/etc/initramfs-tools/update-initramfs.conf\""]
    return " && ".join(steps)


def make(folder):
    """The tar, made if it is not there yet."""
    tar = folder / f"base-{key()}.tar"
    if tar.exists():
        return tar
    lines = list(sources())
    if not any(f" {RELEASE} " in line for line in lines):
        raise Failure(f"apt on this machine knows no source of {RELEASE}: add one and run apt-get update")
    may_run_foreign()
    for left in folder.glob("base-*.draft"):  # by a build that was ended
        left.unlink()
    draft = tar.with_suffix(".draft")
    rules = [f"--dpkgopt=path-exclude={path}" for path in LEFT_OUT] + [f"--dpkgopt=path-include={path}" for path in KEPT]
    run(["mmdebstrap", "--variant=essential", "--mode=root", "--format=tar", f"--architectures={ARCHITECTURE}",
         f"--include={','.join(wanted())}", "--dpkgopt=force-confold", "--aptopt=Acquire::Retries \"3\"", *rules,
         f"--essential-hook={user_hook()}", RELEASE, draft, *lines],
        "mmdebstrap could not install Debian's packages of arm64", log=folder / "base.log")
    draft.rename(tar)
    for old in folder.glob("base-*.tar"):
        if old != tar:
            old.unlink()
    return tar
