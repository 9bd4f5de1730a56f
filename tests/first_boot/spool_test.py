"""What comes through the service port as a tar."""
import contextlib
import gzip
import io
import subprocess
import tarfile
import time
import unittest

from box import SCRIPTS, Authority, BoxTest, main, site

UPLINK = "[Match]\nName=uplink0\n\n[Network]\nDHCP=yes\n"


def tar_of(files):
    """A tar out of (name, content) or finished members."""
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w", format=tarfile.GNU_FORMAT) as tar:
        for entry in files:
            if isinstance(entry, tarfile.TarInfo):
                tar.addfile(entry)
                continue
            name, content = entry
            member = tarfile.TarInfo(name)
            data = content.encode() if isinstance(content, str) else content
            member.size = len(data)
            tar.addfile(member, io.BytesIO(data))
    return out.getvalue()


def member(name, kind, linkname=""):
    made = tarfile.TarInfo(name)
    made.type, made.linkname = kind, linkname
    return made


class ServicePort(BoxTest):
    def setUp(self):
        super().setUp()
        self.make_identity()
        self.authority = Authority(self.folder)

    def send(self, data):
        """What the person at the laptop sees, and how it ended."""
        sender = subprocess.Popen([SCRIPTS / "service-import"], env=self.environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                  stderr=subprocess.STDOUT)
        try:
            with contextlib.suppress(BrokenPipeError):  # it had enough
                sender.stdin.write(data)
            with contextlib.suppress(BrokenPipeError):
                sender.stdin.close()
            deadline = time.monotonic() + 30
            waiting = self.root / "run/jidian-import/in"
            while not list(waiting.glob("*.tar")) and sender.poll() is None and time.monotonic() < deadline:
                time.sleep(0.01)
            self.said_inside = self.run_script("import-spool").stdout  # systemd's path unit would start it now
            sender.wait(timeout=30)
            return sender.returncode, sender.stdout.read().decode()
        finally:
            sender.kill()
            sender.wait()
            sender.stdout.close()

    def send_files(self, *files):
        return self.send(tar_of(files))

    def assert_refused(self, data, why):
        before = self.configuration()
        status, said = self.send(data)
        self.assertEqual(status, 1, said)
        self.assertIn(why, said)
        self.assertEqual(self.configuration(), before)
        self.assert_tidy()

    def test_a_box_is_provisioned_over_the_port(self):
        status, said = self.send_files(("site.toml", site()), ("./ca.pem", self.authority.pem.read_text()), ("network/uplink.network", UPLINK))
        self.assertEqual(status, 0, said)
        self.assertIn("site.toml is taken over.", said)
        self.assertEqual((self.config / "site.toml").read_text(), site())
        self.assertEqual((self.config / "network/uplink.network").read_text(), UPLINK)
        request = said[said.index("-----BEGIN CERTIFICATE REQUEST"):]
        status, said = self.send_files(("gateway.crt", self.authority.issue(request)))
        self.assertEqual(status, 0, said)
        self.assertIn("gateway.crt is installed.", said)
        self.assert_tidy()

    def test_an_empty_tar_asks_who_the_box_is(self):
        self.send_files(("site.toml", site()))
        status, said = self.send_files()
        self.assertEqual(status, 0, said)
        self.assertIn("-----BEGIN CERTIFICATE REQUEST", said)
        self.assertNotIn("PRIVATE KEY", said)

    def test_who_sends_a_file_again_means_it(self):
        self.send_files(("site.toml", site()))
        self.send_files(("site.toml", site(name="Other")))
        self.send_files(("site.toml", site()))
        self.assertEqual((self.config / "site.toml").read_text(), site())

    def test_a_site_with_mistakes_is_refused_with_all_of_them(self):
        self.assert_refused(tar_of([("site.toml", site().replace("unit = 1", "unit = 999")), ("network/uplink.network", UPLINK)]),
                            "unit is out of range")

    def test_other_names_are_refused_and_leave_nothing(self):
        for name in ("../evil", "/etc/passwd", "etc/jidian/site.toml", "network/../site.toml", "network/x/y.network", "network/00.network",
                     "site.toml\nca.pem", "gateway.key", "-C", "--to-command=touch pwned"):
            with self.subTest(name):
                self.assert_refused(tar_of([(name, "x")]), "REFUSED")
        self.assertEqual(list(self.folder.rglob("pwned")) + list(self.folder.rglob("evil")), [])

    def test_members_that_are_no_files_bring_nothing(self):
        secret = self.folder / "secret"
        secret.write_text(site(name="Secret"))
        for kind in (tarfile.SYMTYPE, tarfile.LNKTYPE):
            self.assert_refused(tar_of([member("site.toml", kind, str(secret))]), "REFUSED")
        self.assert_refused(tar_of([member("site.toml", tarfile.CHRTYPE)]), "REFUSED")
        self.assert_refused(tar_of([member("site.toml", tarfile.FIFOTYPE)]), "REFUSED")

    def test_a_member_that_claims_to_be_huge_is_cut_off(self):
        bomb = gzip.compress(tar_of([("site.toml", b"#" * (64 << 20))]))
        self.assertLess(len(bomb), 1 << 20)
        self.assert_refused(bomb, "site.toml is larger than")

    def test_more_than_a_site_needs_is_not_even_laid_in(self):
        status, said = self.send(b"\0" * (10 << 20))
        self.assertEqual(status, 2)
        self.assertIn("larger than 9 MB", said)
        self.assertEqual(list((self.root / "run/jidian-import/in").iterdir()), [])

    def test_what_is_no_tar_is_refused(self):
        for data in (b"hello", bytes(range(256)) * 40, tar_of([("site.toml", site())])[:700]):
            self.assert_refused(data, "REFUSED")

    def test_a_thousand_members_are_refused(self):
        self.assert_refused(tar_of([("site.toml", "x")] * 1000), "more than 64 files")

    def test_names_without_end_are_not_kept(self):
        # The import sees the folder as it was left by who took the tar apart.
        self.play("import-folder", f'stat -c %s "$1/names" >"$BOX/names-bytes"\nexec "{SCRIPTS}/import-folder" "$@"\n')
        for count, length in ((5000, 200), (1, 1 << 20)):
            with self.subTest(count=count, length=length):
                data = gzip.compress(tar_of([("n" * length, "")] * count))
                self.assertLess(len(data), 1 << 20)
                self.assert_refused(data, "REFUSED: the tar holds more than 64 files, or names that are too long.")
                self.assertLessEqual(int((self.folder / "names-bytes").read_text()), 65537)

    def test_what_a_killed_run_left_goes_with_the_next_one_and_a_sticks_import_is_left_alone(self):
        base = self.root / "run/jidian-device"
        for name in ("spool-a1B2c3", "import-a1B2c3"):
            (base / name).mkdir()
            (base / name / "in.tar").write_bytes(b"x")
        self.run_script("import-spool")
        self.assertEqual([path.name for path in base.glob("*-a1B2c3")], ["import-a1B2c3"])

    def test_what_is_laid_in_under_another_name_is_thrown_away(self):
        waiting = self.root / "run/jidian-import/in"
        (waiting / "abcdefghij.tar").symlink_to("/etc/passwd")
        (waiting / "$(touch pwned).tar").write_bytes(tar_of([("site.toml", site())]))
        (waiting / "folder1234.tar").mkdir()
        self.run_script("import-spool")
        self.assertEqual(list(waiting.glob("*.tar")), [])
        self.assertFalse((self.config / "site.toml").exists())
        self.assertEqual(list(self.folder.rglob("pwned")), [])
        self.assert_tidy()

    def test_without_the_service_behind_it_somebody_is_told(self):
        sender = subprocess.run([SCRIPTS / "service-import"], env={**self.environment, "JIDIAN_PAUSE": "0"}, input=tar_of([]), capture_output=True,
                                timeout=60, check=False)
        self.assertEqual(sender.returncode, 3)
        self.assertIn(b"no answer", sender.stderr)


if __name__ == "__main__":
    unittest.TestCase.maxDiff = 2000
    main()
