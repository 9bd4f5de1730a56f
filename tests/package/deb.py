"""The package as a file: what it says of itself, and an older one made of it."""
import pathlib
import re
import shutil
import subprocess
import tempfile

from checks import expect


def field(deb, name):
    return subprocess.run(["dpkg-deb", "--field", deb, name], capture_output=True, text=True, check=True).stdout.strip()


def depends(deb):
    """The names of the packages that it depends on, the first of alternatives."""
    return [re.split(r"[ (|]", entry.strip())[0] for entry in field(deb, "Depends").split(",") if entry.strip()]


def unpack(deb, folder):
    subprocess.run(["dpkg-deb", "--raw-extract", deb, folder], check=True)


def needed_libraries(program):
    dynamic = subprocess.run(["readelf", "--dynamic", "--wide", program], capture_output=True, text=True, check=True).stdout
    return re.findall(r"\(NEEDED\).*\[(.+)\]", dynamic)


def check_depends(deb):
    """Whether the libraries were looked for at all: a cross build without an index of packages yields none, and says nothing."""
    with tempfile.TemporaryDirectory() as folder:
        unpack(deb, pathlib.Path(folder) / "deb")
        needed = needed_libraries(pathlib.Path(folder) / "deb/usr/bin/jidian")
    names = depends(deb)
    foreign = [library for library in needed if not library.startswith(("ld-linux", "libm.", "libc.", "libcrypto."))]
    libraries = [name for name in names if name.startswith("lib") and not name.startswith("libcurl")]
    expect("libc6" in names, f"{deb} does not depend on libc6: the libraries were not looked for")
    expect(len(libraries) > len(foreign),
           f"{deb} needs {len(foreign)} libraries beside the C library, and depends on {len(libraries)} in all: {libraries}")
    expect(any(name.startswith("libcurl4") for name in names), f"{deb} does not depend on libcurl, which its verbs load")
    expect("systemd" in names, f"{deb} does not depend on systemd, which makes its users")


def older_than(deb, folder):
    """The same package under an older version number, with another example of a site file."""
    tree = pathlib.Path(folder) / "older"
    unpack(deb, tree)
    control = tree / "DEBIAN/control"
    control.write_text(re.sub(r"^Version: .*$", "Version: 0.0.1-1", control.read_text(), flags=re.M))
    example = tree / "etc/jidian/site.toml.example"
    example.write_text("# of an older release\n" + example.read_text())
    older = pathlib.Path(folder) / "jidian_0.0.1-1.deb"
    subprocess.run(["dpkg-deb", "--build", "--root-owner-group", tree, older], check=True, stdout=subprocess.DEVNULL)
    shutil.rmtree(tree)
    return older
