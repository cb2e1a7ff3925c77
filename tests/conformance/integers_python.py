#!/usr/bin/python3
# SPDX-License-Identifier: GPL-3.0-or-later
# timeout: 60
"""Integers of all sizes beside Python's: arithmetic, bits, comparison with Reals, bases, conversions. Operands are
drawn around the powers of two at which their form changes. SEED=n repeats a run."""
import math
import os
import pathlib
import random
import subprocess
import sys

COUNT = 2000 if os.environ.get("CARAPACE_BUILD", "plain") == "plain" else 200
seed = int(os.environ.get("SEED") or random.randrange(1 << 30))
draw = random.Random(seed)


def integer():
    bits = draw.choice([1, 4, 31, 32, 52, 53, 54, 61, 62, 63, 64, 65, 127, 128, 200, 1024])
    n = draw.choice([draw.getrandbits(bits), (1 << bits) + draw.randint(-2, 2), draw.getrandbits(bits) << draw.randint(0, 64)])
    return draw.choice([n, -n])


def real():
    """A Real close to an Integer that is likely to be drawn too."""
    return draw.choice([draw.uniform(-10, 10), draw.uniform(-1, 1) * 2.0 ** draw.randint(0, 200), float(integer() % (1 << 1000)),
                        math.inf, -math.inf, math.nan, 0.0, -0.0])


def truncated(a, b):
    q = abs(a) // abs(b)
    return q if (a < 0) == (b < 0) else -q


def shown(value):
    if value is True:
        return "true"
    if value is False:
        return "()"
    return str(value)


def written(value):
    """As Carapace reads it."""
    if isinstance(value, float) and not math.isfinite(value):
        return f'("{value}".real)'
    return repr(value)


def base(n, b):
    digits, sign, n = "", "-" if n < 0 else "", abs(n)
    while n or not digits:
        n, r = divmod(n, b)
        digits = "0123456789abcdefghijklmnopqrstuvwxyz"[r] + digits
    return sign + digits


COMPARISONS = {"<": lambda a, b: a < b, "<=": lambda a, b: a <= b, ">": lambda a, b: a > b, ">=": lambda a, b: a >= b,
               "==": lambda a, b: a == b, "!=": lambda a, b: a != b}


sys.set_int_max_str_digits(0)


def facts():
    """Yields (expression, what Python says)."""
    for _ in range(COUNT):
        a, b, c = integer(), integer(), integer()
        k = draw.randint(-130, 130)
        for expression, value in (
                (f"(+ {a} {b} {c})", a + b + c), (f"(- {a} {b} {c})", a - b - c), (f"(* {a} {b} {c})", a * b * c),
                (f"(- {a})", -a), (f"(abs {a})", abs(a)), (f"(sign {a})", (a > 0) - (a < 0)),
                (f"(gcd {a} {b} {c})", math.gcd(a, b, c)), (f"(lcm {a} {b})", math.lcm(a, b)),
                (f"(bitAnd {a} {b})", a & b), (f"(bitOr {a} {b})", a | b), (f"(bitXor {a} {b})", a ^ b), (f"(bitNot {a})", ~a),
                (f"(shift {a} {k})", a << k if k >= 0 else a >> -k), (f"(integerSqrt {abs(a)})", math.isqrt(abs(a))),
                (f"(powerModulo {a} {abs(b)} {abs(c) + 1})", pow(a, abs(b), abs(c) + 1)), (f"(pow {a} {k % 20})", a ** (k % 20)),
                (f"(min {a} {b} {c})", min(a, b, c)), (f"(max {a} {b} {c})", max(a, b, c)),
                (f'(parseInteger "{base(a, 2 + abs(k) % 35)}" {2 + abs(k) % 35})', a), (f'("{a}".integer)', a),
                (f'(format "%x" {abs(a)})', f"{abs(a):x}"), (f'(format "%o" {abs(a)})', f"{abs(a):o}"), (f'(format "%30d|" {a})', f"{a:30d}|"),
                (f"{'-' if a < 0 else ''}0x{abs(a):X}", a), (f"{'-' if a < 0 else ''}0b{abs(a):b}", a)):
            yield expression, value
        if b:
            yield f"(/ {a} {b})", truncated(a, b)
            yield f"(% {a} {b})", a - b * truncated(a, b)
        if abs(a) < 1 << 1023:
            yield f"(== {written(float(a))} ({a}.real))", True
            yield f"({written(float(a))}.integer)", int(float(a))
        x = draw.choice([real(), float(a) if abs(a) < 1 << 1023 else 1.5])
        operator = draw.choice(list(COMPARISONS))
        yield f"({operator} {a} {written(x)})", COMPARISONS[operator](a, x)
        yield f"({operator} {written(x)} {a})", COMPARISONS[operator](x, a)
        yield f"(apply {operator} (list {written(x)} {a}))", COMPARISONS[operator](x, a)
        yield f"({operator} {a} {b})", COMPARISONS[operator](a, b)
        if math.isfinite(x):
            yield f"(floor {written(x)})", math.floor(x)
            yield f"(ceiling {written(x)})", math.ceil(x)
            yield f"(truncate {written(x)})", math.trunc(x)
            yield f"(sameKey {a} {written(x)})", a == x


def main():
    facts_here = list(facts())
    lines = ["(defun sameKey (n x) (let ((t {})) (t.set n 'here) (if (t.get x) true ())))"]
    lines += [f"(print {expression})" for expression, _ in facts_here]
    pathlib.Path("facts.cpl").write_text("\n".join(lines) + "\n")
    done = subprocess.run([os.environ["CARAPACE"], "facts.cpl"], capture_output=True, text=True)
    printed = done.stdout.split("\n")[:-1]
    wrong = [f"{expression}: {text}, not {shown(value)}" for (expression, value), text in zip(facts_here, printed) if text != shown(value)]
    if done.returncode or done.stderr or len(printed) != len(facts_here):
        wrong.append(f"{len(printed)} of {len(facts_here)} printed, {done.stderr[:500]}")
    for line in wrong[:10]:
        print(line[:600])
    print(f"{'not ok' if wrong else 'ok'} 1 - {len(facts_here)} facts about Integers as Python has them, SEED={seed}\n1..1")
    return bool(wrong)


sys.exit(main())
