"""Bundles that come through the service port or from a stick: what is laid in, what is installed, and what comes back."""
import os
import unittest

from box import Box

INCOMING = "data/rauc/incoming"


def packed(payload=b"payload", signature=b"signature"):
    """What RAUC's bundles look like from outside."""
    return b"hsqs" + payload + signature + len(signature).to_bytes(8, "big")


class Port(Box):
    """A box whose path unit starts the service as soon as somebody waits for it."""

    def __init__(self, *arguments):
        super().__init__(*arguments)
        for name in (INCOMING, "run/jidian-update-port"):
            (self.root / name).mkdir(parents=True)
        self.put("run/jidian-update-port/lock", "")
        self.program("test/happens", "#!/bin/sh\n/usr/lib/jidian/update-incoming >>/test/journal 2>&1\n")

    def bring(self, *kind, data=None):
        return self.run("/usr/lib/jidian/bring-update", *kind, stdin=packed() if data is None else data)

    @property
    def installed(self):
        return [line for line in self.log if line.startswith("rauc install")]

    @property
    def left(self):
        return sorted(os.listdir(self.root / INCOMING)) + [name for name in os.listdir(self.root / "data/rauc") if name.endswith(".raucb")]


class ServicePort(unittest.TestCase):
    def assert_not_even_laid_in(self, box, data, code, why):
        self.assertEqual(box.run("true")[0], 0)
        got, said = box.bring(data=data)
        self.assertEqual(got, code, said)
        self.assertIn(why, said)
        self.assertEqual((box.left, box.installed, box.record, box.read("test/journal")), ([], [], None, ""))

    def test_a_bundle_is_installed_and_does_not_stay(self):
        with Port() as box:
            box.bundle("1.5.0")
            code, said = box.bring()
            self.assertEqual(code, 0, said)
            self.assertIn("version 1.5.0 is in slot b", said)
            self.assertEqual((box.states, box.left, box.restarted()), (["installing", "installed"], [], False))
            self.assertEqual(box.installed, ["rauc install /data/rauc/brought.raucb"])

    def test_the_restart_comes_if_it_was_asked_for_and_something_was_installed(self):
        with Port() as box:
            box.bundle("1.5.0")
            self.assertEqual(box.bring("restart")[0], 0)
            self.assertIn("systemctl --no-block reboot", box.log)
        with Port() as box:
            box.bundle("1.3.0")
            self.assertEqual(box.bring("restart")[0], 1)
            self.assertNotIn("systemctl --no-block reboot", box.log)

    def test_an_older_version_is_refused_with_the_reason_and_there_is_no_way_to_ask_for_it(self):
        with Port("1.4.0") as box:
            box.bundle("1.3.9")
            code, said = box.bring()
            self.assertEqual(code, 1)
            self.assertIn("version 1.3.9 is older than 1.4.0", said)
            self.assertEqual((box.states, box.left, box.boot("b")), (["refused"], [], "good"))
            for word in ("--downgrade", "downgrade", "install --downgrade"):
                self.assertEqual(box.bring(word)[0], 2)
            self.assertEqual(box.installed, ["rauc install /data/rauc/brought.raucb"])

    def test_a_bundle_of_a_stranger_is_refused(self):
        with Port() as box:
            code, said = box.bring()
            self.assertEqual((code, box.states, box.left), (1, ["refused"], []))
            self.assertIn("no key that this box trusts", said)

    def test_what_is_no_bundle_or_a_torn_one_leaves_nothing(self):
        whole = packed(os.urandom(4000))
        with Port() as box:
            box.bundle("1.5.0")
            for data in (whole[:2000] + bytes([255] * 8), whole[1:], b"hsqs", b"x", packed()[:4] + (1 << 16).to_bytes(8, "big")):
                self.assert_not_even_laid_in(box, data, 2, "that is no bundle, or only the beginning of one")
            self.assert_not_even_laid_in(box, b"", 2, "nothing came")

    def test_what_comes_in_is_bounded(self):
        with Port() as box:
            self.assert_not_even_laid_in(box, bytes(90_000_001), 2, "larger than 90000000 bytes")

    def test_some_of_the_data_partition_stays_free(self):
        for free, why in ((1000, "there is no room"), (67_108_864 // 4096 + 1, "no room on the data partition for more than 4096 bytes")):
            with self.subTest(free), Port() as box:
                box.program("usr/sbin/stat", f'#!/bin/sh\n[ "$1" != -f ] || {{ echo "{free} * 4096"; exit; }}\nexec /usr/bin/stat "$@"\n')
                self.assert_not_even_laid_in(box, packed(bytes(5000)), 3, why)

    def test_without_the_data_it_says_so(self):
        with Port() as box:
            box.put("run/jidian-device/data-unusable", "the disk is gone\n")
            self.assert_not_even_laid_in(box, packed(), 3, "the disk is gone")
        with Port() as box:
            (box.root / INCOMING).rmdir()
            code, said = box.bring()
            self.assertEqual(code, 3)
            self.assertIn("the data partition is not there", said)

    def test_one_at_a_time(self):
        with Port() as box:
            box.bundle("1.5.0")
            code, said = box.run("flock", "/run/jidian-update-port/lock", "/usr/lib/jidian/bring-update", stdin=packed())
            self.assertEqual((code, box.left), (3, []))
            self.assertIn("another bundle is being brought", said)

    def test_what_a_kill_left_goes_with_the_next_one(self):
        with Port() as box:
            box.bundle("1.5.0")
            box.put(f"{INCOMING}/.AbCdEfGh12", "half")
            self.assertEqual(box.bring()[0], 0)
            self.assertEqual(box.left, [])

    def test_names_links_and_folders_that_nobody_here_made_are_thrown_away(self):
        with Port() as box:
            box.bundle("1.5.0")
            box.put("etc/secret", "hsqs")
            folder = box.root / INCOMING
            (folder / "AAAAAAAAAA.install.raucb").symlink_to("/etc/secret")
            os.link(box.root / "etc/secret", folder / "BBBBBBBBBB.install.raucb")
            (folder / "CCCCCCCCCC.install.raucb").mkdir()
            for name in ("DDDDDDDDDD.downgrade.raucb", "EEEEEEEEEE.raucb", "..install.raucb", "$(reboot)xx.install.raucb", "a b.install.raucb"):
                (folder / name).write_bytes(packed())
            self.assertEqual(box.run("/usr/lib/jidian/update-incoming")[0], 0)
            self.assertEqual([name for name in box.left if not name.startswith(".")], [])
            self.assertEqual((box.installed, box.read("etc/secret"), box.record), ([], "hsqs", None))

    def test_status_is_for_everybody(self):
        with Port() as box:
            box.bundle("1.5.0")
            box.bring()
            os.chmod(box.root, 0o755)
            os.chmod(box.root / "data/rauc", 0o711)  # as mount-data makes it
            code, said = box.run("setpriv", "--reuid=65534", "--clear-groups", "/usr/lib/jidian/update", "status")
            self.assertEqual(code, 0, said)
            self.assertIn("newest update: from 1.4.0 to 1.5.0 in slot b", said)
            self.assertNotIn("boot-state show", box.log)


class Stick(unittest.TestCase):
    def test_a_newer_version_is_installed_once(self):
        with Port() as box:
            box.bundle("1.5.0")
            self.assertEqual(box.bring("stick")[0], 0)
            code, said = box.bring("stick")
            self.assertEqual(code, 0, said)
            self.assertIn("is tried with the next start", said)
            box.booted("b")
            box.release("1.5.0")
            code, said = box.bring("stick")
            self.assertEqual(code, 0, said)
            self.assertIn("version 1.5.0 runs already", said)
            self.assertEqual((len(box.installed), box.left, box.states[-1]), (1, [], "trying"))

    def test_a_forgotten_stick_does_not_bring_back_what_the_box_gave_up_and_the_service_port_does(self):
        with Port() as box:
            box.bundle("1.5.0")
            box.bring("stick")
            box.booted("a")
            self.assertEqual(box.states[-1], "rolled_back")
            code, said = box.bring("stick")
            self.assertEqual(code, 1)
            self.assertIn("REFUSED: version 1.5.0 was tried", said)
            self.assertEqual((len(box.installed), box.states[-1]), (1, "rolled_back"))
            self.assertEqual(box.bring()[0], 0)
            self.assertEqual(len(box.installed), 2)

    def test_a_forgotten_stick_does_not_bring_back_what_failed_and_the_service_port_or_a_whole_copy_does(self):
        with Port() as box:
            box.bundle("1.5.0")
            box.program("test/during", "#!/bin/sh\nexit 1\n")
            self.assertEqual(box.bring("stick")[0], 1)
            self.assertEqual((box.states, len(box.installed)), (["installing", "failed"], 1))
            # Another update's record does not make it forgotten.
            box.bundle("1.3.9")
            box.bring()
            box.bundle("1.5.0")
            installed = len(box.installed)
            code, said = box.bring("stick")
            self.assertEqual(code, 1)
            self.assertIn("REFUSED: version 1.5.0 was brought before and could not be installed", said)
            self.assertIn("block 17 is corrupted", said)
            self.assertEqual((len(box.installed), box.states), (installed, ["refused"]))
            self.assertEqual(box.bring()[0], 1)
            self.assertEqual(len(box.installed), installed + 1, "the service port means what it sends")
            (box.root / "test/during").unlink()
            self.assertEqual(box.bring("stick", data=packed(b"whole"))[0], 0)
            self.assertEqual(box.states, ["installing", "installed"])

    def test_what_the_end_of_the_run_cut_off_is_brought_again(self):
        with Port() as box:
            box.bundle("1.5.0")
            box.program("test/during", "#!/bin/sh\nexit 1\n")
            box.put("test/running", "stopping\n")
            self.assertEqual(box.bring("stick")[0], 1)
            (box.root / "test/running").unlink()
            (box.root / "test/during").unlink()
            self.assertEqual(box.bring("stick")[0], 0)
            self.assertEqual(box.states, ["installing", "installed"])

    def test_what_the_box_gave_up_stays_passed_over_behind_the_record_of_another_update(self):
        with Port() as box:
            box.bundle("1.5.0")
            box.bring("stick")
            box.booted("a")
            self.assertEqual(box.states[-1], "rolled_back")
            box.bundle("1.3.9")
            box.bring()
            self.assertEqual(box.states, ["refused"])
            box.bundle("1.5.0")
            installed = len(box.installed)
            code, said = box.bring("stick")
            self.assertEqual(code, 1)
            self.assertIn("REFUSED: version 1.5.0 was installed before, and is not what runs", said)
            self.assertEqual((len(box.installed), box.states), (installed, ["refused"]))

    def test_the_list_of_outcomes_is_bounded(self):
        with Port() as box:
            box.bundle("1.5.0")
            box.put("data/rauc/bundles.brought", "".join(f"{number:064x} failed long ago\n" for number in range(150)))
            box.bring("stick")
            lines = box.read("data/rauc/bundles.brought").splitlines()
            self.assertEqual((len(lines), lines[-1].split()[1]), (100, "installed"))

    def test_an_older_one_is_refused_without_a_word_on_record_at_each_start(self):
        with Port("1.4.0") as box:
            box.bundle("1.3.9")
            code, said = box.bring("stick")
            self.assertEqual(code, 1)
            self.assertIn("REFUSED: version 1.3.9 is older than 1.4.0", said)
            self.assertEqual((box.installed, box.record), ([], None))


if __name__ == "__main__":
    unittest.main()
