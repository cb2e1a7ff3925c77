#!/usr/bin/python3
# SPDX-License-Identifier: GPL-3.0-or-later
# timeout: 60
"""format beside Python's % operator, which has C's conversions, flags, width and precision: random specs with Integers
of any size, Reals and texts. Where Python differs from C (%#o, %#x of 0, a sign for %s) it is not asked, nor %#g, where
Debian 12's C library leaves zeros out when the number is rounded to one more digit.
SEED=n repeats a run."""
import math
import os
import pathlib
import random
import struct
import subprocess
import sys

COUNT = 8000 if os.environ.get("CARAPACE_BUILD", "plain") == "plain" else 800
seed = int(os.environ.get("SEED") or random.randrange(1 << 30))
draw = random.Random(seed)
CHARACTERS = "ab Z0é日😀\u0301\"\\%{"


def literal(value):
    if isinstance(value, str):
        return '"' + "".join(f"\\u{{{ord(c):x}}}" if c in '"\\{' or ord(c) > 126 else c for c in value) + '"'
    if isinstance(value, float) and not math.isfinite(value):
        return f'("{value}".real)'
    return repr(value)


def number():
    kind = draw.randrange(5)
    if kind == 0:
        return draw.choice([0, 1, -1, 9, 10, 99, 255])
    if kind == 1:
        return draw.getrandbits(draw.choice([8, 31, 63, 64, 200])) * draw.choice([1, -1])
    return draw.randint(-10**6, 10**6)


def real():
    kind = draw.randrange(6)
    if kind == 0:
        return draw.choice([0.0, -0.0, 0.5, 1.5, 2.5, -0.5, 1e15, 1e16, 1e-5, 123456.0, 999999.5, math.inf, -math.inf, math.nan])
    if kind == 1:
        return struct.unpack("<d", struct.pack("<Q", draw.getrandbits(64)))[0]
    return draw.uniform(-1000, 1000) * 10.0 ** draw.randint(-12, 12)


def case():
    conversion = draw.choice("diuxXoeEfFgGs")
    flags = "".join(f for f in "-+ 0#" if draw.random() < 0.25)
    if conversion in "sogG":
        flags = flags.replace("#", "")
    if conversion == "s":
        flags = flags.replace("+", "").replace(" ", "").replace("0", "")
    width = str(draw.randint(1, 40)) if draw.random() < 0.6 else ""
    precision = "." + draw.choice(["", str(draw.randint(0, 30))]) if draw.random() < 0.5 else ""
    if conversion in "diuxXo":
        value = number()
        # with a precision C takes no notice of the flag 0, and Python does
        if precision:
            flags = flags.replace("0", "")
            # of 0 with precision 0 C writes nothing
            value = value or 7
        if "#" in flags:
            value = value or 7
    elif conversion == "s":
        value = "".join(draw.choice(CHARACTERS) for _ in range(draw.randint(0, 12)))
    else:
        value = real()
        if not math.isfinite(value):
            flags = flags.replace("0", "")  # C fills up with blanks
        if draw.random() < 0.2 and conversion not in "gG":
            value = draw.randint(-1000, 1000)
    return f"%{flags}{width}{precision}{conversion}", value


def main():
    cases = [case() for _ in range(COUNT)]
    lines = [f'(print ((format {literal("<" + spec + ">")} {literal(value)}).hex) (({literal(value)}.format "{spec}").hex))'
             for spec, value in cases]
    pathlib.Path("format.cpl").write_text("\n".join(lines) + "\n")
    run = subprocess.run([os.environ["CARAPACE"], "format.cpl"], capture_output=True, text=True)
    printed = run.stdout.split("\n")[:-1]
    wrong = []
    for (spec, value), whole, alone in zip(cases, printed[::2], printed[1::2]):
        wanted = spec % value
        got, got_alone = bytes.fromhex(whole).decode(), bytes.fromhex(alone).decode()
        if got != f"<{wanted}>" or got_alone != wanted:
            wrong.append(f"{spec} of {value!r} is {got}, not <{wanted}>, as a method {got_alone!r}")
    if run.returncode or run.stderr or len(printed) != 2 * COUNT:
        wrong.append(f"{len(printed)} lines, {run.stderr[:500]}")
    for line in wrong[:10]:
        print(line)
    print(f"{'not ok' if wrong else 'ok'} 1 - {COUNT} specs as C and Python have them, SEED={seed}\n1..1")
    return bool(wrong)


sys.exit(main())
