#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""mime_oracle: has mime_driver build random hostile messages and lets Python's email package say what is in them.

Usage: mime_oracle.py DRIVER [COUNT [SEED]]. Prints one summary line; exit code 1 at the first difference.
"""
import email
import email.policy
import email.utils
import os
import random
import re
import subprocess
import sys
import tempfile
import warnings

warnings.simplefilter("ignore")

CHARACTERS = (
    "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
    + " " * 12 + "  .,;:!?()<>@[]\\\"'=_-+*/&%$#^`{|}~"
    + "äöüÄÖÜßéèñçøåæŁżź" + "Привет мир" + "日本語中文한국어" + "שלוםمرحبا" + "😀👩‍👩‍👧🇩🇪é\u0301"
)
WORDS = ["=?utf-8?q?x?=", "=?", "?=", "From", ".", "..", "--", "=_", "a" * 70, "b" * 90, "ö" * 50, "😀" * 30, "x=?y", "\"", "\\",
         "c" * 1200, "word", "Grüße", "Bcc:", "=3D", "=", "end ", " start", "tab", "a  b   c"]


def text_of(r, most, lines=False):
    if r.random() < 0.05:
        return ""
    out = []
    for _ in range(r.randrange(1, most)):
        k = r.random()
        if k < 0.35:
            out.append(r.choice(WORDS))
        elif k < 0.75:
            out.append("".join(r.choice(CHARACTERS) for _ in range(r.randrange(1, 14))))
        elif k < 0.9:
            out.append("".join(r.choice("abcdefghij .") for _ in range(r.randrange(1, 60))))
        else:
            out.append(" " * r.randrange(1, 4))
        out.append(r.choice([" ", "", " ", "\n", "\r\n", "\n\n.", "\nFrom ", "\n..", " \n", "\t\n"]) if lines else r.choice([" ", " ", ""]))
    return "".join(out)


def canonical(data):
    """What a text part must decode to: CRLF line ends; bare CR kept."""
    return re.sub(rb"(?<!\r)\n", b"\r\n", data)


def quote(name):
    return '"' + name.replace("\\", "\\\\").replace('"', '\\"') + '"'


def mailbox(r):
    local = r.choice(["bob", "a.b", "x+y", "o'neil", "john doe", "we\"ird", "a..b", "\\back", ".dot", "long" * 12])
    domain = r.choice(["example.org", "Example.COM", "[192.0.2.1]", "localhost", "sub.domain.example", "[IPv6:2001:db8::1]"])
    plain = re.fullmatch(r"[a-z+']+(\.[a-z+']+)*", local)
    spec = (local if plain else quote(local)) + "@" + domain
    if r.random() < 0.3:
        return spec, "", spec
    name = text_of(r, 8).replace("\t", " ")
    if "=?" in name:  # inside quotes our reader decodes encoded words, as nearly all do
        name = name.replace("=?", "=.")
    return quote(name) + " <" + spec + ">", name, spec


def unfold(raw):
    return re.sub(rb"\r\n(?=[ \t])", b"", raw)


class Failure(Exception):
    pass


def expect(what, got, wanted):
    if got != wanted:
        raise Failure(f"{what}:\n got    {got!r}\n wanted {wanted!r}")


def describe(r, folder, n):
    d = {"to": [], "cc": [], "bcc": [], "attachments": [], "headers": []}
    d["from"] = mailbox(r)
    for key, most in (("to", 4), ("cc", 2), ("bcc", 2)):
        d[key] = [mailbox(r) for _ in range(r.randrange(most))]
    d["subject"] = text_of(r, 25).replace("\n", " ").replace("\r", " ")
    kind = r.randrange(6)
    d["text"] = text_of(r, 80, True) if kind in (0, 1, 2, 3) else None
    d["html"] = text_of(r, 80, True) if kind in (2, 3, 4) else None
    if d["text"] is not None and r.random() < 0.15:
        d["text"] = "".join(r.choice("日本語中文한국어\n") for _ in range(300))
    if d["text"] is not None and r.random() < 0.1:
        d["text"] = "a\rb\r\rc ä" + d["text"]
    for i in range(r.choice([0, 0, 1, 2, 3])):
        a = {"name": re.sub(r"[/\\]", "_", text_of(r, 6)).strip() or "x"}
        a["content"] = bytes(r.randrange(256) for _ in range(r.choice([0, 1, 2, 3, 56, 57, 58, 114, 1000, 5000])))
        if r.random() < 0.2:
            a["content"] = text_of(r, 30, True).encode()
        if r.random() < 0.4:
            a["path"] = os.path.join(folder, f"{n}-{i}.bin")
            with open(a["path"], "wb") as f:
                f.write(a["content"])
        a["type"] = r.choice([None, "image/png", "application/pdf", "text/plain", "text/x-foo; charset=utf-8"])
        a["id"] = f"part{i}.{n}@example.org" if d["html"] is not None and r.random() < 0.4 else None
        d["attachments"].append(a)
    for i in range(r.randrange(3)):
        d["headers"].append((f"X-Test-{i}", text_of(r, 12).replace("\n", " ").replace("\r", " ")))
    d["chunk"] = r.choice([1, 2, 7, 77, 78, 500, 4096, 65536, 1000000])
    d["8bit"] = r.random() < 0.3
    return d


def record(key, data):
    if isinstance(data, str):
        data = data.encode()
    return b"%s %d\n%s\n" % (key.encode(), len(data), data)


def encode(d, n):
    out = [record("seed", str(n)), record("chunk", str(d["chunk"])), record("from", d["from"][0]), record("date", "1700000000 60")]
    for key in ("to", "cc", "bcc"):
        out += [record(key, m[0]) for m in d[key]]
    out.append(record("subject", d["subject"]))
    for key in ("text", "html"):
        if d[key] is not None:
            out.append(record(key, d[key]))
    for a in d["attachments"]:
        out.append(record("attachment-path", a["path"]) if "path" in a else record("attachment-content", a["content"]))
        out.append(record("attachment-name", a["name"]))
        if a["type"]:
            out.append(record("attachment-type", a["type"]))
        if a["id"]:
            out.append(record("attachment-id", a["id"]))
    for name, value in d["headers"]:
        out += [record("header-name", name), record("header-value", value)]
    if d["8bit"]:
        out.append(record("8bit", ""))
    out.append(record("build", ""))
    return b"".join(out)


def decoded_raw(raw, name):
    """The value of a header as RFC 2047 reads it, by the older decoder, which keeps white space apart from Python's newer parser."""
    from email.header import decode_header
    block = unfold(raw.split(b"\r\n\r\n", 1)[0])
    for line in block.split(b"\r\n"):
        if line.lower().startswith(name.lower().encode() + b":"):
            value = line[len(name) + 1:].decode("ascii")
            value = value[1:] if value.startswith(" ") else value
            pieces = re.split(r"(=\?[^? ]+\?[bqBQ]\?[^? ]*\?=)", value)
            out, last_encoded = "", False
            for i, piece in enumerate(pieces):
                if i % 2:
                    (data, charset), = decode_header(piece)
                    if last_encoded:
                        out = out[:-len(gap)] if gap else out
                    out += data.decode(charset)
                    last_encoded, gap = True, ""
                else:
                    gap = piece if last_encoded and piece.strip(" \t") == "" else ""
                    last_encoded = last_encoded and piece.strip(" \t") == ""
                    out += piece
            return out
    return None


