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


def owners_of(library, architecture, notes):
    """The package that has a library of that architecture, by dpkg's notes, and the names it provides beside its own."""
    query = ["dpkg-query", "--admindir", notes]
    found = subprocess.run([*query, "--search", f"*/{library}"], capture_output=True, text=True).stdout
    names = re.findall(rf"^([a-z0-9+.-]+):{architecture}: /.*/{re.escape(library)}$", found, re.M)
    if not names:
        return []
    provided = subprocess.run([*query, "--show", "--showformat", "${Provides}", f"{names[0]}:{architecture}"], capture_output=True,
                              text=True, check=True).stdout
    return names[:1] + [re.split(r"[ (]", entry.strip())[0] for entry in provided.split(",") if entry.strip()]


def check_depends(deb, notes="/var/lib/dpkg"):
    """Whether it depends on the package of every library that its program is linked with. `notes`: dpkg's, of where those lie.
    A build that does not find the packages writes none, and says nothing."""
    with tempfile.TemporaryDirectory() as folder:
        unpack(deb, pathlib.Path(folder) / "deb")
        needed = needed_libraries(pathlib.Path(folder) / "deb/usr/bin/jidian")
    names = depends(deb)
    expect("libc.so.6" in needed, f"the program in {deb} is linked with nothing: {needed}")
    for library in needed:
        owners = owners_of(library, field(deb, "Architecture"), notes)
        expect(owners, f"the program in {deb} is linked with {library}, which is of no package that dpkg has noted in {notes}")
        expect(set(owners) & set(names),
               f"the program in {deb} is linked with {library}, and {deb} does not depend on {owners[0]}: it depends on {names}")
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
