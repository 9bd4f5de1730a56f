"""The few macros of man(7) that the pages need, with the escapes that text needs."""


def escape(text):
    """Text as roff shows it; hyphens are the ones of ASCII, so that options can be copied out of a page."""
    text = text.replace("\\", "\\e").replace("-", "\\-").replace("'", "\\(aq").replace("`", "\\(ga")
    text = text.replace("^", "\\(ha").replace("~", "\\(ti")
    return "\\&" + text if text.startswith((".", "\\(aq")) else text


def title(name, section, date, version):
    return f'.TH "{escape(name.upper())}" "{section}" "{date}" "jidian {version}" "Jidian"\n.nh\n.ad l\n'


def heading(text):
    return f'.SH "{escape(text)}"\n'


def subheading(text):
    return f'.SS "{escape(text)}"\n'


def bold(text):
    return f"\\fB{escape(text)}\\fR"


def italic(text):
    return f"\\fI{escape(text)}\\fR"


def paragraph(roff):
    """One paragraph of text that is escaped already."""
    return f".PP\n{guarded(roff)}\n"


def tagged(tag, roff):
    """A term and what it means, both escaped already."""
    return f".TP\n{guarded(tag)}\n{guarded(roff) or chr(92) + '&'}\n"


def item(roff):
    return f".IP \\(bu 2\n{guarded(roff)}\n"


def example(lines):
    """Lines as they are."""
    return ".PP\n.RS 4\n.nf\n" + "".join(guarded(escape(line)) + "\n" for line in lines) + ".fi\n.RE\n"


def guarded(roff):
    return "\\&" + roff if roff.startswith(".") else roff
