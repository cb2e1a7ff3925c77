#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""Scripts too large to keep: very long, very deep, very many. Each must print what is stated here or end with the Error
that is stated here, and never crash or stand still."""
import os
import re
import subprocess
import sys

TOO_DEEP, TOO_LARGE = "1.5", "8.4"
CASES = []


def case(name, source, out="", error=None, options=()):
    CASES.append((name, source, out, error, options))


def within(before, middle, after, count):
    return before * count + middle + after * count


def lines(pattern, count):
    return "\n".join(pattern.format(i) for i in range(count))


def words(pattern, count):
    return " ".join(pattern.format(i) for i in range(count))


def finally_in_finally(count):
    source = "1"
    for _ in range(count):
        source = f"(try (return 1) (finally {source}))"
    return source


# ---- deep ----
for name, opening, closing in (("parentheses", "(", ")"), ("brackets", "[", "]"), ("braces", "{", "}"), ("quotes", "'", ""),
                               ("quasiquotes", "`", ""), ("commas", ",", ""), ("interpolations", '$"{', '}"'), ("calls", "(f ", ")"),
                               ("lambdas", "((lambda () ", "))"), ("ifs", "(if 1 ", ")"), ("tries", "(try ", " (finally 1))"),
                               ("nots", "(not ", ")"), ("whiles", "(while () ", ")"), ("lets", "(let ((x 1)) ", ")"), ("dos", "(do 1 ", ")"),
                               ("ands", "(and 1 ", ")"), ("classes", "(class A (methods (m () ", ")))"), ("conds", "(cond (", "))")):
    case(f"100,000 {name}", f"(print {within(opening, '1', closing, 100000)})", None, None)
    case(f"3,000 {name}", f"(print {within(opening, '1', closing, 3000)})", None, None)
    case(f"100,000 {name} not closed", f"(print {opening * 100000}", None, (TOO_DEEP, "8.1", "8.3", "8.2"))
case("100 sums within sums", f"(print {within('(+ 1 ', '1', ')', 100)})", "101")
case("3,000 sums within sums", f"(print {within('(+ 1 ', '1', ')', 3000)})", "", (TOO_LARGE,))
case("100 dots", f"(print (length 5{'.string' * 100}))", "1")
case("20,000 dots", f"(print 5{'.string' * 20000})", "", (TOO_LARGE, TOO_DEEP))
case("60 calls within last arguments", f"(defun f (a b) b)(print {within('(f 1 ', '2', ')', 60)})", "2")
case("60 tries", f"(defun f () {within('(try ', '(throw (create Error 6 1))', ' (finally 1))', 60)})\n(try (f) (catch 6 (print err.class)))", "6")
case("200 lambdas that capture", "(print " + words("((lambda (a{0})", 200) + "(+ a0 a199 a100)" +
     "".join(f") {i})" for i in reversed(range(200))) + ")", "299")
case("60 loops", "(defun f () (local (n Integer 0)) " + words("(for i{0} (list 1)", 60) + "(set n (+ n 1)) (break)" + ")" * 60 + " n)(print (f))", "1")
# ---- many ----
case("200 arguments", f"(defun f (...) rest.length) (print (f {words('{0}', 200)}))", "200")
case("201 arguments", f"(defun f (...) rest.length) (print (f {words('{0}', 201)}))", "", (TOO_LARGE,))
case("200 locals", f"(defun f () (local {words('(v{0} Integer {0})', 200)}) (list v0 v100 v199)) (print (f))", "(0 100 199)")
case("300 locals", f"(defun f () (local {words('(v{0} Integer {0})', 300)}) v299)", "", (TOO_LARGE,))
case("300 lets within lets", f"(defun f () {words('(let ((v{0} {0}))', 300)} v299{')' * 300})", "", (TOO_LARGE,))
case("600 lets in turn", f"(defun f () (local (s Integer 0)) {lines('(let ((v{0} {0})) (set s (+ s v{0})))', 600)} s) (print (f))",
     str(sum(range(600))))
case("a List of 20,000 items", f"(local (xs List (list {words('{0}', 20000)}))) (print xs.length (xs.get 64) (xs.get 19999))", "20000\n64\n19999")
case("a table of 90 pairs", f"(print {{{words('{0} {0}', 90)}}}.count)", "90")
case("65,536 constants", f"(defun f ()\n{lines('(print {0}.5)', 70000)})", "", (TOO_LARGE,))
case("30,000 constants", f"(defun f () (local (s Real 0.0))\n{lines('(set s (+ s {0}.5))', 30000)} s) (print (round (f)))", "450000000")
case("5,000 functions", "".join(f"(defun f{i} () (f{i + 1}))" for i in range(5000)) + "(defun f5000 () 'end)(print (f0))", "end")
case("5,000 classes", lines("(class C{0} (properties (n Integer {0})))", 5000) + "(print (create C4999).n)", "4999")
case("5,000 globals", lines("(global (::g{0} Integer {0}))", 5000) + "(print ::g4999)", "4999")
case("5,000 file variables", lines("(set v{0} {0})", 5000) + "(print v4999)", "4999")
case("10,000 interfaces", "(class C " + words("(interface I{0} (properties p{0}))", 10000) + ") (print (typeOf (getInterface (create C) \"I9999\")))", "C")
case("70,000 interfaces", "(class C " + words("(interface I{0})", 70000) + ")", "", ("1.2",))
case("450 captured variables", "(defun f () (let (" + words("(a{0} 1)", 150) + ") (lambda () (let (" + words("(b{0} 2)", 150) +
     ") (lambda () (let (" + words("(c{0} 3)", 150) + ") (lambda () (list " + " ".join(
         f"(+ {words(letter + '{0}', 150)})" for letter in "abc") + "))))))))(print ((((f)))))", None, (TOO_LARGE,))
case("200 captured variables", "(defun f () (let (" + words("(a{0} {0})", 100) + ") (lambda () (let (" + words("(b{0} {0})", 100) +
     ") (lambda () (list " + " ".join(f"(+ {words(letter + '{0}', 100)})" for letter in "ab") + "))))))(print (((f))))", "(4950 4950)")
# ---- long ----
case("a loop over 20,000 statements", f"(defun f () (local (s Integer 0)) (while (< s 40000)\n{lines('(set s (+ s 1))', 20000)}) s) (print (f))", "40000")
case("a branch of 6,000 statements", f"(defun f (c) (local (s Integer 0)) (if c (do\n{lines('(set s (+ s 1))', 6000)}) (set s -1)) s) (print (f 1) (f ()))", "6000\n-1")
case("a branch of 60,000 statements", f"(defun f (c) (local (s Integer 0)) (if c (do\n{lines('(set s (+ s 1))', 60000)}) (set s -1)) s)", "", (TOO_LARGE,))
case("an or of 2,000", f"(defun f (x) (if (or {words('(== x {0})', 2000)}) 'yes 'no)) (print (f 1999) (f -1))", "yes\nno")
case("a cond of 500", f"(defun f (x) (cond {words('((== x {0}) (- {0}))', 500)} (else 'none))) (print (f 499) (f 0) (f -1))", "-499\n0\nnone")
case("a cond of 200,000", f"(defun f (x) (cond {words('((== x {0}) {0})', 200000)} (else 'none)))", None, (TOO_DEEP, TOO_LARGE))
case("a case of 200,000", f"(defun f (x) (case x {words('({0} {0})', 200000)} (else 'none)))", None, (TOO_DEEP, TOO_LARGE))
case("a number of 100,000 digits", f"(print (length (string {'9' * 100000})) 1e99999)", "100000\ninf")
case("100,000 hexadecimal digits", f"(print (length (string 0x{'f' * 100000})))", "120412")
case("a Symbol of 100,000 characters", f"(local ({'a' * 100000} Integer 5)) (print {'a' * 100000})", "5")
case("a line of 1,000,000 characters before an Error", f"(print \"{'a' * 1000000}\".nothing)", "", ("1.4",))
case("5,000 raw Strings", "(print (length (list " + '"""a"b""" ' * 5000 + ")))", "5000")
# ---- what multiplies ----
case("30 finallys within finallys", f"(defun f () {finally_in_finally(30)})", "", (TOO_LARGE,))
case("5 finallys within finallys", f"(defun f () {finally_in_finally(5)}) (print (f))", "1")
case("40 lambdas in finallys", f"(defun f () {within('(try 1 (finally (lambda () ', '1', ')))', 40)}) (print (f))", "1")
case("60 returns in a try with finally", f"(defun f (n) (try (cond {words('((== n {0}) (return {0}))', 60)}) (finally (set n 0)))) (print (f 59))", "59")


