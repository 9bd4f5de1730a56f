"""The pages of the manual say what the help says: its forms are taken apart, and a form that is not known stops the packaging."""
import pathlib
import sys
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2] / "firmware/man"))

import command_page  # noqa: E402
import markdown_page  # noqa: E402
import roff  # noqa: E402

HELP = """Read some registers
Usage: jidian show-as [OPTIONS] BUS UNIT

Positionals:
  BUS TEXT REQUIRED           Id of the bus
  UNIT UINT:INT in [1 - 255] REQUIRED
                              Modbus address of the meter

Options:
  -s,--site TEXT=/etc/jidian/site.toml
                              Site file
  --from TEXT Excludes: --end Since when
  --only TEXT:{event,live} ...
                              Only these

Exit status: 0 ok.
"""


class Pages(unittest.TestCase):
    def test_help_is_taken_apart_in_all_its_forms(self):
        found = command_page.read_help(HELP)
        self.assertEqual(found.description, "Read some registers")
        self.assertEqual(found.usage, "jidian show-as [OPTIONS] BUS UNIT")
        self.assertEqual(found.sections["Positionals"], [("BUS TEXT REQUIRED", "Id of the bus"),
                                                         ("UNIT UINT:INT in [1 - 255] REQUIRED", "Modbus address of the meter")])
        self.assertEqual([written for written, _ in found.sections["Options"]],
                         ["-s,--site TEXT=/etc/jidian/site.toml", "--from TEXT Excludes: --end", "--only TEXT:{event,live} ..."])
        self.assertEqual(found.sections["Options"][1][1], "Since when")

    def test_bounds_defaults_and_exclusions_are_told(self):
        self.assertIn("from 1 to 255", command_page.explained("UNIT UINT:INT in [1 - 255] REQUIRED", "Address"))
        self.assertIn("default /etc/x", command_page.explained("-s,--site TEXT=/etc/x", "File"))
        self.assertIn("event|live", command_page.explained("--only TEXT:{event,live} ...", "Only these"))
        self.assertIn("not with \\-\\-end", command_page.explained("--from TEXT Excludes: --end", "Since"))

    def test_a_form_that_is_not_known_is_an_error(self):
        with self.assertRaises(command_page.HelpError):
            command_page.explained("--speed COMPLEX:{1i}", "Speed")
        with self.assertRaises(command_page.HelpError):
            command_page.read_help("Something else altogether\n")

    def test_a_row_of_a_table_is_a_term_with_its_default(self):
        page = markdown_page.page("# Title\n\n## `[gateway]`\n| key | type | default | meaning |\n|---|---|---|---|\n"
                                  "| `id` | text | required | its *own* name |\n", "a", "b", "1", "2026-01-01")
        self.assertIn('.SH "[gateway]"\n.TP\n\\fBid\\fR\ntext; default: required; its \\fIown\\fR name\n', page)
        self.assertNotIn("Title", page)

    def test_text_cannot_be_taken_for_a_macro(self):
        self.assertEqual(roff.escape(".TH \\x 'a' -"), "\\&.TH \\ex \\(aqa\\(aq \\-")
        self.assertIn("\n\\&.hidden\n", roff.example([".hidden"]))

    def test_code_without_an_end_is_an_error(self):
        with self.assertRaises(ValueError):
            markdown_page.page("# T\n```toml\nx = 1\n", "a", "b", "1", "2026-01-01")


if __name__ == "__main__":
    unittest.main()
