#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
# The prompt, as a person meets it: on a pseudo-terminal.
# timeout: 60
import os
import pty
import re
import select
import shutil
import signal
import stat
import sys
import time

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.join(os.environ["CARAPACE_ROOT"], "tests/runner"))
from tap import Report  # noqa: E402

PATIENCE = {"plain": 10, "asan": 30, "stress": 60}[os.environ.get("CARAPACE_CONFIG", "plain")]
HOME = os.environ["HOME"]
HISTORY = os.path.join(HOME, ".local/state/carapace/history")
report = Report()


class Session:
    """One prompt; what it shows is kept without the terminal's control sequences."""

    def __init__(self, *arguments, **environment):
        self.text, self.mark = "", 0
        self.pid, self.fd = pty.fork()
        if self.pid == 0:
            for name in ("XDG_STATE_HOME", "NO_COLOR", "INPUTRC"):
                os.environ.pop(name, None)
            program = os.environ["CARAPACE"]
            os.execve(program, [program, *arguments], {**os.environ, "TERM": "xterm", "NO_COLOR": "1", **environment})
        self.expect("> ")

    def read(self, seconds):
        if not select.select([self.fd], [], [], seconds)[0]:
            return False
        try:
            data = os.read(self.fd, 65536)
        except OSError:
            data = b""
        if not data:
            raise EOFError
        text = data.decode(errors="replace")
        self.text += re.sub(r"\x1b\[[?0-9;]*[A-Za-z]", "", text).replace("\r", "")
        return True

    def expect(self, wanted):
        """Waits until the text has come; what stands before it and what comes after is told apart by self.mark."""
        end = time.monotonic() + PATIENCE
        while wanted not in self.text[self.mark:]:
            left = end - time.monotonic()
            if left <= 0 or not self.read(left):
                raise AssertionError(f"{wanted!r} did not come; seen: {self.text[self.mark:]!r}")
        self.mark = self.text.index(wanted, self.mark) + len(wanted)

    def type(self, text):
        os.write(self.fd, text.encode())

    def enter(self, text, *wanted):
        """Types a line and waits for its echo, for each wanted text and for the next prompt."""
        self.type(text)
        self.expect(text.split("\t")[0][-20:])
        self.type("\r")
        self.expect("\n")
        for item in wanted:
            self.expect(item)
        self.expect("> ")

    def end(self):
        """Ctrl-D; the exit status."""
        self.type("\x04")
        return self.wait()

    def wait(self):
        end = time.monotonic() + PATIENCE
        try:
            while time.monotonic() < end:
                self.read(0.1)
        except EOFError:
            pass
        os.close(self.fd)
        status = os.waitpid(self.pid, 0)[1]
        return os.waitstatus_to_exitcode(status)


def test(name):
    def run(function):
        try:
            function()
            report.check(name, True)
        except (AssertionError, EOFError, OSError) as trouble:
            report.check(name, False, f"{type(trouble).__name__}: {trouble}")
    return run


@test("values are shown in the form that reads back, and the last is it")
def _():
    s = Session()
    s.enter('(list 1 "four" \'five 0x"06")', '(1 "four" five 0x"06")\n')
    s.enter("it", '(1 "four" five 0x"06")\n')
    s.enter('"a\\nb"', '"a\\nb"\n')
    s.enter("(== 1 2)", "()\n")
    s.enter("it", '"a\\nb"\n')
    assert s.end() == 0


@test("what is declared NIL, a definition or a comment shows nothing")
def _():
    s = Session()
    for text in ("(local (x Integer))", "(for i (range 0 3) i)", "# only a comment", "(set x ())"):
        before = len(s.text)
        s.enter(text)
        assert "()" not in s.text[before:].split("\n", 1)[1], s.text[before:]
    before = s.mark
    s.enter("(print 7)", "7\n")
    assert "()" not in s.text[before:s.mark].split("\n", 1)[1]
    assert s.end() == 0