def run(source, options):
    with open("script.cpl", "w", encoding="utf-8") as file:
        file.write(source)
    return subprocess.run([os.environ["CARAPACE"], *options, "script.cpl"], capture_output=True, timeout=120, check=False)


def problem(ended, out, error):
    text, told = ended.stdout.decode(errors="replace").rstrip("\n"), ended.stderr.decode(errors="replace")
    if ended.returncode < 0 or ended.returncode > 128 or "Sanitizer" in told:
        return f"ended with {ended.returncode}: {told[:2000]}"
    found = re.search(r"^script\.cpl:\d+:\d+: error (\d+\.\d+)", told, re.M)
    if error and (not found or found[1] not in error):
        return f"expected an error {' or '.join(error)}, got {told[:300]!r}"
    if out is not None and not error and told:
        return f"unexpected {told[:300]!r}"
    if out is not None and text != out:
        return f"printed {text[:200]!r}, expected {out!r}"
    return None


def main():
    bad = 0
    print(f"1..{len(CASES)}")
    for number, (name, source, out, error, options) in enumerate(CASES, 1):
        try:
            trouble = problem(run(source, options), out, error)
        except subprocess.TimeoutExpired:
            trouble = "was not done after 120 s"
        print(f"{'not ok' if trouble else 'ok'} {number} {name}" + (f"\n  {trouble}" if trouble else ""), flush=True)
        bad += bool(trouble)
    return 1 if bad else 0


# timeout: 300
# env: CARAPACE_STRESS=100000
if __name__ == "__main__":
    sys.exit(main())
