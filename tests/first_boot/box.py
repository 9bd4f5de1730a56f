"""A folder that plays the root of a box, and programs that play what only a real box has."""
import hashlib
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile
import unittest

TOP = pathlib.Path(__file__).resolve().parents[2]
SCRIPTS = TOP / "firmware/first-boot/root/usr/lib/jidian"
JIDIAN = pathlib.Path(sys.argv.pop(1)).resolve() if len(sys.argv) > 1 and not sys.argv[1].startswith("-") else TOP / "build/dev/gateway/app/jidian"

# Each notes how it was called. What mount mounts is the folder that the device's file names: a copy, so that what a script changes
# while it is read-only is seen. Where the stick is write-protected it cannot be mounted otherwise.
PLAYED = {
    "mount": """
case "$*" in
  *remount,ro*) exit 0 ;;
  *remount,rw*) [ ! -e "$BOX/write-protected" ] || exit 32; touch "$BOX/writable"; exit 0 ;;
  --bind*) exit 0 ;;
esac
[ "$2" = "$(cat "$BOX/filesystem")" ] || exit 32
cp -aT "$(cat "$5")" "$6" && cp -aT "$6" "$BOX/before" && cat "$5" >"$BOX/mounted"
""",
    "umount": """
[ -e "$BOX/mounted" ] || exit 32
if [ -e "$BOX/writable" ]; then
  stick=$(cat "$BOX/mounted")
  rm -rf "$stick" && cp -aT "$1" "$stick"
fi
find "$1" -mindepth 1 -delete
rm -rf "$BOX/mounted" "$BOX/writable" "$BOX/before"
""",
    "hostname": 'if [ $# -gt 0 ]; then echo "$1" >"$BOX/hostname"; else cat "$BOX/hostname" 2>/dev/null || echo localhost; fi\n',
    "chronyc": "",
    "networkctl": "",
    "systemctl": 'case "$1" in is-active) [ -e "$BOX/running" ] ;; esac\n',
    "jidian": 'if [ "$1" = reload ]; then exit "$(cat "$BOX/reload" 2>/dev/null || echo 0)"; fi\nexec {jidian} "$@"\n',
    # The owner of files is the test's user here.
    "getent": "exit 2\n",
}

SITE = """[gateway]
id = "{gateway}"
[site]
credit_code = "91350100M000100Y43"
name = "{name}"
region = "130100"
industry = "C3391"
[[bus]]
id = "plc"
kind = "tcp"
host = "127.0.0.1"
[[meter]]
id = "plc-1"
bus = "plc"
unit = 1
[meter.registers]
carrier = "none"
table = "holding"
points = [{{ name = "pieces", address = 4, type = "u32", unit = "pcs" }}]
[[facility]]
id = "press"
kind = "production"
meters = ["plc-1"]
[[uplink]]
id = "province"
url = "mqtts://broker.example.org"
"""


def site(gateway="foundry-1", name="Foundry", more=""):
    return SITE.format(gateway=gateway, name=name) + more


class Authority:
    """Issues real certificates, with the openssl command."""

    def __init__(self, folder, name="ca"):
        self.folder = folder
        self.key, self.pem = folder / f"{name}.key", folder / f"{name}.pem"
        self._openssl("req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "30", "-subj",
                      f"/CN={name}", "-keyout", self.key, "-out", self.pem)

    @staticmethod
    def _openssl(*arguments):
        return subprocess.run(["openssl", *map(str, arguments)], check=True, capture_output=True, timeout=60).stdout

    def issue(self, request, days=365):
        asked, issued = self.folder / "asked.csr", self.folder / "issued.crt"
        asked.write_text(request)
        self._openssl("x509", "-req", "-days", days, "-in", asked, "-CA", self.pem, "-CAkey", self.key, "-CAcreateserial", "-out", issued)
        return issued.read_text()


class BoxTest(unittest.TestCase):
    def setUp(self):
        temporary = tempfile.TemporaryDirectory()
        self.addCleanup(temporary.cleanup)
        self.folder = pathlib.Path(temporary.name)
        self.root = self.folder / "root"
        for name in ("data", "dev", "etc/jidian/credentials", "etc/jidian/network", "run/jidian-device/chrony", "run/jidian-import/in",
                     "run/jidian-import/out"):
            (self.root / name).mkdir(parents=True)
        (self.root / "etc/machine-id").write_text("0123456789abcdef0123456789abcdef\n")
        (self.root / "etc/shadow").write_text("root:*:19000:0:99999:7:::\nservice:!:19000:0:99999:7:::\njidian:!:19000::::::\n")
        (self.root / "dev/console").touch()
        (self.folder / "filesystem").write_text("vfat")
        self.bin = self.folder / "bin"
        self.bin.mkdir()
        for name, text in PLAYED.items():
            self.play(name, text.replace("{jidian}", str(JIDIAN)))
        self.config = self.root / "etc/jidian"
        self.credentials = self.config / "credentials"

    def play(self, name, text):
        path = self.bin / name
        path.write_text(f'#!/bin/sh\necho "{name} $*" >>"$BOX/calls"\n{text}')
        path.chmod(0o755)

    @property
    def environment(self):
        path = f"{self.bin}:{SCRIPTS}:/usr/sbin:/usr/bin:/sbin:/bin"
        return {"PATH": path, "JIDIAN_PATH": path, "JIDIAN_ROOT": str(self.root), "BOX": str(self.folder), "JIDIAN_PAUSE": "0.05",
                "JIDIAN_PROFILES": str(TOP / "config/meters"), "LANG": "C", "HOME": str(self.folder)}

    def run_script(self, name, *arguments, status=0, timeout=60):
        done = subprocess.run([SCRIPTS / name, *arguments], env=self.environment, capture_output=True, text=True, timeout=timeout, check=False)
        if status is not None:
            self.assertEqual(done.returncode, status, done.stdout + done.stderr)
        return done

    def jidian(self, *arguments, status=0):
        done = subprocess.run([JIDIAN, *arguments], env=self.environment, capture_output=True, text=True, timeout=60, check=False)
        if status is not None:
            self.assertEqual(done.returncode, status, done.stdout + done.stderr)
        return done.stdout

    def make_identity(self):
        self.jidian("identity", "create", "--folder", self.credentials)

    def calls(self):
        path = self.folder / "calls"
        return path.read_text().splitlines() if path.exists() else []

    def forget_calls(self):
        (self.folder / "calls").unlink(missing_ok=True)

    def configuration(self):
        """What the box is configured by: every file, its content and mode."""
        return {str(path.relative_to(self.config)): (path.lstat().st_mode, hashlib.sha256(path.read_bytes()).hexdigest())
                for path in sorted(self.config.rglob("*")) if path.is_file() or path.is_symlink()}

    def assert_tidy(self):
        """Nothing half done stays, and nothing that was copied."""
        left = [path for path in self.root.rglob("*") if path.name.startswith((".import-", ".draft-", "import-", "spool-", "stick-"))
                and "jidian-import" not in path.name]
        self.assertEqual(left, [])


def tree(folder):
    return {str(path.relative_to(folder)): path.read_bytes() if path.is_file() and not path.is_symlink() else None for path in sorted(folder.rglob("*"))}


def remove(path):
    shutil.rmtree(path) if path.is_dir() and not path.is_symlink() else path.unlink(missing_ok=True)


def main():
    os.umask(0o022)
    unittest.main(verbosity=1)