@test("an input goes on while brackets or a String are open")
def _():
    s = Session()
    s.type("(list 1\r")
    s.expect("... ")
    s.type('"two\r')
    s.expect("... ")
    s.type('lines" [3\r')
    s.expect("... ")
    s.enter("])", '(1 "two\\nlines" (3))\n')
    assert s.end() == 0


@test("an Error shows its place and ends nothing; line numbers count on")
def _():
    s = Session()
    s.enter("(set a 1)", "1\n")
    s.enter("(headOf ())", "<prompt>:2:1: error 1.7:", "    (headOf ())\n    ^\n")
    s.enter("(list 1))", "error 8.2:")
    s.enter("a", "1\n")
    assert s.end() == 0


@test("variables and functions stay; a new header replaces the old one with a warning")
def _():
    s = Session()
    s.enter("(defun f (x) (* x 2))", "f\n")
    s.enter("(defun g () (f 4))", "g\n")
    s.enter("(defun f (x y) (+ x y))", "warning: f has a new header; it was (f x)\n")
    s.enter("(f 3 4)", "7\n")
    s.enter("(g)", "error 1.8:")
    s.enter("(defun f (a b) (* a b))", "f\n")
    assert s.text.count("warning") == 1
    assert s.end() == 0


@test("Ctrl-C stops an endless loop, a sleep, and drops the line")
def _():
    s = Session()
    s.type("(while true)\r")
    s.expect("\n")
    time.sleep(0.3)
    s.type("\x03")
    s.expect("error 3.4: interrupted")
    s.expect("> ")
    s.type("(sleep 100000)\r")
    s.expect("\n")
    time.sleep(0.3)
    s.type("\x03")
    s.expect("error 3.4: interrupted")
    s.expect("> ")
    s.type("(list 1\r")
    s.expect("... ")
    s.type("2 3")
    s.expect("2 3")
    s.type("\x03")
    s.expect("^C\n")
    s.expect("> ")
    s.enter("(+ 40 2)", "42\n")
    assert s.end() == 0


@test("Ctrl-D within an input drops it, on an empty line ends")
def _():
    s = Session()
    s.type("(list 1\r")
    s.expect("... ")
    s.type("\x04")
    s.expect("\n")
    s.expect("> ")
    s.enter("5", "5\n")
    assert s.end() == 0


@test("Tab completes functions, variables, classes, members and files")
def _():
    s = Session()
    s.type("(printSt\t)\x01")
    s.expect("(printStackFrames)")
    s.type("\x05\r")
    s.expect("> ")
    s.enter("(set counter (create Queue))", "<Queue>\n")
    s.type("(count\t.p\t 5)\r")
    s.expect("(counter.put 5)")
    s.expect("> ")
    s.enter("(counter.get)", "5\n")
    s.type("(create HashT\t)\r")
    s.expect("(create HashTable)")
    s.expect("> ")
    with open(os.path.join(HOME, "completed.txt"), "w"):
        pass
    s.type(f'(length "{HOME}/comple\t)\r')
    s.expect('completed.txt")')
    s.expect("> ")
    s.type("(isFu\t")
    s.expect("isFunction")
    s.type("\x03")
    s.expect("> ")
    assert s.end() == 0


@test("another thread goes on while the prompt waits, and prints above the line being typed")
def _():
    s = Session()
    s.enter('(set t (create Thread "t" \'(do (sleep 300) (print "from the thread"))))', "<Thread>\n")
    s.type("(+ 20")
    s.expect("(+ 20")
    s.expect("from the thread\n> (+ 20")
    s.type(" 1)\r")
    s.expect("21\n")
    s.expect("> ")
    assert s.end() == 0


@test("a long value is cut, and told how to be seen whole")
def _():
    s = Session()
    s.enter("(set a (create Array 5000 7)) 1", "1\n")
    s.enter("a", "2000 of ", "(print it) shows all\n")
    assert s.end() == 0


