"""keys.py: what updates are signed with, and what a box checks them by.

    keys.py keyring                            prints the file that a box trusts; the image's build lays it into /etc/rauc/
    keys.py authority FOLDER NAME              makes an authority: FOLDER/authority.key and FOLDER/authority.pem
    keys.py signer FOLDER NAME AUTHORITY       makes a signer below the authority in the folder AUTHORITY: FOLDER/signer.key, .pem
    keys.py join KEYRING CERTIFICATE…          writes a keyring of several authorities

JIDIAN_SIGNING_KEY, JIDIAN_SIGNING_CERT and JIDIAN_KEYRING name what is used: files; the key may be a pkcs11: URI. Without them an
authority for development is made below build/keys.
"""
import dataclasses
import os
import pathlib
import subprocess
import sys

TREE = pathlib.Path(__file__).resolve().parents[2]
NAMES = ("JIDIAN_SIGNING_KEY", "JIDIAN_SIGNING_CERT", "JIDIAN_KEYRING")
AUTHORITY_DAYS = 20 * 365
SIGNER_DAYS = 2 * 365

# RAUC asks for the purpose "codesign": digitalSignature, and codeSigning as the only extended use.
EXTENSIONS = """
[req]
distinguished_name = name
prompt = no
[name]
organizationName = Jidian
commonName = {name}
[authority]
basicConstraints = critical, CA:TRUE, pathlen:0
keyUsage = critical, keyCertSign, cRLSign
subjectKeyIdentifier = hash
[signer]
basicConstraints = critical, CA:FALSE
keyUsage = critical, digitalSignature
extendedKeyUsage = critical, codeSigning
subjectKeyIdentifier = hash
authorityKeyIdentifier = keyid
"""

LOUD = """
****************************************************************************************
* DEVELOPMENT KEYS: {folder}
* Whoever has that folder can update every box that is made with it.
* For boxes that leave the house set {names}
****************************************************************************************
"""


class Unusable(Exception):
    """What is wrong with the keys, and what to do."""


@dataclasses.dataclass(frozen=True)
class Signing:
    key: str
    certificate: pathlib.Path
    keyring: pathlib.Path


def openssl(*arguments, text=None):
    done = subprocess.run(["openssl", *map(str, arguments)], input=text, capture_output=True, text=True, timeout=60)
    if done.returncode != 0:
        raise Unusable(f"openssl {arguments[0]}: {done.stderr.strip() or done.stdout.strip()}")
    return done.stdout


def new_key(file):
    """A key that nobody else can read, from its first byte on."""
    with open(os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="ascii") as out:
        out.write(openssl("genpkey", "-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-256"))


def make_authority(folder, name, days=AUTHORITY_DAYS):
    folder.mkdir(parents=True, exist_ok=True)
    new_key(folder / "authority.key")
    openssl("req", "-new", "-x509", "-key", folder / "authority.key", "-days", days, "-config", "/dev/stdin",
            "-extensions", "authority", "-out", folder / "authority.pem", text=EXTENSIONS.format(name=name))


def make_signer(folder, name, authority, days=SIGNER_DAYS, extensions=EXTENSIONS):
    folder.mkdir(parents=True, exist_ok=True)
    new_key(folder / "signer.key")
    settings = extensions.format(name=name)
    request = openssl("req", "-new", "-key", folder / "signer.key", "-config", "/dev/stdin", text=settings)
    (folder / "signer.csr").write_text(request, encoding="ascii")
    openssl("x509", "-req", "-in", folder / "signer.csr", "-CA", authority / "authority.pem", "-CAkey", authority / "authority.key",
            "-CAcreateserial", "-days", days, "-extfile", "/dev/stdin", "-extensions", "signer", "-out", folder / "signer.pem",
            text=settings)
    (folder / "signer.csr").unlink()


def join(keyring, certificates):
    keyring.write_text("".join(openssl("x509", "-in", certificate) for certificate in certificates), encoding="ascii")


def development(folder):
    """Made once and whole: a folder that is half made is made anew."""
    if not (folder / "keyring.pem").exists():
        for left in folder.glob("*.*"):
            left.unlink()
        make_authority(folder, "development authority")
        make_signer(folder, "development signer", folder)
        join(folder / "keyring.pem", [folder / "authority.pem"])
    return Signing(str(folder / "signer.key"), folder / "signer.pem", folder / "keyring.pem")


def check(signing):
    """What RAUC would refuse on the box is refused here, with its reason."""
    files = [signing.certificate, signing.keyring] + ([] if signing.key.startswith("pkcs11:") else [pathlib.Path(signing.key)])
    for file in files:
        if not file.is_file():
            raise Unusable(f"there is no file {file}")
    uses = openssl("x509", "-in", signing.certificate, "-noout", "-ext", "keyUsage,extendedKeyUsage")
    if "Digital Signature" not in uses or "Code Signing" not in uses:
        raise Unusable(f"{signing.certificate} is not for signing code (keyUsage digitalSignature, extendedKeyUsage codeSigning): "
                       "keys.py signer makes one that is")
    openssl("verify", "-CAfile", signing.keyring, signing.certificate)
    if not signing.key.startswith("pkcs11:"):
        if openssl("pkey", "-in", signing.key, "-pubout") != openssl("x509", "-in", signing.certificate, "-noout", "-pubkey"):
            raise Unusable(f"{signing.key} is not the key of {signing.certificate}")


def found(environment=None, folder=TREE / "build/keys"):
    """What the environment names, or keys for development, loudly."""
    environment = os.environ if environment is None else environment
    named = [environment.get(name, "") for name in NAMES]
    if any(named) and not all(named):
        raise Unusable(f"set all of {', '.join(NAMES)}, or none of them")
    if all(named):
        signing = Signing(named[0], pathlib.Path(named[1]), pathlib.Path(named[2]))
    else:
        print(LOUD.format(folder=folder, names=", ".join(NAMES)), file=sys.stderr)
        signing = development(folder)
    check(signing)
    return signing


def main(arguments):
    verb, *rest = arguments or ["help"]
    try:
        if verb == "keyring" and not rest:
            print(found().keyring)
        elif verb == "authority" and len(rest) == 2:
            make_authority(pathlib.Path(rest[0]), rest[1])
        elif verb == "signer" and len(rest) == 3:
            make_signer(pathlib.Path(rest[0]), rest[1], pathlib.Path(rest[2]))
        elif verb == "join" and len(rest) >= 2:
            join(pathlib.Path(rest[0]), map(pathlib.Path, rest[1:]))
        else:
            print(__doc__, file=sys.stderr)
            return 2
    except (Unusable, OSError) as problem:
        print(f"keys: {problem}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
