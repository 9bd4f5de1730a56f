"""What the scripts of an update do with a box: gate, record, trial, way back. Every power cut between two of their steps is played too."""
import os
import sys
import unittest

from box import GATEWAY_RECORDS, Box, installed, note, on_trial


class Gate(unittest.TestCase):
    def test_an_older_version_is_refused_whoever_asks_rauc_and_the_slot_is_not_touched(self):
        with Box("1.4.0") as box:
            box.bundle("1.3.9")
            code, said = box.run("rauc", "install", "/tmp/new.raucb")
            self.assertEqual(code, 1)
            self.assertIn("version 1.3.9 is older than 1.4.0", said)
            self.assertEqual((box.boot("b"), box.states), ("good", ["refused"]))
            self.assertIn("older", box.record["reason"])

    def test_versions_are_compared_as_debian_does(self):
        for now, wanted, taken in (("1.9.0", "1.10.0", True), ("1.10.0", "1.9.0", False), ("1.5.0", "1.5.0~rc1", False),
                                   ("1.5.0~rc1", "1.5.0", True), ("1.5.0", "1.5.0", True)):
            with self.subTest(now=now, wanted=wanted), Box(now) as box:
                box.bundle(wanted)
                code, said = box.update("install", "/tmp/new.raucb")
                self.assertEqual((code == 0, "is older than" in said), (taken, not taken), said)

    def test_a_downgrade_that_was_asked_for_is_taken_and_opens_the_gate_for_that_one_alone(self):
        with Box("1.4.0") as box:
            box.bundle("1.3.9")
            self.assertEqual(box.update("install", "/tmp/new.raucb", "--downgrade")[0], 0)
            self.assertEqual(box.states, ["installing", "installed"])
            self.assertEqual(box.run("rauc", "install", "/tmp/new.raucb")[0], 1, "the permission was for that call")

    def test_a_refusal_leaves_what_waits_for_its_trial_on_record(self):
        with Box() as box:
            installed(box)
            box.bundle("1.3.9")
            code, said = box.update("install", "/tmp/new.raucb")
            self.assertEqual(code, 1)
            self.assertIn("1.3.9 is older than 1.4.0", said)
            self.assertEqual((box.record["to"], box.states), ("1.5.0", ["installing", "installed"]))

    def test_nothing_is_installed_over_the_way_back_and_the_trial_stays_on_record(self):
        with Box() as box:
            on_trial(box)
            box.bundle("1.6.0")
            for command in (("rauc", "install", "/tmp/new.raucb"), ("/usr/lib/jidian/update", "install", "/tmp/new.raucb")):
                code, said = box.run(*command)
                self.assertEqual(code, 1)
                self.assertIn("on trial", said)
            self.assertEqual((box.record["to"], box.states[-1], box.boot("a")), ("1.5.0", "trying", "good"))

    def test_nor_where_the_step_of_the_trial_could_not_be_noted(self):
        for steps in (["installing", "installed"], ["installing"]):
            with self.subTest(steps), Box() as box:
                if steps == ["installing"]:  # the power failed before the other one was noted
                    box.program("usr/lib/jidian/update-done", "#!/bin/sh\nexit 0\n")
                    box.bundle("1.5.0")
                    box.update("install", "/tmp/new.raucb")
                else:
                    installed(box)
                box.set_boot(current="b", b_left=2)
                box.put("test/target", "a")
                box.bundle("1.6.0")
                for command in (("rauc", "install", "/tmp/new.raucb"), ("/usr/lib/jidian/update", "install", "/tmp/new.raucb")):
                    code, said = box.run(*command)
                    self.assertEqual(code, 1)
                    self.assertIn("on trial", said)
                self.assertEqual((box.record["to"], box.states, box.boot("a")), ("1.5.0", steps, "good"))

    def test_a_bundle_that_says_nothing_of_use_is_refused(self):
        for manifest in ("[update]\ncompatible=x\n", "[update]\nversion=two words\n", "[update]\nversion=-1; reboot\n",
                         "[update]\ncompatible=x\n[image.rootfs]\nversion=9.9\n"):
            with self.subTest(manifest), Box() as box:
                box.put("test/bundle/manifest.raucm", manifest)
                box.put("tmp/new.raucb", "")
                self.assertNotEqual(box.update("install", "/tmp/new.raucb")[0], 0)
                self.assertEqual((box.boot("b"), box.states), ("good", ["refused"]))


