#!/usr/bin/python3
# SPDX-License-Identifier: GPL-3.0-or-later
# timeout: 400
"""Messages with attachments sent to smtp-sink, aiosmtpd and Postfix arrive whole: each is read by Python's email and by
GMime (tests/mail_oracle), every header, text and attachment compared with what went in.

100 messages to each server, 1,000 with LONG=yes. TAP."""
import hashlib
import json
import os
import pathlib
import random
import subprocess
import sys
import time

ROOT = pathlib.Path(os.environ["CARAPACE_ROOT"])
sys.path.insert(0, str(ROOT / "tests/servers"))
import servers  # noqa: E402

COUNT = 1000 if os.environ.get("LONG") == "yes" else {"plain": 100}.get(os.environ["CARAPACE_BUILD"], 30)
KINDS = {"sink": "sink", "aiosmtpd": "eml", "postfix": "maildir"}
NAMES = ["Jörg Müller", "Zoë O'Neil", "Smith, John \"Jack\"", "李小龙", "Анна Петрова", "Ann", ""]
WORDS = ["Grüße", "aus", "Köln", "invoice", "№ 5", "日本", "😀", ".", "..", "From", "=", "=20", "the", "end", "a" * 90]
FILES = ["report.pdf", "Übersicht 2024.pdf", "photo.png", "data.bin", "notes.txt", "a;b\"c.csv", "летопись.zip"]
TYPES = {"pdf": "application/pdf", "png": "image/png", "bin": "application/octet-stream", "zip": "application/zip"}


def quoted(value):
    """A Carapace literal."""
    if isinstance(value, list):
        return "(" + " ".join(map(quoted, value)) + ")"
    return '"' + "".join({"\\": "\\\\", '"': '\\"', "\n": "\\n", "\r": "\\r"}.get(c, c) for c in value) + '"'


def text_of(r, lines):
    return "".join(" ".join(r.choice(WORDS) for _ in range(r.randrange(1, 12))).strip() + "\n" for _ in range(lines))


def make(folder, count):
    """Writes files, and the messages as a script; returns what must arrive."""
    r = random.Random(count)
    rows, sent = [], []
    for number in range(count):
        name, address = r.choice(NAMES), f"user{number}@x.test"
        sender = f'"{name}" <{address}>'.replace('"Smith, John "Jack""', '"Smith, John \\"Jack\\""') if name else address
        subject = f"{number} " + " ".join(r.choice(WORDS[:8] + WORDS[12:14]) for _ in range(r.randrange(1, 14)))
        text, html = text_of(r, r.randrange(1, 30)), "<p>" + text_of(r, 3).strip() + "</p>\n" if r.random() < 0.3 else ""
        recipients = [f"r{i}.{number}@y.test" for i in range(r.choice([1, 1, 1, 2, 5]))]
        copies = [f"c{number}@z.test"] if r.random() < 0.3 else []
        paths, attachments = [], []
        for i in range(r.choice([1, 1, 2, 3])):
            file = r.choice(FILES)
            place = folder / f"{number}.{i}"
            place.mkdir()
            size = r.choice([0, 1, 56, 57, 58, 1000, 20000, 65536, 200000])
            data = text_of(r, size // 60).encode() if file.endswith((".txt", ".csv")) else r.randbytes(size)
            (place / file).write_bytes(data)
            paths.append(str(place / file))
            attachments.append({"name": file, "size": len(data), "sha256": hashlib.sha256(data).hexdigest()})
            kind = TYPES.get(file.rsplit(".", 1)[1])
            if kind:
                attachments[-1]["type"] = kind
        identity = f"<{number}.{count}@x.test>"
        rows.append([identity, sender, subject, text, html, recipients, copies, paths])
        wanted = {"headers": {"Message-ID": identity, "Subject": subject, "From": [[name, address]],
                              "To": [["", recipient] for recipient in recipients]},
                  "text": text, "attachments": attachments, "sender": address, "recipients": recipients + copies}
        if html:
            wanted["html"] = html
        sent.append(wanted)
    lines = "\n".join("    " + quoted(row).replace(' "" ', " () ") for row in rows)
    (folder / "messages.cpl").write_text(f"(global (::Messages List))\n(set ::Messages '(\n{lines}))\n")
    (folder / "sent.json").write_text(json.dumps({"messages": sent}))
    return sum(len(wanted["recipients"]) for wanted in sent)


def run(kind, folder, copies):
    """None, or what is wrong."""
    server = servers.start(kind, [], folder / f"{kind}-server")
    try:
        result = subprocess.run([os.environ["CARAPACE"], str(ROOT / "tests/modules/smtp/support/whole.cpl"),
                                 str(folder / "messages.cpl")], env={**os.environ, **server.environment()},
                                capture_output=True, text=True, timeout=600)
        if result.stdout != f"{COUNT}\n" or result.stderr or result.returncode:
            return f"status {result.returncode}, {result.stdout}{result.stderr}"
        kept = server.folder / "messages"
        end = time.monotonic() + 120
        while kind == "postfix" and len(list(kept.glob("new/*"))) < copies and time.monotonic() < end:
            time.sleep(0.2)  # it delivers what it has accepted
        check = subprocess.run([servers.PYTHON, str(ROOT / "tests/mail_oracle/verify.py"), KINDS[kind], str(kept),
                                str(folder / "sent.json")], capture_output=True, text=True)
        return None if check.returncode == 0 else check.stdout[-3000:] + check.stderr[-3000:]
    finally:
        server.stop()


def main():
    if not (ROOT / "build/oracle_gmime").exists():
        sys.exit(77)
    folder = pathlib.Path.cwd()
    for part in [folder, *folder.parents]:  # Postfix and smtp-sink run as other users
        if part.stat().st_uid == os.getuid() and part != pathlib.Path("/"):
            part.chmod(part.stat().st_mode | 0o011)
    copies = make(folder, COUNT)
    print(f"1..{len(KINDS)}")
    failed = 0
    for number, kind in enumerate(KINDS, 1):
        try:
            problem = run(kind, folder, copies)
        except servers.Unavailable as reason:
            print(f"ok {number} - {kind} # SKIP {reason}")
            continue
        failed += problem is not None
        print(f"{'not ok' if problem else 'ok'} {number} - {COUNT} messages to {kind}")
        if problem:
            print("".join(f"# {line}\n" for line in problem.splitlines()), end="")
    sys.exit(1 if failed else 0)


main()
