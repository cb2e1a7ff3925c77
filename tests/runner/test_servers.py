#!/usr/bin/python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""Tests the test servers: every misbehaviour of the hostile one is seen on the wire, and aiosmtpd refuses as told."""
# needs: aiosmtpd
# timeout: 60
import pathlib
import socket
import sys
import tempfile
import time

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
sys.dont_write_bytecode = True
sys.path[:0] = [str(ROOT / "tests/servers"), str(ROOT / "tests/runner")]
import servers  # noqa: E402
from tap import Report  # noqa: E402

report = Report()
CLOSED, RESET, SILENT = "closed", "reset", "silent"


class Client:
    """Talks line by line and says what it sees: a reply's bytes, or how it ended."""

    def __init__(self, port, limit=1 << 20):
        self.socket = socket.create_connection(("127.0.0.1", port), 5)
        self.limit = limit

    def read(self, patience=5, pause=0.1):
        """Waits so many seconds for the first byte, then takes everything until a pause, up to the limit."""
        got = b""
        self.socket.settimeout(patience)
        try:
            while len(got) < self.limit:
                more = self.socket.recv(65536)
                if not more:
                    return got or CLOSED
                got += more
                self.socket.settimeout(pause)
        except TimeoutError:
            return got or SILENT
        except ConnectionResetError:
            return got or RESET
        return got

    def ask(self, line, **how):
        try:
            self.socket.sendall(line + b"\r\n")
        except OSError:
            pass
        return self.read(**how)

    def close(self):
        self.socket.close()


# The dialogue of one message, by stage.
DIALOGUE = [("ehlo", b"EHLO me"), ("mail", b"MAIL FROM:<a@x.test>"), ("rcpt", b"RCPT TO:<b@y.test>"),
            ("data", b"DATA"), ("dot", b"Subject: x\r\n\r\n..\r\n."), ("quit", b"QUIT")]


def answer_at(port, stage, seen=None, ending=SILENT):
    """What the server says at a stage, all before it being as usual, and what follows. What is expected only tells how
    long to wait: silence needs little patience, all else much, so that a slow machine changes nothing."""
    client = Client(port)
    patience = 0.3 if seen == SILENT else 5
    try:
        got = client.read(patience if stage == "connect" else 5)
        for name, line in DIALOGUE if stage != "connect" else []:
            if name == stage:
                got = client.ask(line, patience=patience)
                break
            client.ask(line, pause=0.01)
        over = isinstance(got, str) or len(got) >= client.limit
        return got, got if over else client.read(0.1 if ending == SILENT else 2)
    finally:
        client.close()


RIGHT = b"250 2.0.0 ok\r\n"
CASES = [  # behaviour, stage, what is seen, how it goes on
    ("421@connect", b"421 as told\r\n", CLOSED),
    ("421@mail", b"421 as told\r\n", CLOSED),
    ("550:no_such_user@rcpt", b"550 no such user\r\n", SILENT),
    ("354@ehlo", b"354 as told\r\n", SILENT),
    ("451@dot", b"451 as told\r\n", SILENT),
    ("close@connect", CLOSED, None),
    ("close@data", CLOSED, None),
    ("close@dot", CLOSED, None),
    ("reset@mail", RESET, None),
    ("stall@connect", SILENT, None),
    ("stall@dot", SILENT, None),
    ("delay:100@mail", RIGHT, SILENT),
    ("drip:2@mail", RIGHT, SILENT),
    ("half@mail", RIGHT[:7], CLOSED),
    ("nul@mail", b"250 a\0b\0" + RIGHT[4:], SILENT),
    ("short@mail", b"2\r\n", SILENT),
    ("nocode@mail", b"hello, how are you\r\n", SILENT),
    ("wrongcode@mail", b"999 no such code\r\n", SILENT),
    ("barelf@mail", b"250 2.0.0 ok\n", SILENT),
    ("mixed@mail", b"250-a\r\n550 b\r\n", SILENT),
    ("manylines:3@mail", b"250-line\r\n250-line\r\n250 last\r\n", SILENT),
    ("longline:10@mail", b"250 xxxxxxxxxx\r\n", SILENT),
    ("twice@mail", RIGHT * 2, SILENT),
    ("early@connect", b"220 localhost ESMTP\r\n250 ok\r\n250 ok\r\n354 go\r\n250 ok\r\n", SILENT),
    ("221:later@quit", b"221 later\r\n", None),
]


