#!/usr/bin/python3
# SPDX-License-Identifier: GPL-3.0-or-later
# Dovecot's submission service: STARTTLS, every mechanism it has; it relays to a server of ours, which keeps.
# timeout: 120
import os
import sys

sys.path.insert(0, os.path.join(os.environ["CARAPACE_ROOT"], "tests/interop/support"))
import interop  # noqa: E402


def test(dovecot):
    dovecot.place = dovecot.server.folder / "relay/messages"
    bob = {"tls": "required", **interop.BOB}
    dovecot.carries("in clear", "clear-1", authMechanism="SCRAM-SHA-256", **interop.BOB)
    dovecot.carries("STARTTLS", "starttls-1", **bob)
    dovecot.encrypts("required")
    dovecot.logs_in(["SCRAM-SHA-256", "SCRAM-SHA-1", "CRAM-MD5", "PLAIN", "LOGIN"], tls="required")
    token = (dovecot.server.folder / "token").read_text()
    dovecot.logs_in(["OAUTHBEARER", "XOAUTH2"], with_wrong=False, tls="required", token=token)
    dovecot.carries_large("large-1", **bob)
    # Its service dies when a command comes right behind the final dot. Smtp does not try that again, but of the message it
    # had to say that it may have arrived, and so it has.
    dovecot.carries_many(in_doubt=1, **bob)


interop.run("dovecot", [], test)
