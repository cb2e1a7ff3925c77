#!/usr/bin/python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""A throw-away CA and the certificates that tests need, good and bad ones: pki.py FOLDER

    ca.crt              the authority to be trusted; other-ca.crt one that is not
    NAME.crt NAME.key   good      localhost, 127.0.0.1 and ::1
                        expired   the same, until yesterday
                        wrong     other.x.test and 192.0.2.1
                        common    the common name localhost and no subjectAltName
                        stranger  good, but signed by other-ca
                        self      good, but signed by itself
                        client    for a client named alice"""
import hashlib
import pathlib
import shutil
import subprocess
import sys

NAMES = "subjectAltName=DNS:localhost,IP:127.0.0.1,IP:::1"
CERTIFICATES = {  # name: (names, signer, days)
    "good": (NAMES, "ca", 30), "expired": (NAMES, "ca", -1), "wrong": ("subjectAltName=DNS:other.x.test,IP:192.0.2.1", "ca", 30),
    "common": ("", "ca", 30), "stranger": (NAMES, "other-ca", 30), "self": (NAMES, "self", 30),
    "client": ("subjectAltName=email:alice@x.test", "ca", 30)}
KEY = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes"]


def openssl(folder, *words):
    subprocess.run(["openssl", *words], cwd=folder, check=True, stdin=subprocess.DEVNULL, capture_output=True)


def make_one(folder, name, names=None, signer="ca", days=30):
    if names is None:
        names, signer, days = CERTIFICATES[name]
    subject = "/CN=alice" if name == "client" else "/CN=localhost"
    if signer == "self":
        return openssl(folder, "req", "-x509", *KEY, "-keyout", f"{name}.key", "-out", f"{name}.crt", "-days", str(days),
                       "-subj", subject, "-addext", names)
    (folder / "names").write_text(names + "\n")
    openssl(folder, "req", *KEY, "-keyout", f"{name}.key", "-out", "request", "-subj", subject)
    openssl(folder, "x509", "-req", "-in", "request", "-CA", f"{signer}.crt", "-CAkey", f"{signer}.key", "-CAcreateserial",
            "-days", str(days), "-extfile", "names", "-out", f"{name}.crt")


def make(folder, names=tuple(CERTIFICATES)):
    """Makes these certificates in a folder that exists, with the authorities they need."""
    folder = pathlib.Path(folder)
    for authority in ("ca", "other-ca"):
        if not (folder / f"{authority}.crt").exists():
            openssl(folder, "req", "-x509", *KEY, "-keyout", f"{authority}.key", "-out", f"{authority}.crt", "-days", "30",
                    "-subj", f"/CN=test {authority}")
    for name in names:
        make_one(folder, name)


def make_for(folder, name, hosts, signer="ca", days=30):
    """Makes NAME.crt and NAME.key for these hosts."""
    make(folder, ())
    make_one(folder, name, "subjectAltName=" + ",".join(f"DNS:{host}" for host in hosts), signer, days)


def tlsa(folder, name, selector=1):
    """The hexadecimal SHA-256 that a TLSA record has of a certificate (selector 0) or its key (1)."""
    path = str(pathlib.Path(folder) / f"{name}.crt")
    der = subprocess.run(["openssl", "x509", "-in", path, "-outform", "DER"], check=True, capture_output=True).stdout
    if selector == 1:
        pem = subprocess.run(["openssl", "x509", "-in", path, "-noout", "-pubkey"], check=True, capture_output=True).stdout
        der = subprocess.run(["openssl", "pkey", "-pubin", "-outform", "DER"], input=pem, check=True, capture_output=True).stdout
    return hashlib.sha256(der).hexdigest()


def is_there():
    return shutil.which("openssl") is not None


if __name__ == "__main__":
    make(sys.argv[1])
