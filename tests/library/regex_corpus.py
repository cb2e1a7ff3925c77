#!/usr/bin/python3
# SPDX-License-Identifier: GPL-3.0-or-later
# needs: corpora
# timeout: 60
"""PCRE2's first test file through Regex: what its expected output says of each pattern and subject, compared group by
group. That file is written for texts of bytes; its bytes are our characters of the same number.

Prints TAP: one line for each subject, and those that do not apply as skipped with the reason."""
import os
import pathlib
import re
import subprocess
import sys

SHARED = pathlib.Path(os.environ.get("CARAPACE_SHARED") or pathlib.Path(os.environ["CARAPACE_ROOT"]).parent / "shared")
SIMPLE = {"a": 7, "b": 8, "e": 27, "f": 12, "n": 10, "r": 13, "t": 9, "v": 11}
FLAGS = {"i": "i", "m": "m", "s": "s", "x": "x"}
PREFIXES = {"dupnames": "(?J)", "no_start_optimize": "(*NO_START_OPT)", "no_auto_possess": "(*NO_AUTO_POSSESS)",
            "xx": "(?xx)", "n": "(?n)", "no_auto_capture": "(?n)", "ungreedy": "(?U)", "multiline": "(?m)",
            "dotall": "(?s)", "caseless": "(?i)", "extended": "(?x)"}
HARMLESS = {"mark", "aftertext", "subject_literal", ""}
# What the file has from later releases than the PCRE2 (10.42) of Debian 12: where it differs, it does not apply. A
# pattern of these kinds that matches as it should counts as passed.
LATER = [(r"\(\?\[", "extended classes, 10.45"),
         (r"\{ *,|\{ +\d|\{\d+ |, +\d*\}|,\d+ +\}", "{,n} and blanks in a count, 10.43"),
         (r"\\[gk]\{ ", "blanks around a name, 10.43"),
         (r"\(\?<[=!]", "look-behind of variable length, 10.43"),
         (r"^\\w\(\?R\)\*\\w$", "backtracking into a repeated recursion, 10.45"),
         (r"^\[.*-   \]$", "blanks behind a hyphen in a class with xx, 10.45"),
         (r"\(\?1\)\(a\(b\)\|\(c\)\)|\(\?<all>\(\?:\(\?:a", "groups set in a recursion are unset after it, 10.43"),
         (r"^\(\?=a\)b\?a", "a first character taken from a look-ahead, 10.43")]


def modifiers(text):
    """Regex flags, a prefix for the pattern, whether all matches are wanted; or what does not apply."""
    flags, prefix, everything = "", "", False
    words = []
    for number, word in enumerate(text.strip().split(",")):
        if number == 0 and word not in PREFIXES and word not in HARMLESS:
            words += ["xx"] * ("xx" in word) + list(word.replace("xx", "")) if re.fullmatch("[imsxngBI]*", word) else [word]
        else:
            words.append(word)
    for word in words:
        if word in FLAGS:
            flags += FLAGS[word]
        elif word == "g" or word == "global":
            everything = True
        elif word in PREFIXES:
            prefix += PREFIXES[word]
        elif word not in HARMLESS and not word.startswith("jitstack="):
            raise ValueError(f"modifier {word}")
    return flags, prefix, everything


def subject_of(line):
    """The characters that a subject line stands for."""
    out, at = "", 0
    line = line.strip()
    while at < len(line):
        if line[at] != "\\":
            out += line[at]
            at += 1
            continue
        at += 1
        if at == len(line):
            break
        c = line[at]
        at += 1
        if c == "=":
            raise ValueError("subject modifier " + line[at:])
        octal = re.compile("[0-7]{1,3}").match(line, at - 1)
        hexadecimal = re.compile(r"\{([0-9a-fA-F]+)\}|([0-9a-fA-F]{0,2})").match(line, at)
        if octal:
            out += chr(int(octal[0], 8))
            at = octal.end()
        elif c == "x":
            out += chr(int(hexadecimal[1] or hexadecimal[2] or "0", 16))
            at = hexadecimal.end()
        elif c in SIMPLE:
            out += chr(SIMPLE[c])
        elif c.isalnum():
            raise ValueError("escape \\" + c)
        else:
            out += c
    return out


def shown(text):
    """Text as pcre2test prints it, to the characters it stands for."""
    return re.sub(r"\\x([0-9a-f]{2})|\\x\{([0-9a-f]+)\}", lambda m: chr(int(m[1] or m[2], 16)), text)


