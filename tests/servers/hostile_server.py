#!/usr/bin/python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""An SMTP server that misbehaves as told: hostile_server.py --folder FOLDER [options] BEHAVIOUR...

A behaviour is ACTION@STAGE, optionally ACTION:VALUE@STAGE, ACTION@STAGE#N (only the N-th time in a connection), #N+ (from
then on), and at the end /C (only in the C-th connection).
Where no behaviour applies it is a plain, correct server, so a test shows just one fault.

stage   what the client did       a reply is due
connect connected                 the greeting
ehlo helo mail rcpt rset noop vrfy quit    that command
data    DATA                      354
text    sent the first line of the message text (nothing is due)
dot     sent the final dot        250
bdat    a BDAT and its octets     250, or 554 when no recipient of the transaction was accepted

action      instead of the reply that is due
CODE        that code: 421@mail, 550@rcpt#2, 354@ehlo; 421 also closes. CODE:TEXT gives the words ("_" is a blank)
close       closes without a word
reset       closes with RST
stall       says nothing any more, and keeps the connection
deaf        the same, and reads nothing any more either
delay:MS    the right reply, MS milliseconds late
drip:MS     the right reply, a byte each MS milliseconds (100)
half        half of the right reply, then closes
garbage     4 kB of random bytes and CRLF
nul         the right reply with NULs in it
short       a line too short to hold a code
nocode      a line of words without a code
wrongcode   999
barelf      the right reply ended by LF alone
mixed       two lines with different codes, 250-a, 550 b
hugeline    a line that never ends
endless     a reply of many lines that never ends
manylines:N a right reply of N lines
longline:N  the right reply with N bytes of text
twice       the right reply two times: a reply nobody asked for
lockstep    the right reply, but closes if the client has sent more behind that command
early       the right reply and at once those to the next commands (a server that talks ahead)

options: --connections N     only the first N connections misbehave
         --strict            RCPT without MAIL, DATA and BDAT without RCPT are answered 503
         --extensions LIST   what EHLO offers, comma separated (PIPELINING,8BITMIME,SIZE 10000000,ENHANCEDSTATUSCODES)
