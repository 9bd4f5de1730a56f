"""A certificate authority and certificates for one run, made on the spot with the openssl command."""
import pathlib
import subprocess


def _openssl(*arguments, days_ago=0):
    earlier = ["faketime", "-f", f"-{days_ago}d"] if days_ago else []
    subprocess.run([*earlier, "openssl", *map(str, arguments)], check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


class Certificates:
    """Keys are EC P-256; everything is valid for some days, from now or from some days ago (that takes faketime). An authority that
    is in the folder already is used again."""

    def __init__(self, folder, name="ca", days=1):
        self.days = str(days)
        self.folder = pathlib.Path(folder)
        self.folder.mkdir(parents=True, exist_ok=True)
        self.ca_key = self.folder / f"{name}.key"
        self.ca = self.folder / f"{name}.pem"
        if not self.ca.exists():
            _openssl("req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", self.days,
                     "-subj", f"/CN=Jidian test {name}", "-keyout", self.ca_key, "-out", self.ca)

    def issue(self, name, subject_names=None, days_ago=0):
        """Returns (certificate file, key file) for the common name `name`; they replace earlier ones."""
        key, request, certificate = (self.folder / f"{name}.{ending}" for ending in ("key", "csr", "pem"))
        _openssl("req", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-subj", f"/CN={name}",
                 "-keyout", key, "-out", request)
        extensions = self.folder / f"{name}.ext"
        extensions.write_text(f"subjectAltName={subject_names}\n" if subject_names else "")
        _openssl("x509", "-req", "-days", self.days, "-in", request, "-CA", self.ca, "-CAkey", self.ca_key, "-CAcreateserial",
                 "-extfile", extensions, "-out", certificate, days_ago=days_ago)
        return certificate, key