def check_lines(raw):
    if re.search(rb"(?<!\r)\n|\r(?!\n)", raw):
        raise Failure("bare CR or LF in the message")
    for line in raw.split(b"\r\n"):
        if len(line) > 998:
            raise Failure("line longer than 998")
    if not raw.endswith(b"\r\n"):
        raise Failure("no CRLF at the end")
    for line in raw.split(b"\r\n\r\n", 1)[0].split(b"\r\n"):
        if line.strip() == b"":
            raise Failure("blank line inside the headers")
        if any(len(word) > 75 for word in re.findall(rb"=\?UTF-8\?[BQ]\?[^? ]*\?=", line)):
            raise Failure("encoded word longer than 75")
        if b"=?UTF-8?" in line and len(line) > 76:
            raise Failure(f"line with encoded words longer than 76: {line!r}")


def leaves(part):
    if part.is_multipart():
        for child in part.get_payload():
            yield from leaves(child)
    else:
        yield part


def check(d, raw, recipients):
    check_lines(raw)
    message = email.message_from_bytes(raw, policy=email.policy.default)
    old = email.message_from_bytes(raw, policy=email.policy.compat32)
    if [x for p in old.walk() for x in p.defects]:
        raise Failure(f"defects: {[p.defects for p in old.walk()]}")
    for name, value in [("Subject", d["subject"])] + d["headers"]:
        expect(name, decoded_raw(raw, name), value)
    if "Bcc" in message:
        raise Failure("Bcc was written")
    for key in ("from", "to", "cc"):
        boxes = [d["from"]] if key == "from" else d[key]
        got = [(a.display_name, a.addr_spec) for h in [message[key]] if h for a in h.addresses]
        # Python's parser joins and trims white space around encoded words in phrases; spec order and text must agree all the same.
        squeeze = lambda s: re.sub(r"\s+", "", s)
        expect(key, [squeeze(g[0]) for g in got], [squeeze(b[1]) for b in boxes])
        raw_value = re.search(rb"(?mi)^" + key.encode() + rb":(.*)$", unfold(raw.split(b"\r\n\r\n", 1)[0]))
        for b in boxes:
            if b[2].encode() not in raw_value.group(1):
                raise Failure(f"{b[2]} is not in {key}: {raw_value.group(1)!r}")
    wanted, seen = [], set()
    for box in d["to"] + d["cc"] + d["bcc"]:
        local, domain = box[2].rsplit("@", 1)
        if (local, domain.lower()) not in seen:
            seen.add((local, domain.lower()))
            wanted.append(box[2])
    expect("recipients", recipients, wanted)

    parts = list(leaves(old))
    texts = [(k, d[k]) for k in ("text", "html") if d[k] is not None]
    inline = [a for a in d["attachments"] if a["id"]]
    others = [a for a in d["attachments"] if not a["id"]]
    order = texts + [("attachment", a) for a in inline + others]
    if not order:
        order = [("text", "")]
    expect("number of parts", len(parts), len(order))
    single = not old.is_multipart()
    for part, (kind, wanted) in zip(parts, order):
        # decode=True keeps line ends as they came; what is not encoded has them all as CRLF.
        data = part.get_payload(decode=True)
        encoding = str(part.get("Content-Transfer-Encoding"))
        if kind != "attachment":
            content = canonical(wanted.encode())
            if single and content and not content.endswith(b"\n"):
                content += b"\r\n"
            expect(f"{kind} ({encoding})", data, content)
            expect("type", part.get_content_type(), "text/plain" if kind == "text" else "text/html")
            expect("charset", part.get_content_charset(), "us-ascii" if wanted.isascii() else "utf-8")
            if encoding == "8bit" and not d["8bit"]:
                raise Failure("8bit without leave")
        else:
            expect("attachment", data, wanted["content"])
            name = part.get_filename()
            expect("file name", name, wanted["name"])
            expect("disposition", part.get_content_disposition(), "inline" if wanted["id"] else "attachment")
            if wanted["id"]:
                expect("content id", part["Content-ID"], f"<{wanted['id']}>")
            if wanted["type"]:
                expect("type", part.get_content_type(), wanted["type"].split(";")[0])


