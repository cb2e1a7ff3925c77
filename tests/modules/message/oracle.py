#!/usr/bin/python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""Has scripts write random messages, by SmtpMessage and by Mime, and lets Python's email package and GMime, where it was
built, say what is in them: each header, text and attachment must be what went in."""
# timeout: 60
import hashlib
import json
import os
import pathlib
import random
import subprocess
import sys
import tempfile

ROOT = pathlib.Path(os.environ["CARAPACE_ROOT"])
PLAIN = os.environ.get("CARAPACE_BUILD", "plain") == "plain"
COUNT = 300 if PLAIN else 40
WORDS = ["Grüße", "Привет", "日本語", "שלום", "😀👩‍👩‍👧", "e\u0301", "plain", "words", "=?utf-8?q?x?=", "=_", "--", "a" * 70, "ö" * 60,
         "漢" * 40, "\"quoted\"", "back\\slash", "semi;colon", "per%cent", "c,d", "(e)", "<f>", "it's", "x=y", "?=", ".", "100€"]
LINES = [".", "..", ".a", "From me", "--", "", "trailing ", "\ttab", "=3D", "=", "b" * 1200, "ü" * 700, "x y " * 300]


def literal(text):
    """A String of Carapace."""
    out = text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n").replace("\r", "\\r").replace("\t", "\\t")
    return f'"{out}"'


def phrase(r, most):
    return " ".join(r.choice(WORDS) for _ in range(r.randrange(1, most)))


def lines(r):
    if r.random() < 0.1:
        return ""
    text = "".join(r.choice([phrase(r, 9), r.choice(LINES)]) + r.choice(["\n", "\n", "\n\n"]) for _ in range(r.randrange(1, 12)))
    return text if r.random() < 0.6 else text.rstrip("\n")


def mailbox(r, n):
    spec = r.choice(["bob%s", "a.b%s", "x+y%s", "o'neil%s", '"john doe%s"', '"we\\"ird%s"']) % n + "@" + r.choice(["example.org", "Sub.Example.com", "[192.0.2.1]"])
    name = " ".join(r.choice([w for w in WORDS if "=?" not in w and "?=" not in w]) for _ in range(r.randrange(0, 4)))
    while len(name.encode()) > 40:  # of a name in two encoded words Python's email makes two words
        name = name[:-1].strip()
    if not name:
        return spec, ["", spec]
    return '"' + name.replace("\\", "\\\\").replace('"', '\\"') + f'" <{spec}>', [name, spec]


def file_name(r, n):
    return phrase(r, 4).replace("/", "_").replace("\\", "_").replace("\t", "_")[:60].strip() + f"{n}" + r.choice(["", ".pdf", ".PNG", ".bin"])


def attachment(r, n, folder):
    content = r.randbytes(r.choice([0, 1, 2, 3, 56, 57, 58, 114, 1000, 70000]))
    name = file_name(r, n)
    path = folder / f"{n}.data"
    path.write_bytes(content)
    kind = {"pdf": "application/pdf", "png": "image/png"}.get(name.rsplit(".", 1)[-1].lower() if "." in name else "", None)
    wanted = {"name": name, "size": len(content), "sha256": hashlib.sha256(content).hexdigest()}
    if kind:
        wanted["type"] = kind
    return path, content, wanted


def addresses(r, n, most):
    boxes = [mailbox(r, f"{n}{i}") for i in range(r.randrange(most))]
    return [b[0] for b in boxes], [b[1] for b in boxes]


def listed(texts):
    return "(list " + " ".join(literal(t) for t in texts) + ")"


def smtp_message(r, n, folder):
    wanted = {"headers": {"Message-ID": f"<{n}@oracle.test>"}}
    headers = wanted["headers"]
    sender, box = mailbox(r, n)
    script = [f'(set m (create SmtpMessage sender: {literal(sender)} messageId: "{n}@oracle.test" text: ()))']
    headers["From"] = [box]
    for field, name in (("recipients", "To"), ("copyRecipients", "Cc"), ("replyTo", "Reply-To")):
        texts, boxes = addresses(r, n * 10, 4)
        if texts:
            script.append(f"(m.{field} {listed(texts)})")
            headers[name] = boxes
    if r.random() < 0.9:
        headers["Subject"] = phrase(r, 14)
        script.append(f"(m.subject {literal(headers['Subject'])})")
    if r.random() < 0.4:
        headers["X-Other"] = phrase(r, 10)
        script.append(f'(m.headers (list (list "X-Other" {literal(headers["X-Other"])})))')
    kind = r.randrange(4)
    if kind != 1:
        text = lines(r)
        script.append(f"(m.text {literal(text)})")
        if text or kind == 0:
            wanted["text"] = text
    if kind:
        wanted["html"] = "<p>" + lines(r)
        script.append(f"(m.html {literal(wanted['html'])})")
    inlines, others = [], []
    for i in range(r.choice([0, 0, 1, 2, 3])):
        path, content, a = attachment(r, n * 10 + i, folder)
        given = literal(str(path)) if r.random() < 0.5 else f'0x"{content.hex()}"'
        if kind and r.random() < 0.4:
            script.append(f"(m.inline {given} {literal(a['name'])})")
            inlines.append(a)
        else:
            script.append(f"(m.attach {given} {literal(a['name'])})")
            others.append(a)
    wanted["attachments"] = inlines + others
    return script, wanted


def mime(r, n, folder):
    sender, box = mailbox(r, n)
    wanted = {"headers": {"Message-ID": f"<{n}@oracle.test>", "From": [box], "Subject": phrase(r, 9)}}
    script = ["(set m (create Mime))", f'(m.headers (list (list "Message-ID" "<{n}@oracle.test>") (list "From" {literal(sender)})'
              f' (list "Date" "Tue, 24 Nov 2026 06:00:00 +0000") (list "Subject" {literal(wanted["headers"]["Subject"])})))', "(m.startMultipart)"]
    wanted["text"], wanted["html"] = lines(r), lines(r)
    for name in ("text", "html"):
        (folder / f"{n}.{name}").write_text(wanted[name])
    if r.random() < 0.5:
        script += ['(m.startMultipart "alternative")', f"(m.attachTextFile {literal(str(folder / f'{n}.text'))})",
                   f"(m.attachHTMLFile {literal(str(folder / f'{n}.html'))})", "(m.end)"]
    else:
        script += [f"(m.attachData () {literal(wanted['text'])})", f'(m.attachData () {literal(wanted["html"])} "text/html")']
    wanted["attachments"] = []
    for i in range(r.choice([0, 1, 2])):
        path, content, a = attachment(r, n * 10 + i, folder)
        script.append(f"(m.attachFile {literal(str(path))} {literal(a['name'])})" if r.random() < 0.5
                      else f'(m.attachData {literal(a["name"])} 0x"{content.hex()}")')
        wanted["attachments"].append(a)
    return script + ["(m.end)"], wanted


def main():
    seed = int(os.environ.get("SEED", "1"))
    r = random.Random(seed)
    with tempfile.TemporaryDirectory() as base:
        folder = pathlib.Path(base)
        (folder / "eml").mkdir()
        script, sent = [], []
        for n in range(COUNT):
            commands, wanted = (smtp_message if n % 3 else mime)(r, n + 1, folder)
            # What is written piece by piece must be what `binary` gives, and `size` its length.
            out = f"{folder}/eml/{n + 1}.eml"
            script += commands + [f'(m.writeTo "{out}")', f'(set b (create Binary 0)) (set b m.binary)',
                                  f'(if (!= m.size b.length) (print "size of {n + 1}"))',
                                  f'(set f (create Binary 0)) (f.fromFile "{out}") (if (!= f b) (print "bytes of {n + 1}"))']
            sent.append(wanted)
        (folder / "write.cpl").write_text("\n".join(script))
        (folder / "sent.json").write_text(json.dumps({"messages": sent}))
        run = subprocess.run([os.environ["CARAPACE"], folder / "write.cpl"], capture_output=True, text=True)
        if run.returncode or run.stdout or run.stderr:
            print("seed", seed, run.returncode, run.stdout[:2000], run.stderr[:2000])
            return 1
        gmime = [] if os.access(ROOT / "build/oracle_gmime", os.X_OK) else ["--no-gmime"]
        check = subprocess.run([sys.executable, ROOT / "tests/mail_oracle/verify.py", *gmime, "eml", folder / "eml", folder / "sent.json"],
                               capture_output=True, text=True)
        print(f"seed {seed}{', without GMime' if gmime else ''}: {check.stdout[-3000:]}{check.stderr[-2000:]}")
        if check.returncode and "KEEP" in os.environ:
            subprocess.run(["cp", "-r", folder, os.environ["KEEP"]])
        return check.returncode


sys.exit(main())
