"""A bundle on a USB stick: handed on behind the other files, with the answer written back. What installs it is played: tests/update has it."""
import unittest

from box import TOP, BoxTest, main, site

# Who waits for the answer sleeps: meanwhile the service behind it takes the bundle.
SERVICE = """
for waiting in "$JIDIAN_ROOT"/data/rauc/incoming/*.raucb; do
  [ -e "$waiting" ] || continue
  name=${waiting##*/}
  mv "$waiting" "$BOX/taken"
  echo "$name" >>"$BOX/names"
  echo "version 1.5.0 is in slot b and is tried with the next start" >"$JIDIAN_ROOT/run/jidian-update-port/${name%%.*}.txt"
  cat "$BOX/ends" >"$JIDIAN_ROOT/run/jidian-update-port/${name%%.*}.done"
done
"""
BUNDLE = b"hsqs payload signature" + (9).to_bytes(8, "big")


class UpdateByStick(BoxTest):
    def setUp(self):
        super().setUp()
        for name in ("data/rauc/incoming", "run/jidian-update-port"):
            (self.root / name).mkdir(parents=True)
        (self.root / "run/jidian-update-port/lock").touch()
        (self.folder / "ends").write_text("0")
        self.play("sleep", SERVICE)
        (self.bin / "bring-update").symlink_to(TOP / "firmware/update/root/usr/lib/jidian/bring-update")
        self.make_identity()
        self.mine = self.folder / "stick/jidian/box-0123456789ab"
        self.mine.mkdir(parents=True)
        (self.root / "dev/sda1").write_text(str(self.folder / "stick"))
        (self.mine / "jidian-1.5.0.raucb").write_bytes(BUNDLE)

    def plug(self, status=0):
        """What is written back."""
        self.run_script("import-usb", "sda1", status=status)
        self.assert_tidy()
        self.assertEqual(list((self.root / "data/rauc/incoming").iterdir()), [])
        return (self.mine / "result.txt").read_text()

    def assert_not_handed_on(self):
        self.assertFalse((self.folder / "names").exists())

    def test_it_is_handed_on_as_it_is_behind_the_other_files_and_the_answer_is_written_back(self):
        (self.mine / "site.toml").write_text(site())
        result = self.plug()
        self.assertLess(result.index("site.toml is taken over."), result.index("version 1.5.0 is in slot b"))
        self.assertEqual((self.folder / "taken").read_bytes(), BUNDLE)
        self.assertRegex((self.folder / "names").read_text(), r"\A[A-Za-z0-9]{10}\.stick\.raucb\n\Z")

    def test_how_it_ended_is_how_the_import_ended(self):
        (self.folder / "ends").write_text("1")
        self.assertIn("version 1.5.0", self.plug(status=1))

    def test_of_two_bundles_none_is_taken_and_nothing_else_either(self):
        (self.mine / "jidian-1.4.0.raucb").write_bytes(BUNDLE)
        (self.mine / "site.toml").write_text(site())
        self.assertIn("REFUSED: there is more than one bundle", self.plug(status=1))
        self.assertFalse((self.config / "site.toml").exists())
        self.assert_not_handed_on()

    def test_links_and_folders_are_no_bundles(self):
        bundle = self.mine / "jidian-1.5.0.raucb"
        bundle.unlink()
        bundle.symlink_to("/etc/passwd")
        self.assertIn("a bundle is no plain file", self.plug(status=1))
        bundle.unlink()
        bundle.mkdir()
        self.assertIn("a bundle is no plain file", self.plug(status=1))
        self.assert_not_handed_on()

    def test_behind_a_site_that_was_refused_nothing_is_installed(self):
        (self.mine / "site.toml").write_text("[gateway\n")
        self.assertIn("REFUSED", self.plug(status=1))
        self.assert_not_handed_on()

    def test_a_torn_one_is_refused_on_the_stick(self):
        (self.mine / "jidian-1.5.0.raucb").write_bytes(BUNDLE[:-3])
        self.assertIn("only the beginning of one", self.plug(status=1))
        self.assert_not_handed_on()

    def test_without_the_data_it_says_so(self):
        (self.root / "data/rauc/incoming").rmdir()
        self.run_script("import-usb", "sda1", status=1)
        self.assertIn("the data partition is not there", (self.mine / "result.txt").read_text())
        self.assert_not_handed_on()


if __name__ == "__main__":
    unittest.TestCase.maxDiff = 2000
    main()
