#!/usr/bin/python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""An uncaught Error is coloured on a terminal, and never with NO_COLOR."""
import os
import pty
import subprocess


def shown(environment):
    """What the program writes to a terminal on its standard error."""
    master, slave = pty.openpty()
    process = subprocess.Popen([os.environ["CARAPACE"], "-e", "(headOf ())"], stdin=subprocess.DEVNULL,
                               stdout=subprocess.DEVNULL, stderr=slave, env={**os.environ, **environment})
    os.close(slave)
    text = b""
    try:
        while part := os.read(master, 4096):
            text += part
    except OSError:  # the terminal's end
        pass
    process.wait()
    os.close(master)
    return text.decode()


print("1..3")
plain, coloured = shown({"NO_COLOR": "1"}), shown({"NO_COLOR": ""})
for number, (name, holds) in enumerate([
        ("coloured on a terminal", "\033[" in coloured and "1.7" in coloured),
        ("no colours with NO_COLOR", "\033" not in plain and "1.7" in plain),
        ("an empty NO_COLOR does not count", "\033[" in shown({"NO_COLOR": ""}))], 1):
    print(f"{'ok' if holds else 'not ok'} {number} - {name}")
