"""What a USB stick may bring, what it gets back, and what hostile sticks do not achieve."""
import os
import pathlib
import unittest

from box import Authority, BoxTest, main, remove, site, tree

UPLINK = "[Match]\nName=uplink0\n\n[Network]\nAddress=10.0.0.5/24\nGateway=10.0.0.1\n"


class Stick(BoxTest):
    def setUp(self):
        super().setUp()
        self.stick = self.folder / "stick"
        self.stick.mkdir()
        (self.root / "dev/sda1").write_text(str(self.stick))
        self.serial = "box-0123456789ab"
        self.make_identity()
        self.authority = Authority(self.folder)

    def lay(self, name, files):
        """A folder for a box on the stick."""
        folder = self.stick / "jidian" / name
        for path, content in files.items():
            (folder / path).parent.mkdir(parents=True, exist_ok=True)
            (folder / path).write_text(content)
        return folder

    def plug(self, status=0):
        done = self.run_script("import-usb", "sda1", status=status)
        self.assert_tidy()
        return done.stdout + done.stderr

    def bring_site(self, more=""):
        """A box in order: its site, its authority, its certificate."""
        folder = self.lay(self.serial, {"site.toml": site(more=more), "ca.pem": self.authority.pem.read_text()})
        self.plug()
        (folder / "gateway.crt").write_text(self.authority.issue((folder / "gateway.csr").read_text()))
        self.plug()
        self.forget_calls()
        return folder


