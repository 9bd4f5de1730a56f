"""Whether every known defect can still be planted: the texts it changes stand in the sources, each exactly once."""
import pathlib
import sys
import tempfile

import sources
from defects import DEFECTS, Check, Defect, Edit


def expect(holds, sentence):
    if not holds:
        sys.exit(sentence)


def table_is_sound():
    moved = sources.mistakes(DEFECTS)
    expect(not moved, "\n".join(moved))
    names = [defect.name for defect in DEFECTS]
    expect(len(names) == len(set(names)), "two defects have one name")
    for defect in DEFECTS:
        expect(defect.says and defect.breaks and defect.edits, f"{defect.name} does not say everything")
        expect(all(edit.find != edit.put for edit in defect.edits), f"{defect.name} changes nothing")


def planting_is_undone():
    with tempfile.TemporaryDirectory() as folder:
        root = pathlib.Path(folder)
        (root / "gateway").mkdir()
        file = root / "gateway" / "a.cpp"
        file.write_text("one two three two")
        defect = Defect("d", "p", Check("c", (), ()), "w", (Edit("a.cpp", "one", "1"), Edit("a.cpp", "three", "3")))
        with sources.planted(defect, root):
            expect(file.read_text() == "1 two 3 two", f"planted is '{file.read_text()}'")
        expect(file.read_text() == "one two three two", "the file was not restored")
        twice = Defect("d", "p", Check("c", (), ()), "w", (Edit("a.cpp", "two", "2"), Edit("b.cpp", "one", "1")))
        expect(len(sources.mistakes([defect, twice], root)) == 2, "a text that stands twice or nowhere is no mistake")


table_is_sound()
planting_is_undone()
