"""jidian-site.toml(5) out of docs/configuration.md: headings, paragraphs, lists, code and tables, as that page writes them."""
import re

import roff

# What stands in single stars, in back ticks, or links somewhere.
INLINE = re.compile(r"\*\*(?P<strong>[^*]+)\*\*|\*(?P<weak>[^*]+)\*|`(?P<code>[^`]+)`|\[(?P<link>[^\]]+)\]\([^)]*\)")


def inline(text):
    """One run of text with its emphasis."""
    out, at = "", 0
    for match in INLINE.finditer(text):
        out += roff.escape(text[at:match.start()])
        if match["strong"] or match["code"]:
            out += roff.bold(match["strong"] or match["code"])
        else:
            out += roff.italic(match["weak"]) if match["weak"] else inline(match["link"])
        at = match.end()
    return out + roff.escape(text[at:])


def cells(line):
    return [cell.strip().replace("\\|", "|") for cell in re.split(r"(?<!\\)\|", line.strip().strip("|"))]


def is_rule(line):
    return bool(re.fullmatch(r"\|?[\s:|-]+\|?", line)) and "-" in line


def table(lines):
    """A row is a term and what it means. `key | type | default | meaning` is the usual form."""
    head = cells(lines[0])
    text = ""
    for line in lines[1:]:
        if is_rule(line):
            continue
        row = cells(line)
        row += [""] * (len(head) - len(row))
        meaning = []
        for name, cell in zip(head[1:], row[1:]):
            if not cell:
                continue
            meaning.append(f"{roff.escape(name)}: {inline(cell)}" if name == "default" else inline(cell))
        text += roff.tagged(inline(row[0]) or "\\&", "; ".join(meaning))
    return text


def blocks(markdown):
    """Consecutive lines that belong together, each with its kind."""
    kind, lines = None, []
    fenced = False
    for line in [*markdown.splitlines(), ""]:
        if line.startswith("```"):
            fenced = not fenced
            if lines:
                yield kind, lines
            kind, lines = ("code", []) if fenced else (None, [])
            continue
        if fenced:
            lines.append(line)
            continue
        found = ("heading" if line.startswith("#") else "table" if line.startswith("|") else "code" if line.startswith("    ")
                 else "item" if line.startswith("- ") else "text" if line.strip() else None)
        if found == "text" and kind == "item":
            lines.append(line.strip())  # an item goes on
            continue
        if lines and (found != kind or found in ("heading", "item")):
            yield kind, lines
            lines = []
        kind = found
        if found:
            lines.append(line)
    if fenced:
        raise ValueError("a block of code has no end")


def page(markdown, name, what, version, date):
    """The whole page. The document's first heading gives way to the page's own."""
    text = roff.title(name, 5, date, version)
    text += roff.heading("NAME") + f"{roff.escape(name)} \\- {roff.escape(what)}\n" + roff.heading("DESCRIPTION")
    first = True
    for kind, lines in blocks(markdown):
        if kind == "heading":
            if first:
                first = False
                continue
            depth = len(lines[0]) - len(lines[0].lstrip("#"))
            words = lines[0].lstrip("# ").replace("`", "")
            text += roff.heading(words) if depth == 2 else roff.subheading(words)
        elif kind == "table":
            text += table(lines)
        elif kind == "code":
            text += roff.example([line.removeprefix("    ") for line in lines])
        elif kind == "item":
            text += roff.item(inline(" ".join(lines).removeprefix("- ")))
        else:
            text += roff.paragraph(inline(" ".join(line.strip() for line in lines)))
    return text + roff.heading("SEE ALSO") + f"{roff.bold('jidian')}(1)\n"
