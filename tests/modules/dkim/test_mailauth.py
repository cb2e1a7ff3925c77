#!/usr/bin/python3
# SPDX-License-Identifier: GPL-3.0-or-later
# Dkim beside mailauth of npm: our signatures checked by it, on messages as SmtpMessage makes them and on difficult ones; its
# signatures checked by us; and neither takes what was changed.
# timeout: 120
import json
import os
import pathlib
import random
import shutil
import subprocess
import sys

SUPPORT = pathlib.Path(os.environ["CARAPACE_ROOT"]) / "tests/modules/dkim/support"
sys.path.insert(0, str(SUPPORT))
from dkim_checks import FORMS, HERE, KEYS, KINDS, carapace, check, finish, make_keys, sign_all, verify, write_all  # noqa: E402

if not shutil.which("node"):
    print("skipped: no node here", file=sys.stderr)
    sys.exit(77)
if not (SUPPORT.parents[2] / "node_modules/mailauth").is_dir():
    print("skipped: no mailauth of npm here (tests/setup/servers fetches it)", file=sys.stderr)
    sys.exit(77)


def mailauth(**question):
    done = subprocess.run(["node", SUPPORT / "mailauth.js"], input=json.dumps({"keys": KEYS} | question), capture_output=True,
                          text=True, timeout=100)
    if done.returncode:
        raise SystemExit(done.stdout + done.stderr)
    return json.loads(done.stdout)


def judge(messages):
    """What mailauth says of each: a list of [result, comment, domain, algorithm]."""
    return mailauth(verify=write_all("j", messages))


make_keys()

# ---- ours, as SmtpMessage makes them ----
BUILD = """(set kind (::Arguments.get 0)) (set form (::Arguments.get 1))
(with (f (create Stream "file" "a.bin" "wb")) (for i (range 0 50) (f.write (randomBytes 1000))))
(set dkim (create Dkim domain: "x.test" selector: kind key: (::Arguments.get 2) canonicalization: form))
(set recipients (map (lambda (i) $"recipient number {i} <r{i}@y.test>") (list 1 2 3 4 5 6 7 8 9 10)))
(set messages (list
    (create SmtpMessage text: "Hello.\\n.a dot\\n..\\nFrom here\\n")
    (create SmtpMessage text: "")
    (create SmtpMessage text: "trailing  \\nwhite \\t \\n\\n\\n\\n")
    (create SmtpMessage text: "Grüße, 日本語 \\n" html: "<p>Grüße <img src=\\"cid:a@x.test\\">" inlines: '(("a@x.test" "a.bin")) attachments: '("a.bin" ("ü.txt" "текст")))
    (create SmtpMessage text: "leave" unsubscribe: '("https://x.test/leave?id=1" "mailto:leave@x.test?subject=leave") oneClick: true)
    (create SmtpMessage text: "many" headers: '(("X-Long" "a header with so many words that it has to be folded, more than once, before it is at its end, which is here")))))
(set i 0)
(for m messages
    (m.sender "Zoë <a@x.test>") (m.recipients recipients)
    (m.subject "Prüfung of a subject that is long enough to be folded, with Grüßen and 日本語 and more words than fit on a line")
    (m.sign dkim)
    (m.writeTo $"{kind}{i}.eml")
    (set i (+ i 1)))
(print i)
"""
for kind, file in KINDS:
    for form in FORMS:
        told = carapace(BUILD, kind, form, file)
        built = [(HERE / f"{kind}{i}.eml").read_bytes() for i in range(6)] if told == "6\n" else []
        said = judge(built) if built else told
        check(f"SmtpMessage, {kind} {form}: mailauth takes all", built and said == [[["pass", "", "x.test", f"{kind}-sha256"]]] * 6, said)
    leaves = built[4] if built else b""
    names = leaves.lower().split(b"\tbh=")[0].replace(b"\r\n\t ", b"")
    check(f"{kind}: the headers for leaving a list are signed", b"list-unsubscribe:list-unsubscribe:list-unsubscribe-post:" in names and
          b"\r\nList-Unsubscribe-Post: " in leaves, leaves)

