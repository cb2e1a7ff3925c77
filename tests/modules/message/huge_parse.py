#!/usr/bin/python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""A message of more than 4 GiB, which is for the most part a hole in a file, is parsed; the parts before, around and behind the 4
GiB have their contents, and the whole is written again. Parsing takes the memory of a small message, and all together what the
collector lets gather of the blocks that a scripted object was given."""
# needs: long plain
# timeout: 300
import os
import subprocess
import sys

HOLE = (4 << 30) + (256 << 20) + 1
MEMORY = [8, 32]  # MB: after parsing, at the end
SCRIPT = r"""
(class Counter (properties (octets Integer 0)) (methods (NIL write (data) (this.octets (+ this.octets (length data))))))
(defun NIL peak () (with (status (create Stream "file" "/proc/self/status")) (for line status (if (line.startsWith "VmHWM:") (print line)))))
(set message ((create Mime).parse (create Stream "file" "huge.eml" "rb")))
(peak)
(set attachments (message.attachments))
(print message.text)
(print (map (lambda (part) part.fileName) attachments))
(set counter (create Counter))
((attachments.get 0).writeContentTo counter)
(print counter.octets)
(print (attachments.get 1).data)
(set counter (create Counter))
(message.writeTo counter)
(print counter.octets)
(print message.defects)
(peak)
"""
HEAD = (b"Subject: huge\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\n\r\ntext\r\n--b\r\n"
        b"Content-Type: application/x-a; name=hole.bin\r\nContent-Transfer-Encoding: binary\r\n\r\n")
TAIL = (b"\r\n--b\r\nContent-Type: application/x-b; name=behind.bin\r\nContent-Transfer-Encoding: base64\r\n\r\n"
        b"YmVoaW5kIDQgR2lC\r\n--b--\r\n")
with open("huge.eml", "wb") as file:
    file.write(HEAD)
    file.seek(HOLE, os.SEEK_CUR)
    file.write(TAIL)
with open("parse.cpl", "w") as file:
    file.write(SCRIPT)
done = subprocess.run([os.environ["CARAPACE"], "parse.cpl"], capture_output=True, text=True)
lines = done.stdout.splitlines()
peaks = [int(line.split()[1]) / 1024 for line in lines if line.startswith("VmHWM:")]
wanted = ["text", '("hole.bin" "behind.bin")', str(HOLE), '0x"626568696E64203420476942"', str(len(HEAD) + HOLE + len(TAIL)), "()"]
fine = lines[1:-1] == wanted and len(peaks) == 2 and all(peak < most for peak, most in zip(peaks, MEMORY))
print(f"1..1\n{'ok' if fine else 'not ok'} 1 - a message of more than 4 GiB: {peaks} MB")
if not fine:
    print("".join(f"# {line}\n" for line in lines + done.stderr.splitlines()), end="")
sys.exit(not fine)
