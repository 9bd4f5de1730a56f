"""The checks of the image find what they look for, and what is right passes them."""
import json
import pathlib
import stat
import sys
import tempfile
import unittest
import zlib

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[3] / "firmware/image"))

import base  # noqa: E402
import check  # noqa: E402
import disk  # noqa: E402
import materials  # noqa: E402
import root as rootfs  # noqa: E402


class Tree(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.root = pathlib.Path(folder.name)
        self.file("etc/shadow", "root:*:19000:0:99999:7:::\nservice:!::::::::\n")
        self.file("etc/passwd", "root:x:0:0:root:/root:/bin/bash\n")

    def file(self, name, text="", mode=0o644):
        path = self.root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
        path.chmod(mode)
        return path


class Passwords(Tree):
    def test_locked_users_pass(self):
        self.assertEqual(list(check.no_passwords(self.root)), [])

    def test_a_hash_is_found(self):
        self.file("etc/shadow", "root:$6$x$y:19000::::::\n")
        self.assertIn("root", "".join(check.no_passwords(self.root)))

    def test_an_empty_password_is_found(self):
        self.file("etc/shadow", "service::19000::::::\n")
        self.assertIn("service", "".join(check.no_passwords(self.root)))

    def test_a_hash_in_passwd_is_found(self):
        self.file("etc/passwd", "root::0:0::/root:/bin/bash\n")
        self.assertIn("root", "".join(check.no_passwords(self.root)))


class Modes(Tree):
    def test_usual_modes_pass(self):
        (self.root / "tmp").mkdir()
        (self.root / "tmp").chmod(0o1777)
        self.assertEqual(list(check.modes(self.root)), [])

    def test_what_sets_its_user_is_found(self):
        self.file("usr/bin/su", mode=0o4755)
        self.assertIn("/usr/bin/su", "".join(check.modes(self.root)))

    def test_what_anyone_may_write_is_found(self):
        self.file("etc/open", mode=0o666)
        (self.root / "open").mkdir()
        (self.root / "open").chmod(0o777)
        self.assertEqual(len(list(check.modes(self.root))), 2)

    def test_rights_are_dropped(self):
        path = self.file("usr/bin/su", mode=0o6755)
        rootfs.drop_rights(self.root)
        self.assertEqual(stat.S_IMODE(path.stat().st_mode), 0o755)


class Secrets(Tree):
    def test_a_private_key_is_found(self):
        for top in ("usr/lib/jidian", "usr/share/jidian", "boot"):
            (self.root / top).mkdir(parents=True)
        self.file("usr/lib/jidian/looks", "grep -e '-----BEGIN PRIVATE KEY-----'\n")
        self.assertEqual(list(check.secrets(self.root)), [])
        self.file("etc/ssl/key.pem", "-----BEGIN EC PRIVATE KEY-----\nMHcC\n")
        self.assertIn("/etc/ssl/key.pem", "".join(check.secrets(self.root)))


class TestConsole(Tree):
    def test_it_is_found_where_it_must_not_be(self):
        (self.root / "etc/systemd").mkdir(parents=True)
        self.file("usr/lib/systemd/system/" + check.TEST_UNIT, "[Service]\nExecStart=/bin/sh\n[Install]\nWantedBy=multi-user.target\n")
        self.assertIn("there is a test console", list(check.units(self.root, False, False)))


class Overlay(Tree):
    def test_modes_are_those_of_the_image_and_not_of_the_checkout(self):
        with tempfile.TemporaryDirectory() as folder:
            source = pathlib.Path(folder)
            (source / "usr").mkdir(mode=0o777)
            (source / "usr/program").write_text("#!/bin/sh\n")
            (source / "usr/program").chmod(0o775)
            (source / "usr/text").write_text("x")
            (source / "usr/text").chmod(0o600)
            rootfs.overlay(source, self.root)
        self.assertEqual(stat.S_IMODE((self.root / "usr/program").stat().st_mode), 0o755)
        self.assertEqual(stat.S_IMODE((self.root / "usr/text").stat().st_mode), 0o644)
        self.assertEqual(stat.S_IMODE((self.root / "usr").stat().st_mode), 0o755)


class BootState(unittest.TestCase):
    def test_the_shipped_state_is_one_valid_copy(self):
        partition = disk.state_as_shipped()
        self.assertEqual(len(partition), disk.STATE_BYTES)
        first = partition[:disk.COPY_BYTES]
        self.assertEqual(int.from_bytes(first[:4], "little"), zlib.crc32(first[4:]))
        self.assertIn(b"order=a b\0a_left=8\0a_ok=1\0b_left=0\0b_ok=0\0\0", first)
        self.assertEqual(set(partition[disk.COPY_BYTES:]), {0})


class Users(unittest.TestCase):
    def test_numbers_are_told_apart_and_below_debians_own(self):
        numbers = [row[0] for row in base.USERS.values()] + list(base.GROUPS.values())
        self.assertEqual(len(numbers), len(set(numbers)))
        self.assertTrue(all(800 <= number < 900 for number in numbers))

    def test_nobody_has_a_password(self):
        users, groups = base.user_lines()
        self.assertTrue(all(line.split(":")[1] == "!" for line in users + groups))


class Materials(Tree):
    STATUS = """Package: zlib1g
Status: install ok installed
Architecture: arm64
Source: zlib
Version: 1:1.2.13+b1

Package: gone
Status: deinstall ok config-files
Architecture: arm64
Version: 1

Package: jidian
Status: install ok installed
Architecture: arm64
Version: 0.1.0-1
"""

    def test_what_is_installed_is_listed_with_its_licences(self):
        status = self.file("status", self.STATUS)
        self.file("usr/share/doc/zlib1g/copyright", "Format: https://www.debian.org/doc/packaging-manuals/copyright-format/1.0/\n\nLicense: Zlib\n text\n")
        self.file("usr/share/doc/jidian/compiled-in", "Package: libheaders-dev\nStatus: install ok installed\nVersion: 2\nArchitecture: all\n\n")
        self.file("usr/share/doc/jidian/copyright.libheaders-dev", "Format: of machines\n\nLicense: Expat\n text\n")
        bill, licences = materials.write(self.root, status, self.root / "jidian-0.1.0", "0.1.0", "abc")
        components = {row["name"]: row for row in json.loads(bill.read_text())["components"]}
        self.assertEqual(set(components), {"zlib1g", "jidian", "libheaders-dev"})
        self.assertEqual(components["zlib1g"]["purl"], "pkg:deb/debian/zlib1g@1%3A1.2.13%2Bb1?arch=arm64&distro=debian-12")
        self.assertEqual(components["zlib1g"]["licenses"], [{"license": {"name": "Zlib"}}])
        self.assertIn("zlib1g\t1:1.2.13+b1\tZlib", licences.read_text())
        self.assertIn("libheaders-dev\t2\tExpat", licences.read_text())


if __name__ == "__main__":
    unittest.main()
