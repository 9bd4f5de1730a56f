"""Whose time servers chrony asks: those of the site file, or else those that the network offers at the uplink."""
import fcntl
import subprocess
import time

from box import SCRIPTS, BoxTest, main, site

SITE_SERVERS = '[device]\nntp_servers = ["ntp.example.org"]\n'
UPLINK, PLANT, SERVICE = 3, 4, 2  # as the kernel counts them


class NetworkTime(BoxTest):
    def setUp(self):
        super().setUp()
        self.chrony = self.root / "run/jidian-device/chrony"
        self.sources = self.chrony / "network.sources"
        self.links = self.root / "run/systemd/netif/links"
        self.links.mkdir(parents=True)
        for name, number in (("uplink0", UPLINK), ("plant0", PLANT), ("service0", SERVICE)):
            self.give_socket(name, number)

    def give_socket(self, name, number):
        folder = self.root / "sys/class/net" / name
        folder.mkdir(parents=True)
        (folder / "ifindex").write_text(f"{number}\n")

    def offer(self, *servers, link=UPLINK):
        """As networkd of systemd 252 writes the state of a link."""
        (self.links / str(link)).write_text(
            "# This is private data. Do not parse.\nADMIN_STATE=configured\nOPER_STATE=routable\nREQUIRED_FOR_ONLINE=yes\n"
            "NETWORK_FILE=/usr/lib/systemd/network/zz-uplink0.network\nDNS=10.0.2.3\n"
            f"NTP={' '.join(servers)}\nSIP=\nDOMAINS=\nLLMNR=no\nDHCP_LEASE=/run/systemd/netif/leases/{link}\n")

    def look(self):
        """Runs the script; gives the servers that chrony is to ask."""
        self.run_script("network-time")
        return self.told()

    def told(self):
        lines = self.sources.read_text().splitlines() if self.sources.exists() else []
        for line in lines:
            self.assertRegex(line, "^server [A-Za-z0-9.:-]+ iburst$")
        return [line.split()[1] for line in lines]

    def reloads(self):
        return self.calls().count("chronyc reload sources")

    def write_site(self, text):
        (self.config / "site.toml").write_text(text)

    def test_servers_that_the_uplinks_network_offers_are_asked(self):
        self.offer("10.0.2.2", "2001:db8::123", "time.example.org")
        self.assertEqual(self.look(), ["10.0.2.2", "2001:db8::123", "time.example.org"])
        self.assertEqual(self.reloads(), 1)
        self.assertEqual(self.sources.stat().st_mode & 0o777, 0o644, "chrony is not root when it reads them")

    def test_nothing_is_done_where_nothing_changed(self):
        self.offer("10.0.2.2")
        self.look()
        before = self.sources.stat()
        self.forget_calls()
        self.look()
        self.assertEqual((self.calls(), self.sources.stat().st_ino), ([], before.st_ino))

    def test_servers_that_are_offered_no_longer_are_no_longer_asked(self):
        self.offer("10.0.2.2")
        self.look()
        self.offer()
        self.assertEqual(self.look(), [])
        self.assertEqual(self.reloads(), 2)

    def test_a_box_without_a_network_has_none(self):
        self.assertEqual(self.look(), [])
        (self.root / "sys/class/net/uplink0/ifindex").unlink()
        self.offer("10.0.2.2")
        self.assertEqual(self.look(), [])
        self.assertEqual(self.calls(), [])

    def test_plant_and_service_port_may_offer_none(self):
        self.offer("10.9.9.9", link=PLANT)
        self.offer("192.168.99.10", link=SERVICE)
        self.assertEqual(self.look(), [])

    def test_what_is_no_server_is_passed_over(self):
        self.offer("-x", "a;b", "a|b", "*", "time_1", "$(id)", "fe80::1%uplink0", ":;", "a" * 254, "10.0.2.2")
        self.assertEqual(self.look(), ["10.0.2.2"])

    def test_at_most_four_are_asked(self):
        self.offer(*(f"10.0.2.{number}" for number in range(2, 12)))
        self.assertEqual(self.look(), ["10.0.2.2", "10.0.2.3", "10.0.2.4", "10.0.2.5"])

    def test_the_sites_servers_rule(self):
        self.write_site(site(more=SITE_SERVERS))
        self.offer("10.0.2.2")
        self.run_script("apply-site")
        self.assertEqual(self.look(), [])
        self.assertEqual((self.chrony / "site.sources").read_text(), "server ntp.example.org iburst\n")

    def test_a_new_site_file_changes_whose_are_asked(self):
        self.write_site(site())
        self.offer("10.0.2.2")
        self.run_script("apply-site")
        self.assertEqual(self.look(), ["10.0.2.2"])
        self.write_site(site(more=SITE_SERVERS))
        self.run_script("apply-site")
        self.assertEqual(self.told(), [])
        self.write_site(site())
        self.run_script("apply-site")
        self.assertEqual(self.told(), ["10.0.2.2"])
        self.assertFalse((self.chrony / "site.sources").exists())

    def test_servers_are_kept_for_a_chrony_that_does_not_run_yet(self):
        self.play("chronyc", "exit 1\n")
        self.offer("10.0.2.2")
        said = self.run_script("network-time")
        self.assertEqual(self.told(), ["10.0.2.2"])
        self.assertIn("at its next start", said.stderr)
        self.play("chronyc", "")
        self.forget_calls()
        self.look()
        self.assertEqual(self.reloads(), 1, "it still had to hear of them")
        self.look()
        self.assertEqual(self.reloads(), 1)

    def test_what_networkd_writes_meanwhile_is_seen(self):
        self.offer("10.0.2.9")
        later = self.folder / "later"
        (self.links / str(UPLINK)).rename(later)
        self.offer("10.0.2.2")
        self.play("chronyc", f'[ ! -e "{later}" ] || mv "{later}" "{self.links / str(UPLINK)}"\n')
        self.assertEqual(self.look(), ["10.0.2.9"])

    def test_one_at_a_time(self):
        self.offer("10.0.2.2")
        self.play("flock", 'exec /usr/bin/flock "$@"\n')
        with open(self.root / "run/jidian-device/network-time.lock", "w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            with subprocess.Popen([SCRIPTS / "network-time"], env=self.environment) as second:
                deadline = time.monotonic() + 60
                while not self.calls() and second.poll() is None and time.monotonic() < deadline:
                    pass
                self.assertEqual(self.told(), [])
                self.offer("10.0.2.9")
                fcntl.flock(lock, fcntl.LOCK_UN)
        self.assertEqual((second.returncode, self.told()), (0, ["10.0.2.9"]))


class Units(BoxTest):
    def test_networkds_links_are_watched(self):
        units = SCRIPTS.parents[0] / "systemd/system"
        self.assertIn("PathChanged=/run/systemd/netif/links\n", (units / "jidian-network-time.path").read_text())
        self.assertIn("ExecStart=/usr/lib/jidian/network-time\n", (units / "jidian-network-time.service").read_text())


if __name__ == "__main__":
    main()
