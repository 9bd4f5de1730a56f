"""What a box makes for itself at its first start, also where the power fails in the middle of it."""
import re
import subprocess
import unittest

from box import BoxTest, main

# The programs that first-boot uses to change something.
CHANGES = ["chmod", "cmp", "jidian", "mktemp", "mount", "mv", "openssl", "rm", "sync"]


class FirstBoot(BoxTest):
    def assert_whole(self):
        code = (self.root / "data/service-code").read_text()
        self.assertRegex(code, r"^[a-hjkmnp-z2-9]{4}(-[a-hjkmnp-z2-9]{4}){2}\n$")
        self.assertEqual((self.root / "data/service-code").stat().st_mode & 0o777, 0o600)
        lines = [line.split(":") for line in (self.root / "data/shadow").read_text().splitlines()]
        self.assertEqual((self.root / "data/shadow").stat().st_mode & 0o777, 0o600)
        self.assertEqual([line[0] for line in lines], ["root", "service", "jidian"])
        self.assertEqual([lines[0][1], lines[2][1]], ["*", "!"], "nobody else gets a password")
        _, method, salt, _ = lines[1][1].split("$")
        made = subprocess.run(["openssl", "passwd", f"-{method}", "-salt", salt, "-stdin"], input=code, capture_output=True, text=True,
                              check=True).stdout
        self.assertEqual(made.strip(), lines[1][1], "the hash is not of the code")
        self.assertEqual(lines[1][2], "", "a date would let the password expire at a wrong clock")
        self.assertTrue((self.credentials / "gateway.pem").exists())
        self.assert_tidy()
        return code.strip()

    def test_makes_code_hash_and_key_and_shows_the_code_on_the_console_alone(self):
        done = self.run_script("first-boot")
        code = self.assert_whole()
        self.assertIn(code, (self.root / "dev/console").read_text())
        self.assertIn("box-0123456789ab", (self.root / "dev/console").read_text())
        self.assertNotIn(code, done.stdout + done.stderr, "what is printed stays in the journal")
        self.assertIn(f"mount --bind {self.root}/data/shadow {self.root}/etc/shadow", self.calls())

    def test_another_start_changes_nothing(self):
        self.run_script("first-boot")
        before = {path.name: path.read_bytes() for path in (self.root / "data").iterdir()}
        key = (self.credentials / "gateway.pem").read_bytes()
        self.run_script("first-boot")
        self.assertEqual({path.name: path.read_bytes() for path in (self.root / "data").iterdir()}, before)
        self.assertEqual((self.credentials / "gateway.pem").read_bytes(), key)

    def test_two_boxes_have_two_codes(self):
        codes = set()
        for _ in range(20):
            for path in (self.root / "data").iterdir():
                path.unlink()
            self.run_script("first-boot")
            codes.add((self.root / "data/service-code").read_text())
        self.assertEqual(len(codes), 20)

    def test_a_power_cut_before_any_change_is_made_good_by_the_next_start(self):
        counter = self.folder / "left"
        for name in CHANGES:
            played = self.bin / name
            rest = played.read_text().split("\n", 1)[1] if played.exists() else f'exec /usr/bin/{name} "$@"\n'
            played.write_text(f"""#!/bin/sh
left=$(cat {counter})
echo $((left - 1)) >{counter}
if [ "$left" -eq 0 ]; then kill -9 "$PPID"; exit 1; fi
{rest}""")
            played.chmod(0o755)
        cuts = 0
        while True:
            for path in [*(self.root / "data").iterdir(), *self.credentials.iterdir()]:
                path.unlink()
            counter.write_text(f"{cuts}\n")
            done = self.run_script("first-boot", status=None)
            counter.write_text("-1\n")
            if done.returncode == 0:
                break
            cuts += 1
            self.run_script("first-boot")
            self.assert_whole()
        self.assertGreater(cuts, 10, "it was not cut where it changes something")

    def test_a_torn_code_is_made_anew_with_its_hash(self):
        self.run_script("first-boot")
        (self.root / "data/service-code").write_text("abcd-")
        self.run_script("first-boot")
        self.assert_whole()

    def test_without_the_systems_shadow_file_none_is_made(self):
        (self.root / "etc/shadow").unlink()
        self.run_script("first-boot", status=None)
        self.assertFalse((self.root / "data/shadow").exists())

    def test_without_openssl_nothing_is_claimed(self):
        self.play("openssl", "exit 1\n")
        self.run_script("first-boot", status=1)
        self.assertFalse((self.root / "data/shadow").exists())


class Serial(BoxTest):
    def serial(self, **sources):
        for name, value in sources.items():
            path = self.root / {"tree": "sys/firmware/devicetree/base/serial-number", "dmi": "sys/class/dmi/id/product_serial"}[name]
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(value)
        return self.run_script("box-serial").stdout.strip()

    def test_is_the_boards_own_if_that_is_one(self):
        self.assertEqual(self.serial(), "box-0123456789ab")
        self.assertEqual(self.serial(dmi=b"Default string\n"), "box-0123456789ab")
        self.assertEqual(self.serial(dmi=b"ABC-42/7 ;$(id)\n"), "abc-427id")
        self.assertEqual(self.serial(tree=b"10000000A1B2C3D4\0"), "10000000a1b2c3d4")
        self.assertTrue(re.fullmatch("[a-z0-9-]{1,32}", self.serial(tree=b"X" * 500)))


if __name__ == "__main__":
    main()
