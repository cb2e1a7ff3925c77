#!/usr/bin/python3
# SPDX-License-Identifier: GPL-3.0-or-later
# OpenSMTPD in clear: no PIPELINING, no SMTPUTF8, DSN.
# timeout: 120
import os
import sys

sys.path.insert(0, os.path.join(os.environ["CARAPACE_ROOT"], "tests/interop/support"))
import interop  # noqa: E402


def test(opensmtpd):
    opensmtpd.carries("in clear", "clear-1")
    opensmtpd.dsn("dsn-1")
    opensmtpd.refuses_utf8()
    opensmtpd.carries_large("large-1")
    opensmtpd.carries_many()
    opensmtpd.refuses_one("unknown@example.test", 550)


interop.run("opensmtpd", [], test)