# ---- ours, difficult ones ----
HEADERS = [
    b"From: a@x.test\r\nTo: b@y.test\r\nSubject: s\r\n",
    b"FROM:  a@x.test \r\nSubject:   folded\r\n\t more  and\r\n more \r\nX-Empty:\r\nReceived: a\r\nReceived: b\r\n",
    b"Subject: one\r\nSubject: two\r\nFrom: \"A\" <a@x.test>\r\nList-Unsubscribe: <https://x.test/u>,\r\n <mailto:u@x.test>\r\n"
    b"List-Unsubscribe-Post: List-Unsubscribe=One-Click\r\n",
    "From: Zoë <zoë@x.test>\r\nSubject: Grüße, 日本語\r\n und noch mehr\r\nTo: ü@y.test\r\n".encode(),  # RFC 6532
]
BODIES = [b"", b"\r\n", b"\r\n\r\n", b"one\r\n", b"one", b" one  two \t three \r\n\r\n  \r\n", b"\t\r\n", b"a\r\n\r\n\r\nb\r\n\r\n",
          b"dots\r\n.\r\n..\r\n", "grüße\r\n".encode(), b"x" * 3000 + b"  \r\n" + b" " * 3000 + b"y\r\n", b"\r\n a\r\n",
          b"white at the end \t \r\n \t \r\n", b"x" * 70000 + b"\r\n"]
messages = [header + b"\r\n" + body for header in HEADERS for body in BODIES]
names = write_all("p", messages)
signed = {}
for kind, file in KINDS:
    for form in FORMS:
        signed[kind, form], told = sign_all(kind, file, form, names)
        wrong = [pair for pair in zip(judge(signed[kind, form]), signed[kind, form]) if [row[0] for row in pair[0]] != ["pass"]]
        check(f"{kind} {form}: mailauth takes {len(messages)} of ours", signed[kind, form] and not wrong, (told, wrong[:2]))
twice = b"".join(message[:-len(messages[1])] for message in (signed["rsa", FORMS[0]][1], signed["ed25519", FORMS[0]][1])) + messages[1]
check("two signatures on one message", [row[0] for row in judge([twice])[0]] == ["pass", "pass"], judge([twice]))

# ---- theirs ----
wishes = []
for kind, file in KINDS:
    for form in FORMS:
        for i, name in enumerate(names):
            wish = {"from": name, "to": f"t{len(wishes)}", "key": (HERE / file).read_text(), "domain": "x.test", "selector": kind, "form": form}
            if i % 5 == 1:
                wish["headers"] = "from:to:subject:received"
            if i % 3 == 2 and BODIES[i % len(BODIES)].strip():  # of an empty body mailauth writes "l=;", which is no number
                wish["length"] = 3
            wishes.append(wish)
refused = [row for row in mailauth(sign=wishes) if row]
check("mailauth signs", not refused, refused[:2])
theirs = [(HERE / wish["to"]).read_bytes() for wish in wishes]
said = verify(*theirs)
wrong = [(row, message) for row, message in zip(said, theirs) if [r[0] for r in row] != ["pass"]]
check(f"we take {len(theirs)} of theirs", not wrong, wrong[:2])

# ---- changed ones ----


def change(message, source):
    """One letter of the body or of the headers below the signature becomes another."""
    at = source.choice([i for i in range(message.index(b"\nFrom:"), len(message)) if message[i:i + 1].isalpha()])
    other = b"Q" if message[at:at + 1] != b"Q" else b"R"
    return message[:at] + other + message[at + 1:]


source = random.Random(5)
originals = signed["rsa", "simple/simple"][3:4] + signed["ed25519", "simple/simple"][3:4]
mutants = [change(original, source) for original in originals for _ in range(40)]
check("mailauth refuses ours when changed", all(row[0][0] != "pass" for row in judge(mutants)), judge(mutants)[:3])
whole = [message for wish, message in zip(wishes, theirs) if wish["form"] == "simple/simple" and wish["from"] == "p3"]
mutants = [change(message, source) for message in whole for _ in range(40)]
check("we refuse theirs when changed", whole and all(row[0][0] != "pass" for row in verify(*mutants)), verify(*mutants)[:3])
finish()