def test_hostile(base):
    for behaviour, seen, ending in CASES:
        server = servers.start("hostile", [behaviour], base / "hostile")
        try:
            got = answer_at(server.port, behaviour.partition("@")[2], seen, ending)
        finally:
            server.stop()
        report.check(behaviour, got[0] == seen and ending in (None, got[1]), got)

    for behaviour, start in [("hugeline@mail", b"250 xxxx"), ("endless@mail", b"250-and so on\r\n250-")]:
        server = servers.start("hostile", [behaviour], base / "hostile")
        seen, _ = answer_at(server.port, "mail")
        server.stop()
        report.check(behaviour, len(seen) >= 1 << 20 and seen.startswith(start), seen[:100])

    server = servers.start("hostile", ["garbage@mail"], base / "hostile")
    seen, _ = answer_at(server.port, "mail")
    server.stop()
    report.check("garbage@mail", len(seen) == 4098 and seen.count(b"\n") == 1, seen[:100])

    server = servers.start("hostile", ["close@text"], base / "hostile")
    seen, _ = answer_at(server.port, "dot")
    server.stop()
    report.check("close@text", seen in (CLOSED, RESET), seen)

    server = servers.start("hostile", ["--connections", "1", "550@rcpt#2", "close@connect"], base / "hostile")
    first, _ = answer_at(server.port, "connect")
    second, _ = answer_at(server.port, "dot")
    transcript = (server.folder / "transcript").read_bytes()
    server.stop()
    report.check("--connections 1", first == CLOSED and second == b"250 2.0.0 kept\r\n", (first, second))
    report.check("dots are unstuffed", (server.folder / "messages/1.eml").read_bytes() == b"Subject: x\r\n\r\n.\r\n")
    report.check("transcript", transcript.startswith(b"2 EHLO me\r\n2 MAIL"), transcript)

    server = servers.start("hostile", ["550@rcpt#2", "--extensions", "SIZE 5"], base / "hostile")
    client = Client(server.port)
    client.read()
    ehlo = client.ask(b"EHLO me")
    replies = [client.ask(b"RCPT TO:<b@y.test>")[:3] for _ in range(3)]
    client.close()
    server.stop()
    report.check("550@rcpt#2", replies == [b"250", b"550", b"250"], replies)
    report.check("--extensions", ehlo == b"250-localhost greets you\r\n250 SIZE 5\r\n", ehlo)


def test_aiosmtpd(base):
    server = servers.start("aiosmtpd", ["--rcpt", "c*@y.test=550 5.1.1 unknown", "--data", "452 4.3.1 full"],
                           base / "aiosmtpd")
    client = Client(server.port)
    client.read()
    dialogue = [b"EHLO me", b"MAIL FROM:<a@x.test>", b"RCPT TO:<b@y.test>", b"RCPT TO:<cc@y.test>", b"DATA",
                b"x: y\r\n."]
    replies = [client.ask(line) for line in dialogue]
    client.close()
    server.stop()
    report.check("aiosmtpd", [reply[:3] for reply in replies] == [b"250", b"250", b"250", b"550", b"354", b"452"], replies)


def test_nothing_left(base):
    """stop() ends a server that is in the middle of a reply, and frees its port."""
    server = servers.start("hostile", ["endless@connect"], base / "left")
    client = Client(server.port)
    client.socket.recv(10)
    began = time.monotonic()
    server.stop()
    client.close()
    report.check("stop in the middle of a reply", time.monotonic() - began < 6 and not servers.is_listening(server.port))


with tempfile.TemporaryDirectory() as name:
    test_hostile(pathlib.Path(name))
    test_aiosmtpd(pathlib.Path(name))
    test_nothing_left(pathlib.Path(name))
report.end()