FOLDER/messages/N.eml gets the message texts as sent (dots unstuffed), FOLDER/transcript every line of every client,
with the number of its connection in front."""
import argparse
import asyncio
import os
import pathlib
import random
import re
import signal
import socket
import struct

STAGES = "connect ehlo helo mail rcpt rset noop vrfy quit data text dot bdat".split()
ACTIONS = """close reset stall deaf delay drip half garbage nul short nocode wrongcode barelf mixed hugeline endless
             manylines longline twice early lockstep""".split()
EXTENSIONS = "PIPELINING,8BITMIME,SIZE 10000000,ENHANCEDSTATUSCODES"
LINE_LIMIT = 1 << 20
NOT_NOW = b"503 5.5.1 not now\r\n"


class Close(Exception):
    """Leaves a connection from any depth."""


class Behaviour:
    def __init__(self, text):
        match = re.fullmatch(r"([a-z]+|\d{3})(?::([^@]*))?@([a-z]+)(?:#(\d+)(\+)?)?(?:/(\d+))?", text)
        if not match or match[3] not in STAGES or not (match[1].isdigit() or match[1] in ACTIONS):
            raise argparse.ArgumentTypeError(f"no behaviour: {text}")
        self.action, self.value, self.stage = match[1], match[2], match[3]
        self.turn, self.later, self.connection = int(match[4] or 0), bool(match[5]), int(match[6] or 0)

    def applies(self, stage, turn, connection):
        return (stage == self.stage and self.connection in (0, connection)
                and (self.turn in (0, turn) or (self.later and turn > self.turn)))

    def number(self, default):
        return int(self.value) if self.value else default


class Connection:
    def __init__(self, number, reader, writer, options, behaviours):
        self.number, self.reader, self.writer = number, reader, writer
        self.options, self.behaviours = options, behaviours
        self.turns = dict.fromkeys(STAGES, 0)
        self.text = []

    async def write(self, data):
        self.writer.write(data)
        await self.writer.drain()

    async def silence(self):
        """Reads on, so that the client's writes do not block, until it goes."""
        while await self.reader.read(65536):
            pass
        raise Close

    async def reply(self, stage, right):
        """Sends the bytes of the right reply, or does what a behaviour wants instead."""
        self.turns[stage] += 1
        for behaviour in self.behaviours:
            if behaviour.applies(stage, self.turns[stage], self.number):
                return await self.misbehave(behaviour, right)
        if right:
            await self.write(right)
        return True

    async def misbehave(self, behaviour, right):
        """Returns whether the client was told what is right, so that the dialogue may go on as usual."""
        action = behaviour.action
        if action.isdigit():
            words = (behaviour.value or "as told").replace("_", " ")
            await self.write(f"{action} {words}\r\n".encode())
            if action == "421":
                raise Close
            return action[0] == right[:1].decode()
        if action == "close":
            raise Close
        if action == "reset":
            linger = struct.pack("ii", 1, 0)  # on, 0 seconds: the kernel sends RST instead of FIN
            self.writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
            raise Close
        if action == "stall":
            await self.silence()
        elif action == "deaf":
            self.writer.transport.pause_reading()
            await asyncio.Event().wait()
        elif action == "delay":
            await asyncio.sleep(behaviour.number(1000) / 1000)
            await self.write(right)
        elif action == "drip":
            for i in range(len(right)):
                await self.write(right[i:i + 1])
                await asyncio.sleep(behaviour.number(100) / 1000)
        elif action == "lockstep":
            if self.reader._buffer:  # the only way to ask a StreamReader without waiting
                raise Close
            await self.write(right)
        elif action == "half":
            await self.write(right[:len(right) // 2])
            raise Close
        elif action == "hugeline":
            await self.write(right[:3] + b" ")
            while True:
                await self.write(b"x" * 65536)
        elif action == "endless":
            while True:
                await self.write((right[:3] + b"-and so on\r\n") * 1000)
        else:
            await self.write(self.altered(action, behaviour, right))
        return action not in ("garbage", "short", "nocode", "wrongcode", "mixed")

    def altered(self, action, behaviour, right):
        code = right[:3]
        if action == "garbage":
            return random.Random(1).randbytes(4096).replace(b"\n", b"\r") + b"\r\n"
        return {
            "nul": lambda: code + b" a\0b\0" + right[4:],
            "short": lambda: b"2\r\n",
            "nocode": lambda: b"hello, how are you\r\n",
            "wrongcode": lambda: b"999 no such code\r\n",
            "barelf": lambda: right.replace(b"\r\n", b"\n"),
            "mixed": lambda: b"250-a\r\n550 b\r\n",
            "manylines": lambda: (code + b"-line\r\n") * (behaviour.number(100) - 1) + code + b" last\r\n",
            "longline": lambda: code + b" " + b"x" * behaviour.number(100000) + b"\r\n",
            "twice": lambda: right * 2,
            "early": lambda: right + b"250 ok\r\n250 ok\r\n354 go\r\n250 ok\r\n",
        }[action]()

    async def line(self):
        try:
            line = await self.reader.readuntil(b"\n")
        except asyncio.IncompleteReadError:
            raise Close
        except asyncio.LimitOverrunError:
            await self.write(b"500 line too long\r\n")
            raise Close
        self.options.transcript.write(b"%d %s" % (self.number, line))
        return line

    def greeting_of(self, name):
        lines = ["localhost greets you"]
        if name == "ehlo":
            lines += [word for word in self.options.extensions.split(",") if word]
        return "".join(f"250{'-' if i < len(lines) - 1 else ' '}{text}\r\n" for i, text in enumerate(lines)).encode()

    async def take_message(self):
        text = bytearray()
        first = True
        while (line := await self.line()) not in (b".\r\n", b".\n"):
            if first:
                await self.reply("text", b"")
            first = False
            text += line[1:] if line.startswith(b".") else line
        if await self.reply("dot", b"250 2.0.0 kept\r\n"):
            folder = self.options.folder / "messages"
            (folder / f"{len(os.listdir(folder)) + 1}.eml").write_bytes(text)

    async def take_chunk(self, line):
        self.text += await self.reader.readexactly(int(line.split()[1]))
        if not line.upper().strip().endswith(b"LAST"):
            await self.write(b"250 2.0.0 more\r\n")
            return
        text, self.text = self.text, bytearray()
        right = b"250 2.0.0 kept\r\n" if self.recipients else b"554 5.5.1 no valid recipients\r\n"
        if await self.reply("bdat", right) and self.recipients:
            folder = self.options.folder / "messages"
            (folder / f"{len(os.listdir(folder)) + 1}.eml").write_bytes(text)
        self.recipients, self.sender = 0, False

    async def serve(self):
        self.text, self.recipients, self.sender = bytearray(), 0, False
        await self.reply("connect", b"220 localhost ESMTP\r\n")
        while True:
            line = await self.line()
            name = line[:4].strip().decode("latin-1").lower()
            if name in ("ehlo", "helo"):
                await self.reply(name, self.greeting_of(name))
            elif name == "data":
                if self.options.strict and not self.recipients:
                    await self.write(NOT_NOW)
                elif await self.reply("data", b"354 go on\r\n"):
                    await self.take_message()
                    self.recipients, self.sender = 0, False
            elif name == "quit":
                await self.reply("quit", b"221 2.0.0 bye\r\n")
                raise Close
            elif name == "bdat":
                await self.take_chunk(line)
            elif name in STAGES:
                if self.options.strict and name == "rcpt" and not self.sender:
                    await self.write(NOT_NOW)
                    continue
                right = await self.reply(name, b"250 2.0.0 ok\r\n")
                self.recipients = 0 if name == "rset" else self.recipients + (name == "rcpt" and right)
                self.sender = (self.sender and name != "rset") or (name == "mail" and right)
            else:
                await self.write(b"500 5.5.2 what?\r\n")


async def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--folder", type=pathlib.Path, required=True)
    parser.add_argument("--connections", type=int, default=0)
    parser.add_argument("--extensions", default=EXTENSIONS)
    parser.add_argument("--strict", action="store_true")
    parser.add_argument("behaviours", nargs="*", type=Behaviour)
    options = parser.parse_args()
    (options.folder / "messages").mkdir(exist_ok=True)
    options.transcript = open(options.folder / "transcript", "wb", buffering=0)
    count = 0

    async def connected(reader, writer):
        nonlocal count
        count += 1
        hostile = options.connections == 0 or count <= options.connections
        try:
            await Connection(count, reader, writer, options, options.behaviours if hostile else []).serve()
        except (Close, ConnectionError, asyncio.IncompleteReadError):
            pass
        writer.close()

    server = await asyncio.start_server(connected, "127.0.0.1", 0, backlog=200, limit=LINE_LIMIT)
    (options.folder / "port").write_text(f"{server.sockets[0].getsockname()[1]}\n")
    stop = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stop.set)
    await stop.wait()


asyncio.run(main())
