#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""SCRAM-SHA-256-PLUS over TLS 1.3: the channel binding that Smtp signs is the one that OpenSSL's own s_server exports for
RFC 9266's label, and the proof is right. (tests/servers/auth_server.py has tls-unique, for TLS 1.2.)"""
import base64
import hashlib
import hmac
import os
import pathlib
import re
import subprocess
import sys

ROOT = pathlib.Path(os.environ["CARAPACE_ROOT"])
sys.dont_write_bytecode = True
sys.path.insert(0, str(ROOT / "tests/servers"))
import pki  # noqa: E402
import servers  # noqa: E402

SCRIPT = """
(local (smtp Smtp (create Smtp tls: 'implicit user: "bob" password: "secret")) (stack CommsStack (create CommsStack)))
(stack.push (create Tcp host: "127.0.0.1" port: ((headOf ::Arguments).integer)))
(stack.push (create Util))
(stack.push smtp)
(smtp.timeout 10000)
(smtp.caFile "ca.crt")
(smtp.connect)
(print stack.version smtp.reply)
(smtp.disconnect)
"""


class Server:
    """openssl s_server, whose terminal is the SMTP server."""

    def __init__(self, port):
        self.process = subprocess.Popen(
            ["openssl", "s_server", "-accept", f"127.0.0.1:{port}", "-cert", "good.crt", "-key", "good.key", "-tls1_3", "-crlf",
             "-naccept", "1", "-keymatexport", "EXPORTER-Channel-Binding", "-keymatexportlen", "32"],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, bufsize=0)

    def expect(self, pattern):
        for line in iter(self.process.stdout.readline, b""):
            found = re.search(pattern, line.strip())
            if found:
                return found
        raise SystemExit(f"s_server has not said {pattern}")

    def say(self, text):
        self.process.stdin.write(text.encode() + b"\n")

    def ask(self, data):
        self.say("334 " + base64.b64encode(data).decode())


def converse(server):
    exported = bytes.fromhex(server.expect(rb"^\s*Keying material: ([0-9A-F]+)")[1].decode())
    server.say("220 localhost ESMTP")
    server.expect(rb"^EHLO ")
    server.say("250-localhost\n250 AUTH SCRAM-SHA-256 SCRAM-SHA-256-PLUS")
    first = base64.b64decode(server.expect(rb"^AUTH SCRAM-SHA-256-PLUS (\S+)$")[1])
    assert first.startswith(b"p=tls-exporter,,n=bob,r="), first
    bare = first.split(b",", 2)[2]
    salt, nonce = os.urandom(16), bare.split(b"r=")[1] + b"more"
    server_first = b"r=%s,s=%s,i=4096" % (nonce, base64.b64encode(salt))
    server.ask(server_first)
    final = base64.b64decode(server.expect(rb"^([A-Za-z0-9+/=]{40,})$")[1])
    without, _, proof = final.rpartition(b",p=")
    binding = base64.b64decode(without.split(b",")[0][2:])
    assert binding == b"p=tls-exporter,," + exported, "the channel binding is not what the server exports"
    message = b",".join((bare, server_first, without))
    salted = hashlib.pbkdf2_hmac("sha256", b"secret", salt, 4096)
    key = hmac.digest(salted, b"Client Key", "sha256")
    signature = hmac.digest(hashlib.sha256(key).digest(), message, "sha256")
    assert bytes(a ^ b for a, b in zip(key, signature)) == base64.b64decode(proof), "the proof is wrong"
    server.ask(b"v=" + base64.b64encode(hmac.digest(hmac.digest(salted, b"Server Key", "sha256"), message, "sha256")))
    server.expect(rb"^$")
    server.say("235 2.7.0 in")
    server.expect(rb"^QUIT")
    server.say("221 bye")


def main():
    if not pki.is_there():
        sys.exit(77)
    pki.make(".", {"good"})
    pathlib.Path("script.cpl").write_text(SCRIPT)
    port = servers.free_port()
    server = Server(port)
    try:
        if not servers.wait_listening(server.process, port):
            sys.exit(77)  # somebody else was quicker to take the port
        client = subprocess.Popen([os.environ["CARAPACE"], "script.cpl", str(port)], stdout=subprocess.PIPE)
        converse(server)
        output = client.communicate(timeout=20)[0].decode()
        assert output == "1.3\n235 2.7.0 in\n", output
    finally:
        server.process.kill()
        server.process.wait()


main()
