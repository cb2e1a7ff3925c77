#!/usr/bin/python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""An attachment beyond 4 GiB goes by DATA and by BDAT, from a script and by `carapace send`: whole, of the size that was announced,
and with the memory of a small one."""
# needs: long plain
# timeout: 900
import binascii
import hashlib
import os
import pathlib
import re
import socket
import subprocess
import sys
import threading
import time

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.join(os.environ["CARAPACE_ROOT"], "tests/runner"))
from tap import Report  # noqa: E402

SIZE = (4 << 30) + (512 << 20) + 1
MEMORY = 12  # MB
BLOCK = 1 << 20
SCRIPT = """
(set tcp (create Tcp)) (tcp.host "127.0.0.1") (tcp.port ((::Arguments.get 0).integer))
(set stack (create CommsStack)) (set smtp (create Smtp))
(stack.push tcp) (stack.push (create Util)) (stack.push smtp)
(smtp.connect)
(set message (create SmtpMessage sender: "a@x.test" recipient: "b@y.test" text: "t" attachments: '("huge.bin")))
(print {how})
(smtp.disconnect)
"""


class Sink(threading.Thread):
    """Takes one message. What came is in `octets` and `sum` (of the attachment); `announced` is the client's SIZE."""

    def __init__(self, chunking):
        super().__init__(daemon=True)
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]
        self.chunking = chunking
        self.announced = self.octets = 0
        self.tail, self.sum, self.text = b"", hashlib.sha256(), b""  # text: what came before the attachment
        self.inside = self.outside = False  # of the attachment's base64
        self.start()

    def run(self):
        connection, _ = self.listener.accept()
        with connection, connection.makefile("rb", BLOCK) as lines:
            say = lambda text: connection.sendall(text.encode() + b"\r\n")
            say("220 sink ESMTP")
            for line in lines:
                verb = line[:4].upper()
                if verb == b"EHLO":
                    say("250-sink\r\n250-PIPELINING\r\n" + ("250-CHUNKING\r\n" if self.chunking else "") + "250 SIZE 0")
                elif verb == b"DATA":
                    say("354 go on")
                    self.take_data(lines)
                    say("250 2.0.0 taken")
                elif verb == b"BDAT":
                    self.take_chunk(lines, int(line.split()[1]))
                    say("250 2.0.0 taken")
                else:
                    if size := re.search(rb"SIZE=(\d+)", line):
                        self.announced = int(size[1])
                    say("250 2.0.0 ok" if verb != b"QUIT" else "221 2.0.0 bye")

    def take_data(self, lines):
        end = b""
        while end != b"\r\n.\r\n":
            block = lines.read1(BLOCK)
            if not block:
                return
            end = (end + block)[-5:]
            self.content(block)
        self.octets -= 3  # the final dot is not of the message

    def take_chunk(self, lines, left):
        while left > 0 and (block := lines.read1(min(left, BLOCK))):
            left -= len(block)
            self.content(block)

    def content(self, block):
        self.octets += len(block)
        if not self.inside:
            self.text += block
            at = re.search(rb'filename=huge\.bin.*?\r\n\r\n', self.text, re.S)
            if not at:
                return
            self.inside, block = True, self.text[at.end():]
        lines, line_end, self.tail = (self.tail + block).rpartition(b"\r\n")
        lines, boundary, _ = lines.partition(b"--")  # no base64 has a hyphen
        if not self.outside:
            self.sum.update(binascii.a2b_base64(lines))  # each line but the last has a multiple of four characters
        self.outside |= bool(boundary)


def peak_of(command):
    """What the command printed, its status, and its largest size in memory in MB, looked at while it runs: rusage would have
    that of this program too."""
    with open("output", "w") as output:
        process = subprocess.Popen(command, stdout=output, stderr=subprocess.STDOUT)
    peak = 0
    while process.poll() is None:
        status = pathlib.Path(f"/proc/{process.pid}/status").read_text()
        if high := re.search(r"VmHWM:\s*(\d+) kB", status):
            peak = int(high[1]) / 1024
        time.sleep(0.05)
    return pathlib.Path("output").read_text(), process.returncode, peak


with open("huge.bin", "wb") as file:
    file.truncate(SIZE)
    for at, mark in ((0, b"first"), ((1 << 31) - 3, b"over 2 GiB"), ((1 << 32) - 3, b"over 4 GiB"), (SIZE - 4, b"last")):
        os.pwrite(file.fileno(), mark, at)
wanted = hashlib.sha256()
with open("huge.bin", "rb") as file:
    while block := file.read(BLOCK):
        wanted.update(block)

program = os.environ["CARAPACE"]
report = Report()
for name, chunking, how in (("send by DATA", False, "(smtp.send message)"), ("sendAll by BDAT", True, "(smtp.sendAll (list message))"),
                            ("carapace send", True, None)):
    sink = Sink(chunking)
    if how:
        pathlib.Path("script.cpl").write_text(SCRIPT.replace("{how}", how))
        command = [program, "script.cpl", str(sink.port)]
    else:
        command = [program, "send", "--server", f"127.0.0.1:{sink.port}", "--from", "a@x.test", "--to", "b@y.test", "--text", "t",
                   "--attach", "huge.bin"]
    text, status, peak = peak_of(command)
    sink.join(10)
    facts = {"status": status == 0, "size": sink.octets == sink.announced and sink.octets > SIZE // 3 * 4,
             "content": sink.sum.digest() == wanted.digest(), "memory": 0 < peak < MEMORY}
    report.check(f"{name}: {sink.octets} octets, {peak:.1f} MB", all(facts.values()),
                 f"{facts} announced {sink.announced}, status {status}: {text}")
report.end()