def cases(lines):
    """Yields (pattern, modifiers, subject line, results), results a list of matches, each a list of groups."""
    at = 0
    while at < len(lines):
        if not lines[at].startswith("/"):
            at += 1
            continue
        text = lines[at][1:]
        while not (end := re.compile(r"(?:[^\\/]|\\.)*/", re.S).match(text)):
            at += 1
            text += "\n" + lines[at]
        pattern, options = text[:end.end() - 1], text[end.end():]
        at += 1
        while at < len(lines) and lines[at] and not lines[at].startswith("/"):
            line = lines[at]
            at += 1
            if not line.startswith(" ") and not line.startswith("\\=") and not line.startswith("#"):
                raise SystemExit(f"line {at}: {line!r} is no subject")
            if not line.startswith(" ") or not line.strip():
                continue
            results = []
            while at < len(lines) and (found := re.match(r"( ?\d+): ?(.*)|No match|MK: |( ?\d+)\+ ", lines[at])):
                at += 1
                if found[1] is None:
                    continue
                if int(found[1]) == 0:
                    results.append([])
                text_of = str if "subject_literal" in options else shown
                results[-1].append(None if found[2] == "<unset>" else text_of(found[2]))
            yield pattern, options, line, results


def literal(text):
    return '"' + "".join(c if 32 <= ord(c) < 127 and c not in '"\\' else "\\u{%x}" % ord(c) for c in text) + '"'


def as_script(groups):
    """A match as the script prints it: () for a group that took no part."""
    return "(" + " ".join("()" if g is None else '"' + "".join(f"{ord(c)}." for c in g) + '"' for g in groups) + ")"


PROGRAM = """
(defun codes (text)
    (if (== text ()) () (join (map (lambda (c) (format "%d." (code c))) text))))
(defun code (c)
    (let ((b c.binary))
        (case b.length
            (1 (b.get 0))
            (else (+ (* 64 (bitAnd (b.get 0) 31)) (bitAnd (b.get 1) 63))))))
(defun show (m)
    (if (== m ()) () (map codes (cons m.text m.groups))))
(defun once (number pattern flags text)
    (try (let ((m ((create Regex pattern flags).match text))) (print (list number (if (== m ()) () (list (show m))))))
        (catch -1 (print (list number err.text)))))
(defun many (number pattern flags text)
    (try (print (list number (map show ((create Regex pattern flags).matchAll text))))
        (catch -1 (print (list number err.text)))))
"""


def shorten(groups):
    """Groups behind the last that took part are not printed by pcre2test."""
    groups = list(groups)
    while groups and groups[-1] is None:
        groups.pop()
    return groups


def main():
    text = (SHARED / "corpora/regex/testoutput1").read_bytes().decode("latin-1")
    script, wanted, skipped = [PROGRAM], {}, []
    for number, (pattern, options, line, results) in enumerate(cases(text.split("\n")), 1):
        try:
            if options.strip() == "hex":
                pattern, options = bytes.fromhex(pattern).decode("latin-1"), ""
            flags, prefix, everything = modifiers(options)
            subject = line.strip() if "subject_literal" in options else subject_of(line)
        except ValueError as reason:
            skipped.append((number, pattern, reason))
            continue
        function = "many" if everything else "once"
        script.append(f"({function} {number} {literal(prefix + pattern)} {literal(flags)} {literal(subject)})")
        wanted[number] = (pattern, options, line, [shorten(r) for r in results])
    pathlib.Path("corpus.cpl").write_text("\n".join(script))
    run = subprocess.run([os.environ["CARAPACE"], "corpus.cpl"], capture_output=True, text=True)
    got = {}
    total = len(wanted) + len(skipped)
    for line in run.stdout.splitlines():
        number, rest = line[1:-1].split(" ", 1)
        got[int(number)] = rest
    failures = 0
    for number, (pattern, options, line, results) in wanted.items():
        expected = "(" + " ".join(as_script(r) for r in results) + ")"
        actual = re.sub(r"(?: \(\))+\)", ")", got.get(number, "nothing"))
        if actual == expected:
            print(f"ok {number}")
            continue
        later = next((reason for feature, reason in LATER if re.search(feature, pattern)), None)
        if later:
            skipped.append((number, pattern, later))
            continue
        failures += 1
        print(f"not ok {number} /{pattern}/{options} on {line.strip()!r}: {actual}, expected {expected}".replace("\n", "\\n"))
    for number, pattern, reason in skipped:
        print(f"ok {number} # SKIP {reason}: /{pattern}/".replace("\n", "\\n"))
    print(f"1..{total}")
    if run.returncode or run.stderr:
        print(run.stderr, file=sys.stderr)
    return failures > 0 or run.returncode != 0


sys.exit(main())
