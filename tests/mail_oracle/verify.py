# SPDX-License-Identifier: GPL-3.0-or-later
"""Compares the messages that a server received with what was sent, as two independent parsers read them: Python's
email and GMime (build/oracle_gmime).

    python3 verify.py [options] sink|maildir|eml FOLDER SENT.json      exit status 0: every message arrived whole

sink: files of smtp-sink -d; maildir: Postfix's (a copy for each recipient); eml: N.eml files with CRLF. SENT.json:

    {"key": "Message-ID",             the header by which messages are told apart (default)
     "messages": [{
        "headers": {"Subject": "Grüße", ...},                 decoded; "To": [["Jörg", "j@y.test"], ...] as addresses
        "text": "...", "html": "...",                         lines end in \\n; left out: not looked at
        "attachments": [{"name": "a.pdf", "type": "application/pdf", "size": 3, "sha256": "..."}, ...],  all, in order
        "sender": "a@x.test", "recipients": ["b@y.test"]}]}   the envelope, where the server keeps it; may be left out

Besides, every message must be sound: no parser's defects, Date, From and Message-ID once, lines of at most 998 bytes,
CRLF alone as line end (eml), 7-bit headers (unless --smtputf8). A message that is missing, strange or there twice is
an error. A single-part text may gain the newline that ends the message."""
import argparse
import collections
import email
import email.policy
import hashlib
import json
import os
import pathlib
import subprocess
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
GMIME = ROOT / "build/oracle_gmime"
ADDRESS_HEADERS = ("from", "to", "cc", "reply-to")
LINE_LIMIT = 998  # RFC 5322 2.1.1, without the CRLF


class Received:
    """One message as the server kept it: the bytes that were sent (with LF, or CRLF), and the envelope if known."""

    def __init__(self, path, data, sender=None, recipients=None):
        self.path, self.data, self.sender, self.recipients = path, data, sender, recipients
        self.message = email.message_from_bytes(data, policy=email.policy.default)


# ---- reading what servers keep ----


def bare_address(argument):
    """'<a@x.test> BODY=8BITMIME' -> 'a@x.test'"""
    return argument[argument.index("<") + 1:argument.index(">")]


def read_sink(path):
    """smtp-sink writes the envelope as X-... headers, then a Received of three lines, then the message with LF as
    line end and one newline more."""
    lines = path.read_bytes().split(b"\n")
    envelope = collections.defaultdict(list)
    position = 0
    while not lines[position].startswith(b"Received:"):
        name, _, value = lines[position].decode("utf-8", "replace").partition(": ")
        envelope[name].append(value)
        position += 1
    position += 1
    while lines[position].startswith(b"\t"):
        position += 1
    data = b"\n".join(lines[position:]).removesuffix(b"\n")
    return Received(path, data, bare_address(envelope["X-Mail-Args"][0]),
                    [bare_address(value) for value in envelope["X-Rcpt-Args"]])


def read_maildir(path):
    received = Received(path, path.read_bytes())
    received.sender = received.message["Return-Path"].strip("<>")
    received.recipients = [str(received.message["X-Original-To"])]
    return received


def read_eml(path):
    note = path.with_suffix(".json")
    if not note.exists():
        return Received(path, path.read_bytes())
    envelope = json.loads(note.read_text())
    return Received(path, path.read_bytes(), envelope["sender"], envelope["recipients"])


READERS = {"sink": ("message.*", read_sink), "maildir": ("new/*", read_maildir), "eml": ("*.eml", read_eml)}


# ---- what Python reads ----


def leaves(part):
    """The parts that hold something; a message within the message is one of them, and not looked into."""
    if part.get_content_maintype() == "multipart":
        for child in part.iter_parts():
            yield from leaves(child)
    else:
        yield part


def python_description(message):
    """The same shape as oracle_gmime's output."""
    found = {"text": None, "html": None, "attachments": []}
    for part in leaves(message):
        kind = part.get_content_type()
        if part.get_content_maintype() == "message":
            found["attachments"].append({"type": kind})
            continue
        field = {"text/plain": "text", "text/html": "html"}.get(kind)
        if field and found[field] is None and part.get_content_disposition() != "attachment":
            found[field] = part.get_content()
            continue
        data = part.get_payload(decode=True) or b""
        found["attachments"].append({"name": part.get_filename(), "type": kind, "size": len(data),
                                     "sha256": hashlib.sha256(data).hexdigest()})
    found["headers"] = [[name, str(value)] for name, value in message.items()]
    found["addresses"] = {
        name: [[address.display_name, address.addr_spec] for header in message.get_all(name, [])
               for address in header.addresses] for name in ADDRESS_HEADERS}
    return found


def defects_of(message):
    return [f"{type(defect).__name__} in {part.get_content_type()}" for part in message.walk()
            for defect in part.defects] + [f"{type(defect).__name__} in header {name}"
                                           for name, value in message.items() for defect in value.defects]


# ---- comparing ----


def lines_of(text):
    return None if text is None else text.replace("\r\n", "\n")


