#!/usr/bin/python3
# SPDX-License-Identifier: GPL-3.0-or-later
# aiosmtpd in clear, and encrypted from the start.
# timeout: 120
import os
import sys

sys.path.insert(0, os.path.join(os.environ["CARAPACE_ROOT"], "tests/interop/support"))
import interop  # noqa: E402


def test(server):
    server.carries("in clear", "clear-1")
    implicit = interop.servers.start("aiosmtpd", ["--tls", "implicit"], interop.FOLDER / "implicit")
    try:
        encrypted = interop.Peer(server.report, "aiosmtpd encrypted", implicit)
        encrypted.carries("implicit TLS", "implicit-1", tls="implicit")
        encrypted.encrypts("implicit")
        encrypted.carries_many(tls="implicit")
    finally:
        implicit.stop()


interop.run("aiosmtpd", [], test)
