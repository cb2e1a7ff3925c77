# SPDX-License-Identifier: GPL-3.0-or-later
"""What a test states in its margin, and whether a run kept to it. The statements are listed in tests/run-tests."""
import difflib
import pathlib
import re
import signal

MARGIN = re.compile(r"(?:^|\s)(?:[#;]+|//|/\*)\s*(expect error|expect|error|stderr|exit|args|options|stdin|env|needs|"
                    r"server|timeout|leaks):(?: (.*))?$")
UNCAUGHT = re.compile(r"^(.*):(\d+):(\d+): error (\d+\.\d+): (.*)$", re.M)
SANITIZER = re.compile(r"ERROR: \w+Sanitizer|: runtime error: ")


class Margin:
    """What a test file states about itself."""

    def __init__(self, path):
        self.items = []  # (key, text, line number, whether code stands before it)
        for number, line in enumerate(path.read_text(errors="backslashreplace").split("\n"), 1):
            found = MARGIN.search(line)
            if found:
                text = (found[2] or "").rstrip()
                if path.suffix == ".c":
                    text = text.removesuffix("*/").rstrip()
                key = found[1].replace("expect error", "error")
                self.items.append((key, text, number, bool(line[:found.start()].strip())))

    def all(self, key):
        return [text for item, text, _, _ in self.items if item == key]

    def words(self, key):
        return [word for text in self.all(key) for word in text.split()]

    def number(self, key, default):
        return int((self.all(key) or [default])[-1])


class Run:
    """How a process ended; cut_short says why we ended it, if we did."""

    def __init__(self, status, cut_short, out, err, left_over):
        self.status, self.cut_short, self.out, self.err, self.left_over = status, cut_short, out, err, left_over


def status_name(status):
    return f"exit status {status}" if status >= 0 else f"signal {signal.Signals(-status).name}"


def tail(text, lines=25, first=False):
    parts = text.splitlines()
    return "".join(line + "\n" for line in (parts[:lines] if first else parts[-lines:]))


def ending_problems(run):
    problems = [run.cut_short] if run.cut_short else []
    if run.left_over:
        problems.append("left processes behind: " + ", ".join(run.left_over))
    if SANITIZER.search(run.err):
        problems.append("a sanitizer reports:\n" + tail(run.err[SANITIZER.search(run.err).start():], 40, first=True))
    return problems


def output_problems(margin, out):
    lines = [line.rstrip() for line in out.removesuffix("\n").split("\n")] if out else []
    wanted = margin.all("expect")
    if wanted or any(margin.all(key) for key in ("error", "stderr", "exit")):
        if lines == wanted:
            return []
        return ["standard output differs:\n" + "\n".join(difflib.unified_diff(wanted, lines, "expected", "printed",
                                                                               lineterm="", n=2))]
    strange = [line for line in lines if not re.match(r"ok\b", line)]
    if strange:
        return ["printed lines that do not begin with ok:\n" + "\n".join(strange[:20])]
    return [] if lines else ["states no expectation and printed no line that begins with ok"]


def error_problems(margin, run, path):
    """Exit status, the uncaught error and the rest of standard error."""
    problems = []
    errors = [(text, number, beside) for key, text, number, beside in margin.items if key == "error"]
    for text, number, beside in errors:
        code, _, words = text.partition(" ")
        found = UNCAUGHT.search(run.err)
        if not found:
            problems.append(f"did not end with error {code}")
        elif found[4] != code or words not in found[5]:
            problems.append(f"ended with error {found[4]}: {found[5]}; expected {text}")
        elif beside and (int(found[2]) != number or pathlib.Path(found[1]).name != path.name):
            problems.append(f"the error is reported at {found[1]}:{found[2]}; expected line {number}")
    for text in margin.all("stderr"):
        if not any(text in line for line in run.err.splitlines()):
            problems.append(f"standard error has no line with: {text}")
    if run.err and not errors and not margin.all("stderr"):
        problems.append("standard error:\n" + tail(run.err))
    if margin.all("exit"):
        if run.status != margin.number("exit", 0):
            problems.append(f"ended with {status_name(run.status)}; expected exit status {margin.number('exit', 0)}")
    elif errors:
        if run.status <= 0:
            problems.append(f"ended with {status_name(run.status)}; expected an error's exit status")
    elif run.status != 0 and not run.cut_short:
        problems.append(f"ended with {status_name(run.status)}")
    return problems
