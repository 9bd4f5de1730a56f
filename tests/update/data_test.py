"""A box that cannot use its data, or its boot state: what the health check makes of the slot, and when the box is started anew."""
import os
import re
import shutil
import sys
import unittest

from box import GATEWAY_RECORDS, SCRIPTS, TREE, Box, on_trial


def without_data(box, slot):
    """Memory stands in for the data: what was on record is not there."""
    shutil.rmtree(box.root / "data")
    for name in ("rauc", "jidian"):
        (box.root / "data" / name).mkdir(parents=True)
    box.put("run/jidian-device/data-unusable", "the file system of the data cannot be mounted\n")
    box.booted(slot)


class Form(unittest.TestCase):
    UNITS = SCRIPTS.parent / "systemd/system"

    def test_what_is_enabled_is_there_and_can_be(self):
        for name in (TREE / "firmware/update/units.enabled").read_text(encoding="utf-8").split():
            self.assertIn("[Install]", (self.UNITS / name).read_text(encoding="utf-8"), name)

    def test_what_timers_and_services_start_is_there(self):
        for timer in self.UNITS.glob("*.timer"):
            self.assertTrue(timer.with_suffix(".service").exists(), timer.name)
        for service in self.UNITS.glob("*.service"):
            program = re.search(r"^ExecStart=/usr/lib/jidian/(\S+)", service.read_text(encoding="utf-8"), re.MULTILINE).group(1)
            self.assertTrue(os.access(SCRIPTS / program, os.X_OK), service.name)


