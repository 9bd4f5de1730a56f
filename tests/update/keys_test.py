"""Keys, bundles and their rotation, as far as `rauc bundle` and `rauc info` go without a device.

What a bundle holds is covered by its signature through dm-verity, which needs the kernel of a device: `rauc info` reads the signature
alone. A changed payload is therefore refused by `rauc install` on the device (tests/device), not here.
"""
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile
import unittest

TREE = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(TREE / "firmware/update"))
import bundle  # noqa: E402
import keys  # noqa: E402

CONFIGURATION = TREE / "firmware/update/root/etc/rauc/system.conf"


def rauc_info(file, keyring, configuration=CONFIGURATION, days_later=0):
    """Whether a box with that keyring takes the signature, and what it says."""
    later = ["faketime", "-f", f"+{days_later}d"] if days_later else []
    done = subprocess.run([*later, "rauc", f"--conf={configuration}", f"--keyring={keyring}", "info", str(file)],
                          capture_output=True, text=True, timeout=60)
    return done.returncode == 0, done.stdout + done.stderr


class Keys(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.held = tempfile.TemporaryDirectory(prefix="jidian-keys-")
        cls.folder = pathlib.Path(cls.held.name)
        for name in ("old", "new", "foreign"):
            keys.make_authority(cls.folder / name, f"{name} authority")
            keys.make_signer(cls.folder / f"{name}-signer", f"{name} signer", cls.folder / name)
        cls.rootfs = cls.image("1.5.0")
        cls.bundles = {name: cls.make(name) for name in ("old", "new", "foreign")}
        for name, parts in (("only-old", ["old"]), ("both", ["old", "new"]), ("only-new", ["new"])):
            keys.join(cls.folder / f"{name}.pem", [cls.folder / part / "authority.pem" for part in parts])

    @classmethod
    def tearDownClass(cls):
        cls.held.cleanup()

    @classmethod
    def image(cls, version):
        """A root file system of some kilobytes that says which version it is."""
        content = cls.folder / f"content-{version}"
        (content / "etc").mkdir(parents=True)
        (content / "usr/lib").mkdir(parents=True)
        (content / "usr/lib/os-release").write_text(f'ID=debian\nVERSION_ID="{version}"\n', encoding="ascii")
        (content / "etc/os-release").symlink_to("../usr/lib/os-release")
        (content / "noise").write_bytes(os.urandom(100_000))
        file = cls.folder / f"rootfs-{version}.ext4"
        subprocess.run(["mkfs.ext4", "-q", "-d", content, file, "4M"], check=True, timeout=60)
        return file

    @classmethod
    def signing(cls, name):
        return keys.Signing(str(cls.folder / f"{name}-signer/signer.key"), cls.folder / f"{name}-signer/signer.pem",
                            cls.folder / name / "authority.pem")

    @classmethod
    def make(cls, name):
        file = cls.folder / f"{name}.raucb"
        bundle.make(cls.rootfs, "1.5.0", file, cls.signing(name))
        return file

    def takes(self, keyring):
        return "".join(name + " " for name in ("old", "new", "foreign") if rauc_info(self.bundles[name], self.folder / keyring)[0])

    def test_a_box_takes_what_an_authority_of_its_keyring_vouches_for_through_the_whole_rotation(self):
        self.assertEqual(self.takes("only-old.pem"), "old ")
        self.assertEqual(self.takes("both.pem"), "old new ")
        self.assertEqual(self.takes("only-new.pem"), "new ")

    def test_a_refusal_names_the_reason(self):
        said = rauc_info(self.bundles["foreign"], self.folder / "both.pem")[1]
        self.assertIn("signature verification failed", said)

    def test_the_bundle_says_what_it_is(self):
        said = rauc_info(self.bundles["old"], self.folder / "only-old.pem")[1]
        for words in ("'jidian-arm64-virt'", "'1.5.0'", "verity", "rootfs.img"):
            self.assertIn(words, said)

    def test_a_changed_byte_of_the_signed_part_is_refused_or_changes_nothing(self):
        """The signature lies at the end: CMS, with its length in the last eight bytes. CMS itself leaves a few bytes unsigned, such as
        the list of digests beside it: where one of them is changed, the bundle must still say exactly what was signed."""
        data = self.bundles["old"].read_bytes()
        keyring = self.folder / "only-old.pem"
        changed = self.folder / "changed.raucb"
        size = int.from_bytes(data[-8:], "big")
        signed = self.said_of(self.bundles["old"], keyring)
        refused = 0
        for place in range(len(data) - 8 - size, len(data), max(1, size // 150)):
            copy = bytearray(data)
            copy[place] ^= 0x01
            changed.write_bytes(copy)
            if not rauc_info(changed, keyring)[0]:
                refused += 1
            else:
                self.assertEqual(self.said_of(changed, keyring), signed, place)
        self.assertGreater(refused, 140)
        for cut in (1, 8, size // 2, size + 8):
            changed.write_bytes(data[:-cut])
            self.assertFalse(rauc_info(changed, keyring)[0], cut)

    def said_of(self, file, keyring):
        """What the box would go by: the manifest with its verity hash."""
        done = subprocess.run(["rauc", f"--conf={CONFIGURATION}", f"--keyring={keyring}", "info", str(file)], capture_output=True,
                              text=True, check=True, timeout=60)
        return done.stdout.partition("Certificate Chain")[0]

    def test_a_changed_payload_is_not_seen_by_info_so_only_the_device_can_refuse_it(self):
        data = bytearray(self.bundles["old"].read_bytes())
        data[4096] ^= 0x01
        changed = self.folder / "payload.raucb"
        changed.write_bytes(data)
        self.assertTrue(rauc_info(changed, self.folder / "only-old.pem")[0], "info checks payloads now: test it here too")

    def test_what_was_signed_in_time_stays_good_and_an_expired_signer_signs_nothing(self):
        later = keys.SIGNER_DAYS + 30
        taken, said = rauc_info(self.bundles["old"], self.folder / "only-old.pem", days_later=later)
        self.assertTrue(taken, said)
        signing = self.signing("old")
        content = self.folder / "late"
        content.mkdir()
        shutil.copy(self.rootfs, content / "rootfs.img")
        (content / "manifest.raucm").write_text(bundle.MANIFEST.format(compatible=bundle.compatible(), version="1.5.0", build="x"),
                                                encoding="ascii")
        done = subprocess.run(["faketime", "-f", f"+{later}d", "rauc", f"--conf={CONFIGURATION}", f"--keyring={signing.keyring}",
                               f"--cert={signing.certificate}", f"--key={signing.key}", "bundle", str(content),
                               str(self.folder / "late.raucb")], capture_output=True, text=True, timeout=60)
        self.assertNotEqual(done.returncode, 0)
        self.assertIn("expired", done.stderr)

    def test_a_certificate_for_another_purpose_signs_nothing(self):
        other = self.folder / "server"
        keys.make_signer(other, "a broker", self.folder / "old", extensions=keys.EXTENSIONS.replace("codeSigning", "serverAuth"))
        signing = keys.Signing(str(other / "signer.key"), other / "signer.pem", self.folder / "old/authority.pem")
        with self.assertRaisesRegex(keys.Unusable, "not for signing code"):
            keys.check(signing)
        with self.assertRaisesRegex(keys.Unusable, "purpose"):
            bundle.make(self.rootfs, "1.5.0", self.folder / "server.raucb", signing)
        self.assertFalse((self.folder / "server.raucb").exists())

    def test_the_authority_itself_signs_no_bundle(self):
        authority = self.folder / "old"
        with self.assertRaises(keys.Unusable):
            bundle.make(self.rootfs, "1.5.0", self.folder / "authority.raucb",
                        keys.Signing(str(authority / "authority.key"), authority / "authority.pem", authority / "authority.pem"))

    def test_what_does_not_fit_together_is_said_before_anything_is_made(self):
        old, new = self.signing("old"), self.signing("new")
        for signing, why in ((keys.Signing(new.key, old.certificate, old.keyring), "is not the key of"),
                             (keys.Signing(old.key, old.certificate, new.keyring), "verify"),
                             (keys.Signing("/none", old.certificate, old.keyring), "there is no file /none")):
            with self.assertRaisesRegex(keys.Unusable, why):
                keys.check(signing)

    def test_the_image_and_the_bundle_are_of_one_version(self):
        for version, why in (("1.6.0", "VERSION_ID=1.5.0"), ("new", "no version")):
            with self.assertRaisesRegex(keys.Unusable, why):
                bundle.make(self.rootfs, version, self.folder / "x.raucb", self.signing("old"))
        noise = self.folder / "noise"
        noise.write_bytes(os.urandom(4096))
        with self.assertRaisesRegex(keys.Unusable, "no ext4 image"):
            bundle.make(noise, "1.5.0", self.folder / "x.raucb", self.signing("old"))

    def test_a_bundle_that_is_too_large_is_not_left_behind(self):
        most = bundle.BYTES_MOST
        bundle.BYTES_MOST = 50_000
        try:
            with self.assertRaisesRegex(keys.Unusable, "50000 are the most"):
                bundle.make(self.rootfs, "1.5.0", self.folder / "large.raucb", self.signing("old"))
        finally:
            bundle.BYTES_MOST = most
        self.assertEqual([*self.folder.glob("large*"), *self.folder.glob(".bundle-*")], [])

    def test_the_box_takes_bundles_as_large_as_are_made(self):
        script = (TREE / "firmware/update/root/usr/lib/jidian/update").read_text(encoding="utf-8")
        self.assertIn(f"bundle_most={bundle.BYTES_MOST}", script)


class Found(unittest.TestCase):
    def test_without_names_keys_for_development_are_made_once_and_are_nobody_elses(self):
        with tempfile.TemporaryDirectory() as folder:
            place = pathlib.Path(folder) / "keys"
            first = keys.found({}, place)
            self.assertEqual(first, keys.found({}, place))
            self.assertEqual([oct(file.stat().st_mode & 0o777) for file in place.glob("*.key")], ["0o600"] * 2)
            (place / "keyring.pem").unlink()  # as if it had been cut off
            keys.check(keys.found({}, place))

    def test_named_keys_are_taken_whole_or_not_at_all(self):
        with tempfile.TemporaryDirectory() as folder:
            place = pathlib.Path(folder)
            made = keys.found({}, place / "keys")
            named = dict(zip(keys.NAMES, (made.key, str(made.certificate), str(made.keyring))))
            self.assertEqual(keys.found(named, place / "none"), made)
            self.assertFalse((place / "none").exists())
            del named["JIDIAN_KEYRING"]
            with self.assertRaisesRegex(keys.Unusable, "or none of them"):
                keys.found(named, place / "none")


if __name__ == "__main__":
    unittest.main(argv=sys.argv)