class Install(unittest.TestCase):
    def test_a_bundle_without_a_good_signature_is_refused_on_record(self):
        with Box() as box:
            box.put("tmp/new.raucb", "anything")
            code, said = box.update("install", "/tmp/new.raucb")
            self.assertEqual((code, box.states), (1, ["refused"]))
            self.assertIn("no key that this box trusts", said)
            self.assertNotIn("rauc install /tmp/new.raucb", box.log)

    def test_what_fails_on_the_way_is_failed_with_the_reason(self):
        with Box() as box:
            box.bundle("1.5.0")
            box.program("test/during", "#!/bin/sh\nexit 1\n")
            self.assertEqual(box.update("install", "/tmp/new.raucb")[0], 1)
            self.assertEqual(box.states, ["installing", "failed"])
            self.assertIn("block 17 is corrupted", box.record["reason"])
            self.assertEqual(box.boot("primary"), "a")

    def test_a_torn_slot_is_never_first_in_order(self):
        def one_waits_there(box):
            installed(box)

        def it_fell_back_from_there(box):
            box.boot_state("a", primary="b")
            box.set_boot(b_left=0)

        for before in (one_waits_there, it_fell_back_from_there):
            with self.subTest(before.__name__), Box() as box:
                before(box)
                self.assertEqual(box.boot("primary"), "b")
                box.bundle("1.6.0")
                box.program("test/during", "#!/bin/sh\nexit 1\n")
                self.assertEqual(box.update("install", "/tmp/new.raucb")[0], 1)
                self.assertEqual((box.record["to"], box.states[-1]), ("1.6.0", "failed"))
                self.assertEqual((box.boot("primary"), box.boot("b"), box.boot("b_left")), ("a", "bad", "0"))

    def test_without_a_boot_state_that_can_be_written_none_begins_and_what_waits_is_left(self):
        with Box() as box:
            installed(box)
            box.bundle("1.6.0")
            for fails in (("set-primary",), ("get-primary", "set-primary")):
                box.boot_fails(*fails)
                code, said = box.update("install", "/tmp/new.raucb")
                self.assertEqual(code, 1)
                self.assertIn("the boot state cannot be written", said)
                self.assertEqual((box.boot("primary"), box.boot("b_left"), box.record["to"], box.states[-1]), ("b", "3", "1.5.0", "installed"))

    def test_what_waits_goes_on_waiting_if_the_next_one_cannot_be_noted(self):
        with Box() as box:
            installed(box)
            box.bundle("1.6.0")
            box.keep_nothing()
            code, said = box.update("install", "/tmp/new.raucb")
            self.assertEqual(code, 1)
            self.assertIn("cannot be noted", said)
            self.assertEqual((box.boot("primary"), box.boot("b_left"), box.record["to"], box.states[-1]), ("b", "3", "1.5.0", "installed"))

    def test_a_bundle_may_come_in_and_does_not_stay(self):
        with Box() as box:
            box.bundle("1.5.0")
            self.assertEqual(box.update("install", "-", "--restart", stdin=b"bundle")[0], 0)
            self.assertTrue(box.restarted())
            self.assertEqual(sorted(os.listdir(box.root / "data/rauc")), ["update.steps"])

    def test_what_comes_in_is_bounded(self):
        with Box() as box:
            box.bundle("1.5.0")
            code, said = box.update("install", "-", stdin=bytes(90_000_001))
            self.assertEqual(code, 1)
            self.assertIn("larger than 90000000 bytes", said)
            self.assertEqual(os.listdir(box.root / "data/rauc"), [])

    def test_a_reason_of_any_bytes_is_json_all_the_same(self):
        with Box() as box:
            box.bundle("1.5.0")
            box.program("test/during", "#!/bin/sh\nprintf 'LastError: a \"quoted\" \\\\ line \\001 of \\303\\251\\n'; exit 1\n")
            box.update("install", "/tmp/new.raucb")
            self.assertEqual(box.states, ["installing", "failed"])

    def test_wrong_calls_say_what_to_write(self):
        with Box() as box:
            for arguments in ((), ("help",)):
                self.assertEqual(box.update(*arguments)[0], 0)
            for arguments in (("install",), ("install", "--now", "x"), ("install", "x", "y"), ("remove",), ("status", "--xml")):
                code, said = box.update(*arguments)
                self.assertEqual(code, 2, arguments)
                self.assertIn("install BUNDLE", said)
            self.assertIn("there is no file", box.update("install", "/tmp/none")[1])


