#!/usr/bin/python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""tap.py tells a failure: by its line, below it what was wrong, and by the exit status. It does not judge itself."""
import pathlib
import subprocess
import sys

FOLDER = pathlib.Path(__file__).resolve().parent
USE = "import sys; sys.dont_write_bytecode = True; sys.path.insert(0, sys.argv[1]); from tap import Report; r = Report(); "
CASES = [
    ("all fine", "r.check('a', 1, 'unsaid'); r.check('b', [0]); r.end()", "ok 1 - a\nok 2 - b\n1..2\n", 0),
    ("a failure", "r.check('a', ()); r.check('b', '', 'x\\ny'); r.check('c', True); r.end()",
     "not ok 1 - a\nnot ok 2 - b\n# x\n# y\nok 3 - c\n1..3\n", 1),
    ("an end before the plan", "r.check('a', True); sys.exit(0)", "ok 1 - a\n", 0),
    ("much to say", "r.check('a', False, 'x' * 2000 + '\\n' + 'y\\n' * 49); r.check('b', False, 'z\\n' * 51); r.end()",
     "not ok 1 - a\n# " + "x" * 1000 + "\n" + "# y\n" * 49 + "not ok 2 - b\n" + "# z\n" * 50 + "1..2\n", 1),
]
print(f"1..{len(CASES)}")
for number, (name, source, printed, status) in enumerate(CASES, 1):
    done = subprocess.run([sys.executable, "-c", USE + source, str(FOLDER)], capture_output=True, text=True)
    if (done.stdout, done.stderr, done.returncode) == (printed, "", status):
        print(f"ok {number} - {name}")
    else:
        print(f"not ok {number} - {name}\n# {done}")