class Imports(Stick):
    def test_a_box_is_provisioned_by_two_visits(self):
        folder = self.lay(self.serial, {"site.toml": site(), "ca.pem": self.authority.pem.read_text(), "network/uplink.network": UPLINK})
        self.plug()
        self.assertEqual((self.config / "site.toml").read_text(), site())
        self.assertEqual((self.config / "ca.pem").read_bytes(), self.authority.pem.read_bytes())
        self.assertEqual((self.config / "network/uplink.network").read_text(), UPLINK)
        self.assertIn("networkctl reload", self.calls())
        self.assertIn("systemctl --no-block restart jidian.service", self.calls())
        result = (folder / "result.txt").read_text()
        self.assertIn("site.toml is taken over.", result)
        self.assertIn("gateway foundry-1", result)

        (folder / "gateway.crt").write_text(self.authority.issue((folder / "gateway.csr").read_text()))
        self.forget_calls()
        self.plug()
        self.assertIn("gateway.crt is installed.", (folder / "result.txt").read_text())
        shown = self.jidian("identity", "show", "--folder", self.credentials)
        self.assertIn("foundry-1, issued by ca", shown)
        self.assertIn("systemctl --no-block restart jidian.service", self.calls())
        self.assertNotIn("networkctl reload", self.calls())

    def test_a_stick_is_read_only_until_all_is_judged_and_nothing_on_it_can_run(self):
        self.lay(self.serial, {"site.toml": site()})
        self.plug()
        mounts = [call for call in self.calls() if call.startswith("mount")]
        self.assertEqual(len(mounts), 3)
        for call in mounts:
            for option in ("nosuid", "nodev", "noexec", "nosymfollow"):
                self.assertIn(option, call)
        self.assertIn("-o ro,", mounts[0])
        self.assertIn("remount,rw,", mounts[1])
        self.assertIn("remount,ro,", mounts[2])
        self.assertEqual(self.calls()[-1].split()[0], "umount")

    def test_the_same_stick_again_changes_nothing(self):
        self.bring_site()
        before = self.configuration()
        self.plug()
        self.assertEqual(self.configuration(), before)
        self.assertEqual([call for call in self.calls() if "restart" in call or call.startswith(("networkctl", "jidian reload"))], [])

    def test_a_forgotten_stick_does_not_bring_an_old_site_back(self):
        folder = self.bring_site()
        newer = site(name="Foundry No. 2")
        (self.config / "site.toml").write_text(newer)
        self.plug()
        self.assertEqual((self.config / "site.toml").read_text(), newer)
        self.assertIn("passed over", (folder / "result.txt").read_text())
        (folder / "site.toml").write_text(site() + "# once more\n")
        self.plug()
        self.assertEqual((self.config / "site.toml").read_text(), site() + "# once more\n")

    def test_a_running_gateway_goes_on_where_it_can(self):
        folder = self.bring_site()
        (self.folder / "running").touch()
        (folder / "site.toml").write_text(site(name="Foundry No. 2"))
        self.plug()
        self.assertTrue(any(call.startswith("jidian reload") for call in self.calls()))
        self.assertEqual([call for call in self.calls() if "restart" in call], [])
        (self.folder / "reload").write_text("1")
        (folder / "site.toml").write_text(site(name="Foundry No. 3"))
        self.plug()
        self.assertIn("systemctl --no-block restart jidian.service", self.calls())

    def test_a_renewal_takes_the_next_key(self):
        folder = self.bring_site()
        soon = self.authority.issue(self.jidian("identity", "request", "--folder", self.credentials, "--id", "foundry-1"), days=20)
        self.jidian("identity", "create", "--folder", self.credentials, "--replace")
        soon = self.authority.issue(self.jidian("identity", "request", "--folder", self.credentials, "--id", "foundry-1"), days=20)
        (folder / "gateway.crt").write_text(soon)
        self.plug()
        self.assertIn("19 days", self.jidian("identity", "check", "--folder", self.credentials, status=1))
        present = (self.credentials / "gateway.pem").read_text()
        self.plug()  # brings the request of the next key
        self.assertEqual((self.credentials / "gateway.pem").read_text(), present)
        (folder / "gateway.crt").write_text(self.authority.issue((folder / "gateway.csr").read_text()))
        self.plug()
        self.assertNotEqual((self.credentials / "gateway.pem").read_text().split("-----END")[0], present.split("-----END")[0])
        self.assertIn("364 days", self.jidian("identity", "check", "--folder", self.credentials))

    def test_an_empty_stick_comes_back_with_who_the_box_is(self):
        (self.stick / "jidian").mkdir()
        self.plug()
        self.assertIn(f"serial {self.serial}", (self.stick / "jidian" / self.serial / "result.txt").read_text())

    def test_a_write_protected_stick_is_taken_over_too(self):
        folder = self.lay(self.serial, {"site.toml": site()})
        (self.folder / "write-protected").touch()
        self.assertIn("write-protected", self.plug())
        self.assertTrue((self.config / "site.toml").exists())
        self.assertFalse((folder / "result.txt").exists())

    def test_an_empty_network_file_takes_one_away(self):
        self.lay(self.serial, {"network/uplink.network": UPLINK})
        self.plug()
        self.lay(self.serial, {"network/uplink.network": ""})
        self.forget_calls()
        self.plug()
        self.assertFalse((self.config / "network/uplink.network").exists())
        self.assertIn("networkctl reload", self.calls())

    def test_exfat_is_read_and_other_file_systems_are_not(self):
        self.lay(self.serial, {"site.toml": site()})
        (self.folder / "filesystem").write_text("ext4")
        self.assertIn("neither FAT nor exFAT", self.plug(status=1))
        (self.folder / "filesystem").write_text("exfat")
        self.plug()
        self.assertTrue((self.config / "site.toml").exists())

    def test_a_power_cut_leaves_the_old_file_or_the_new_one(self):
        folder = self.bring_site()
        counter = self.folder / "left"
        for name in ("mktemp", "mv", "sync"):
            path = self.bin / name
            path.write_text(f"""#!/bin/sh
read -r left <{counter}
echo $((left - 1)) >{counter}
if [ "$left" -eq 0 ]; then kill -9 "$PPID"; exit 1; fi
exec /usr/bin/{name} "$@"
""")
            path.chmod(0o755)
        old = site()
        cuts, news = 0, 0
        while True:
            new = site() + f"# version {cuts}\n"
            (folder / "site.toml").write_text(new)
            counter.write_text(f"{cuts}\n")
            self.run_script("import-usb", "sda1", status=None)
            is_over = int(counter.read_text()) >= 0
            counter.write_text("-1\n")
            found = (self.config / "site.toml").read_text()
            self.assertIn(found, (old, new))
            news += found == new
            self.assertEqual(self.jidian("identity", "check", "--folder", self.credentials).count("certificate"), 1)
            if is_over:
                break
            cuts += 1
            old = found
            # What the cut left of mounts and copies lies in memory, and is gone with the start.
            for path in (self.root / "run/jidian-device").iterdir():
                if path.name.startswith(("stick-", "import-")):
                    remove(path)
            for name in ("mounted", "writable", "before"):
                remove(self.folder / name)
            (folder / "site.toml").write_text(site() + f"# again {cuts}\n")
            self.run_script("import-usb", "sda1")
            old = (self.config / "site.toml").read_text()
            self.assertEqual(old, site() + f"# again {cuts}\n", "the next try is taken over whole")
            self.assertEqual([path.name for path in self.config.iterdir() if path.name.startswith(".import-")], [])
        self.assertGreater(cuts, 5)
        self.assertGreater(news, 1)


