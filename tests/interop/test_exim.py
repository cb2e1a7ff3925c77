#!/usr/bin/python3
# SPDX-License-Identifier: GPL-3.0-or-later
# Exim: SMTP in clear, STARTTLS, encrypted from the start; PLAIN LOGIN CRAM-MD5; CHUNKING, DSN, SMTPUTF8, PRDR.
# timeout: 120
import os
import sys

sys.path.insert(0, os.path.join(os.environ["CARAPACE_ROOT"], "tests/interop/support"))
import interop  # noqa: E402


def test(exim):
    exim.carries("in clear", "clear-1")
    exim.carries("STARTTLS", "starttls-1", tls="required")
    exim.carries("implicit TLS", "implicit-1", tls="implicit", port="implicit")
    exim.encrypts("required")
    exim.encrypts("implicit", "implicit")
    exim.logs_in(["PLAIN", "LOGIN", "CRAM-MD5"], tls="required")
    exim.carries("logged in", "login-1", tls="required", **interop.BOB)
    exim.carries_utf8("utf8-1")
    exim.dsn("dsn-1")
    exim.carries_large("large-1", tls="required")
    exim.carries_many()
    exim.refuses_one("unknown@example.test", 550)


interop.run("exim", [], test)
