"""The sources that defects are planted in: a copy, never the tree itself."""
import contextlib
import filecmp
import pathlib
import shutil
import subprocess

ROOT = pathlib.Path(__file__).resolve().parents[3]


def path_of(root, edit):
    return root / "gateway" / edit.file


def mistakes(defects, root=ROOT):
    """A sentence for each text that does not stand in its file exactly once."""
    found = []
    for defect in defects:
        for edit in defect.edits:
            file = path_of(root, edit)
            count = file.read_text().count(edit.find) if file.exists() else 0
            if count != 1:
                found.append(f"{defect.name}: the code moved, mend the defect: '{edit.find.strip()}' stands {count} times in {edit.file}")
    return found


def copy_to(target):
    """Makes `target` the working tree as it is, untracked files included; what is equal keeps its time, so that little is built
    anew. Everything else in `target` goes, but its build folder."""
    listed = subprocess.run(["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"], cwd=ROOT, check=True,
                            capture_output=True, text=True).stdout.split("\0")
    wanted = {pathlib.Path(name) for name in listed if name and (ROOT / name).is_file()}
    for name in wanted:
        here, there = ROOT / name, target / name
        if not there.exists() or not filecmp.cmp(here, there, shallow=False):
            there.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(here, there)
    for file in [file for file in target.rglob("*") if file.is_file()]:
        name = file.relative_to(target)
        if name.parts[0] != "build" and name not in wanted and "__pycache__" not in name.parts:
            file.unlink()


@contextlib.contextmanager
def planted(defect, root):
    """While it lasts, the tree at `root` has the defect."""
    before = {}
    try:
        for edit in defect.edits:
            file = path_of(root, edit)
            text = file.read_text()
            before.setdefault(file, text)
            file.write_text(text.replace(edit.find, edit.put))
        yield
    finally:
        for file, text in before.items():
            file.write_text(text)
