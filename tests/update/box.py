"""A box without a device: the scripts of firmware/update/root as they are, in a root of their own, with stand-ins for the boot loader's
state, systemd, RAUC and the gateway. What the scripts read is what those say; what they did is what those noted.

Needs root, for a mount namespace and chroot.
"""
import json
import os
import pathlib
import re
import shutil
import subprocess
import tempfile

TREE = pathlib.Path(__file__).resolve().parents[2]
SCRIPTS = TREE / "firmware/update/root/usr/lib/jidian"

# The boot state as the agreed calls have it; a file of "name=value" lines. What is listed in test/boot-fails cannot be done.
BOOT_STATE = """#!/bin/sh
state=/test/boot
get() { sed -n "s/^$1=//p" $state; }
set_to() { sed -i "s/^$1=.*/$1=$2/" $state; }
tries() { if [ "$1" = good ]; then echo 8; else echo "$2"; fi; }
ok() { if [ "$(get "$1")" = good ]; then echo 1; else echo 0; fi; }
echo "boot-state $*" >>/test/log
! grep -qsx "$1" /test/boot-fails || { echo "$1: input/output error" >&2; exit 1; }
case $1 in
  get-current) get current ;;
  get-primary) get primary ;;
  set-primary) set_to primary "$2"; set_to "$2_left" "$(tries "$(get "$2")" 3)" ;;
  get-state) get "$2" ;;
  set-state) set_to "$2" "$3"; set_to "$2_left" "$(tries "$3" 0)" ;;
  show)
    first=$(get primary)
    echo "order=$first $(echo ab | tr -d "$first")"
    for slot in a b; do printf '%s_left=%s\n%s_ok=%s\n' $slot "$(get ${slot}_left)" $slot "$(ok $slot)"; done
    ;;
esac
"""

# The unit's properties and the gateway's status are taken from the list of looks: one line a look, the last one stays.
SYSTEMCTL = """#!/bin/sh
echo "systemctl $*" >>/test/log
case $1 in
  show) sed -n "s/^$4=//p" /test/unit ;;
  is-system-running) cat /test/running 2>/dev/null || echo running ;;
esac
"""
JIDIAN = """#!/bin/sh
case $1 in
  --version) exit 0 ;;
  status) cat /test/status 2>/dev/null || exit 3 ;;
esac
"""
# Time passes when somebody sleeps, ten times as fast as he thinks: the test's clock goes on, and what the box does next happens.
# Who sleeps behind a restart does not wake up.
SLEEP = """#!/bin/sh
! grep -q "systemctl reboot" /test/log || { kill -TERM $PPID; exit; }
now=$(($(cut -d. -f1 /test/uptime) + $1 * 10))
echo "$now.00 0.00" >/test/uptime
[ ! -x /test/happens ] || /test/happens "$now"
[ "$now" -lt 100000 ] || { echo "it waits for ever" >&2; kill -TERM $PPID; }
"""
# RAUC: reads what the test laid down, and calls the handlers as RAUC does.
RAUC = """#!/bin/sh
echo "rauc $*" >>/test/log
case $1 in
  info)
    [ -f /test/bundle/manifest.raucm ] || { echo "signature verification failed: Verify error" >&2; exit 1; }
    echo "RAUC_MF_VERSION='$(sed -n s/^version=//p /test/bundle/manifest.raucm)'"
    ;;
  install)
    export RAUC_BUNDLE_MOUNT_POINT=/test/bundle
    out=$(/usr/lib/jidian/update-gate) || { echo "LastError: Installation error: Pre-install handler error: ${out#<< error }"; exit 1; }
    /usr/lib/jidian/jidian-boot-state set-state "$(cat /test/target)" bad
    [ ! -x /test/during ] || /test/during || { echo "LastError: Installation error: dm-verity: block 17 is corrupted"; exit 1; }
    /usr/lib/jidian/jidian-boot-state set-primary "$(cat /test/target)"
    /usr/lib/jidian/update-done
    ;;
esac
"""

# For test/happens: a gateway that records.
GATEWAY_RECORDS = '#!/bin/sh\nprintf \'{"recording":true,"store":{"readings_recorded":%s}}\\n\' "$(cut -d. -f1 /test/uptime)" >/test/status\n'


