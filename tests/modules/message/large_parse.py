#!/usr/bin/python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""A message with an attachment of 64 MB (2 GB with LONG=yes), from a file and from a pipe, is parsed, its attachment saved
and the whole written again within 24 MB."""
# needs: native
# timeout: 120
import hashlib
import os
import pathlib
import resource
import subprocess
import sys

PLAIN = os.environ.get("CARAPACE_BUILD", "plain") == "plain"
SIZE = (2048 if os.environ.get("LONG") else 64 if PLAIN else 4) << 20
LIMIT = 24 if PLAIN else 400  # MB; the other builds have memory of their own
SCRIPT = r"""
(set m ((create Mime).parse {source}))
(print (m.header "subject") m.attachments.head.fileName)
(print (m.attachments.head.saveTo "."))
(m.writeTo "again.eml")
"""
LINE = b"QUJDREVGR0hJSktMTU5PUFFSU1RVVldYWVphYmNkZWZnaGlqa2xtbm9wcXJzdHV2d3h5ejAxMjM0\r\n"
DECODED = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz01234"


def digest(path):
    sum = hashlib.sha256()
    with open(path, "rb") as file:
        while block := file.read(1 << 20):
            sum.update(block)
    return sum.hexdigest()


def check(name, source):
    for old in ("a.bin", "again.eml"):
        pathlib.Path(old).unlink(missing_ok=True)
    pathlib.Path("parse.cpl").write_text(SCRIPT.replace("{source}", source))
    out = subprocess.run([os.environ["CARAPACE"], "parse.cpl"], capture_output=True, text=True)
    if out.stdout != 'large\na.bin\n("./a.bin")\n':
        sys.exit(f"{name}: {out.stdout}{out.stderr}")
    if digest("again.eml") != digest("m.eml"):
        sys.exit(f"{name}: written again it is not the same")
    if pathlib.Path("a.bin").stat().st_size != lines * len(DECODED):
        sys.exit(f"{name}: the attachment has {pathlib.Path('a.bin').stat().st_size} bytes")
    peak = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024
    if peak > LIMIT:
        sys.exit(f"{name}: {peak:.1f} MB of memory")
    print(f"# {name}: {peak:.1f} MB")


lines = SIZE // len(DECODED)
with open("m.eml", "wb") as file:
    file.write(b"Subject: large\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\n\r\ntext\r\n--b\r\n"
               b"Content-Type: application/x-a; name=a.bin\r\nContent-Transfer-Encoding: base64\r\n\r\n")
    for start in range(0, lines, 1000):
        file.write(LINE * min(1000, lines - start))
    file.write(b"--b--\r\n")
check("a file", '(create Stream "file" "m.eml" "rb")')
check("a pipe", '(create Stream "process" "cat m.eml" "rb")')
print("1..1\nok 1 - a large message takes little memory")