class Trial(unittest.TestCase):
    def test_a_system_that_records_for_the_whole_time_is_good(self):
        with Box() as box:
            on_trial(box)
            box.program("test/happens", GATEWAY_RECORDS)
            self.assertEqual(box.judged()[0], 0)
            self.assertEqual((box.states[-1], box.boot("b"), box.restarted()), ("good", "good", False))
            self.assertGreaterEqual(float(box.read("test/uptime").split()[0]), 600)

    def test_a_start_whose_step_was_not_noted_is_a_trial_all_the_same(self):
        def was_killed(box):
            box.status(None)
            box.set_boot(current="b", b_left=2)

        def can_note_nothing(box):
            box.keep_nothing()
            box.booted("b")

        for start in (was_killed, can_note_nothing):
            for records in (False, True):
                with self.subTest(start.__name__, records=records), Box() as box:
                    installed(box)
                    start(box)
                    self.assertEqual(box.states, ["installing", "installed"])
                    if records:
                        box.program("test/happens", GATEWAY_RECORDS)
                    box.judged()
                    self.assertEqual((box.boot("b"), box.boot("primary"), box.restarted()),
                                     ("good", "b", False) if records else ("bad", "a", True))
                    self.assertGreaterEqual(float(box.read("test/uptime").split()[0]), 600)

    def test_the_time_may_be_another_one(self):
        with Box() as box:
            on_trial(box)
            box.put("etc/jidian/trial-seconds", "90\n")
            box.program("test/happens", GATEWAY_RECORDS)
            self.assertEqual(box.judged()[0], 0)
            self.assertLess(float(box.read("test/uptime").split()[0]), 250)

    def test_one_that_never_records_is_given_up_for_the_one_before(self):
        with Box() as box:
            on_trial(box)
            box.status(None)
            box.judged()
            self.assertEqual((box.boot("b"), box.boot("primary"), box.restarted(), box.states[-1]), ("bad", "a", True, "trying"))
            box.release("1.4.0")
            box.booted("a")
            self.assertEqual(box.states[-1], "rolled_back")
            self.assertIn("does not answer", box.record["reason"])
            box.judged()
            self.assertEqual(box.boot("a"), "good")

    def test_so_is_one_whose_gateway_is_restarted(self):
        with Box() as box:
            on_trial(box)
            box.program("test/happens", GATEWAY_RECORDS + '[ "$1" -lt 310 ] || printf "NRestarts=1\\nResult=watchdog\\nInvocationID=2\\n" >/test/unit\n')
            box.judged()
            self.assertTrue(box.restarted())
            self.assertIn("verdict=jidian.service was restarted: 1 times, watchdog", box.read("data/rauc/update.steps"))

    def test_so_is_one_that_answers_and_gets_no_readings_any_more(self):
        with Box() as box:
            on_trial(box, recorded=True)
            box.status(0)
            box.judged()
            self.assertTrue(box.restarted())
            self.assertIn("verdict=no reading came in 600 s", box.read("data/rauc/update.steps"))

    def test_a_plant_that_gave_no_readings_before_is_not_asked_for_them(self):
        with Box() as box:
            on_trial(box, recorded=False)
            box.status(0)
            box.judged()
            self.assertEqual((box.states[-1], box.restarted()), ("good", False))

    def test_a_box_without_a_site_file_is_judged_by_running_and_does_not_go_back(self):
        with Box() as box:
            (box.root / "etc/jidian/site.toml").unlink()
            on_trial(box, recorded=False)
            box.status(None)
            self.assertEqual(box.judged()[0], 0)
            self.assertEqual((box.states[-1], box.restarted()), ("good", False))
            self.assertIn("no site file", box.record["reason"])

    def test_who_starts_the_gateway_by_hand_begins_the_time_anew(self):
        with Box() as box:
            on_trial(box)
            box.program("test/happens", GATEWAY_RECORDS + '[ "$1" != 410 ] || sed -i s/InvocationID=1/InvocationID=2/ /test/unit\n')
            self.assertEqual(box.judged()[0], 0)
            self.assertGreaterEqual(float(box.read("test/uptime").split()[0]), 1000)

    def test_a_start_that_the_watchdog_ended_is_enough(self):
        with Box() as box:
            on_trial(box)
            box.booted("b")
            box.put("sys/class/watchdog/watchdog0/bootstatus", "32\n")
            box.judged()
            self.assertTrue(box.restarted())
            self.assertIn("verdict=the watchdog ended", box.read("data/rauc/update.steps"))

    def test_with_no_good_system_behind_it_it_stays(self):
        with Box() as box:
            on_trial(box)
            box.put("test/boot", box.read("test/boot").replace("a=good", "a=bad"))
            box.status(None)
            self.assertEqual(box.judged()[0], 0)
            self.assertEqual((box.states[-1], box.boot("b"), box.restarted()), ("failed", "good", False))

    def test_nothing_is_given_up_but_an_update(self):
        with Box() as box:
            box.status(None)
            box.booted("a")
            self.assertEqual(box.judged()[0], 0)
            self.assertEqual((box.boot("a"), box.restarted(), box.record), ("good", False, None))


