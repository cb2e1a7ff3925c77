#!/usr/bin/python3
# SPDX-License-Identifier: GPL-3.0-or-later
# aiosmtpd: STARTTLS with PLAIN and LOGIN; SMTPUTF8, neither PIPELINING nor DSN.
# timeout: 120
import os
import sys

sys.path.insert(0, os.path.join(os.environ["CARAPACE_ROOT"], "tests/interop/support"))
import interop  # noqa: E402


def test(server):
    bob = {"tls": "required", **interop.BOB}
    server.carries("STARTTLS", "starttls-1", **bob)
    server.encrypts("required")
    server.logs_in(["PLAIN", "LOGIN"], tls="required")
    server.carries_utf8("utf8-1", **bob)
    server.dsn("dsn-1", offered=False, **bob)
    server.carries_large("large-1", **bob)
    server.carries_many(**bob)
    server.refuses_one("unknown@example.test", 550, **bob)


interop.run("aiosmtpd", ["--tls", "starttls", "--auth", "tls", "--rcpt", "unknown@*=550 5.1.1 no such user here"], test)
