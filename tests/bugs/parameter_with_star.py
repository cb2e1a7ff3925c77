#!/usr/bin/python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""A file name with a * in it, as %*.*s, went out without quotes, which RFC 2045 allows; but who knows RFC 2231 takes the *
for a mark of that: Python's parser saw a file named %."""
import email
import email.policy
import os
import subprocess

PROGRAM = '(print ((create SmtpMessage sender: "a@x.test" recipient: "b@x.test" attachments: (list (list NAME "x"))).string))'
names = ["%*.*s", "a*b", "100%.txt", "it's", "plain.txt"]
for number, name in enumerate(names, 1):
    run = subprocess.run([os.environ["CARAPACE"], "-e", PROGRAM.replace("NAME", f'"{name}"')], capture_output=True, check=True)
    message = email.message_from_bytes(run.stdout, policy=email.policy.default)
    found = [part["Content-Disposition"].params.get("filename") for part in message.iter_attachments()]
    print(f"{'ok' if found == [name] else 'not ok'} {number} - {name} arrives as {found}")
print(f"1..{len(names)}")
