#!/usr/bin/python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""Attached files are streamed: the memory that a message takes does not grow with them. A file that may not be read is
known before anything is written."""
# timeout: 60
import base64
import hashlib
import os
import pathlib
import subprocess
import sys
import tempfile

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.join(os.environ["CARAPACE_ROOT"], "tests/runner"))
from tap import Report  # noqa: E402

PLAIN = os.environ.get("CARAPACE_BUILD", "plain") == "plain"
SIZE = (100 if PLAIN else 8) << 20
report = Report()


def run(folder, script, **options):
    path = folder / "script.cpl"
    path.write_text(script)
    path.chmod(0o644)
    return subprocess.run([os.environ["CARAPACE"], path], capture_output=True, text=True, cwd=folder, **options)


# Prints the peak of memory: "VmHWM:  4096 kB".
PEAK = """
(defun NIL peak () (with (s (create Stream "file" "/proc/self/status")) (for line s (if (== (line.search "VmHWM:") 0) (print line)))))
"""


def large(folder):
    data = os.urandom(1 << 20) * (SIZE >> 20)
    (folder / "large.bin").write_bytes(data)
    for kind, make in (("SmtpMessage", '(set m (create SmtpMessage sender: "a@x.org" text: "t" attachments: (list "large.bin")))'),
                       ("Mime", '(set m (create Mime)) (m.startMultipart) (m.attachFile "large.bin") (m.end)')):
        out = run(folder, PEAK + make + '\n(peak) (print m.size) (m.writeTo "out.eml") (peak)')
        if out.returncode:
            report.check(kind, False, out.stderr)
            continue
        before, size, after = (int(line.split()[-2] if "kB" in line else line) for line in out.stdout.splitlines())
        grown = after - before
        report.check(f"{kind}: the size is known beforehand", size == (folder / "out.eml").stat().st_size and size > SIZE, out.stdout)
        if PLAIN:
            report.check(f"{kind}: {SIZE >> 20} MB take {grown} kB more", grown < 12 << 10)
        body = (folder / "out.eml").read_bytes().rsplit(b"\r\n\r\n", 2)[1]
        report.check(f"{kind}: arrives whole", hashlib.sha256(base64.b64decode(body)).digest() == hashlib.sha256(data).digest())


def unreadable(folder):
    (folder / "secret.pdf").write_text("secret")
    (folder / "secret.pdf").chmod(0)
    script = """
(class "Counter" (properties (calls Integer)) (methods (NIL write (data) (this.calls (+ this.calls 1)))))
(set c (create Counter calls: 0))
(set m (create SmtpMessage sender: "a@x.org" attachments: (list "secret.pdf")))
(try (m.writeTo c) (catch 5 (print err.code err.text)))
(set m (create Mime)) (m.startMultipart) (m.attachFile "secret.pdf")
(try (m.writeTo c) (catch 5 (print err.code err.text)))
(print c.calls)"""
    user = {"user": 65534, "group": 65534, "extra_groups": []} if os.geteuid() == 0 else {}
    out = run(folder, script, **user)
    why = "1\ncannot read 'secret.pdf': Permission denied\n"
    report.check("a file that may not be read is known before anything is written", out.stdout == why * 2 + "0\n", out.stdout + out.stderr)


with tempfile.TemporaryDirectory() as base:
    os.chmod(base, 0o755)
    large(pathlib.Path(base))
    program = os.environ["CARAPACE"]
    try:
        reachable = os.geteuid() != 0 or subprocess.run([program, "--version"], capture_output=True, user=65534, group=65534).returncode == 0
    except PermissionError: # the project lies in a folder that another user may not enter
        reachable = False
    if reachable:
        unreadable(pathlib.Path(base))
    else:
        print("# another user cannot run the program here: what may not be read was not tested")
report.end()
