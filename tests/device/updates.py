"""Another system in the other slot: taken over, refused, interrupted, rolled back."""
import json
import random
import time

from bundles import Updates
from box import COMMIT_S, Box, utc_ms
from disks import Disk
from everyday import TRIAL_S
from rig.processes import wait_until

INSTALL_S = 600  # the most that copying a system may take on emulated cores
DECIDE_S = 240  # from the start of a system on trial to the decision, beside its time on trial
TRIES = 3  # of a system on trial
UPDATE = 27  # the kind of event
MOUNTED = "/run/updates"


class UpdateBox(Box):
    """A box with a disk of updates plugged in."""

    def __init__(self, bench, report, *files, disk=None):
        library = bench.updates.library(*files)
        super().__init__(bench, report, disk, read_only_disks=[library])

    def wait_up(self):
        """Until it records and the updates are at hand; gives the seconds since power-on."""
        took_s = self.wait_live(since_ms=self.power_on_ms)
        self.wait_shell()
        self.console.must(f"mkdir -p {MOUNTED}; mountpoint -q {MOUNTED} || mount -o ro /dev/disk/by-id/virtio-extra0 {MOUNTED}")
        return took_s

    def install(self, file, *options):
        return self.console.run(f"/usr/lib/jidian/update install {MOUNTED}/{file.name} {' '.join(options)}", round(self.bench.slowly(INSTALL_S)))

    def bring(self, file):
        return self.console.run(f"runuser -u service -- /usr/lib/jidian/bring-update <{MOUNTED}/{file.name}", round(self.bench.slowly(INSTALL_S)))

    def update_state(self):
        """What is on record of the newest update."""
        return json.loads(self.console.must("/usr/lib/jidian/update status --json"))

    def version(self):
        return self.console.must("sed -n 's/^VERSION_ID=//p' /etc/os-release").strip().strip("\"'")

    def wait_decided(self, *states):
        """Until the update is in one of the states; gives what is on record."""
        def decided():
            told = self.update_state()
            return told if told["state"] in states else None
        return wait_until(decided, TRIAL_S + self.bench.slowly(DECIDE_S), f"the update's being {' or '.join(states)}", 2)

    def active_slot_is(self, slot, what):
        state = self.console.must("/usr/lib/jidian/jidian-boot-state get-primary").strip()
        self.report.expect(what, self.slot() == slot and state == slot, f"slot {self.slot()} runs, {state} is first")


def _update_gap_s(box, began_ms):
    return (utc_ms() - began_ms) / 1000 + COMMIT_S


def update(bench, report):
    """A to B, committed by the health check; then everything on B that must not be taken."""
    updates = bench.updates
    with UpdateBox(bench, report, updates.good(), updates.foreign(), updates.broken_signature(), updates.older(), updates.tampered()) as box:
        box.begin()
        box.power_on()
        box.wait_up()
        began = time.monotonic()
        done = box.install(updates.good())
        report.expect("a good update is taken while the record goes on", done.status == 0 and box.wait_live() <= bench.slowly(15),
                      f"{time.monotonic() - began:.0f} s; {(done.output + done.errors).strip()[-100:]}")
        box.restart()
        began_ms = box.power_on_ms
        box.wait_up()
        gap_s = _update_gap_s(box, began_ms) + 60  # and the shutdown
        report.expect("the next start is the new system's, and it records", box.slot() == "b" and box.version() == updates.newer,
                      f"slot {box.slot()}, version {box.version()}")
        told = box.wait_decided("good", "rolled_back", "failed")
        report.expect("the health check commits it", told["state"] == "good", [f"{step['state']} {step['reason']}".strip() for step in told["steps"]])
        box.active_slot_is("b", "it stays first")
        steps = _told_steps(box, updates.newer, "good", bench.slowly(20))
        report.expect("every step of it arrives as an event, once", steps == ["installing", "installed", "trying", "good"], steps)
        _refusals(box, updates)
        box.expect_clean(box.finish(), gap_s)


def _told_steps(box, version, last, seconds):
    """The steps of the update to `version` that arrived, once the last one did or the time is over."""
    end = time.monotonic() + seconds
    while True:
        steps = [event["facts"]["state"] for event in box.events(UPDATE) if event["facts"].get("to") == version]
        if last in steps or time.monotonic() >= end:
            return steps
        time.sleep(0.5)


def _refusals(box, updates):
    report = box.report
    for file, what, word in ((updates.foreign(), "a bundle of a foreign signer is refused", ""),
                             (updates.broken_signature(), "a bundle with a damaged signature is refused", ""),
                             (updates.older(), "an older version is refused", "older")):
        done = box.install(file)
        said = (done.output + done.errors).strip()
        told = box.update_state()
        report.expect(what, done.status != 0 and word in said and told["state"] == "refused", f"{said[-110:]} ({told['state']})")
    done = box.install(updates.tampered())
    told = box.update_state()
    report.expect("a bundle that was tampered with is not taken", done.status != 0 and told["state"] in ("failed", "refused"),
                  f"{(done.output + done.errors).strip()[-110:]} ({told['state']})")
    box.active_slot_is("b", "what runs is first behind all of them")
    report.expect("the record went on", box.wait_live() <= box.bench.slowly(15))


