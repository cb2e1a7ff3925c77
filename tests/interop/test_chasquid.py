#!/usr/bin/python3
# SPDX-License-Identifier: GPL-3.0-or-later
# chasquid: SMTP in clear and by STARTTLS, submission by STARTTLS and encrypted from the start, PLAIN; SMTPUTF8, no DSN.
# timeout: 120
import os
import sys

sys.path.insert(0, os.path.join(os.environ["CARAPACE_ROOT"], "tests/interop/support"))
import interop  # noqa: E402


def test(chasquid):
    submission = {"tls": "required", "port": "submission", **interop.BOB}
    implicit = {"tls": "implicit", "port": "implicit", **interop.BOB}
    ours = {"sender": "bob@example.test"}
    chasquid.carries("in clear", "clear-1")
    chasquid.carries("STARTTLS", "starttls-1", tls="required")
    chasquid.carries("submission", "submission-1", message=ours, **submission)
    chasquid.carries("submission, implicit TLS", "implicit-1", message=ours, **implicit)
    chasquid.encrypts("required")
    chasquid.encrypts("implicit", "implicit")
    chasquid.logs_in(["PLAIN"], tls="required", port="submission")
    chasquid.carries_utf8("utf8-1")
    chasquid.dsn("dsn-1", offered=False)
    chasquid.carries_large("large-1")
    # It loses what came with the final dot in one piece, against RFC 2920, and waits for commands that it has thrown away.
    # After `timeout` Smtp connects anew, keeps to lock-step, and no message is lost or comes twice.
    chasquid.carries_many(count=6, timeout=500)
    chasquid.refuses_one("unknown@example.test", 550)


interop.run("chasquid", [], test)
