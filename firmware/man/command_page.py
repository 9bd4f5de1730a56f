"""jidian(1) out of the command line's own help: what the page says is what the program takes."""
import dataclasses
import os
import re
import subprocess

import roff

EXIT_STATUS = [("0", "It worked."), ("1", "It worked, and something is not as it should be."),
               ("2", "The command line or the configuration is wrong."),
               ("3", "A port, a meter, a broker or the gateway itself cannot be reached.")]
ENVIRONMENT = [("JIDIAN_SITE", "The site file, where --site says nothing."),
               ("JIDIAN_PROFILES", "The folder of the meter profiles, where --profiles says nothing."),
               ("LC_ALL, LC_MESSAGES, LANG", "The language of what is said to people: Chinese where it begins with zh.")]
FILES = [("/etc/jidian/site.toml", "The site: see jidian-site.toml(5)."),
         ("/etc/jidian/credentials/", "Keys and passwords for the service, one a file; root's alone."),
         ("/usr/share/jidian/meters/", "The profiles of meters."),
         ("/var/lib/jidian/store/", "The record, and last-good-site.toml, for a start that finds the site file damaged."),
         ("/run/jidian/api.sock", "The local interface of the running gateway.")]

TEXT_INDENT = " " * 30  # where the texts of options begin
# An option as its help writes it: names, what it takes, what is allowed, what it is without.
WRITTEN = re.compile(r"(?P<names>\S+)(?: (?P<type>TEXT|UINT|INT|FLOAT)"
                     r"(?::\{(?P<words>[^}]*)\}|:INT in \[(?P<low>-?\d+) - (?P<high>-?\d+)\])?(?:=(?P<default>\S+))?)?"
                     r"(?P<again> \.\.\.)?(?: REQUIRED)?(?: Excludes: (?P<excludes>.+))?")

KINDS = {"TEXT": "TEXT", "UINT": "NUMBER", "INT": "NUMBER", "FLOAT": "NUMBER"}


class HelpError(Exception):
    """The program's help is not as it is expected."""


@dataclasses.dataclass
class Help:
    """What one verb says of itself: entries are pairs (how it is written, what it means)."""
    description: str = ""
    usage: str = ""
    sections: dict = dataclasses.field(default_factory=dict)


def read_help(text):
    """Takes apart what --help prints."""
    found = Help()
    entries = None
    lines = text.splitlines()
    for number, line in enumerate(lines):
        if line.startswith("Usage: "):
            found.usage = line.removeprefix("Usage: ")
        elif line and not line.startswith(" ") and line.endswith(":"):
            entries = found.sections.setdefault(line[:-1], [])
        elif line.startswith(TEXT_INDENT):
            continue  # taken with the line before
        elif line.startswith("  ") and entries is not None:
            after = lines[number + 1] if number + 1 < len(lines) else ""
            entries.append(entry_of(line, after))
        elif line and not found.usage:
            found.description = f"{found.description} {line}".strip()
    if not found.usage:
        raise HelpError(f"there is no usage in: {text!r}")
    return found


def entry_of(line, after):
    """`  --name TYPE         text`, the text at a fixed column; what is too long for that has it on the next line."""
    if after.startswith(TEXT_INDENT):
        return line.strip(), after.strip()
    return line[:len(TEXT_INDENT)].strip(), line[len(TEXT_INDENT):].strip()


def ask(program, words):
    """The help of a verb, in English."""
    answer = subprocess.run([*program, *words, "--help"], capture_output=True, text=True, timeout=60,
                            env={**os.environ, "LC_ALL": "C", "JIDIAN_SITE": "", "JIDIAN_PROFILES": ""})
    if answer.returncode != 0:
        raise HelpError(f"'{' '.join([*program, *words])} --help' ended with {answer.returncode}: {answer.stderr}")
    return read_help(answer.stdout)


def verbs_of(program, words=()):
    """Every verb with its words and its help, those of two words included."""
    for written, _ in ask(program, words).sections.get("Subcommands", []):
        verb = (*words, written.split()[0])
        below = list(verbs_of(program, verb))
        if below:
            yield from below
        else:
            yield verb, ask(program, verb)


def explained(written, meaning):
    """One option or argument for the page."""
    match = WRITTEN.fullmatch(written)
    if match is None:
        raise HelpError(f"an option is written in a way that the page does not know: {written!r}")
    tag = ", ".join(roff.bold(name) for name in match["names"].split(","))
    if match["type"] and match["names"].startswith("-"):
        tag += " " + roff.italic(match["words"].replace(",", "|") if match["words"] else KINDS[match["type"]])
    more = [f"one of {match['words'].replace(',', ', ')}"] if match["words"] and not match["names"].startswith("-") else []
    more += [f"from {match['low']} to {match['high']}"] if match["low"] else []
    more += [f"default {match['default']}"] if match["default"] else []
    more += [f"not with {match['excludes']}"] if match["excludes"] else []
    return roff.tagged(tag, roff.escape(meaning + (f" ({'; '.join(more)})" if more else "")))


def entries_of(found, but):
    for title in ("Positionals", "Options"):
        for entry in found.sections.get(title, []):
            if entry not in but:
                yield entry


def page(program, version, date):
    """The whole of jidian(1)."""
    verbs = list(verbs_of(program))
    if not verbs:
        raise HelpError("the program lists no verbs")
    everywhere = [entry for entry in verbs[0][1].sections.get("Options", [])
                  if all(entry in found.sections.get("Options", []) for _, found in verbs)]
    top = ask(program, ())
    text = roff.title("jidian", 1, date, version)
    text += roff.heading("NAME") + "jidian \\- energy gateway: meters, durable record, telemetry\n"
    text += roff.heading("SYNOPSIS") + f"{roff.bold('jidian')} {roff.italic('VERB')} [{roff.italic('OPTIONS')}]\n"
    text += roff.heading("DESCRIPTION") + roff.paragraph(roff.escape(top.description))
    text += roff.paragraph(roff.escape(
        "As a service it is started by systemd (jidian.service). The verbs find the running gateway at its local socket; who may "
        "look is in the group jidian-read, who may operate in jidian-operate as well."))
    text += roff.heading("VERBS")
    for words, found in verbs:
        arguments = found.usage.partition("[OPTIONS]")[2].strip()
        text += roff.subheading(" ".join(["jidian", *words, "[OPTIONS]", arguments]).strip())
        text += roff.escape(found.description + ".") + "\n"
        text += "".join(explained(*entry) for entry in entries_of(found, everywhere))
    text += roff.heading("OPTIONS OF EVERY VERB")
    text += "".join(explained(*entry) for entry in everywhere)
    for name, rows in (("EXIT STATUS", EXIT_STATUS), ("ENVIRONMENT", ENVIRONMENT), ("FILES", FILES)):
        text += roff.heading(name) + "".join(roff.tagged(roff.bold(what), roff.escape(meaning)) for what, meaning in rows)
    return text + roff.heading("SEE ALSO") + f"{roff.bold('jidian-site.toml')}(5)\n"
