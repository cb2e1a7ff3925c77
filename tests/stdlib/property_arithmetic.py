#!/usr/bin/python3
# SPDX-License-Identifier: GPL-3.0-or-later
# timeout: 60
"""Integer arithmetic against bc: 10,000 random pairs for each of + - * / % and powers, as a script and as bc see them.
Both truncate toward zero and give the remainder the sign of the dividend. Skipped where bc is not installed."""
import os
import pathlib
import random
import shutil
import subprocess
import sys

if not shutil.which("bc"):
    print("no bc here")
    sys.exit(77)
COUNT = 10000 if os.environ.get("CARAPACE_BUILD", "plain") == "plain" else 1000
seed = int(os.environ.get("SEED") or random.randrange(1 << 30))
draw = random.Random(seed)


def integer():
    bits = draw.choice([2, 8, 31, 32, 61, 62, 63, 64, 65, 128, 400])
    n = draw.choice([draw.getrandbits(bits), (1 << bits) + draw.randint(-2, 2)])
    return draw.choice([n, -n])


lines = {"script": [], "bc": []}
for _ in range(COUNT):
    a, b = integer(), integer()
    for operator in "+-*/%":
        if b == 0 and operator in "/%":
            continue
        lines["script"].append(f"(print ({operator} {a} {b}))")
        lines["bc"].append(f"({a})" + operator + f"({b})")
    base, exponent = draw.randint(-99, 99), draw.randint(0, 40)
    lines["script"].append(f"(print (pow {base} {exponent}))")
    lines["bc"].append(f"({base})^{exponent}")
pathlib.Path("arithmetic.cpl").write_text("\n".join(lines["script"]) + "\n")
script = subprocess.run([os.environ["CARAPACE"], "arithmetic.cpl"], capture_output=True, text=True)
bc = subprocess.run(["bc", "-q"], input="\n".join(lines["bc"]) + "\n", capture_output=True, text=True,
                    env={"BC_LINE_LENGTH": "0", "PATH": os.environ["PATH"]})
got, wanted = script.stdout.split("\n"), bc.stdout.split("\n")
wrong = [f"{lines['script'][i]}: {got[i]}, bc says {wanted[i]}" for i in range(min(len(got), len(wanted), len(lines["bc"])))
         if got[i] != wanted[i]]
if script.returncode or script.stderr or len(got) != len(wanted) or len(got) != len(lines["bc"]) + 1:
    wrong.append(f"{len(got)} results, {len(wanted)} by bc, {len(lines['bc'])} wanted: {script.stderr[:500]} {bc.stderr[:500]}")
for line in wrong[:10]:
    print(line)
print(f"{'not ok' if wrong else 'ok'} 1 - {len(lines['bc'])} operations as bc has them, SEED={seed}\n1..1")
sys.exit(bool(wrong))
