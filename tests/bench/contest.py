# SPDX-License-Identifier: GPL-3.0-or-later
"""What `make bench` measures and against whom: programs with their sizes and goals, the peers, and how one process is
measured. Shared by run, count and report.py in this folder."""
import os
import pathlib
import random
import shutil
import statistics
import subprocess
import threading
import sys
import tempfile
import time

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parent.parent
PEER_PROGRAMS = pathlib.Path(os.environ.get("CARAPACE_SHARED") or ROOT.parent / "shared") / "bench/lang"
MEASURE = ROOT / "build/measure"
TIME_LIMIT = 120  # seconds for one process


class Program:
    """One program of tests/bench/lang. Its size N is small where instructions are counted and for warming up, quick
    where Lua takes some tenths of a second, full as in the comparison of the languages that the goals come from.
    of_lua and of_best are the goals: CPU time at most so many times that of Lua, and of the best peer that makes no
    machine code."""

    def __init__(self, name, small, quick, full, of_lua=None, of_best=None):
        self.name, self.sizes = name, {"small": small, "quick": quick, "full": full}
        self.of_lua, self.of_best = of_lua, of_best

    def environment(self, size):
        """Sizes come from N; N_fib=30 in the environment overrides. bignum repeats R times, wc reads FILE."""
        n = int(os.environ.get("N_" + self.name) or self.sizes[size])
        rounds = {"small": "5", "quick": "20", "full": "50"}[size]
        return {"N": str(n), "R": rounds, **({"FILE": str(text_file(n))} if self.name == "wc" else {})}

    def script(self, declared=True):
        return HERE / f"lang/{self.name}{'' if declared else '_undeclared'}.cpl"


PROGRAMS = {p.name: p for p in (
    Program("fib", 23, 32, 35, 0.55, 0.9),
    Program("tak", 3, 200, 500, 0.55, 0.9),
    Program("nqueens", 8, 10, 11, 0.55, 0.9),
    Program("loop", 400_000, 20_000_000, 50_000_000, 0.55, 0.9),
    Program("mandel", 40, 500, 1000, 0.45, 0.8),
    Program("trees", 11, 13, 16, 0.15, 1.0),
    Program("strings", 20_000, 300_000, 1_000_000, 0.6, 1.0),
    Program("hash", 20_000, 300_000, 1_000_000, 0.6, 1.0),
    Program("lists", 20_000, 300_000, 1_000_000, 0.6, 1.0),
    Program("closures", 20_000, 1_000_000, 4_000_000, 0.6, 0.9),
    Program("objects", 50_000, 2_000_000, 5_000_000, 0.6, 0.9),
    Program("exceptions", 20_000, 500_000, 1_000_000, 1.0, 1.0),
    Program("wc", 1, 20, 100, 0.25, 1.0),
    Program("bignum", 1000, 2000, 3000, None, 1.2))}


def text_file(megabytes):
    """Words of 1 to 10 letters, 3 to 14 to a line, the same each time: a block of 1 MB as often as wanted."""
    path = ROOT / f"build/bench-text-{megabytes}"
    if not path.exists():
        chance = random.Random(1)
        words = ["".join(chance.choices("abcdefghijklmnopqrstuvwxyz", k=chance.randint(1, 10))) for _ in range(5000)]
        block = ""
        while len(block) < 1_000_000:
            block += " ".join(chance.choices(words, k=chance.randint(3, 14))) + "\n"
        path.parent.mkdir(exist_ok=True)
        part = path.with_suffix(f".{threading.get_ident()}")  # two may make it at once
        with open(part, "w") as out:
            for _ in range(megabytes):
                out.write(block)
        part.rename(path)
    return path


# ---- peers ----

class Peer:
    """Another language: its command before and after the program's path, the folder of its programs, their ending, and
    whether it makes machine code while it runs. `says` prints its version."""

    def __init__(self, name, package, command, folder, ending, says, native=False, after=(), environment=None):
        self.name, self.package, self.command, self.after = name, package, command, list(after)
        self.folder, self.ending, self.native = folder, ending, native
        self.says, self.environment = says, environment or {}

    def installed(self):
        return shutil.which(self.command[0]) is not None

    def program(self, name):
        path = PEER_PROGRAMS / self.folder / f"{name}.{self.ending}"
        return path if path.exists() else None

    def line(self, path):
        return [*self.command, str(path), *self.after]

    def version(self):
        run = subprocess.run(self.says, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=20)
        return (run.stdout.strip() or run.stderr.strip()).splitlines()[0].strip()


