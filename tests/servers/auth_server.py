#!/usr/bin/python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""An SMTP server that lets bob (password: secret) log in by SCRAM, LOGIN, PLAIN, CRAM-MD5, EXTERNAL or XOAUTH2, and can
misbehave: auth_server.py --folder FOLDER [options] [BEHAVIOUR...]

    --mechanisms LIST   what it offers, comma separated (SCRAM-SHA-256)
    --starttls          offers STARTTLS; SCRAM-SHA-256-PLUS binds by tls-unique, which is TLS 1.2
    --implicit          encrypts from the start
    --client            wants a certificate of the client, for EXTERNAL

    forget    says 235 without its own proof         signature  gives a wrong proof
    nonce     goes on from another nonce             extension  demands one
    count:N   wants N iterations                     salt       gives a salt that is no base64
    garbage   a challenge that is no base64          endless    challenges for ever
    echo      refuses and repeats what it was sent   twice      two challenges at once
    close     closes in the middle                   code:N     answers AUTH with that code
    inject    sends a reply behind that to STARTTLS  half       closes after the reply to STARTTLS
    garble    speaks no TLS after it                 refuse     says 454 to it
    strip     offers other things once it is encrypted: nothing

FOLDER/transcript gets every line of every client."""
import argparse
import base64
import hashlib
import hmac
import os
import pathlib
import signal
import socket
import ssl
import threading

import pki

PASSWORD = b"secret"


class Session:
    def __init__(self, connection, options):
        self.socket, self.options = connection, options
        self.reader, self.secure = connection.makefile("rb"), False

    def misbehaves(self, name):
        for word in self.options.behaviours:
            behaviour, _, value = word.partition(":")
            if behaviour == name:
                return value or True
        return None

    def write(self, text):
        self.socket.sendall(text.encode() + b"\r\n")

    def line(self):
        line = self.reader.readline()
        if not line.endswith(b"\n"):
            raise ConnectionError
        self.options.transcript.write(line)
        return line.strip().decode("latin-1")

    def encrypt(self):
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(self.options.folder / "good.crt", self.options.folder / "good.key")
        if self.options.starttls:
            context.maximum_version = ssl.TLSVersion.TLSv1_2
        if self.options.client:
            context.verify_mode = ssl.CERT_REQUIRED
            context.load_verify_locations(self.options.folder / "ca.crt")
        self.socket = context.wrap_socket(self.socket, server_side=True)
        self.reader, self.secure = self.socket.makefile("rb"), True

    def serve(self):
        if self.options.implicit:
            self.encrypt()
        self.write("220 localhost ESMTP")
        while True:
            verb, _, rest = self.line().partition(" ")
            verb = verb.upper()
            if verb == "EHLO":
                self.offer()
            elif verb == "STARTTLS":
                self.start_tls()
            elif verb == "AUTH":
                self.authenticate(*(rest + " ").split(" ", 1))
            elif verb == "QUIT":
                return self.write("221 bye")
            else:
                self.write("250 ok")

    def offer(self):
        if self.secure and self.misbehaves("strip"):
            return self.write("250 localhost")
        self.write("250-localhost")
        if self.options.starttls and not self.secure:
            self.write("250-STARTTLS")
        self.write("250 AUTH " + self.options.mechanisms.replace(",", " "))

    def start_tls(self):
        if self.misbehaves("refuse"):
            return self.write("454 4.7.0 not now")
        self.write("220 go" + ("\r\n250 AUTH PLAIN" if self.misbehaves("inject") else ""))
        if self.misbehaves("half"):
            raise ConnectionError
        if self.misbehaves("garble"):
            self.reader.readline()
            self.write("250 what?")
            raise ConnectionError
        self.encrypt()

    # ---- AUTH ----

    def ask(self, data):
        self.write("334 " + base64.b64encode(data).decode())
        return self.answer()

    def answer(self):
        line = self.line()
        if line == "*":
            self.write("501 5.7.0 cancelled")
            raise ValueError
        return base64.b64decode(line)

    def authenticate(self, mechanism, initial):
        initial = initial.strip()
        try:
            if self.misbehaves("code"):
                return self.write(self.misbehaves("code") + " 5.7.0 as told")
            if self.misbehaves("garbage"):
                self.write("334 hello, who are you?")
                self.answer()
            while self.misbehaves("endless"):
                self.ask(b"and")
            if self.misbehaves("twice"):
                self.write("334 \r\n334 ")
                self.answer()
            first = base64.b64decode(initial) if initial not in ("", "=") else b""
            if initial == "" and mechanism in ("PLAIN", "EXTERNAL", "XOAUTH2") or mechanism.startswith("SCRAM") and not first:
                first = self.ask(b"")
            known = getattr(self, "by_" + mechanism.lower().replace("-", "_"))(first)
        except ValueError:
            return
        if known is not None:
            self.write("235 2.7.0 welcome" if known else "535 5.7.8 wrong")

    def by_plain(self, first):
        if self.misbehaves("echo"):
            return self.write(f"535 5.7.8 not {first.decode().split(chr(0))[2]} please")
        return first == b"\0bob\0" + PASSWORD

    def by_login(self, first):
        return self.ask(b"User:") == b"bob" and self.ask(b"Pass:") == PASSWORD

    def by_cram_md5(self, first):
        challenge = b"<1.2@localhost>"
        return self.ask(challenge) == b"bob " + hmac.new(PASSWORD, challenge, "md5").hexdigest().encode()

    def by_external(self, first):
        subject = dict(pair[0] for pair in (self.socket.getpeercert() or {}).get("subject", ()))
        return first in (b"", subject["commonName"].encode())

    def by_xoauth2(self, first):
        if self.misbehaves("echo"):
            return self.write("535 5.7.8 not " + base64.b64encode(first.split(b"Bearer ")[1].strip(b"\1")).decode())
        if first == b"user=bob\1auth=Bearer token\1\1":
            return True
        self.ask(b'{"status":"401","schemes":"bearer","scope":"mail"}')
        return False

    def by_scram_sha_256(self, first, plus=False):
        flag, _, bare = first.split(b",", 2)
        header = first[:len(first) - len(bare)]
        user, nonce = (part[2:] for part in bare.split(b",")[:2])
        binding = b""
        if plus:
            if flag != b"p=tls-unique":
                return False
            binding = self.socket.get_channel_binding("tls-unique")
        elif flag not in ((b"n",) if "PLUS" in self.options.mechanisms or not self.secure else (b"y",)):
            return False
        nonce = (b"other" if self.misbehaves("nonce") else nonce) + base64.b64encode(os.urandom(9))
        count, salt = int(self.misbehaves("count") or 4096), os.urandom(16)
        server_first = b"r=%s,s=%s,i=%d" % (nonce, b"?" if self.misbehaves("salt") else base64.b64encode(salt), count)
        if self.misbehaves("extension"):
            server_first = b"m=x," + server_first
        if self.misbehaves("close"):
            raise ConnectionError
        final = self.ask(server_first)
        without, _, proof = final.rpartition(b",p=")
        if without != b"c=%s,r=%s" % (base64.b64encode(header + binding), nonce):
            return False
        message = b",".join((bare, server_first, without))
        salted = hashlib.pbkdf2_hmac("sha256", PASSWORD, salt, min(count, 2000000))
        key = hmac.digest(salted, b"Client Key", "sha256")
        signature = hmac.digest(hashlib.sha256(key).digest(), message, "sha256")
        if user != b"bob" or bytes(a ^ b for a, b in zip(key, signature)) != base64.b64decode(proof):
            return False
        if self.misbehaves("forget"):
            return True
        mine = hmac.digest(hmac.digest(salted, b"Server Key", "sha256"), message, "sha256")
        self.ask(b"v=" + base64.b64encode(bytes(32) if self.misbehaves("signature") else mine))
        return True

    def by_scram_sha_256_plus(self, first):
        return self.by_scram_sha_256(first, True)


def guarded(connection, options):
    try:
        Session(connection, options).serve()
    except OSError:
        pass
    finally:
        connection.close()


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--folder", type=pathlib.Path, required=True)
    parser.add_argument("--mechanisms", default="SCRAM-SHA-256")
    for flag in ("--starttls", "--implicit", "--client"):
        parser.add_argument(flag, action="store_true")
    parser.add_argument("behaviours", nargs="*")
    options = parser.parse_args()
    pki.make(options.folder, {"good", "client"})
    options.transcript = open(options.folder / "transcript", "wb", buffering=0)
    listener = socket.create_server(("127.0.0.1", 0))
    (options.folder / "port").write_text(f"{listener.getsockname()[1]}\n")
    signal.signal(signal.SIGTERM, lambda *_: exit(0))
    while True:
        connection, _ = listener.accept()
        threading.Thread(target=guarded, args=(connection, options), daemon=True).start()


main()
