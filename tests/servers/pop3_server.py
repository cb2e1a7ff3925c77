#!/usr/bin/python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""A POP3 server with three small messages for anybody, which misbehaves: pop3_server.py --folder FOLDER BEHAVIOUR...

Each connection has the next BEHAVIOUR, the last one all that follow. It is WHAT@COMMAND (GREETING is one too), or ok:

    close    closes instead of an answer         half     closes in the middle of the answer
    garbage  octets that are no answer           line     a line without an end
    body     +OK and a body without an end       lines    the same in short lines of a listing
    twice    answers twice                       none     says nothing
    drip     an octet every 50 ms                bare     lines end with LF alone
    dots     a body whose lines look like ends   number   +OK with words where numbers belong
    plus     a challenge nobody has asked for    idle     the answer, then -ERR and closes
    echo     -ERR with the command's argument    err:TEXT -ERR TEXT, with _ for a space
    inject   the answer and another one in the same packet

STLS is offered with the certificate of pki.py. FOLDER/transcript gets every line of every client."""
import argparse
import pathlib
import signal
import socket
import ssl
import threading
import time

import pki

MESSAGES = [b"Subject: %d\r\n\r\n.dot\r\ntext\r\n" % n for n in (1, 2, 3)]


class Session:
    def __init__(self, connection, behaviour, folder, transcript):
        self.socket, self.folder, self.transcript = connection, folder, transcript
        self.what, _, self.where = behaviour.partition("@")
        self.reader = connection.makefile("rb")
        self.deleted = set()

    def answer(self, command, data, argument=""):
        """What belongs to the command, or what the behaviour makes of it."""
        what, _, text = self.what.partition(":")
        if command != self.where:
            return self.socket.sendall(data)
        if what == "close":
            raise ConnectionError
        if what == "half":
            self.socket.sendall(data[:len(data) // 2])
            raise ConnectionError
        if what == "none":
            self.reader.read()
            raise ConnectionError
        if what == "line":
            self.forever(b"x" * 65536)
        if what == "body":
            self.socket.sendall(b"+OK\r\n")
            self.forever((b"y" * 70 + b"\r\n") * 1000)
        if what == "lines":
            self.socket.sendall(b"+OK\r\n")
            self.forever(b"1 1\r\n" * 10000)
        if what == "drip":
            self.socket.sendall(b"+OK\r\n")
            while True:
                self.socket.sendall(b"z")
                time.sleep(0.05)
        data = {"garbage": b"\0\xff\x80<html>\r\n", "twice": data + data, "bare": data.replace(b"\r\n", b"\n"),
                "dots": b"+OK\r\na\n.\r\n+OK fake\r\n.\rb\r\n..\r\n.\r\n", "number": b"+OK many more\r\n1 many\r\n", "plus": b"+ Z28=\r\n",
                "idle": data + b"-ERR [SYS/TEMP] idle too long\r\n", "echo": b"-ERR what is " + argument.encode() + b"?\r\n",
                "err": b"-ERR " + text.replace("_", " ").encode() + b"\r\n", "inject": data + b"+OK injected\r\n"}[what]
        self.socket.sendall(data)
        if what == "idle":
            raise ConnectionError

    def forever(self, block):
        while True:
            self.socket.sendall(block)

    def serve(self):
        self.answer("GREETING", b"+OK <1.2@hostile.test> ready\r\n")
        while line := self.reader.readline():
            self.transcript.write(line)
            words = line.strip().decode("latin-1").split(" ", 1)
            verb, rest = words[0].upper(), (words + [""])[1]
            if verb == "STLS":
                self.answer(verb, b"+OK go\r\n")
                context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
                context.load_cert_chain(self.folder / "good.crt", self.folder / "good.key")
                self.socket = context.wrap_socket(self.socket, server_side=True)
                self.reader = self.socket.makefile("rb")
                continue
            self.answer(verb, self.reply(verb, rest), rest)
            if verb == "QUIT":
                return

    def reply(self, verb, rest):
        left = [n for n in range(1, len(MESSAGES) + 1) if n not in self.deleted]
        if verb == "CAPA":
            stls = b"" if isinstance(self.socket, ssl.SSLSocket) else b"STLS\r\n"
            return b"+OK\r\nUSER\r\nUIDL\r\nPIPELINING\r\nSASL LOGIN PLAIN CRAM-MD5\r\n" + stls + b".\r\n"
        if verb == "STAT":
            return b"+OK %d %d\r\n" % (len(left), sum(len(MESSAGES[n - 1]) for n in left))
        if verb == "LIST":
            return b"+OK\r\n" + b"".join(b"%d %d\r\n" % (n, len(MESSAGES[n - 1])) for n in left) + b".\r\n"
        if verb == "UIDL":
            return b"+OK\r\n" + b"".join(b"%d uid%d\r\n" % (n, n) for n in left) + b".\r\n"
        if verb in ("RETR", "TOP", "DELE"):
            number = int(rest.split()[0])
            if number not in left:
                return b"-ERR no such message\r\n"
            if verb == "DELE":
                self.deleted.add(number)
                return b"+OK\r\n"
            return b"+OK\r\n" + MESSAGES[number - 1].replace(b"\r\n.", b"\r\n..") + b".\r\n"
        if verb == "AUTH" and "CRAM" in rest:
            return b"+ Z28=\r\n"
        return b"+OK\r\n"


def run(session):
    try:
        session.serve()
    except (OSError, ValueError):
        pass
    finally:
        try:
            session.socket.shutdown(socket.SHUT_RDWR)
            session.socket.close()
        except OSError:
            pass


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--folder", type=pathlib.Path, required=True)
    parser.add_argument("behaviours", nargs="*", default=["ok"])
    options = parser.parse_args()
    signal.signal(signal.SIGTERM, lambda *_: exit(0))
    pki.make(options.folder, {"good"})
    transcript = open(options.folder / "transcript", "wb", buffering=0)
    with socket.create_server(("127.0.0.1", 0)) as listener:
        (options.folder / "port").write_text(f"{listener.getsockname()[1]}\n")
        count = 0
        while True:
            connection, _ = listener.accept()
            behaviour = options.behaviours[min(count, len(options.behaviours) - 1)]
            count += 1
            session = Session(connection, behaviour, options.folder, transcript)
            threading.Thread(target=run, args=(session,), daemon=True).start()


main()