LUA = "Lua 5.4"
PEERS = (
    Peer(LUA, "lua5.4", ["lua5.4"], "lua", "lua", ["lua5.4", "-v"]),
    Peer("LuaJIT -joff", "luajit", ["luajit", "-joff"], "lua", "lua", ["luajit", "-v"]),
    Peer("LuaJIT", "luajit", ["luajit"], "lua", "lua", ["luajit", "-v"], native=True),
    Peer("Guile 3", "guile-3.0", ["guile"], "guile", "scm", ["guile", "--version"], native=True),
    Peer("Guile, no JIT", "guile-3.0", ["guile"], "guile", "scm", ["guile", "--version"],
         environment={"GUILE_JIT_THRESHOLD": "-1"}),
    Peer("newLISP", "newlisp", ["newlisp"], "newlisp", "lsp", ["newlisp", "-v"]),
    Peer("Python 3", "python3", ["/usr/bin/python3"], "python", "py", ["/usr/bin/python3", "-V"]),
    Peer("Perl", "perl", ["perl"], "perl", "pl", ["perl", "-e", 'print "Perl $^V"']),
    Peer("PicoLisp", "picolisp", ["pil"], "picolisp", "l", ["pil", "-version", "-bye"], after=["-bye"]),
    Peer("QuickJS", "quickjs", ["qjs", "--std"], "js", "js", ["qjs", "-h"]),
)


def peers_here():
    """The peers that can run, and a sentence for each that cannot."""
    if not PEER_PROGRAMS.is_dir():
        return [], [f"no peers: their programs are not in {PEER_PROGRAMS}"]
    absent = [f"no {peer.name} here (Debian package {peer.package})" for peer in PEERS if not peer.installed()]
    return [peer for peer in PEERS if peer.installed()], absent


# ---- measuring ----

class Sample:
    """One run of one process: seconds, MB, exit status and what it said."""

    def __init__(self, report, output, errors):
        wall, user, system, memory, status = report.split()
        self.wall, self.cpu, self.memory = float(wall), float(user) + float(system), int(memory) / 1024
        self.status, self.output, self.errors = int(status), output, errors

    def complaint(self):
        words = (self.errors.strip() or self.output.strip() or "no output").splitlines()[0]
        return f"exit status {self.status}: {words}"


def clean_environment(more=None):
    """Nothing of the user's, and a home for what Guile keeps of compiled programs."""
    home = ROOT / "build/bench-home"
    home.mkdir(parents=True, exist_ok=True)
    return {"PATH": os.environ["PATH"], "LANG": "C.UTF-8", "HOME": str(home), **(more or {})}


def measure(command, environment=None):
    """Runs a command to its end, at most TIME_LIMIT seconds."""
    with tempfile.NamedTemporaryFile("r") as report:
        run = subprocess.run([str(MEASURE), report.name, str(TIME_LIMIT), *command], stdin=subprocess.DEVNULL,
                             capture_output=True, env=clean_environment(environment))
        errors = run.stderr.decode(errors="replace")
        if run.returncode != 0:
            sys.exit(errors)
        return Sample(report.read(), run.stdout.decode(errors="replace"), errors)


def in_turn(contestants, rounds, seconds=None, warm_up=None):
    """contestants: name -> function that measures once. After warm_up (name -> function; default: contestants) each is
    measured in turn, `rounds` times or until `seconds` have passed, but at least once. Whoever fails once is out:
    samples[name] is then that failed Sample instead of a list."""
    samples = {name: [] for name in contestants}
    for name, once in (warm_up or contestants).items():
        sample = once()
        if sample.status != 0:
            samples[name] = sample
    began = time.monotonic()
    for turn in range(rounds):
        if turn > 0 and seconds is not None and time.monotonic() - began > seconds:
            break
        for name, once in contestants.items():
            if isinstance(samples[name], Sample):
                continue
            sample = once()
            if sample.status != 0:
                samples[name] = sample
            else:
                samples[name].append(sample)
    return samples


def median(samples, field):
    return statistics.median(getattr(sample, field) for sample in samples)