def main():
    driver = sys.argv[1]
    count = int(sys.argv[2]) if len(sys.argv) > 2 else 400
    seed = int(sys.argv[3]) if len(sys.argv) > 3 else 1
    r = random.Random(seed)
    with tempfile.TemporaryDirectory() as folder:
        descriptions = [describe(r, folder, n) for n in range(count)]
        run = subprocess.run([driver], input=b"".join(encode(d, n) for n, d in enumerate(descriptions)), stdout=subprocess.PIPE)
    if run.returncode != 0:
        print(f"driver ended with {run.returncode}")
        return 1
    out, at, failed = run.stdout, 0, 0
    for n, d in enumerate(descriptions):
        end = out.index(b"\n", at)
        fields = out[at:end].decode().split(" ", 2)
        at = end + 1
        try:
            if fields[0] != "ok":
                raise Failure("refused: " + " ".join(fields))
            size, rest = int(fields[1]), fields[2].split()
            lines = out[at:].split(b"\n", int(rest[0]) + 1)[:-1]
            at += sum(len(l) + 1 for l in lines)
            raw = out[at:at + size]
            at += size
            check(d, raw, [l.decode() for l in lines[1:]])
        except Failure as e:
            failed += 1
            print(f"message {n} (seed {seed}): {e}")
            if failed <= 1 and fields[0] == "ok":
                with open(os.path.join(tempfile.gettempdir(), "mime_oracle.eml"), "wb") as f:
                    f.write(raw)
            if failed >= 5:
                break
    print(f"{count - failed} passed, {failed} failed")
    return 1 if failed else 0


sys.exit(main())