class PowerCuts(unittest.TestCase):
    def test_while_the_slot_is_written(self):
        with Box() as box:
            box.bundle("1.5.0")
            box.program("test/during", "#!/bin/sh\nkill -9 $PPID\n")  # RAUC, and with it all that follows
            box.update("install", "/tmp/new.raucb")
            box.put("data/rauc/update.steps", "\n".join(line for line in box.read("data/rauc/update.steps").splitlines()
                                                        if "failed" not in line) + "\n")  # nor did the wrapper see it
            box.booted("a")
            self.assertEqual(box.states, ["installing", "failed"])
            self.assertEqual((box.boot("b"), box.boot("primary")), ("bad", "a"))

    def test_between_the_boot_state_and_the_step_installed(self):
        with Box() as box:
            box.program("usr/lib/jidian/update-done", "#!/bin/sh\nexit 0\n")
            box.bundle("1.5.0")
            box.update("install", "/tmp/new.raucb")
            box.booted("b")
            self.assertEqual(box.states, ["installing", "trying"])

    def test_while_it_is_on_trial(self):
        with Box() as box:
            on_trial(box)
            box.booted("b")
            self.assertEqual(box.states[2:], ["trying", "trying"])
            self.assertIn("start 2", box.record["reason"])
            box.booted("a")  # the third start was cut off too, before anything was noted
            self.assertEqual(box.states[-1], "rolled_back")
            self.assertIn("no tries left", box.record["reason"])

    def test_between_the_verdict_and_the_boot_state_the_way_back_is_taken_by_the_next_start(self):
        with Box() as box:
            on_trial(box)
            note(box, "verdict=it did not record")
            box.booted("b")
            self.assertIn("given up already (it did not record)", box.record["reason"])
            box.judged()
            self.assertEqual((box.boot("b"), box.boot("primary"), box.restarted()), ("bad", "a", True))
            box.release("1.4.0")
            box.booted("a")
            self.assertEqual((box.states[-1], box.record["reason"]), ("rolled_back", "it did not record"))

    def test_between_the_two_writes_of_the_boot_state(self):
        with Box() as box:
            on_trial(box)
            note(box, "verdict=it did not record")
            box.set_boot(b="bad", b_left=0)  # and a, second in order, is the one with tries
            box.booted("a")
            self.assertEqual((box.states[-1], box.boot("primary")), ("rolled_back", "a"))

    def test_a_system_before_that_does_not_start_leaves_the_condemned_one_and_never_twice(self):
        # First in order with its tries used up, all of them given back; used up alone; could not be loaded.
        for there in ({"primary": "a", "a_left": 3}, {"a_left": 0}, {"a": "bad", "a_left": 0}):
            with self.subTest(there), Box() as box:
                on_trial(box)
                note(box, "verdict=it did not record")
                box.set_boot(b="bad", b_left=3, **there)
                box.booted("b")
                self.assertIn("does not start any more", box.record["reason"])
                box.judged()
                self.assertEqual((box.states[-1], box.boot("b"), box.restarted()), ("failed", "good", False))

    def test_the_copy_for_the_gateway_comes_with_the_next_start(self):
        with Box() as box:
            installed(box)
            (box.root / "data/jidian/update.json").unlink()
            (box.root / "data/rauc/draft").write_text("torn", encoding="ascii")
            box.booted("b")
            self.assertEqual(box.states, ["installing", "installed", "trying"])

    def test_as_many_of_them_as_a_good_system_has_tries(self):
        with Box() as box:
            on_trial(box)
            box.program("test/happens", GATEWAY_RECORDS)
            box.judged()
            box.booted("a")
            self.assertEqual(box.states[-1], "rolled_back")
            self.assertIn("did not start any more", box.record["reason"])
            box.booted("a")
            self.assertEqual(box.states.count("rolled_back"), 1)


class Hostile(unittest.TestCase):
    def test_what_the_gateways_user_writes_decides_nothing_and_leads_nowhere(self):
        with Box() as box:
            on_trial(box)
            target = box.root / "etc/victim"
            target.write_text("untouched", encoding="ascii")
            copy = box.root / "data/jidian/update.json"
            copy.unlink()
            copy.symlink_to("/etc/victim")
            box.status(None)
            box.judged()
            box.booted("a")
            self.assertEqual((target.read_text(encoding="ascii"), copy.is_symlink(), box.states[-1]), ("untouched", False, "rolled_back"))

    def test_a_gateway_that_says_it_records_inside_a_text_does_not(self):
        with Box() as box:
            on_trial(box)
            box.put("test/status", '{"recording":false,"gateway":"\\"recording\\":true"}\n')
            box.judged()
            self.assertTrue(box.restarted())


if __name__ == "__main__":
    if os.geteuid() != 0:
        sys.exit("trial_test: a box of its own needs root: sudo")
    unittest.main(argv=sys.argv)
