# SPDX-License-Identifier: GPL-3.0-or-later
"""The part of `make bench B=mail` that measures Carapace beside what the machine can do at most: ../shared/bench/mail has a
sender that writes recorded bytes (rawsend), a sink that throws them away (rawsink) and a delayed line (tundelay)."""
import json
import os
import pathlib
import re
import shutil
import socket
import statistics
import subprocess
import sys
import tempfile
import time

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parent.parent
SHARED = pathlib.Path(os.environ.get("CARAPACE_SHARED") or ROOT.parent / "shared")
MESSAGES, SAME_MESSAGES = 200_000, 1_000_000  # so many that beginning and end do not count
ATTACHMENTS, ATTACHMENT_SIZE = 20, 25_000_000
MAILING, MAILING_SIZE = 1_000, 1_000_000  # different messages with the same file
DELAYED_MESSAGES = 3_000
COMPILE = ["gcc", "-O2", "-w"]


def compiled(source, to, *more):
    run = subprocess.run([*COMPILE, "-o", str(to), str(source), *more], capture_output=True, cwd=ROOT)
    if run.returncode != 0:
        sys.exit(f"{source} does not compile: {run.stderr.decode()[:500]}")
    return to


class Sink:
    """rawsink, until the end of a with."""

    def __init__(self, program):
        self.program = program

    def __enter__(self):
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port = probe.getsockname()[1]
        self.process = subprocess.Popen([str(self.program), "127.0.0.1", str(self.port)], stdin=subprocess.DEVNULL,
                                        stdout=subprocess.PIPE)
        for _ in range(200):
            with socket.socket() as probe:
                if probe.connect_ex(("127.0.0.1", self.port)) == 0:
                    break
            time.sleep(0.01)
        return self

    def __exit__(self, *_):
        self.process.terminate()
        self.counted = int(re.search(rb"messages (\d+)", self.process.communicate()[0])[1])


def raw_rate(rawsend, sink, message, count, mode):
    output = subprocess.run([str(rawsend), "127.0.0.1", str(sink.port), str(message), str(count), mode],
                            capture_output=True, check=True).stdout.decode()
    return float(re.search(r"rate ([\d.]+)/s", output)[1])


def base64_row(folder):
    program = compiled(HERE / "base64.c", folder / "base64", f"-I{ROOT}", *map(str, (
        ROOT / "modules/coding/base64.c", ROOT / "modules/coding/base64_simd.c")))
    encode, copy = map(float, subprocess.run([str(program)], capture_output=True, check=True).stdout.split())
    print(f"{'base64 GB/s':24}{encode:12.1f}{'memcpy':>12}{copy:10.1f}{encode / copy:8.2f}")
    return {"encode": encode, "memcpy": copy, "ratio": encode / copy}


def against_the_sink(bench, measure, folder, name, script, arguments, count, message, rounds):
    """In turn: rawsend's streamed mode, and a script of ours with the same number of messages. Both are counted."""
    ours, theirs, samples = [], [], []
    with Sink(folder / "rawsink") as sink:
        environment = {"SMTP_HOST": "127.0.0.1", "SMTP_PORT": str(sink.port)}
        for turn in range(rounds + 1):
            rate = raw_rate(folder / "rawsend", sink, message, count, "bdat")
            sample = measure([bench.carapace, str(HERE / f"mail/{script}.cpl"), *arguments], environment)
            if sample.status != 0:
                bench.failed(name, sample)
                return None
            if turn > 0:
                theirs.append(rate)
                ours.append(count / sample.wall)
                samples.append(sample)
    expected = 2 * count * (rounds + 1)
    if sink.counted != expected:
        print(f"{name}: {sink.counted} messages arrived, not {expected}")
        bench.failures += 1
        return None
    row = {"rate": statistics.median(ours), "raw": statistics.median(theirs),
           "cpu": statistics.median(sample.cpu for sample in samples) / count,
           "memory": max(sample.memory for sample in samples)}
    row["ratio"] = row["rate"] / row["raw"]
    print(f"{name:24}{row['rate']:12.0f}{'rawsend':>12}{row['raw']:10.0f}{row['ratio']:8.2f}{row['cpu'] * 1e6:10.1f}"
          f"{row['memory']:8.1f}", flush=True)
    return row


def delayed_row(bench, folder):
    run = subprocess.run([sys.executable, str(HERE / "mail/delayed.py"), str(folder / "tundelay"), "20", bench.carapace,
                          str(DELAYED_MESSAGES)], stdin=subprocess.DEVNULL, capture_output=True)
    if run.returncode == 77:
        print("Postfix at 20 ms        skipped: it needs root, network namespaces and Postfix")
        return None
    if run.returncode != 0:
        bench.failures += 1
        print(f"Postfix at 20 ms        FAILED {run.stderr.decode(errors='replace').strip()[:500]}")
        return None
    row = json.loads(run.stdout)
    row["ratio"] = row["send_all"] / row["smtplib"]
    print(f"{'Postfix at 20 ms':24}{row['send_all']:12.0f}{'smtplib':>12}{row['smtplib']:10.1f}{row['ratio']:8.1f}")
    return row


def run(bench, measure):
    """bench: run's Bench; measure: its function. Fills bench.results."""
    sources = SHARED / "bench/mail"
    if not (sources / "rawsink.c").exists() or not shutil.which("gcc"):
        print("\nno ../shared/bench/mail or no gcc here: the limits are not measured")
        return
    count = int(os.environ.get("N_raw") or MESSAGES)
    same = int(os.environ.get("N_raw") or SAME_MESSAGES)
    with tempfile.TemporaryDirectory(prefix="carapace-bench-") as name:
        folder = pathlib.Path(name)
        for program in ("rawsend", "rawsink", "tundelay"):
            compiled(sources / f"{program}.c", folder / program)
        small, large, file = folder / "small", folder / "large", folder / "file.bin"
        medium, leaflet = folder / "medium", folder / "leaflet.bin"
        small.write_bytes(b"Subject: x\r\n\r\n" + b"The quick brown fox jumps over the lazy dog, again and again.\r\n" * 16)
        for attached, message, size in ((file, large, ATTACHMENT_SIZE), (leaflet, medium, MAILING_SIZE)):
            attached.write_bytes(os.urandom(size))
            message.write_bytes(b"Subject: x\r\n\r\n" + b"A" * (size * 4 // 3 * 78 // 76))
        print(f"\n{'beside the limit':24}{'carapace':>12}{'':>12}{'peer':>10}{'ratio':>8}{'us CPU':>10}{'MB':>8}")
        rounds = min(bench.runs, 5)
        rows = {
            "base64": base64_row(folder),
            "rawsink 1 kB": against_the_sink(bench, measure, folder, "rawsink 1 kB", "send_all", [str(count)], count, small,
                                             rounds),
            "rawsink one message": against_the_sink(bench, measure, folder, "rawsink one message", "send_same",
                                                    [str(same)], same, small, rounds),
            "rawsink 1 MB": against_the_sink(bench, measure, folder, "rawsink 1 MB", "attachment",
                                             [str(leaflet), str(MAILING)], MAILING, medium, min(rounds, 3)),
            "rawsink 25 MB": against_the_sink(bench, measure, folder, "rawsink 25 MB", "attachment",
                                              [str(file), str(ATTACHMENTS)], ATTACHMENTS, large, rounds),
            "Postfix at 20 ms": delayed_row(bench, folder),
        }
    bench.results.update({f"mail {name}": row for name, row in rows.items() if row})
