#!/usr/bin/python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""Tests the mail oracle: messages that arrived whole through each server pass, and every kind of damage is told."""
# needs: gmime smtp-sink aiosmtpd
# timeout: 60
import email.message
import email.policy
import hashlib
import json
import os
import pathlib
import smtplib
import subprocess
import sys
import tempfile
import time

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
sys.dont_write_bytecode = True
sys.path[:0] = [str(ROOT / "tests/servers"), str(ROOT / "tests/runner")]
import servers  # noqa: E402
from tap import Report  # noqa: E402

PICTURE = bytes(range(256)) * 40
SMTP_POLICY = email.policy.SMTP.clone(max_line_length=76)
report = Report()


def make_message(number):
    """A message and what verify.py shall find in it."""
    text = f"Grüße, Nr. {number}\n.\n..two dots\nFrom the start\n\n" + "a very long line " * 80 + "\n"
    message = email.message.EmailMessage(policy=SMTP_POLICY)
    message["Message-ID"] = f"<{number}@x.test>"
    message["Date"] = "Tue, 24 Nov 2026 06:00:00 +0000"
    message["From"] = 'Jörg Müller <a@x.test>'
    message["To"] = '"Ünal, B." <b@y.test>, c@y.test'
    message["Subject"] = f"Bericht {number}: Zürich und 東京 " + "lang " * 20 + "Ende"
    message.set_content(text, cte="quoted-printable")
    wanted = {"headers": {"Message-ID": f"<{number}@x.test>", "Subject": str(message["Subject"]),
                          "From": [["Jörg Müller", "a@x.test"]], "To": [["Ünal, B.", "b@y.test"], ["", "c@y.test"]]},
              "text": text, "attachments": [], "sender": "a@x.test", "recipients": ["b@y.test", "c@y.test"]}
    if number % 2:
        wanted["html"] = "<p>Grüße</p>\n"
        message.add_alternative(wanted["html"], subtype="html")
        data = PICTURE + str(number).encode()
        message.add_attachment(data, maintype="image", subtype="png", filename=f"Bild-ä-{number}.png")
        wanted["attachments"] = [{"name": f"Bild-ä-{number}.png", "type": "image/png", "size": len(data),
                                  "sha256": hashlib.sha256(data).hexdigest()}]
    return message.as_bytes(), wanted


def verify(kind, folder, sent, base):
    (base / "sent.json").write_text(json.dumps({"messages": sent}))
    command = [servers.PYTHON, str(ROOT / "tests/mail_oracle/verify.py"), kind, str(folder), str(base / "sent.json")]
    run = subprocess.run(command, capture_output=True, text=True)
    return run.returncode, run.stdout + run.stderr


def through(name, kind, base):
    """Sends four messages through a server and leaves the folder of what it received."""
    server = servers.start(name, [], base / name)
    messages = [make_message(number) for number in range(4)]
    try:
        with smtplib.SMTP("127.0.0.1", server.port, timeout=10) as client:
            for data, wanted in messages:
                client.sendmail(wanted["sender"], wanted["recipients"], data)
        folder = server.folder / "messages"
        end = time.monotonic() + 15
        while name == "postfix" and time.monotonic() < end and len(list(folder.glob("new/*"))) < 8:
            time.sleep(0.1)
    finally:
        server.stop()
    sent = [wanted for _, wanted in messages]
    status, output = verify(kind, folder, sent, base)
    report.check(f"whole through {name}", status == 0 and "4 sent" in output, output)
    return folder, sent


def damaged(base, folder, sent, name, old, new, told):
    """Replaces bytes in message 1 as aiosmtpd kept it, and looks for what the oracle tells."""
    path = next(path for path in folder.glob("*.eml") if b"<1@x.test>" in path.read_bytes())
    whole = path.read_bytes()
    assert old in whole, old
    path.write_bytes(whole.replace(old, new, 1))
    status, output = verify("eml", folder, sent, base)
    path.write_bytes(whole)
    report.check(f"tells {name}", status == 1 and told in output, output)


def main():
    servers.adopt_orphans()
    with tempfile.TemporaryDirectory() as name:
        base = pathlib.Path(name)
        base.chmod(0o711)
        through("sink", "sink", base)
        through("hostile", "eml", base)
        if os.getuid() == 0 and os.path.exists("/usr/sbin/postfix"):
            through("postfix", "maildir", base)
        folder, sent = through("aiosmtpd", "eml", base)
        for case in [
                ("a changed text", b"=C3=BC=C3=9Fe, Nr. 1", b"=C3=BC=C3=9Fe, Nr. 2", "gmime: text is"),
                ("a lost dot", b"\r\n..two", b"\r\n.two", "python: text is"),
                ("a changed attachment", b"AAECAwQF", b"AAECAwQG", "gmime: attachment Bild-ä-1.png: sha256"),
                ("a changed address", b"<a@x.test>", b"<d@x.test>", "gmime: From is"),
                ("a changed subject", b"Ende", b"Erde", "python: Subject is"),
                ("a lost header", b"Date:", b"Dote:", "has 0 Date headers"),
                ("a bare line feed", b"\r\n..two", b"\n..two", "bare CR or LF"),
                ("8-bit in a header", b"Bericht", b"Bericht \xc3\xa4", "8-bit headers"),
                ("another message", b"<1@x.test>", b"<7@x.test>", "nobody sent")]:
            damaged(base, folder, sent, *case)
        (folder / "9.eml").write_bytes((folder / "1.eml").read_bytes())
        status, output = verify("eml", folder, sent, base)
        report.check("tells a message received twice", status == 1 and "received 2 times" in output, output)
        (folder / "9.eml").unlink()
        (folder / "1.eml").unlink()
        status, output = verify("eml", folder, sent, base)
        report.check("tells a lost message", status == 1 and "received 0 times" in output, output)
    report.end()


main()
