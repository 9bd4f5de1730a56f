"""The device's scripts, with other programs and another /sys in place of the real ones."""
import os
import pathlib
import subprocess
import tempfile
import unittest

SCRIPTS = pathlib.Path(__file__).resolve().parents[3] / "firmware/image/root/usr/lib/jidian"


class Script(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = pathlib.Path(folder.name)

    def copy(self, name, *changes):
        """The script with some of its paths changed; each has to be there, so that a test cannot pass by a typing error."""
        text = (SCRIPTS / name).read_text()
        for old, new in changes:
            self.assertIn(old, text)
            text = text.replace(old, new)
        path = self.folder / name
        path.write_text(text)
        path.chmod(0o755)
        return path


class Units(unittest.TestCase):
    def test_what_starts_early_waits_for_no_service(self):
        # Services start behind paths, timers and sockets: one of these that waits for one of those is not started at all.
        early = [file for kind in ("path", "timer", "socket") for file in SCRIPTS.parents[4].glob(f"*/root/usr/lib/systemd/system/*.{kind}")]
        self.assertGreater(len(early), 5)
        for file in early:
            lines = file.read_text().splitlines()
            if "DefaultDependencies=no" in lines:
                continue  # it says itself when it starts
            after = [line for line in lines if line.startswith("After=") and ".service" in line]
            self.assertEqual(after, [], f"{file.name}: let the service it starts wait")

    def test_a_start_that_never_gets_up_ends(self):
        # The health check is behind basic.target: what hangs before it is seen by nobody else.
        drop_ins = list(SCRIPTS.parents[4].glob("*/root/usr/lib/systemd/system/basic.target.d/*.conf"))
        self.assertEqual(len(drop_ins), 1)
        lines = drop_ins[0].read_text().splitlines()
        self.assertIn("JobTimeoutAction=reboot-force", lines[lines.index("[Unit]"):])
        self.assertIn("JobTimeoutSec=15min", lines[lines.index("[Unit]"):])


class ServiceShell(Script):
    def setUp(self):
        super().setUp()
        tools = self.folder / "bin"
        tools.mkdir()
        self.told = self.folder / "told"
        for name in ("jidian", "service-import", "bring-update", "update"):
            path = tools / name
            path.write_text(f'#!/bin/sh\nprintf "%s|" {name} "$@" >>{self.told}\nif [ {name} = service-import ]; then tar --list; fi\n'
                            'if [ "$1" = bundle ]; then echo archive >"$3"; echo "events: denied"; exit 1; fi\n')
            path.chmod(0o755)
        (self.folder / "run").mkdir()
        self.shell = self.copy("service-shell", ("PATH=/usr/bin:/bin", f"PATH={tools}:/usr/bin:/bin"),
                               ("/usr/lib/jidian/service-import", "service-import"),
                               ("/usr/lib/jidian/bring-update", f"{tools}/bring-update"), ("/usr/lib/jidian/update", f"{tools}/update"), ("/run/service/", f"{self.folder}/run/"),
                               ("/run/jidian-device/data-unusable", f"{self.folder}/unusable"))

    def say(self, command=None, typed=b""):
        environment = {"PATH": "/usr/bin:/bin", "BASH_ENV": "/etc/profile", "JIDIAN_SITE": "/etc/shadow"}
        if command is not None:
            environment["SSH_ORIGINAL_COMMAND"] = command
        done = subprocess.run([self.shell, "-c", "id"], input=typed, env=environment, capture_output=True, check=False, timeout=30)
        told = self.told.read_text() if self.told.exists() else ""
        self.told.unlink(missing_ok=True)
        return done.returncode, told, (done.stdout + done.stderr).decode()

    def test_verbs_of_commissioning_go_through_as_they_are(self):
        for verb in ("scan", "add", "check", "read", "watch", "status", "signoff", "doctor"):
            self.assertEqual(self.say(f"{verb} x --flag 1")[1], f"jidian|{verb}|x|--flag|1|")
        self.assertEqual(self.say("jidian status")[1], "jidian|status|")

    def test_quotes_hold_words_together(self):
        self.assertEqual(self.say("""signoff m1 --display "48.2 MWh" --by 'shift electrician'""")[1],
                         "jidian|signoff|m1|--display|48.2 MWh|--by|shift electrician|")

    def test_nothing_is_expanded_or_run(self):
        words = "status $(id) `id` $HOME * ~ ;id &&id |id >x <y"
        self.assertEqual(self.say(words)[1], "jidian|" + "|".join(words.split()) + "|")

    def test_other_verbs_are_refused(self):
        for command in ("run", "export", "verify /etc/shadow", "tail", "identity show", "sh", "/bin/sh", "../bin/sh", "-s", "--help=x; id", "jidian run", "bash -i"):
            code, told, said = self.say(command)
            self.assertEqual((code, told), (2, ""), command)
            self.assertIn("write help", said)

    def test_options_that_name_files_are_refused_however_they_are_written(self):
        for option in ("--site /x", "--site=/x", "-s /x", "-s/x", "--profiles=/x", "--socket /x", "--store=/x", "--output /x", "'--site' /x", '"-s"/x'):
            code, told, _ = self.say(f"check {option}")
            self.assertEqual((code, told), (2, ""), option)

    def test_of_uplink_only_what_needs_no_key_goes_through(self):
        self.assertEqual(self.say("uplink retry up")[1], "jidian|uplink|retry|up|")
        self.assertEqual(self.say("uplink test")[:2], (2, ""))

    def test_without_data_nothing_is_taken_over(self):
        (self.folder / "unusable").write_text("the disk is gone\n")
        for command in ("import", "site-import", "add bus 1 --profile x"):
            code, told, said = self.say(command, b"[gateway]\n")
            self.assertEqual((code, told), (1, ""))
            self.assertIn("the disk is gone", said)
        self.assertEqual(self.say("status")[1], "jidian|status|")

    def test_an_update_is_handed_on_with_nothing_but_what_may_be_asked(self):
        for command, told in (("update", "bring-update|"), ("update --restart", "bring-update|restart|"), ("update status", "update|status|")):
            self.assertEqual(self.say(command)[:2], (0, told))
        for command in ("update --downgrade", "update install", "update restart", "update stick", "update status --json", "update --restart --downgrade", "update ?"):
            self.assertEqual(self.say(command)[:2], (2, ""), command)

    def test_an_open_quote_is_refused(self):
        self.assertEqual(self.say('status "x')[:2], (2, ""))

    def test_typed_lines_are_taken_until_the_end(self):
        code, told, said = self.say(typed=b"status\n\nsh\nread m1\n")
        self.assertEqual((code, told), (0, "jidian|status|jidian|read|m1|"))
        self.assertIn("'sh' is not for the service port", said)

    def test_what_comes_with_the_call_is_not_heeded(self):
        # sshd calls it as `service-shell -c COMMAND`: what is wanted comes in the environment alone.
        self.assertNotIn("uid=", self.say(typed=b"exit\n")[2])

    def test_a_site_file_alone_goes_to_the_import_as_a_tar(self):
        code, told, said = self.say("site-import", b"[gateway]\n")
        self.assertEqual((code, told), (0, "service-import|"))
        self.assertIn("site.toml", said)
        self.assertEqual(os.listdir(self.folder / "run"), [])

    def test_a_bundle_in_which_something_is_missing_is_sent_all_the_same(self):
        code, told, said = self.say("bundle")
        self.assertEqual(code, 1)
        self.assertRegex(told, r"^jidian\|bundle\|--output\|\S+\.tar\.zst\|$")
        self.assertEqual(said, "archive\nevents: denied\n")
        self.assertEqual(os.listdir(self.folder / "run"), [])

    def test_an_empty_site_file_is_refused(self):
        self.assertEqual(self.say("site-import")[:2], (2, ""))


class EthernetSocket(Script):
    """A board of two sockets at PCI, whose drivers came in the wrong order, and an adapter at USB."""

    def setUp(self):
        super().setUp()
        self.sys = self.folder / "sys"
        host = self.sys / "devices/platform/4010000000.pcie/pci0000:00"
        for slot, kind, name in (("0000:00:01.0", "0x020000", "eth1"), ("0000:00:02.0", "0x010000", None), ("0000:00:0a.0", "0x020000", "eth0")):
            device = host / slot
            (device / "virtio").mkdir(parents=True)
            (device / "class").write_text(kind + "\n")
            self.link(f"bus/pci/devices/{slot}", device)
            if name:
                (device / "virtio/net" / name).mkdir(parents=True)
                self.link(f"class/net/{name}", device / "virtio/net" / name)
        adapter = host / "0000:00:02.0/usb1/1-1/net/eth2"
        adapter.mkdir(parents=True)
        self.link("class/net/eth2", adapter)
        (self.sys / "bus/virtio/devices").mkdir(parents=True)
        self.script = self.copy("ethernet-socket", ("/sys/", f"{self.sys}/"))

    def in_the_processor(self, address, node, *names):
        """A device of the processor; without names its driver is still to come."""
        device = self.sys / "devices/platform" / address
        device.mkdir(parents=True)
        (device / "uevent").write_text(f"DRIVER=x\nOF_NAME={node}\nOF_COMPATIBLE_N=1\n")
        self.link(f"bus/platform/devices/{address}", device)
        for name in names:
            (device / "net" / name).mkdir(parents=True)
            self.link(f"class/net/{name}", device / "net" / name)
        return device

    def link(self, name, target):
        path = self.sys / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.symlink_to(target)

    def number(self, name):
        done = subprocess.run([self.script, self.sys / "class/net" / name], capture_output=True, text=True, check=True, timeout=10)
        return done.stdout.strip()

    def test_sockets_are_counted_by_their_place(self):
        self.assertEqual(self.number("eth1"), "JIDIAN_SOCKET=0")
        self.assertEqual(self.number("eth0"), "JIDIAN_SOCKET=1")

    def test_those_in_the_processor_are_counted_before_their_drivers_come(self):
        self.in_the_processor("30be0000.ethernet", "ethernet")
        self.in_the_processor("30bf0000.ethernet", "ethernet", "end1")
        self.in_the_processor("30c00000.serial", "serial")
        self.in_the_processor("5b040000.gmac", "gmac", "end2")
        self.assertEqual([self.number(name) for name in ("end1", "eth1", "eth0", "end2")], [f"JIDIAN_SOCKET={place}" for place in (1, 2, 3, 4)])

    def test_what_hangs_behind_one_in_the_processor_has_no_number(self):
        conduit = self.in_the_processor("30be0000.ethernet", "ethernet", "end0")
        port = conduit / "mdio_bus/switch/net/lan1"
        port.mkdir(parents=True)
        self.link("class/net/lan1", port)
        self.assertEqual((self.number("end0"), self.number("lan1")), ("JIDIAN_SOCKET=0", ""))

    def test_an_adapter_at_usb_has_no_number(self):
        self.assertEqual(self.number("eth2"), "")


class HostKeys(Script):
    def setUp(self):
        super().setUp()
        (self.folder / "ssh").mkdir()
        self.script = self.copy("make-host-keys", ("/data/ssh", f"{self.folder}/ssh"))

    def run_it(self):
        subprocess.run([self.script], check=True, capture_output=True, timeout=60)

    def test_they_are_made_once(self):
        self.run_it()
        key = self.folder / "ssh/ssh_host_ed25519_key"
        before = key.read_bytes()
        self.assertEqual(key.stat().st_mode & 0o777, 0o600)
        self.run_it()
        self.assertEqual(key.read_bytes(), before)

    def test_an_empty_one_left_by_a_power_cut_is_made_anew(self):
        key = self.folder / "ssh/ssh_host_ecdsa_key"
        key.touch()
        (self.folder / "ssh/ssh_host_ecdsa_key.draft").write_text("half")
        self.run_it()
        self.assertIn("PRIVATE KEY", key.read_text())


if __name__ == "__main__":
    unittest.main()
