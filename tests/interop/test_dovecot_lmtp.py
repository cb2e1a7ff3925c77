#!/usr/bin/python3
# SPDX-License-Identifier: GPL-3.0-or-later
# Dovecot's LMTP: each recipient gets a reply of its own behind the content, here one that is over its quota too.
# timeout: 120
import os
import sys

sys.path.insert(0, os.path.join(os.environ["CARAPACE_ROOT"], "tests/interop/support"))
import interop  # noqa: E402


def test(lmtp):
    how = {"protocol": "lmtp"}
    lmtp.carries("LMTP", "lmtp-1", **how)
    lmtp.carries_large("large-1", **how)
    lmtp.carries_many(**how)
    lmtp.refuses_one("unknown@example.test", 550, **how)
    message = {"sender": "ann@x.test", "recipients": ["bob@example.test", "over@example.test", "carla@example.test"],
               "subject": "over-quota", "text": "Hello.\n"}
    answer = lmtp.do(messages=[message, dict(message, subject="behind-it", recipients=["bob@example.test"])], partial=True, **how)
    rows = answer["outcomes"][0]["results"] if answer["outcomes"] else []
    lmtp.check("one mailbox is full: the results tell of each", [(row[1], row[2]) for row in rows] ==
               [("accepted", 250), ("refused", 552), ("accepted", 250)], answer)
    lmtp.check("and the others got it", rows and len(lmtp.kept(b"over-quota", 2)) == 2, answer)
    lmtp.check("and the next message goes", rows and len(lmtp.kept(b"behind-it")) == 1, answer)


interop.run("lmtp", [], test)