@test("help")
def _():
    s = Session()
    s.enter("(help)", "(help Class.member)")
    s.enter("(help join)", "(join ", "gives String")
    s.enter("(set q (create Queue))", "<Queue>\n")
    s.enter("(help q.put)", "class Queue\n(put item)")
    s.enter("(help jion)", "did you mean join?")
    assert s.end() == 0


@test("the history is kept for the next session, for nobody else, without what begins with a space")
def _():
    shutil.rmtree(os.path.dirname(HISTORY), ignore_errors=True)
    s = Session()
    s.enter("(+ 111 1)", "112\n")
    s.type("(list 5\r")
    s.expect("... ")
    s.enter("6)", "(5 6)\n")
    s.enter(' "a secret"', '"a secret"\n')
    s.enter("(+ 222 1)", "223\n")
    s.enter("(+ 222 1)", "223\n")
    assert s.end() == 0
    assert stat.S_IMODE(os.stat(HISTORY).st_mode) == 0o600
    text = open(HISTORY).read()
    assert "secret" not in text and text.count("(+ 222 1)") == 1, text
    s = Session()
    s.type("\x1b[A")
    s.expect("(+ 222 1)")
    s.type("\x1b[A\x1b[A\r")
    s.expect("112\n")
    s.expect("> ")
    s.type("\x1b[A\x1b[A\x1b[A\r")  # the one of two lines
    s.expect("(5 6)\n")
    s.expect("> ")
    assert s.end() == 0


@test("a history that cannot be written is done without")
def _():
    s = Session(XDG_STATE_HOME="/dev/null/nowhere")
    s.enter("(+ 1 1)", "2\n")
    assert s.end() == 0


@test("-load comes before the prompt, and Arguments is there")
def _():
    with open("package.cpl", "w") as file:
        file.write("(defun fromPackage () 99)\n")
    s = Session("-load", "package")
    s.enter("(fromPackage)", "99\n")
    s.enter("::Arguments", "()\n")
    assert s.end() == 0


@test("Ctrl-Z hands the terminal to the shell, which gives it back")
def _():
    pid, fd = pty.fork()
    if pid == 0:
        os.execve("/bin/bash", ["bash", "--norc", "--noprofile", "-i"],
                  {**os.environ, "TERM": "xterm", "NO_COLOR": "1", "PS1": "sh: ", "HISTFILE": ""})
    s = Session.__new__(Session)
    s.text, s.mark, s.pid, s.fd = "", 0, pid, fd
    s.expect("sh: ")
    s.type(os.environ["CARAPACE"] + "\r")
    s.expect("to end\n> ")
    s.type("(+ 30")
    s.expect("(+ 30")
    s.type("\x1a")
    s.expect("Stopped")
    s.expect("sh: ")
    s.type("stty -a | grep -c ' icanon'; fg\r")
    s.expect("1\n")
    s.expect("> (+ 30")
    s.type(" 3)\r")
    s.expect("33\n> ")
    s.type("\x04")
    s.expect("sh: ")
    s.type("exit\r")
    assert s.wait() == 0


@test("exit and quit end it too")
def _():
    for word in ("exit", "(quit)"):
        s = Session()
        s.type(word + "\r")
        assert s.wait() == 0
    s = Session()
    s.enter("(defun quit () 17)", "quit\n")
    s.enter("(quit)", "17\n")
    assert s.end() == 0


@test("a terminal that goes away ends the session")
def _():
    s = Session()
    os.close(s.fd)
    end = time.monotonic() + PATIENCE
    while time.monotonic() < end:
        pid, status = os.waitpid(s.pid, os.WNOHANG)
        if pid:
            break
        time.sleep(0.05)
    else:
        os.kill(s.pid, signal.SIGKILL)
        raise AssertionError("it goes on")


report.end()