def differences(wanted, found, multipart):
    """What a parser's description lacks of the sent one, as sentences."""
    for name, value in wanted.get("headers", {}).items():
        if isinstance(value, list):
            got = found["addresses"].get(name.lower())
        else:
            got = [text for header, text in found["headers"] if header.lower() == name.lower()]
            value = [value]
        if got != value:
            yield f"{name} is {got!r}, was {value!r}"
    for field in ("text", "html"):
        if field in wanted:
            got, sent = lines_of(found[field]), wanted[field]
            if got != sent and (multipart or got != sent + "\n" or sent.endswith("\n")):
                yield f"{field} is {shorten(got)}, was {shorten(sent)}"
    if "attachments" in wanted:
        if len(found["attachments"]) != len(wanted["attachments"]):
            yield f"{len(found['attachments'])} attachments, were {len(wanted['attachments'])}"
        for got, sent in zip(found["attachments"], wanted["attachments"]):
            for key, value in sent.items():
                if got.get(key) != value:
                    yield f"attachment {sent.get('name')}: {key} is {got.get(key)!r}, was {value!r}"


def shorten(text):
    shown = repr(text)
    return shown if len(shown) < 300 else shown[:150] + " ... " + shown[-150:]


def unsound(received, options):
    """What is wrong with a message whatever was meant."""
    data = received.data
    yield from defects_of(received.message)
    for name in ("Date", "From", "Message-ID"):
        if len(received.message.get_all(name, [])) != 1:
            yield f"has {len(received.message.get_all(name, []))} {name} headers"
    if options.kind == "eml":
        if data.count(b"\n") != data.count(b"\r\n") or data.count(b"\r") != data.count(b"\r\n"):
            yield "has a bare CR or LF"
        data = data.replace(b"\r\n", b"\n")
    elif b"\r" in data:
        yield "has a bare CR"
    if b"\0" in data:
        yield "has a NUL"
    if max(map(len, data.split(b"\n"))) > LINE_LIMIT:
        yield f"has a line of more than {LINE_LIMIT} bytes"
    if not options.smtputf8 and not data.partition(b"\n\n")[0].isascii():
        yield "has 8-bit headers"


def envelope_differences(wanted, received, options):
    if "sender" in wanted and received.sender is not None and received.sender != wanted["sender"]:
        yield f"envelope sender is {received.sender!r}, was {wanted['sender']!r}"
    if "recipients" in wanted and received.recipients is not None and options.kind != "maildir":
        if sorted(received.recipients) != sorted(wanted["recipients"]):
            yield f"envelope recipients are {received.recipients}, were {wanted['recipients']}"


def count_differences(wanted, copies, options):
    """A maildir has a copy for each recipient, the others one for the transaction."""
    if options.kind == "maildir" and "recipients" in wanted:
        got = sorted(recipient for received in copies for recipient in received.recipients)
        if got != sorted(wanted["recipients"]):
            yield f"delivered to {got}, was for {wanted['recipients']}"
    elif len(copies) != 1:
        yield f"received {len(copies)} times"


def read_by_gmime(all_received):
    """GMime reads files, and what it shall read is the message without the server's additions."""
    with tempfile.TemporaryDirectory(prefix="carapace-oracle-") as folder:
        names = []
        for number, received in enumerate(all_received):
            names.append(f"{folder}/{number}")
            pathlib.Path(names[-1]).write_bytes(received.data)
        listing = "".join(name + "\n" for name in names).encode()
        output = subprocess.run([str(GMIME)], input=listing, capture_output=True, check=True).stdout
    return [json.loads(line) for line in output.splitlines()]


def verify(sent, all_received, options):
    """All differences as sentences."""
    key = sent.get("key", "Message-ID")
    by_key = collections.defaultdict(list)
    gmime = read_by_gmime(all_received) if options.gmime else [None] * len(all_received)
    for received, reading in zip(all_received, gmime):
        by_key[str(received.message[key])].append((received, reading))
    problems = []
    for wanted in sent["messages"]:
        name = wanted["headers"][key]
        copies = by_key.pop(name, [])
        problems += [f"{name}: {text}" for text in count_differences(wanted, [copy for copy, _ in copies], options)]
        for received, reading in copies:
            multipart = received.message.is_multipart()
            found = list(unsound(received, options)) + list(envelope_differences(wanted, received, options))
            readings = {"python": python_description(received.message)}
            if options.gmime:
                readings["gmime"] = reading
            for parser, description in readings.items():
                if description is None:
                    found.append(f"{parser} cannot read it")
                else:
                    found += [f"{parser}: {text}" for text in differences(wanted, description, multipart)]
            problems += [f"{name} ({received.path.name}): {text}" for text in found]
    problems += [f"{received.path.name}: a message that nobody sent, {key} {name}"
                 for name, copies in by_key.items() for received, _ in copies]
    return problems


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--no-gmime", dest="gmime", action="store_false", help="ask Python alone")
    parser.add_argument("--smtputf8", action="store_true", help="headers may be UTF-8 (RFC 6532)")
    parser.add_argument("kind", choices=READERS)
    parser.add_argument("folder", type=pathlib.Path)
    parser.add_argument("sent", type=argparse.FileType("r", encoding="utf-8"))
    options = parser.parse_args()
    if options.gmime and not os.access(GMIME, os.X_OK):
        sys.exit(f"{GMIME} was not built (make oracle)")
    pattern, read = READERS[options.kind]
    all_received = [read(path) for path in sorted(options.folder.glob(pattern))]
    sent = json.load(options.sent)
    problems = verify(sent, all_received, options)
    for problem in problems[:50]:
        print(problem)
    print(f"{len(sent['messages'])} sent, {len(all_received)} received, {len(problems)} differences")
    sys.exit(1 if problems or not sent["messages"] else 0)


if __name__ == "__main__":
    main()