def update_power_cut(bench, report):
    """Both slots are good, and the power goes in the middle of the copy."""
    updates = bench.updates
    chance = random.Random(f"{bench.seed}/update_power_cut")
    with UpdateBox(bench, report, updates.good(), updates.foreign()) as box:
        box.begin()
        box.power_on()
        box.wait_up()
        done = box.install(updates.good())
        box.restart()
        box.wait_up()
        told = box.wait_decided("good", "rolled_back", "failed")
        states = box.console.must("for slot in a b; do /usr/lib/jidian/jidian-boot-state get-state $slot; done").split()
        report.expect("both slots are good", done.status == 0 and told["state"] == "good" and states == ["good", "good"], f"{states}, {told['state']}")
        box.console.tell(f"/usr/lib/jidian/update install {MOUNTED}/{updates.good().name}")
        wait_until(lambda: box.update_state()["state"] == "installing", bench.slowly(120), "the copy's beginning", 0.2)
        moment_s = chance.uniform(1, 12)
        time.sleep(moment_s)
        began_ms = utc_ms()
        was = box.update_state()["state"]
        box.cut_power()
        report.expect("the power is cut in the middle of the copy", was == "installing", f"{moment_s:.1f} s behind its beginning; {was}")
        box.power_on()
        took_s = box.wait_up()
        gap_s = _update_gap_s(box, began_ms) + bench.patience_s
        report.expect("the system that ran before runs again", box.slot() == "b" and took_s <= bench.boot_s + 20, f"slot {box.slot()} after {took_s:.0f} s")
        told = box.update_state()
        report.expect("that it failed is on record", told["state"] == "failed", f"{told['state']}: {told['reason']}")
        done = box.install(updates.good())
        report.expect("it can be installed again", done.status == 0, (done.output + done.errors).strip()[-100:])
        before = box.update_state()
        done = box.bring(updates.foreign())
        said = (done.output + done.errors).strip()
        report.expect("what comes to the service port is looked at, and a foreign signer refused", done.status not in (0, 3) and "certificate" in said,
                      f"{done.status}: {said[:100]}")
        report.expect("it does not take the place of the one that waits for its trial", box.update_state() == before, before["state"])
        box.expect_clean(box.finish(), gap_s)


def bad_gateway(bench, report):
    """The new system starts, and its gateway never comes up."""
    _rolled_back(bench, report, bench.updates.without_gateway(), "the health check")


def bad_kernel(bench, report):
    """The new system cannot even be loaded: the boot loader starts the one before in the same boot."""
    tries = _rolled_back(bench, report, bench.updates.without_kernel(), "the boot loader")
    report.expect("it was tried once", tries == 1, f"{tries} times")


def _rolled_back(bench, report, file, who):
    """Gives how often it was started."""
    with UpdateBox(bench, report, file) as box:
        box.begin()
        box.power_on()
        box.wait_up()
        before = box.version()
        done = box.install(file)
        report.expect("the bad release is well signed, and installed", done.status == 0, (done.output + done.errors).strip()[-100:])
        box.console.tell("systemctl reboot")
        began_ms = utc_ms()
        box.wait_gone()
        wait_until(lambda: box.machine.serial().count("starting slot b") > 0, bench.patience_s, "the trial", 1)
        wait_until(lambda: _starts_after_b(box.machine.serial()) > 0, TRIES * bench.patience_s + bench.slowly(DECIDE_S), f"the way back by {who}", 1)
        box.power_on_ms = utc_ms()
        box.wait_up()
        gap_s = _update_gap_s(box, began_ms)
        report.expect(f"{who} goes back to the system before, which records", box.slot() == "a" and box.version() == before,
                      f"{(utc_ms() - began_ms) / 1000:.0f} s behind the restart; slot {box.slot()}, version {box.version()}")
        told = box.wait_decided("rolled_back", "good", "failed")
        report.expect("that it was rolled back is on record, with the reason", told["state"] == "rolled_back" and told["reason"], told["reason"])
        box.active_slot_is("a", "the bad release is not tried again")
        box.expect_clean(box.finish(), gap_s)
        return box.machine.serial().count("starting slot b")


def _starts_after_b(serial):
    """How often slot a was started behind the last start of slot b."""
    return serial.rpartition("starting slot b")[2].count("starting slot a")


ALL = {"update": update, "update_power_cut": update_power_cut, "bad_gateway": bad_gateway, "bad_kernel": bad_kernel}


def prepare(bench):
    """What these scenarios share: made from the image."""
    bench.updates = Updates(Disk(bench.provisioned), bench.folder / "updates")

