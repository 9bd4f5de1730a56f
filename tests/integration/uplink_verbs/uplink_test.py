"""jidian uplink test and jidian bundle against a real mosquitto with TLS, accounts and an access list.

Usage: uplink_test.py JIDIAN
"""
import json
import pathlib
import shutil
import subprocess
import sys
import tarfile
import tempfile
import unittest

ROOT = pathlib.Path(__file__).resolve().parents[3]
sys.path.insert(0, str(ROOT / "tests"))
from rig.certificates import Certificates  # noqa: E402
from rig.processes import Process, free_port, wait_until  # noqa: E402

JIDIAN = sys.argv[1]
PASSWORD = "correct-horse-battery"
SITE = """[gateway]
id = "jd-1"
[site]
credit_code = "91130100MA0000000Y"
name = "Works"
region = "130100"
industry = "C3391"
[store]
folder = "{folder}/store"
quota = "1GB"
commit_interval = "1s"
[api]
socket = "{folder}/api.sock"
[[bus]]
id = "net"
kind = "tcp"
host = "127.0.0.1"
port = {meter_port}
[[meter]]
id = "m-1"
bus = "net"
unit = 1
profile = "siemens-pac3200"
[[facility]]
id = "shop"
kind = "production"
meters = ["m-1"]
rated_power_kw = 100
[[uplink]]
id = "province"
url = "mqtts://{host}:{port}"
username = "{user}"
password_file = "{folder}/{password}"
ca_file = "{ca}"
"""


def listens(port):
    import socket
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


class UplinkTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.folder = pathlib.Path(tempfile.mkdtemp(prefix="jidian-"))
        cls.ours = Certificates(cls.folder / "ca")
        cls.other = Certificates(cls.folder / "other", "other")
        (cls.folder / "password").write_text(PASSWORD + "\n")
        (cls.folder / "wrong").write_text("not-it\n")
        passwords = cls.folder / "passwords"
        passwords.touch(mode=0o600)
        for user in ("box", "mute"):
            subprocess.run(["mosquitto_passwd", "-b", passwords, user, PASSWORD], check=True, capture_output=True)
        (cls.folder / "acl").write_text("user box\ntopic readwrite jidian/v1/130100/jd-1/#\n"
                                        "user mute\ntopic read nothing/#\n")
        cls.ports = {name: cls.broker(name, names) for name, names in (
            ("good", "DNS:localhost,IP:127.0.0.1"), ("elsewhere", "DNS:broker.example"))}
        cls.ports["expired"] = cls.broker("expired", "DNS:localhost,IP:127.0.0.1", expired=True)

    @classmethod
    def broker(cls, name, names, expired=False):
        certificate, key = cls.ours.issue(name, names)
        if expired:
            cls.expire(name, names, certificate)
        port = free_port()
        config = cls.folder / f"{name}.conf"
        config.write_text(f"listener {port} 127.0.0.1\nallow_anonymous false\npersistence false\nuser root\n"
                          f"password_file {cls.folder}/passwords\nacl_file {cls.folder}/acl\n"
                          f"certfile {certificate}\nkeyfile {key}\nlog_dest stdout\n")
        process = Process(name, ["mosquitto", "-c", config], cls.folder / f"{name}.log")
        cls.addClassCleanup(process.stop)
        wait_until(lambda: listens(port), 20, f"the start of broker {name}")
        return port

    @classmethod
    def expire(cls, name, names, certificate):
        """The same request signed anew for January 2020."""
        folder = cls.ours.folder
        (folder / "ca.conf").write_text(
            "[ca]\ndefault_ca=d\n[d]\ndatabase=index.txt\nserial=serial.txt\nnew_certs_dir=.\ndefault_md=sha256\n"
            f"policy=p\nx509_extensions=e\n[p]\ncommonName=supplied\n[e]\nsubjectAltName={names}\n")
        (folder / "index.txt").touch()
        (folder / "serial.txt").write_text("1000\n")
        subprocess.run(["openssl", "ca", "-batch", "-config", "ca.conf", "-cert", cls.ours.ca.name, "-keyfile",
                        cls.ours.ca_key.name, "-in", f"{name}.csr", "-out", certificate.name, "-startdate",
                        "20200101000000Z", "-enddate", "20200201000000Z", "-notext"],
                       check=True, cwd=folder, capture_output=True)

    @classmethod
    def tearDownClass(cls):
        cls.doClassCleanups()
        shutil.rmtree(cls.folder)

    def write_site(self, port, ca=None, host="localhost", user="box", password="password", more=""):
        (self.folder / "site.toml").write_text(SITE.format(
            folder=self.folder, meter_port=free_port(), host=host, port=port, user=user, password=password,
            ca=ca or self.ours.ca) + more)

    def jidian(self, *arguments, code):
        done = subprocess.run([JIDIAN, *map(str, arguments), "--site", self.folder / "site.toml", "--profiles",
                               ROOT / "config/meters"], capture_output=True, text=True, timeout=60, cwd=self.folder)
        self.assertEqual(done.returncode, code, done.stdout[-3000:] + done.stderr[-2000:])
        return done.stdout

    def steps(self, *arguments, code, **site):
        self.write_site(**site)
        lines = [json.loads(line) for line in
                 self.jidian("uplink", "test", "--wait", 3, "--json", *arguments, code=code).splitlines()]
        return {line["step"]: line for line in lines}

    def check_failure(self, step, says, code=3, **site):
        steps = self.steps(code=code, **site)
        self.assertEqual(steps[step]["outcome"], "failed", steps)
        self.assertIn(says, steps[step]["text"])
        self.assertTrue(steps[step]["do"])
        return steps

    def gateway(self):
        process = Process("gateway", [JIDIAN, "run", "--site", self.folder / "site.toml", "--profiles",
                                      ROOT / "config/meters"], self.folder / "gateway.log")
        self.addCleanup(process.stop)
        wait_until(self.is_connected, 30, "the connection")
        return process

    def is_connected(self):
        """What the gateway says; at its start it may know of no uplink yet."""
        said = subprocess.run([JIDIAN, "status", "--json", "--site", self.folder / "site.toml", "--profiles", ROOT / "config/meters"],
                              capture_output=True, text=True).stdout
        return any(uplink["connected"] for uplink in json.loads(said or "{}").get("uplinks", []))

    def test_all_is_well_without_a_gateway(self):
        steps = self.steps(port=self.ports["good"], code=1)  # the rig's certificate is valid for a day only
        self.assertEqual({name: step["outcome"] for name, step in steps.items() if name != "clock"},
                         {"name": "ok", "port": "ok", "tls": "ok", "certificate": "skipped", "login": "ok",
                          "publish": "ok", "subscribe": "ok", "gateway": "skipped", "receipt": "skipped"})
        self.assertIn("no gateway runs", steps["receipt"]["text"])

    def test_the_way_to_the_broker(self):
        self.check_failure("port", "Connection refused", port=free_port())
        self.check_failure("name", "cannot find the broker", port=1, host="no-such-host.invalid")
        self.check_failure("tls", "was not issued by the authority", port=self.ports["good"], ca=self.other.ca)
        self.check_failure("tls", "not for 'localhost' but for broker.example", port=self.ports["elsewhere"])
        steps = self.check_failure("tls", "has expired (valid until 2020-02-01", port=self.ports["expired"])
        self.assertNotIn("login", steps)

    def test_who_may_what(self):
        self.check_failure("login", "not authorised", port=self.ports["good"], password="wrong")
        steps = self.check_failure("publish", "not authorised", code=1, port=self.ports["good"], user="mute")
        self.assertEqual(steps["login"]["outcome"], "ok")
        self.assertIn("deliver nothing", steps["subscribe"]["text"])  # as this broker does
        self.check_failure("files", "cannot read the password file", code=2, port=self.ports["good"], password="missing")

    def test_beside_the_running_gateway(self):
        self.write_site(port=self.ports["good"])
        gateway = self.gateway()
        connects = self.status()["connects"]
        steps = {}
        for line in self.jidian("uplink", "test", "province", "--wait", 2, "--json", code=1).splitlines():
            steps[json.loads(line)["step"]] = json.loads(line)
        self.assertEqual(steps["gateway"]["outcome"], "ok", steps)
        self.assertEqual(steps["receipt"]["outcome"], "failed", steps)  # nobody answers behind this broker
        self.assertIn("the backend behind it does not answer", steps["receipt"]["do"])
        self.assertEqual(self.status()["connects"], connects, "the test must not cost the gateway its session")
        self.check_bundle(gateway)

    def status(self):
        return json.loads(self.jidian("status", "--json", code=1))["uplinks"][0]

    def check_bundle(self, gateway):
        """Nothing that is secret is in the archive, wherever it came from."""
        site = self.folder / "site.toml"
        site.write_text(site.read_text() + f"# old password = {PASSWORD}\n")
        out = self.folder / "out.tar.zst"
        told = json.loads(self.jidian("bundle", "--output", out, "--json", code=1))
        self.assertEqual(out.stat().st_mode & 0o777, 0o600)
        names = {file["name"] for file in told["files"]}
        self.assertTrue({"check.txt", "site.toml", "status.json", "events.jsonl", "system.txt"} <= names, told)
        tar = self.folder / "out.tar"
        subprocess.run(["zstd", "-q", "-d", out, "-o", tar], check=True)
        with tarfile.open(tar) as archive:
            contents = {name.split("/")[1]: archive.extractfile(name).read().decode() for name in archive.getnames()}
        for name, content in contents.items():
            self.assertNotIn(PASSWORD, content, name)
        self.assertIn(f'password_file = "{self.folder}/password"', contents["site.toml"])
        self.assertEqual(json.loads(contents["status.json"])["gateway"], "jd-1")
        self.assertIn("start", {json.loads(line)["kind"] for line in contents["events.jsonl"].splitlines()})
        self.jidian("bundle", "--output", out, code=2)  # nothing is overwritten

    def test_an_unknown_uplink_is_told_with_those_there_are(self):
        self.write_site(port=1)
        done = subprocess.run([JIDIAN, "uplink", "test", "provinz", "--site", self.folder / "site.toml", "--profiles",
                               ROOT / "config/meters", "--lang", "zh"], capture_output=True, text=True)
        self.assertEqual(done.returncode, 2)
        self.assertIn("现有：province", done.stderr)


if __name__ == "__main__":
    unittest.main(argv=sys.argv[:1] + sys.argv[2:])
