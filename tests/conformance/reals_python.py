#!/usr/bin/python3
# SPDX-License-Identifier: GPL-3.0-or-later
# timeout: 60
"""Reals beside Python's, whose reading and printing are exact: 10,000 random doubles of all bit patterns, subnormals,
powers of two and ten and their neighbours, and texts of many digits at and beside the middle of two doubles.

Each is printed with as few digits as tell it apart, and read to the bit; SEED=n repeats a run."""
import decimal
import math
import os
import pathlib
import random
import struct
import subprocess
import sys

COUNT = 10000 if os.environ.get("CARAPACE_BUILD", "plain") == "plain" else 1000
seed = int(os.environ.get("SEED") or random.randrange(1 << 30))
draw = random.Random(seed)
decimal.getcontext().prec = 2000


def double(bits):
    return struct.unpack("<d", struct.pack("<Q", bits & (1 << 64) - 1))[0]


def doubles():
    for _ in range(COUNT):
        yield double(draw.getrandbits(64))
        yield double(draw.getrandbits(52) | draw.getrandbits(1) << 63)  # subnormal
        yield draw.uniform(-1e6, 1e6)
        yield float(f"{draw.randint(1, 10**draw.randint(1, 17))}e{draw.randint(-30, 30)}")
    for power in range(-1074, 1024):
        bits = struct.unpack("<Q", struct.pack("<d", math.ldexp(1.0, power)))[0]
        yield from (double(bits - 1), double(bits), double(bits + 1))
    for power in range(-323, 309):
        bits = struct.unpack("<Q", struct.pack("<d", float(f"1e{power}")))[0]
        yield from (double(bits - 1), double(bits), double(bits + 1))


def middles():
    """Texts between two doubles: the middle exactly, and a little beside it."""
    for _ in range(COUNT // 10):
        bits = draw.choice([draw.getrandbits(63), draw.getrandbits(52), (1023 + draw.randint(-60, 60)) << 52 | draw.getrandbits(52)])
        low, high = double(bits), double(bits + 1)
        if not (math.isfinite(low) and math.isfinite(high)):
            continue
        middle = (decimal.Decimal(low) + decimal.Decimal(high)) / 2
        digits, exponent = middle.as_tuple().digits, middle.as_tuple().exponent
        number = int("".join(map(str, digits)))
        for text in (f"{number}e{exponent}", f"{number}1e{exponent - 1}", f"{number * 10 - 1}e{exponent - 1}"):
            yield text


def digits(text):
    """The significant digits of a printed number."""
    return len(text.lstrip("-").split("e")[0].replace(".", "").strip("0"))


def run(name, lines):
    pathlib.Path(name).write_text("\n".join(lines) + "\n")
    done = subprocess.run([os.environ["CARAPACE"], name], capture_output=True, text=True)
    if done.returncode or done.stderr:
        sys.exit(f"{done.stdout[-300:]}{done.stderr[:500]}")
    return done.stdout.split("\n")[:-1]


def same(a, b):
    return struct.pack("<d", a) == struct.pack("<d", b)


def main():
    numbers = [d for d in doubles() if math.isfinite(d)]
    wrong = []
    # What the reader makes of a literal, and print of that; what a String's text is read as.
    printed = run("print.cpl", [f"(print {d!r})" if "." in repr(d) or "e" in repr(d) else f"(print {d!r}.0)" for d in numbers])
    for d, text in zip(numbers, printed):
        if not same(float(text), d) or digits(text) != digits(repr(d)) or not ("." in text or "e" in text):
            wrong.append(f"{d!r} is printed as {text}")
    if len(printed) != len(numbers):
        wrong.append(f"{len(printed)} lines for {len(numbers)} numbers")
    texts = list(middles())
    read = run("read.cpl", [f'(print (== (parseReal "{text}") {text}) ("{text}".real))' for text in texts])
    for i, text in enumerate(texts):
        if read[2 * i] != "true" or not same(float(read[2 * i + 1]), float(text)):
            wrong.append(f"{text} is read as {read[2 * i + 1]}, not {float(text)!r} ({read[2 * i]})")
    for line in wrong[:10]:
        print(line)
    print(f"{'not ok' if wrong else 'ok'} 1 - {len(numbers)} Reals printed, {len(texts)} read, SEED={seed}\n1..1")
    return bool(wrong)


sys.exit(main())
