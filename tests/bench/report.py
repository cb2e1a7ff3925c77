# SPDX-License-Identifier: GPL-3.0-or-later
"""Writes what `make bench` found as Markdown between two marks of a document: run calls write(), nothing else does."""
import datetime
import os
import pathlib
import platform
import re
import statistics
import subprocess

from contest import LUA, PROGRAMS, ROOT

BEGIN, END = "<!-- written by make bench-table: begin -->", "<!-- written by make bench-table: end -->"
DECLARED, UNDECLARED = "Carapace", "undeclared"


def machine():
    processor = re.search(r"model name\s*: (.*)", pathlib.Path("/proc/cpuinfo").read_text())
    system = re.search(r'PRETTY_NAME="(.*)"', pathlib.Path("/etc/os-release").read_text())
    compiler = subprocess.run(["gcc", "-dumpfullversion"], capture_output=True, text=True).stdout.strip()
    return (f"{processor.group(1) if processor else platform.machine()}, {os.cpu_count()} processors, "
            f"{system.group(1) if system else platform.system()}, Linux {platform.release()}, gcc {compiler}")


def commit():
    run = subprocess.run(["git", "-C", str(ROOT), "describe", "--always", "--dirty"], capture_output=True, text=True)
    return run.stdout.strip() or "unknown"


def table(head, rows):
    return ["| " + " | ".join(head) + " |", "|---" * len(head) + "|", *("| " + " | ".join(row) + " |" for row in rows),
            ""]


def number(value, form="{:.3f}"):
    return "-" if value is None else form.format(value)


def field(row, who, name):
    return row[who][name] if who in row else None


def goal(ratio, most):
    """A ratio beside its goal; one that is not reached is bold."""
    if ratio is None or most is None:
        return number(ratio, "{:.2f}")
    return f"{ratio:.2f} ({most:g})" if ratio <= most else f"**{ratio:.2f}** ({most:g})"


def ratio_row(name, row, peers):
    program = PROGRAMS[name]
    ours, free, lua = (field(row, who, "cpu") for who in (DECLARED, UNDECLARED, LUA))
    interpreted = {peer.name: row[peer.name]["cpu"] for peer in peers if peer.name in row and not peer.native}
    best = min(interpreted, key=interpreted.get, default=None)
    return [name, goal(ours / lua if lua and ours else None, program.of_lua),
            goal(free / lua if lua and free else None, 1.0 if lua else None),
            goal(ours / interpreted[best] if best and ours else None, program.of_best), best or "-"]


def mean_row(lang):
    def mean(who):
        found = [row[who]["cpu"] / row[LUA]["cpu"] for row in lang.values() if who in row and LUA in row]
        return f"{statistics.geometric_mean(found):.2f}" if found else "-"
    return ["geometric mean", mean(DECLARED), mean(UNDECLARED), "", ""]


def text(bench):
    lang, start, peers = bench.results["lang"], bench.results["start"], bench.peers
    who = [DECLARED, UNDECLARED, *(peer.name for peer in peers)]
    rounds = sorted({entry["rounds"] for row in lang.values() for entry in row.values()}) or [0]
    lines = [f"Measured on {datetime.date.today().isoformat()} at commit {commit()}, sizes: {bench.size}, "
             f"{rounds[0]} to {rounds[-1]} rounds in turn.", "", f"Machine: {machine()}.", "",
             "Peers: " + "; ".join(dict.fromkeys(peer.version() for peer in peers)) + ".", ""]
    if lang:
        lines += ["Ratios of CPU time, with the goal in brackets; bold is not reached. \"Best\" is the fastest peer "
                  "that makes no machine code.", ""]
        lines += table(["program", "declared / Lua", "undeclared / Lua", "declared / best", "best"],
                       [*(ratio_row(name, row, peers) for name, row in lang.items()), mean_row(lang)])
        lines += ["Median CPU seconds, user and system, of the whole process:", ""]
        lines += table(["program", *who], [[name, *(number(field(row, w, "cpu")) for w in who)]
                                           for name, row in lang.items()])
        lines += ["Peak memory, MB:", ""]
        lines += table(["program", *who], [[name, *(number(field(row, w, "memory"), "{:.0f}") for w in who)]
                                           for name, row in lang.items()])
    if start:
        lines += ["An empty script:", ""]
        lines += table(["", "wall ms", "CPU ms", "MB"],
                       [[w, *(f"{value:.2f}" for value in (row["wall"] * 1e3, row["cpu"] * 1e3, row["memory"]))]
                        for w, row in start.items()])
    return "\n".join(lines)


def write(path, bench):
    document = path.read_text()
    before, _, rest = document.partition(BEGIN)
    if END not in rest:
        raise SystemExit(f"bench: {path} has no lines {BEGIN} and {END}")
    path.write_text(before + BEGIN + "\n\n" + text(bench) + END + rest.partition(END)[2])