class Box:
    def __init__(self, version="1.4.0", slot="a"):
        self.folder = tempfile.TemporaryDirectory(prefix="jidian-box-")
        self.root = pathlib.Path(self.folder.name)
        for name in ("data/rauc", "data/jidian", "etc/jidian", "run", "tmp", "proc", "sys/class/watchdog/watchdog0", "dev", "test/bundle",
                     "host", "usr/sbin", "usr/lib/jidian", "var/lib", "run/jidian-device", "proc/1"):
            (self.root / name).mkdir(parents=True)
        for name in ("bin", "lib", "lib64"):
            (self.root / name).symlink_to(f"usr/{name}")
        # Programs are this machine's, but for the stand-ins: /usr/sbin is looked in first.
        for name in ("bin", "lib64"):
            (self.root / "usr" / name).symlink_to(f"/host/usr/{name}")
        (self.root / "var/lib/jidian").symlink_to("/data/jidian")
        for entry in pathlib.Path("/usr/lib").iterdir():
            if entry.name != "jidian":
                (self.root / "usr/lib" / entry.name).symlink_to(f"/host/usr/lib/{entry.name}")
        for name in ("null", "urandom"):
            (self.root / "dev" / name).symlink_to(f"/host/dev/{name}")
        for script in SCRIPTS.iterdir():
            shutil.copy2(script, self.root / "usr/lib/jidian" / script.name)
        for path, text in (("usr/lib/jidian/jidian-boot-state", BOOT_STATE), ("usr/sbin/systemctl", SYSTEMCTL), ("usr/sbin/jidian", JIDIAN),
                           ("usr/sbin/sleep", SLEEP), ("usr/sbin/rauc", RAUC)):
            self.program(path, text)
        self.release(version)
        self.boot_state(slot, primary=slot)
        self.put("test/uptime", "10.00 0.00\n")
        self.put("test/unit", "ActiveState=active\nNRestarts=0\nInvocationID=1\nResult=success\n")
        self.put("etc/jidian/site.toml", "")
        self.put("sys/class/watchdog/watchdog0/bootstatus", "0\n")

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.folder.cleanup()

    def put(self, path, text):
        (self.root / path).write_text(text, encoding="utf-8")

    def read(self, path):
        file = self.root / path
        return file.read_text(encoding="utf-8") if file.exists() else ""

    def program(self, path, text):
        self.put(path, text)
        (self.root / path).chmod(0o755)

    def release(self, version):
        self.put("etc/os-release", f'ID=debian\nVERSION_ID="{version}"\n')

    def boot_state(self, current, primary="a", a="good", b="good"):
        left = {"good": 8, "bad": 0}
        self.put("test/boot", f"current={current}\nprimary={primary}\na={a}\nb={b}\na_left={left[a]}\nb_left={left[b]}\n")
        self.put("test/target", "b" if current == "a" else "a")

    def boot(self, name):
        return dict(line.split("=") for line in self.read("test/boot").splitlines())[name]

    def boot_fails(self, *verbs):
        """Calls of the boot state that end with an error from now on."""
        self.put("test/boot-fails", "".join(f"{verb}\n" for verb in verbs))

    def set_boot(self, **values):
        text = self.read("test/boot")
        for name, value in values.items():
            text = re.sub(f"^{name}=.*$", f"{name}={value}", text, flags=re.MULTILINE)
        self.put("test/boot", text)

    def keep_nothing(self):
        """From now on nothing that is written to the data reaches the disk."""
        self.program("usr/sbin/sync", "#!/bin/sh\nexit 1\n")

    def bundle(self, version):
        self.put("test/bundle/manifest.raucm",
                 f"[update]\ncompatible=jidian-arm64-virt\nversion={version}\n\n[bundle]\nformat=verity\n\n[image.rootfs]\nfilename=rootfs.img\n")
        self.put("tmp/new.raucb", "bundle")

    def status(self, readings, recording=True):
        """What the gateway says of itself; None: it does not answer."""
        if readings is None:
            (self.root / "test/status").unlink(missing_ok=True)
        else:
            self.put("test/status", json.dumps({"recording": recording, "store": {"readings_recorded": readings, "commits": 1}},
                                               separators=(",", ":")) + "\n")

    def run(self, *command, stdin=b"", timeout=60):
        """Runs it in there; gives code, and what it said."""
        inside = ("mount --rbind / \"$0/host\" && mount --bind \"$0/test/uptime\" \"$0/proc/uptime\" 2>/dev/null; exec chroot \"$0\" \"$@\"")
        (self.root / "proc/uptime").touch()
        done = subprocess.run(["unshare", "--mount", "sh", "-c", inside, str(self.root), *command], input=stdin, capture_output=True,
                              timeout=timeout, env={"PATH": "/usr/sbin:/usr/bin:/sbin:/bin"})
        return done.returncode, (done.stdout + done.stderr).decode(errors="replace")

    def update(self, *arguments, **options):
        return self.run("/usr/lib/jidian/update", *arguments, **options)

    def booted(self, slot):
        """The boot loader took a try away from `slot` and started it: the scripts of the start run, and the gateway does not answer yet."""
        self.status(None)
        self.put("test/log", self.read("test/log").replace("systemctl reboot\n", ""))
        self.set_boot(**{"current": slot, f"{slot}_left": max(0, int(self.boot(f"{slot}_left")) - 1)})
        code, said = self.run("/usr/lib/jidian/update-boot")
        assert code == 0, said
        return said

    def judged(self):
        return self.run("/usr/lib/jidian/health")

    @property
    def record(self):
        """What the gateway reads."""
        text = self.read("data/jidian/update.json")
        return json.loads(text) if text else None

    @property
    def states(self):
        return [step["state"] for step in self.record["steps"]] if self.record else []

    @property
    def log(self):
        return self.read("test/log").splitlines()

    def restarted(self):
        return "systemctl reboot" in self.log


def installed(box, version="1.5.0", *, recorded=True):
    """The box has an update in its other slot, and readings came (or did not) meanwhile."""
    box.status(100)
    box.bundle(version)
    if recorded:
        box.program("test/during", '#!/bin/sh\nsed -i s/100/160/ /test/status\n')
    code, said = box.update("install", "/tmp/new.raucb")
    assert code == 0, said
    assert "recorded=" + ("yes" if recorded else "no") in box.read("data/rauc/update.steps")


def on_trial(box, **options):
    installed(box, **options)
    box.booted("b")
    box.release("1.5.0")
    assert box.states == ["installing", "installed", "trying"], box.states


def note(box, line):
    with open(box.root / "data/rauc/update.steps", "a", encoding="ascii") as file:
        file.write(line + "\n")
