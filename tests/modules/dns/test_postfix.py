#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""A real Postfix as a domain's mail host, found by Knot's signed records and authenticated by DANE; explainTls on it."""
import os
import pathlib
import subprocess
import sys

sys.dont_write_bytecode = True
sys.path[:0] = [os.path.join(os.environ["CARAPACE_ROOT"], "tests", room) for room in ("servers", "runner")]
import pki  # noqa: E402
import servers  # noqa: E402
from tap import Report  # noqa: E402

SCRIPT = """
(local (words List ::Arguments) (dns Dns (create Dns servers: (+ "127.0.0.1:" (words.get 0)) trustAnchors: (words.get 1)))
       (route MailRoute (create MailRoute dns: dns port: ((words.get 2).integer) mtaSts: ())))
(for name (list "post.example" "other.post.example")
    (try (do (route.send name (create SmtpMessage sender: "a@local.example" recipient: (+ "x@" name) subject: "s" text: "t")) (print "sent"))
        (catch -1 (print (join (list err.class "." err.code))))))
(for name (list "post.example" "other.post.example") (print ((explainTls name route 'quiet).get "fine")))
"""
ZONE = """$TTL 60
@ SOA ns hostmaster 1 3600 600 86400 60
@ NS ns
ns A 127.0.0.1
@ MX 10 mx
mx A 127.0.0.1
_{port}._tcp.mx TLSA 3 1 1 {key}
other MX 10 mx.other
mx.other A 127.0.0.1
_{port}._tcp.mx.other TLSA 3 1 1 {no_key}
"""


def main():
    here, running, report = pathlib.Path.cwd(), [], Report()
    try:
        try:
            postfix = servers.start("postfix", ["--tls"], here / "postfix")
            running.append(postfix)
            (here / "post.example.zone").write_text(
                ZONE.format(port=postfix.port, key=pki.tlsa(postfix.folder, "good"), no_key="00" * 32))
            knot = servers.start("knot", [f"{here}/post.example.zone:signed"], here / "knot")
            running.append(knot)
        except servers.Unavailable as reason:
            print(reason)
            sys.exit(77)
        (here / "script.cpl").write_text(SCRIPT)
        done = subprocess.run([os.environ["CARAPACE"], "script.cpl", str(knot.port), str(knot.folder / "anchors"), str(postfix.port)],
                              capture_output=True, text=True, timeout=100)
        lines = (done.stdout + done.stderr).split("\n")[:-1]
        wanted = ["sent", "13.14", "true", "()"]
        for i, name in enumerate(("DANE by Postfix's own key", "another key", "explained: fine", "explained: fails")):
            report.check(name, lines[i:i + 1] == wanted[i:i + 1], f"got: {lines}")
    finally:
        for server in running:
            server.stop()
    report.end()


main()
