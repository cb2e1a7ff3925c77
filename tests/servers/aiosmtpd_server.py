#!/usr/bin/python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""aiosmtpd as a test peer: aiosmtpd_server.py --folder FOLDER [options]

A second, independent reading of the RFCs: it is strict about syntax, knows SIZE, 8BITMIME, SMTPUTF8 and HELP, no
PIPELINING. Every accepted message becomes FOLDER/messages/N.eml, as received (CRLF), with N.json beside it: the
envelope. Options:
    --mail REPLY  --rcpt [PATTERN=]REPLY  --data REPLY    e.g. --rcpt "c*@y.test=550 5.1.1 unknown"; PATTERN as in glob
    --every N     only each N-th time (of MAIL, a matching RCPT, DATA) gets the reply
    --size BYTES  the largest message (default 120 MB)
    --no-smtputf8
    --tls starttls|implicit   encrypts, with a certificate of pki.py in FOLDER
    --auth [tls]  bob@example.test may log in with the password secret, by LOGIN or PLAIN; tls: only when encrypted"""
import argparse
import asyncio
import fnmatch
import json
import logging
import pathlib
import signal
import ssl

from aiosmtpd.smtp import SMTP, AuthResult

import pki


class Handler:
    def __init__(self, options):
        self.options = options
        self.turns = {"mail": 0, "rcpt": 0, "data": 0}
        self.count = 0

    def told(self, stage, address=None):
        """The reply that an option orders for this command, or None."""
        order = getattr(self.options, stage)
        if order is None:
            return None
        pattern, separator, reply = order.partition("=")
        if not separator:
            pattern, reply = "*", order
        if address is not None and not fnmatch.fnmatch(address, pattern):
            return None
        self.turns[stage] += 1
        return reply if self.turns[stage] % self.options.every == 0 else None

    async def handle_MAIL(self, server, session, envelope, address, mail_options):
        told = self.told("mail")
        if told:
            return told
        envelope.mail_from = address
        envelope.mail_options.extend(mail_options)
        return "250 2.1.0 sender ok"

    async def handle_RCPT(self, server, session, envelope, address, rcpt_options):
        told = self.told("rcpt", address)
        if told:
            return told
        envelope.rcpt_tos.append(address)
        envelope.rcpt_options.extend(rcpt_options)
        return "250 2.1.5 recipient ok"

    async def handle_DATA(self, server, session, envelope):
        told = self.told("data")
        if told:
            return told
        self.count += 1
        place = self.options.folder / "messages"
        (place / f"{self.count}.eml").write_bytes(envelope.original_content)
        (place / f"{self.count}.json").write_text(json.dumps(
            {"sender": envelope.mail_from, "options": envelope.mail_options, "recipients": envelope.rcpt_tos}))
        return f"250 2.0.0 kept as {self.count}"


def known(server, session, envelope, mechanism, data):
    return AuthResult(success=data.login == b"bob@example.test" and data.password == b"secret",
                      handled=False)  # it is for aiosmtpd to say 535


async def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--folder", type=pathlib.Path, required=True)
    for stage in ("--mail", "--rcpt", "--data"):
        parser.add_argument(stage)
    parser.add_argument("--every", type=int, default=1)
    parser.add_argument("--size", type=int, default=120_000_000)
    parser.add_argument("--no-smtputf8", action="store_true")
    parser.add_argument("--tls", choices=("starttls", "implicit"))
    parser.add_argument("--auth", nargs="?", const="always", choices=("always", "tls"))
    options = parser.parse_args()
    context, extra = None, {}
    if options.tls:
        pki.make(options.folder, {"good"})
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(options.folder / "good.crt", options.folder / "good.key")
    if options.tls == "starttls":
        extra["tls_context"] = context
    if options.auth:
        extra.update(authenticator=known, auth_required=True, auth_require_tls=options.auth == "tls")
    (options.folder / "messages").mkdir(exist_ok=True)
    logging.getLogger("mail.log").setLevel(logging.ERROR)
    handler = Handler(options)
    loop = asyncio.get_running_loop()
    server = await loop.create_server(
        lambda: SMTP(handler, data_size_limit=options.size, enable_SMTPUTF8=not options.no_smtputf8,
                     hostname="localhost", **extra), "127.0.0.1", 0, backlog=200,
        ssl=context if options.tls == "implicit" else None)
    (options.folder / "port").write_text(f"{server.sockets[0].getsockname()[1]}\n")
    stop = asyncio.Event()
    loop.add_signal_handler(signal.SIGTERM, stop.set)
    await stop.wait()


asyncio.run(main())
