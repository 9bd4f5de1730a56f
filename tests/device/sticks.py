"""A new box is put into use with nothing but a stick: who it is, its site file, its certificate."""
import dataclasses
import re
import subprocess

import disks
from box import COMMIT_S, Box, utc_ms
from everyday import RESTARTS_S
from machine import BROKER
from rig.processes import wait_until

READ_S = 120  # from the stick in the socket to what became of it on the stick
STEPS = 3
GATEWAY = "jd-1"


class Stick:
    """A stick, in the socket of a running box or out of it."""

    def __init__(self, box):
        self._box = box
        self.image = disks.make_stick(box.folder / "stick.img", {"jidian/readme.txt": b"for boxes\n"})

    def lay(self, files):
        """Files on the stick; it has to be out."""
        disks.add_to_stick(self.image, files)

    def read(self, name):
        """A file of the stick, or nothing."""
        try:
            return disks.read_stick(self.image, name)
        except disks.DiskError:
            return None

    def visit(self):
        """Into the socket, until the box is done with it, and out again."""
        monitor, console = self._box.machine.monitor, self._box.console
        runs = "journalctl -b --no-pager -o cat -u 'jidian-import-usb@*' | grep -cE 'Finished|Failed'"
        before = console.run(runs).output.strip()
        monitor.ask("blockdev-add", **{"driver": "raw", "node-name": "stick", "file": {"driver": "file", "filename": str(self.image)}})
        monitor.ask("device_add", driver="usb-storage", bus="usb.0", drive="stick", id="stick")
        try:
            wait_until(lambda: console.run(runs).output.strip() != before, self._box.bench.slowly(READ_S), "the box's being done with the stick", 1)
        finally:
            gone = monitor.saw("DEVICE_DELETED")
            monitor.ask("device_del", id="stick")
            wait_until(lambda: monitor.saw("DEVICE_DELETED") > gone, 30, "the stick's being out", 0.2)
            monitor.ask("blockdev-del", **{"node-name": "stick"})


def _site_text(box):
    """A site file for a box whose key and certificate are its own."""
    text = re.sub(r'ca_file = "[^"]*"', 'ca_file = "/etc/jidian/ca.pem"', box.site_text())
    return re.sub(r'(certificate_file|key_file) = "[^"]*"', r'\1 = "credentials:uplink_gateway.pem"', text)


def _sign(box, request):
    """The certificate for a request, as an authority issues it."""
    folder, authority = box.certificates().folder, box.certificates()
    (folder / "box.csr").write_bytes(request)
    (folder / "box.ext").write_text("extendedKeyUsage=clientAuth\n")
    told = subprocess.run(["openssl", "req", "-in", folder / "box.csr", "-noout", "-subject", "-verify"], capture_output=True, text=True, timeout=30)
    subprocess.run(["openssl", "x509", "-req", "-days", "1", "-in", folder / "box.csr", "-CA", authority.ca, "-CAkey", authority.ca_key,
                    "-CAcreateserial", "-extfile", folder / "box.ext", "-out", folder / "box.pem"], check=True, capture_output=True, timeout=30)
    return (folder / "box.pem").read_bytes(), told.stdout.strip()


def stick(bench, report):
    """A new box, put into use by a stick in its USB socket and nothing else."""
    with Box(dataclasses.replace(bench, provisioned=None), report) as box:
        box.begin()
        box.power_on()
        box.wait_shell()
        stick = Stick(box)
        stick.visit()
        serial = box.console.must("/usr/lib/jidian/box-serial").strip()
        told = stick.read(f"jidian/{serial}/result.txt")
        report.expect("a new box writes on the stick who it is", told and serial.encode() in told, (told or b"nothing").decode()[:120])

        text = _site_text(box).encode()
        stick.lay({f"jidian/{serial}/site.toml": text, f"jidian/{serial}/ca.pem": box.certificates().ca.read_bytes()})
        stick.visit()
        report.expect("it takes its site file", box.console.run("cat /etc/jidian/site.toml").data == text,
                      (stick.read(f"jidian/{serial}/result.txt") or b"no result").decode()[:160])
        began_ms = utc_ms()
        box.wait_status(lambda status: status["recording"] and all(meter["last_good"] for meter in status["meters"]), bench.slowly(60), "the record's beginning")
        report.expect("and records, without a certificate yet", True, f"{(utc_ms() - began_ms) / 1000:.0f} s later")
        request = stick.read(f"jidian/{GATEWAY}/gateway.csr") or stick.read(f"jidian/{serial}/gateway.csr")
        if not report.expect("it writes a request for a certificate on the stick", request, f"{len(request or b'')} bytes"):
            return
        certificate, subject = _sign(box, request)

        stick.lay({f"jidian/{GATEWAY}/gateway.crt": certificate})
        stick.visit()
        live_s = box.wait_live()
        report.expect(f"with its certificate it sends, also what it recorded before ({BROKER[0]}, TLS)", True, f"{subject}; {live_s:.0f} s behind the stick")
        key = box.console.run("stat -c %a:%U /etc/jidian/credentials/gateway.pem").output.strip()
        report.expect("its key is root's alone, and on no stick", key == "600:root" and b"PRIVATE KEY" not in stick.image.read_bytes(), key)
        report.expect("no stick is mounted any more", not box.console.run("findmnt -n -t vfat").output.strip())
        box.expect_clean(box.finish(), COMMIT_S + bench.slowly(RESTARTS_S))


ALL = {"stick": stick}
