#!/usr/bin/python3
# SPDX-License-Identifier: GPL-3.0-or-later
# Postfix: SMTP in clear, STARTTLS, encrypted from the start; log-in by Dovecot's mechanisms; CHUNKING, DSN, SMTPUTF8.
# timeout: 120
import os
import sys

sys.path.insert(0, os.path.join(os.environ["CARAPACE_ROOT"], "tests/interop/support"))
import interop  # noqa: E402


def test(postfix):
    postfix.carries("in clear", "clear-1")
    postfix.carries("STARTTLS", "starttls-1", tls="required")
    postfix.carries("implicit TLS", "implicit-1", tls="implicit", port="implicit")
    postfix.encrypts("required")
    postfix.encrypts("implicit", "implicit")
    postfix.logs_in(["PLAIN", "LOGIN", "CRAM-MD5", "SCRAM-SHA-1", "SCRAM-SHA-256"], tls="required")
    postfix.carries("logged in", "login-1", tls="required", **interop.BOB)
    postfix.carries_utf8("utf8-1")
    postfix.dsn("dsn-1")
    postfix.carries_large("large-1", tls="required")
    postfix.carries_many()
    postfix.refuses_one("unknown@example.test", 550)


interop.run("postfix", ["--tls", "--auth", "smtpd_recipient_restrictions=check_recipient_access "
                        "inline:{{unknown@example.test = 550 5.1.1 no such user here}}"], test)