class Hostile(Stick):
    def setUp(self):
        super().setUp()
        self.mine = self.bring_site()
        self.before = self.configuration()
        self.secret = self.folder / "secret"
        self.secret.write_text("root:secret\n")

    def assert_refused(self, why, status=1):
        said = self.plug(status=status)
        self.assertIn(why, said)
        self.assertEqual(self.configuration(), self.before)
        self.assertEqual([call for call in self.calls() if "restart" in call or call.startswith("jidian reload")], [])
        self.assertEqual(self.secret.read_text(), "root:secret\n")
        self.assertNotIn("root:secret", said)
        for path in self.stick.rglob("*"):
            if path.is_file() and not path.is_symlink():
                self.assertNotIn(b"root:secret", path.read_bytes(), path)

    def test_links_are_not_followed(self):
        for name in ("site.toml", "ca.pem", "gateway.crt"):
            with self.subTest(name):
                (self.mine / name).unlink()
                (self.mine / name).symlink_to(self.secret)
                self.assert_refused(f"{name} is no plain file")
                (self.mine / name).unlink()

    def test_folders_that_are_links_are_not_entered(self):
        elsewhere = self.folder / "elsewhere"
        elsewhere.mkdir()
        (elsewhere / "site.toml").write_text(site(name="Hostile"))
        remove(self.mine)
        self.mine.symlink_to(elsewhere)
        self.assert_refused("is no folder")
        self.mine.unlink()
        self.mine.mkdir()
        (self.mine / "network").symlink_to(elsewhere)
        self.assert_refused("network is no folder")
        self.assertEqual([path.name for path in elsewhere.iterdir()], ["site.toml"], "nothing is written there")

    def test_a_stick_whose_folder_jidian_is_a_link_is_somebody_elses(self):
        (self.stick / "jidian").rename(self.folder / "elsewhere")
        (self.stick / "jidian").symlink_to(self.folder / "elsewhere")
        elsewhere = tree(self.folder / "elsewhere")
        self.assert_refused("", status=0)
        self.assertEqual(tree(self.folder / "elsewhere"), elsewhere)

    def test_what_is_no_file_is_not_read(self):
        (self.mine / "site.toml").unlink()
        os.mkfifo(self.mine / "site.toml")  # reading it would never end
        self.assert_refused("site.toml is no plain file")
        (self.mine / "site.toml").unlink()
        (self.mine / "site.toml").mkdir()
        self.assert_refused("site.toml is no plain file")

    def test_what_is_too_large_is_not_copied(self):
        with open(self.mine / "site.toml", "wb") as file:
            file.truncate(64 << 20)
        self.assert_refused("site.toml is larger than")
        (self.mine / "site.toml").unlink()
        (self.mine / "gateway.crt").write_text("x" * 70_000)
        self.assert_refused("gateway.crt is larger than")

    def test_one_thing_refused_is_all_refused(self):
        (self.mine / "network").mkdir()
        (self.mine / "network/uplink.network").write_text(UPLINK)
        (self.mine / "site.toml").write_text(site(name="New").replace("unit = 1", "unit = 999"))
        self.assert_refused("unit is out of range")

    def test_a_site_of_another_gateway_in_this_ones_folder_is_refused(self):
        self.mine.rename(self.mine.parent / "foundry-1")
        self.mine = self.mine.parent / "foundry-1"
        (self.mine / "site.toml").write_text(site("foundry-2"))
        self.assert_refused("the site file is of gateway 'foundry-2'")

    def test_certificates_that_are_not_this_boxs_are_refused(self):
        stranger = Authority(self.folder, "stranger")
        request = (self.mine / "gateway.csr").read_text()
        (self.mine / "gateway.crt").write_text(stranger.issue(request))
        self.assert_refused("the authority has not issued it")
        (self.mine / "gateway.crt").write_text(self.authority.pem.read_text())
        self.assert_refused("is not for this box's key")
        (self.mine / "gateway.crt").write_text("$(touch pwned)")
        self.assert_refused("there is no certificate")

    def test_authorities_that_are_none_are_refused(self):
        for content, why in ((self.authority.key.read_text() + self.authority.pem.read_text(), "ca.pem holds a private key"),
                             ("no certificate", "ca.pem holds no certificate"), ("", "ca.pem holds no certificate"),
                             (self.authority.pem.read_text() + "-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----\n", "damaged")):
            (self.mine / "ca.pem").write_text(content)
            self.assert_refused(why)

    def test_network_files_are_for_the_plants_sockets_alone(self):
        for content in ("[Match]\nName=service0\n[Network]\nAddress=192.168.99.1/24\n", "[Match]\nName=*\n", "[Network]\nDHCP=yes\n",
                        "[Match]\nName=uplink0\nName=service0\n", "[Match]\nName=uplink0\n[Match]\nName=service0\n", "Name=uplink0\n",
                        "[Match]\nName=uplink0\nPath=*\n", "[Match]\nName=uplink0 service0\n", "[NetDev]\nName=x\n", "[Match]\nName=uplink0\\\n",
                        "[Match]\nName=uplink0\n[Network]\nAddress=" + "1" * 300 + "\n", "[Match]\nName=uplink0\n\0\n", "#!/bin/sh\nreboot\n"):
            with self.subTest(content[:60]):
                self.lay(self.serial, {"network/uplink.network": content})
                self.assert_refused("REFUSED: network/uplink.network")

    def test_names_of_network_files_are_plain(self):
        for name in ("00-first.network", "zz.network", "a b.network", "$(touch pwned).network", "a\nb.network", "uplink.netdev", "uplink.link",
                     "-rf.network", "A.network", "a" * 60 + ".network"):
            with self.subTest(name):
                folder = self.lay(self.serial, {f"network/{name}": UPLINK})
                self.assert_refused("is not called like uplink.network")
                remove(folder / "network")

    def test_more_network_files_than_sockets_are_refused(self):
        self.lay(self.serial, {f"network/a{number}.network": UPLINK for number in range(17)})
        self.assert_refused("more than 16 files")

    def test_nothing_of_it_is_executed(self):
        traps = {name: f"#!/bin/sh\ntouch {self.folder}/pwned\n" for name in ("autorun.sh", "jidian", "openssl", "AUTORUN.INF", "install.sh")}
        for path, content in traps.items():
            for folder in (self.stick, self.mine):
                if not (folder / path).exists():
                    (folder / path).write_text(content)
                    (folder / path).chmod(0o755)
        (self.mine / "site.toml").write_text(site(name="$(touch pwned) `touch pwned`"))
        self.plug()
        self.assertEqual(list(pathlib.Path(self.folder).rglob("pwned")), [])
        self.assertEqual((self.config / "site.toml").read_text(), site(name="$(touch pwned) `touch pwned`"))

    def test_what_is_written_back_follows_no_link_either(self):
        for name in ("result.txt", "gateway.csr"):
            (self.mine / name).unlink()
            (self.mine / name).symlink_to(self.secret)
        self.assert_refused("", status=0)
        self.assertFalse((self.mine / "result.txt").is_symlink())
        (self.mine / "result.txt").unlink()
        (self.mine / "result.txt").mkdir()
        self.assert_refused("the result cannot be written", status=0)

    def test_the_private_key_never_reaches_the_stick(self):
        self.plug()
        for path in self.stick.rglob("*"):
            if path.is_file():
                self.assertNotIn("PRIVATE KEY", path.read_text(errors="replace"), path)

    def test_devices_that_are_no_sticks_are_not_mounted(self):
        for name in ("../sda1", "mmcblk0p1", "sda1;reboot", "", "sdaa/x", "sda1111"):
            self.forget_calls()
            self.run_script("import-usb", name, status=2)
            self.assertEqual(self.calls(), [])
        (self.root / "dev/jidian").mkdir()
        (self.root / "dev/jidian/boot").symlink_to(self.root / "dev/sda1")
        self.run_script("import-usb", "sda1")
        self.assertEqual(self.calls(), [], "the disk that the box itself starts from")


if __name__ == "__main__":
    unittest.TestCase.maxDiff = 2000
    main()
