#!/usr/bin/python3
# SPDX-License-Identifier: GPL-3.0-or-later
# smtp-server of npm: STARTTLS with PLAIN LOGIN CRAM-MD5 XOAUTH2; PIPELINING, SMTPUTF8, no DSN.
# timeout: 120
import os
import sys

sys.path.insert(0, os.path.join(os.environ["CARAPACE_ROOT"], "tests/interop/support"))
import interop  # noqa: E402


def test(server):
    bob = {"tls": "required", **interop.BOB}
    server.carries("STARTTLS", "starttls-1", **bob)
    server.encrypts("required")
    server.logs_in(["PLAIN", "LOGIN", "CRAM-MD5"], tls="required")
    server.logs_in(["XOAUTH2"], with_wrong=False, tls="required", token="token")
    answer = server.do(tls="required", user="bob@example.test", token="old", authMechanism="XOAUTH2")
    server.check("AUTH XOAUTH2, wrong token", answer.get("failure", {}).get("error") == "10.535", answer)
    server.carries_utf8("utf8-1", **bob)
    server.dsn("dsn-1", offered=False, **bob)
    server.carries_large("large-1", **bob)
    server.carries_many(**bob)
    server.refuses_one("unknown@example.test", 550, **bob)


interop.run("nodemailer", ["--tls", "--auth"], test)
