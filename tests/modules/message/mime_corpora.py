#!/usr/bin/python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""Parses the messages of GMime's, MimeKit's and CPython's test suites, and hostile ones of our own, and compares what
Mime makes of them with what GMime and Python's email make of them: structure, types, decoded texts and contents, file
names. Where we differ on purpose, docs/violations.md has a line in its table "Where others read otherwise" with the
message's name; any other difference, and any line there without a difference, is a failure.

    mime_corpora.py [--show NAME]        prints the readings of one message"""
# timeout: 60
import email
import email.policy
import hashlib
import json
import os
import pathlib
import re
import subprocess
import sys
import tempfile

ROOT = pathlib.Path(os.environ.get("CARAPACE_ROOT") or pathlib.Path(__file__).resolve().parents[3])
PROGRAM = os.environ.get("CARAPACE") or str(ROOT / "build/carapace")
SHARED = pathlib.Path(os.environ.get("CARAPACE_SHARED") or ROOT.parent / "shared")
GMIME = ROOT / "build/oracle_gmime"
CPYTHON = pathlib.Path("/usr/lib/python3.11/test/test_email/data")
OWN = ROOT / "tests/mail_oracle/messages"
VIOLATIONS = ROOT / "docs/violations.md"


def split_mailbox(data):
    """The messages of an mbox, as GMime splits it: at each "From " behind an empty line, or at the beginning."""
    starts = [match.start() for match in re.finditer(rb"(?:\A|(?<=\n\n)|(?<=\n\r\n))From [^\n]*\n", data)]
    for start, end in zip(starts, starts[1:] + [len(data)]):
        yield data[start:end]


def messages():
    """(name, bytes) of all."""
    if CPYTHON.is_dir():
        for path in sorted(CPYTHON.glob("msg_*.txt")):
            yield "cpython/" + path.stem, path.read_bytes()
    corpora = SHARED / "corpora/mime"
    for path in sorted(corpora.glob("mimekit/messages/*")) + sorted(corpora.glob("*/partial/**/*.eml")):
        yield f"{path.relative_to(corpora).parts[0]}/{path.stem}", path.read_bytes()
    for path in sorted(corpora.glob("*/mbox/*.mbox.txt")) + sorted(corpora.glob("gmime/mbox/*/*.mbox")):
        for number, message in enumerate(split_mailbox(path.read_bytes())):
            yield f"{path.relative_to(corpora).parts[0]}/{path.parent.name}/{path.name.split('.')[0]}-{number}", message
    for path in sorted(OWN.glob("*.eml")):
        yield "own/" + path.stem, path.read_bytes()


# ---- what others read ----


def python_text(part):
    data = part.get_payload(decode=True) or b""
    charset = part.get_content_charset("us-ascii")
    try:
        return data.decode(charset, "replace")
    except LookupError:
        return data.decode("us-ascii", "replace")


def python_tree(part):
    kind = part.get_content_type()
    if part.is_multipart():
        if kind == "message/delivery-status":  # Python makes messages of its blocks; the bytes are gone
            return [kind, part.get_filename(), None, "blocks", []]
        return [kind, part.get_filename(), None, None, [python_tree(child) for child in part.get_payload()]]
    if part.get_content_maintype() == "text":
        return [kind, part.get_filename(), python_text(part), None, []]
    data = part.get_payload(decode=True) or b""
    return [kind, part.get_filename(), None, hashlib.sha256(data).hexdigest().upper(), []]


def normal(tree):
    """Without what parsers may differ in: the way lines end, and spaces and lines at the end of a text."""
    if tree is None:
        return None
    kind, name, text, digest, children = tree
    if kind.lower().startswith("multipart/") and not children:  # for us a text: docs/violations.md
        return ["text/plain", None, "*", None, []]
    text = None if text in (None, []) else "\n".join(
        line.rstrip() for line in text.replace("\r\n", "\n").replace("\r", "\n").split("\n")).strip("\n")
    digest = None if digest in (None, []) else digest.upper()
    return [kind.lower(), name or None, text, digest, [normal(child) for child in children or []]]


def differences(ours, theirs, where="message"):
    if theirs is None:
        yield f"{where}: they read nothing"
        return
    if ours[0] != theirs[0]:
        yield f"{where}: type {ours[0]}, theirs {theirs[0]}"
    if ours[1] != theirs[1] and "message" not in ours[0]:
        yield f"{where}: name {ours[1]!r}, theirs {theirs[1]!r}"
    if ours[2] != theirs[2] and theirs[2] != "*":
        yield f"{where}: text {shorten(ours[2])}, theirs {shorten(theirs[2])}"
    if ours[3] != theirs[3] and "BLOCKS" not in (ours[3], theirs[3]):
        yield f"{where}: content differs"
    if len(ours[4]) != len(theirs[4]):
        yield f"{where}: {len(ours[4])} parts, theirs {len(theirs[4])}"
    for number, (a, b) in enumerate(zip(ours[4], theirs[4])):
        yield from differences(a, b, f"{where}.{number}")


def shorten(text):
    shown = repr(text)
    return shown if len(shown) < 120 else shown[:70] + " ... " + shown[-40:]


def listed():
    """The names in the table of known differences: {(name, "gmime" or "python")}."""
    found = set()
    section = VIOLATIONS.read_text().partition("## Where others read otherwise")[2]
    for line in section.splitlines():
        cells = [cell.strip() for cell in line.split("|")]
        if len(cells) > 4 and re.fullmatch(r"[a-z]+/\S+(, [a-z]+/\S+)*", cells[1]):
            for name in cells[1].split(", "):
                found |= {(name, parser) for parser in cells[2].lower().split(", ")}
    return found


def run(command, names):
    output = subprocess.run(command, input="".join(name + "\n" for name in names).encode(), capture_output=True)
    if output.returncode != 0:
        sys.exit(f"not ok - {command[0]} ended with {output.returncode}: {output.stderr.decode(errors='replace')}")
    return [json.loads(line) for line in output.stdout.splitlines()]


def main():
    wanted = sys.argv[2] if sys.argv[1:2] == ["--show"] else None
    everything = [(name, data) for name, data in messages() if wanted in (None, name)]
    with tempfile.TemporaryDirectory(prefix="carapace-corpora-") as folder:
        paths = []
        for number, (name, data) in enumerate(everything):
            paths.append(f"{folder}/{number}")
            pathlib.Path(paths[-1]).write_bytes(data)
        ours = run([PROGRAM, str(ROOT / "tests/mail_oracle/describe.cpl")], paths)
        gmime = run([str(GMIME), "--tree"], paths) if os.access(GMIME, os.X_OK) else None
    known, used, failures = listed(), set(), []
    for number, (name, data) in enumerate(everything):
        tree = normal(ours[number][1])
        message = email.message_from_bytes(data, policy=email.policy.compat32)
        theirs = {"python": normal(python_tree(message))}
        if gmime:
            theirs["gmime"] = normal(gmime[number] and gmime[number][1])
        if wanted:
            print(json.dumps({"ours": tree, **theirs}, indent=1, ensure_ascii=False))
        if not ours[number][2]:
            failures.append(f"{name}: written again it is not the same")
        for parser, reading in theirs.items():
            found = list(differences(tree, reading))
            if found and (name, parser) in known:
                used.add((name, parser))
            elif found:
                failures += [f"{name}: {parser}: {text}" for text in found[:3]]
    known = {(name, parser) for name, parser in known if any(name == seen for seen, _ in everything)}
    if not wanted and gmime:
        failures += [f"{name}: {parser}: docs/violations.md lists a difference that is none"
                     for name, parser in sorted(known - used)]
    for failure in failures:
        print("#", failure)
    print(f"1..1\n{'not ok' if failures else 'ok'} 1 - {len(everything)} messages, {len(failures)} differences")
    sys.exit(1 if failures else 0)


main()