class WithoutData(unittest.TestCase):
    def test_a_release_on_trial_that_cannot_use_the_data_is_left_for_the_one_before(self):
        with Box() as box:
            on_trial(box)
            kept = box.read("data/rauc/update.steps")
            without_data(box, "b")
            box.judged()
            self.assertEqual((box.boot("b"), box.boot("primary"), box.restarted()), ("bad", "a", True))
            (box.root / "run/jidian-device/data-unusable").unlink()
            box.put("data/rauc/update.steps", kept)
            box.booted("a")
            self.assertEqual(box.states[-1], "rolled_back")
            self.assertIn("could not use the data", box.record["reason"])

    def test_a_good_one_stays_and_gets_its_tries_back(self):
        with Box() as box:
            without_data(box, "a")
            self.assertEqual(box.boot("a_left"), "7")
            self.assertEqual(box.judged()[0], 0)
            self.assertEqual((box.boot("a"), box.boot("a_left"), box.restarted()), ("good", "8", False))

    def test_one_that_has_no_better_one_beside_it_stays(self):
        for there in ({"a": "bad", "a_left": 3}, {"primary": "a", "a_left": 3}, {"a_left": 0}):
            with self.subTest(there), Box() as box:
                on_trial(box)
                box.set_boot(**there)
                without_data(box, "b")
                self.assertEqual(box.judged()[0], 0)
                self.assertEqual((box.boot("b"), box.restarted()), ("good", False), "no way leads in a circle")

    def test_with_a_boot_state_that_cannot_be_written_the_tries_lead_back_and_not_at_full_speed(self):
        for fails in (("set-state", "set-primary"), ("show", "get-state", "set-state", "set-primary")):
            with self.subTest(fails), Box() as box:
                on_trial(box)
                without_data(box, "b")
                box.boot_fails(*fails)
                box.judged()
                self.assertTrue(box.restarted())
                self.assertGreaterEqual(float(box.read("test/uptime").split()[0]), 600)

    def test_where_the_boot_loader_cannot_count_either_it_is_an_hour(self):
        for left, least in ((2, 600), (3, 3600)):
            with self.subTest(left), Box() as box:
                on_trial(box)
                without_data(box, "b")
                box.set_boot(b_left=left)
                box.boot_fails("set-state", "set-primary")
                box.judged()
                self.assertTrue(box.restarted())
                self.assertEqual(float(box.read("test/uptime").split()[0]) // 1000, least * 10 // 1000)


class BootState(unittest.TestCase):
    def test_a_release_on_trial_that_does_not_find_it_is_given_up(self):
        with Box() as box:
            on_trial(box)
            box.boot_fails("show", "get-state", "set-state", "set-primary")
            box.program("test/happens", GATEWAY_RECORDS)
            box.judged()
            self.assertTrue(box.restarted())
            self.assertIn("verdict=the boot state cannot be read", box.read("data/rauc/update.steps"))
            box.boot_fails()
            box.booted("a")
            self.assertEqual((box.states[-1], box.record["reason"]), ("rolled_back", "the boot state cannot be read"))

    def test_one_that_records_and_cannot_write_it_is_given_up_by_its_tries(self):
        with Box() as box:
            on_trial(box)
            box.boot_fails("set-state", "set-primary")
            box.program("test/happens", GATEWAY_RECORDS)
            for start in (2, 3):
                box.judged()
                self.assertTrue(box.restarted())
                box.booted("b")
                self.assertIn(f"start {start}: given up already (the boot state cannot be written)", box.record["reason"])
            self.assertEqual(box.boot("b_left"), "0")

    def test_with_no_good_system_behind_it_the_trial_ends_on_record_all_the_same(self):
        with Box() as box:
            on_trial(box)
            box.set_boot(a="bad")
            box.boot_fails("set-state", "set-primary")
            box.program("test/happens", GATEWAY_RECORDS)
            self.assertEqual(box.judged()[0], 0)
            self.assertEqual((box.states[-1], box.restarted()), ("failed", False))

    def test_nor_does_that_go_on_for_ever_where_the_boot_loader_does_not_count(self):
        with Box() as box:
            on_trial(box)
            box.boot_fails("show", "get-state", "set-state", "set-primary")
            for _ in range(3):
                box.judged()
                self.assertTrue(box.restarted())
                box.booted("b")
            self.assertEqual(box.judged()[0], 0)
            self.assertEqual((box.states[-1], box.restarted()), ("failed", False))
            self.assertIn("does not count its starts", box.record["reason"])


class Restart(unittest.TestCase):
    """restart-for-data: what a timer asks every few minutes."""
    DISK = "/dev/vda5 /data ext4 {},noatime 0 0\n"

    def asked(self, box, uptime=4000):
        box.put("test/uptime", f"{uptime}.00 0.00\n")
        code, said = box.run("/usr/lib/jidian/restart-for-data")
        return code, said, box.restarted()

    def test_data_that_can_be_written_are_left_alone(self):
        with Box() as box:
            box.put("proc/1/mounts", "/dev/vda3 / ext4 ro,relatime 0 0\n" + self.DISK.format("rw") + "/dev/vdb1 /data/x ext4 ro 0 0\n")
            self.assertEqual(self.asked(box), (0, "", False))

    def test_data_that_an_error_made_read_only_are_checked_by_another_start_an_hour_behind_the_last_one(self):
        with Box() as box:
            box.put("proc/1/mounts", self.DISK.format("ro"))
            self.assertEqual(self.asked(box, 3599), (0, "", False))
            code, said, restarted = self.asked(box, 3600)
            self.assertTrue(restarted)
            self.assertIn("read-only", said)

    def test_data_that_could_not_be_mounted_are_too_and_no_slot_is_left_for_it(self):
        with Box() as box:
            for _ in range(12):
                without_data(box, "a")
                self.assertEqual(box.judged()[0], 0)
                self.assertTrue(self.asked(box)[2])
                self.assertEqual((box.boot("a_left"), box.boot("primary")), ("8", "a"))

    def test_a_trial_is_left_to_the_health_check(self):
        with Box() as box:
            on_trial(box)
            box.put("proc/1/mounts", self.DISK.format("ro"))
            self.assertEqual(self.asked(box), (0, "", False))


if __name__ == "__main__":
    if os.geteuid() != 0:
        sys.exit("data_test: a box of its own needs root: sudo")
    unittest.main(argv=sys.argv)
