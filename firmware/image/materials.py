"""What the image is made of: a bill of materials (CycloneDX JSON) and a list of licences, out of dpkg's own status."""
import json
import re
import urllib.parse
import uuid


def packages(status):
    """Rows of dpkg's status file that are installed, as dictionaries."""
    rows = []
    for paragraph in status.read_text(encoding="utf-8").split("\n\n"):
        row = dict(re.findall(r"^([A-Za-z-]+): ?(.*)$", paragraph, re.MULTILINE))
        if row.get("Status", "").endswith(" installed"):
            rows.append(row)
    return sorted(rows, key=lambda row: row["Package"])


def licences(copyright_file):
    """Short names of the licences a copyright file names, if it is written to be read by machines; else none."""
    if not copyright_file.exists():
        return []
    text = copyright_file.read_text(encoding="utf-8", errors="replace")
    if not re.match(r"\s*Format(-Specification)?:", text):
        return []
    return sorted(set(re.findall(r"^License:[ \t]*(\S.*?)\s*$", text, re.MULTILINE)))


def component(row, names):
    source = row.get("Source", row["Package"]).split()[0]
    ours = row["Package"] == "jidian"
    where = {"arch": row["Architecture"]} if ours else {"arch": row["Architecture"], "distro": "debian-12"}
    made = {"type": "application" if ours else "library", "name": row["Package"], "version": row["Version"],
            "bom-ref": f"{row['Package']}@{row['Version']}",
            "purl": f"pkg:deb/{'jidian' if ours else 'debian'}/{row['Package']}@{urllib.parse.quote(row['Version'], safe='')}?"
                    + urllib.parse.urlencode(where),
            "properties": [{"name": "debian:source", "value": source}]}
    if names:
        made["licenses"] = [{"license": {"name": name}} for name in names]
    return made


def bill(rows, names, version, build_id):
    """The CycloneDX document. Its number follows from the build, so that the same build tells the same."""
    return {"bomFormat": "CycloneDX", "specVersion": "1.5", "version": 1,
            "serialNumber": f"urn:uuid:{uuid.uuid5(uuid.NAMESPACE_OID, 'jidian ' + build_id)}",
            "metadata": {"component": {"type": "firmware", "name": "jidian", "version": version,
                                       "properties": [{"name": "build", "value": build_id}]}},
            "components": [component(row, names[row["Package"]]) for row in rows]}


def write(root, status, stem, version, build_id):
    """STEM.cdx.json and STEM.licences.txt. The whole texts are in the image, as /usr/share/doc/PACKAGE/copyright."""
    rows = packages(status)
    texts = {row["Package"]: root / "usr/share/doc" / row["Package"] / "copyright" for row in rows}
    ours = root / "usr/share/doc/jidian"
    if (ours / "compiled-in").exists():
        inside = packages(ours / "compiled-in")
        rows += inside
        texts |= {row["Package"]: ours / f"copyright.{row['Package']}" for row in inside}
    names = {package: licences(text) for package, text in texts.items()}
    bill_file = stem.parent / (stem.name + ".cdx.json")
    bill_file.write_text(json.dumps(bill(rows, names, version, build_id), indent=1) + "\n")
    lines = ["package\tversion\tlicences (the texts in the image: /usr/share/doc/PACKAGE/copyright; of what the program contains: "
             "/usr/share/doc/jidian/copyright.PACKAGE)"]
    for row in rows:
        said = "; ".join(names[row["Package"]]) or "see its text"
        lines.append(f"{row['Package']}\t{row['Version']}\t{said}")
    licence_file = stem.parent / (stem.name + ".licences.txt")
    licence_file.write_text("\n".join(lines) + "\n")
    return bill_file, licence_file
