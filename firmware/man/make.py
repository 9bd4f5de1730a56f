"""make.py --version V --revision R --maintainer M --time T --docs FOLDER --into FOLDER -- PROGRAM…

Writes what the package takes from the program and the documents: jidian.1.gz, jidian-site.toml.5.gz, changelog.Debian.gz. PROGRAM
is how the program is started, an emulator before it included. T (seconds since 1970) is the date of everything."""
import argparse
import datetime
import email.utils
import gzip
import pathlib
import sys

import command_page
import markdown_page


def write(path, text):
    """Compressed as Debian wants it: best, and without name and time of the day."""
    with open(path, "wb") as file, gzip.GzipFile(filename="", fileobj=file, mode="wb", compresslevel=9, mtime=0) as packed:
        packed.write(text.encode())


def changelog(version, revision, maintainer, when):
    """Debian's own form; what changed in the program is in the project's changelog."""
    return (f"jidian ({version}-{revision}) stable; urgency=medium\n\n  * Package of release {version}.\n\n"
            f" -- {maintainer}  {email.utils.format_datetime(when)}\n")


def main(arguments):
    parser = argparse.ArgumentParser()
    for name in ("version", "revision", "maintainer", "time", "docs", "into"):
        parser.add_argument(f"--{name}", required=True)
    parser.add_argument("program", nargs="+")
    given = parser.parse_args(arguments)
    if not given.time.isdigit():
        print(f"make.py: the time of the sources is not known ('{given.time}'); set SOURCE_DATE_EPOCH", file=sys.stderr)
        return 1
    when = datetime.datetime.fromtimestamp(int(given.time), datetime.timezone.utc)
    into = pathlib.Path(given.into)
    write(into / "changelog.Debian.gz", changelog(given.version, given.revision, given.maintainer, when))
    write(into / "jidian.1.gz", command_page.page(given.program, given.version, when.date()))
    configuration = (pathlib.Path(given.docs) / "configuration.md").read_text()
    what = "the site file of the energy gateway"
    write(into / "jidian-site.toml.5.gz", markdown_page.page(configuration, "jidian-site.toml", what, given.version, when.date()))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
