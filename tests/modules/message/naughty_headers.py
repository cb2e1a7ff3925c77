#!/usr/bin/python3
# SPDX-License-Identifier: GPL-3.0-or-later
# needs: corpora
# timeout: 60
r"""The Big List of Naughty Strings through mail headers: each as subject, as the name in From and To, as a header of its
own, and as the name of an attachment. Python's email parser, given the bytes, must see the same text again; each line
of a header must be US-ASCII, without bare controls, of at most 78 characters where it can be and 998 in any case.

Of an attachment's name only what stands behind the last / or \ goes out, and no name when that is nothing: what comes
before could make a reader write elsewhere (RFC 2183 2.3). A text with a control character may be refused, with error 1.8; nothing else may."""
import email
import email.header
import email.policy
import email.utils
import os
import pathlib
import re
import subprocess
import sys

SHARED = pathlib.Path(os.environ.get("CARAPACE_SHARED") or pathlib.Path(os.environ["CARAPACE_ROOT"]).parent / "shared")
PROGRAM = r'''
(local (number Integer 0))
(defun String quoted (text) (+ "\"" (replace (replace text "\\" "\\\\") "\"" "\\\"") "\""))
(defun NIL write (number kind make)
    (local (message Object))
    (try (do (set message (make)) (message.writeTo $"{number}.{kind}.eml"))
        (catch 1 (print $"{number} {kind} {err.code} {err.text}"))))
(defun SmtpMessage plain () (create SmtpMessage sender: "ann@example.org" recipient: "bob@example.org" text: "x"))
(for line (create Stream "file" FILE)
    (set number (+ number 1))
    (write number "subject" (lambda () (let ((m (plain))) (m.subject line) m)))
    (write number "from" (lambda () (let ((m (plain))) (m.sender $"{(quoted line)} <ann@example.org>") m)))
    (write number "to" (lambda () (let ((m (plain))) (m.recipients (list $"{(quoted line)} <cid@example.org>" "last@example.org")) m)))
    (write number "header" (lambda () (let ((m (plain))) (m.headers (list (list "X-Naughty" line))) m)))
    (write number "attachment" (lambda () (let ((m (plain))) (m.attachments (list (list line "content" "text/plain"))) m))))
(print $"lines {number}")
'''


def decoded(value):
    """An unstructured header's text: unfolded, encoded words decoded."""
    return str(email.header.make_header(email.header.decode_header(re.sub(r"\r?\n(?=[ \t])", "", value))))


def addresses(value):
    return [(str(email.header.make_header(email.header.decode_header(name))) if name else name, address)
            for name, address in email.utils.getaddresses([re.sub(r"\r?\n(?=[ \t])", "", value)])]


def seen(kind, message):
    if kind == "subject":
        return decoded(message["Subject"])
    if kind == "header":
        return decoded(message["X-Naughty"])
    if kind == "from":
        (name, address), = addresses(message["From"])
        return name if address == "ann@example.org" else f"the address {address}"
    if kind == "to":
        first, second, third = addresses(message["To"])
        return second[0] if [a for _, a in (first, second, third)] == ["bob@example.org", "cid@example.org", "last@example.org"] else "other addresses"
    # The newer policy's parameters: get_filename takes off a pair of quotes too many.
    message = email.message_from_bytes(message.as_bytes(), policy=email.policy.default)
    names = [part["Content-Disposition"].params.get("filename") for part in message.iter_attachments()]
    return names[0] if len(names) == 1 else f"{len(names)} attachments"


def bad_lines(raw):
    header = raw.split(b"\r\n\r\n", 1)[0]
    for line in header.split(b"\r\n"):
        if re.search(rb"[^\t\x20-\x7e]", line):
            yield f"bytes {line!r}"
        elif len(line) > 998 or (len(line) > 78 and b" " in line.strip()[20:]):
            yield f"long: {line!r}"


def main():
    path = SHARED / "corpora/strings/blns.txt"
    lines = path.read_bytes().split(b"\n")
    if lines[-1] == b"":
        lines.pop()
    texts = [line.removesuffix(b"\r").decode("utf-8") for line in lines]
    pathlib.Path("headers.cpl").write_text(PROGRAM.replace("FILE", '"' + str(path) + '"'))
    run = subprocess.run([os.environ["CARAPACE"], "headers.cpl"], capture_output=True, text=True)
    refused = {}
    for line in run.stdout.splitlines():
        words = line.split(" ", 3)
        if words[0] != "lines":
            refused[int(words[0]), words[1]] = words[2:]
    wrong, checked = [], 0
    for number, text in enumerate(texts, 1):
        for kind in ("subject", "from", "to", "header", "attachment"):
            file = pathlib.Path(f"{number}.{kind}.eml")
            if (number, kind) in refused:
                code, why = refused[number, kind]
                if code != "8" or not (re.search(r"[\0-\x1f\x7f]", text) or (kind == "attachment" and text == "")):
                    wrong.append(f"{kind} {text!r} is refused: 1.{code} {why}")
                continue
            if not file.exists():
                wrong.append(f"{kind} {text!r}: no message")
                continue
            raw = file.read_bytes()
            wrong += [f"{kind} {text!r}: {problem}" for problem in bad_lines(raw)]
            try:
                got = seen(kind, email.message_from_bytes(raw, policy=email.policy.compat32))
            except Exception as problem:  # noqa: BLE001 whatever the parser throws is a failure of that message
                got = f"{type(problem).__name__}: {problem}"
            checked += 1
            wanted = re.split(r"[/\\]", text)[-1] if kind == "attachment" else text
            if got != wanted and not (got is None and wanted == ""):
                wrong.append(f"{kind} {text!r} arrives as {got!r}")
    for line in wrong[:20]:
        print(line)
    if run.returncode or run.stderr:
        print(run.stderr[:500])
    ok = not wrong and not run.returncode and not run.stderr and checked > 2000
    print(f"{'ok' if ok else 'not ok'} 1 - {len(texts)} texts, {checked} headers as they were, {len(refused)} refused\n1..1")
    return not ok


sys.exit(main())
