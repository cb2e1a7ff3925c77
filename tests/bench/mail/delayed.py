#!/usr/bin/python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""Messages of 1 kB to a real Postfix that is MILLISECONDS of round trip away, over one connection: send_all.cpl beside
Python's smtplib.

    delayed.py TUNDELAY MILLISECONDS CARAPACE COUNT

Prints one line of JSON: {"smtplib": RATE, "send_all": RATE}. Root only: server and client each get a network namespace,
and TUNDELAY (../shared/bench/mail/tundelay.c) holds each packet back between them. Exit status 77: not possible here."""
import json
import os
import pathlib
import subprocess
import sys
import tempfile
import time

HERE = pathlib.Path(__file__).resolve().parent
sys.dont_write_bytecode = True
sys.path.insert(0, str(HERE.parents[1] / "servers"))
import servers  # noqa: E402

SERVER_ADDRESS = "10.77.0.1"  # tundelay's
PEER_COUNT = 50
SMTPLIB = """
import smtplib, sys
body = "Subject: Message\\r\\n\\r\\n" + "The quick brown fox jumps over the lazy dog, again and again.\\r\\n" * 14
with smtplib.SMTP(sys.argv[1], int(sys.argv[2])) as smtp:
    for i in range(int(sys.argv[3])):
        smtp.sendmail("a@x.test", ["b@y.test"], body)
"""


def namespace():
    """A process that keeps a network namespace of its own alive."""
    holder = subprocess.Popen(["unshare", "--net", "sleep", "600"], stdin=subprocess.DEVNULL)
    own = os.readlink("/proc/self/ns/net")
    for _ in range(100):
        time.sleep(0.02)
        if holder.poll() is not None:
            sys.exit(77)
        if os.readlink(f"/proc/{holder.pid}/ns/net") != own:
            return holder
    sys.exit(77)


def inside(holder, command):
    return ["nsenter", f"--net=/proc/{holder.pid}/ns/net", *command]


def serve(folder):
    """Runs in the server's namespace: a Postfix until standard input ends."""
    servers.adopt_orphans()
    server = servers.start("postfix", ["--host", SERVER_ADDRESS], pathlib.Path(folder))
    try:
        print(server.port, flush=True)
        sys.stdin.read()
    finally:
        server.stop()


def rate(command, count, environment=None):
    begun = time.monotonic()
    run = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, timeout=120,
                         env={"PATH": os.environ["PATH"], "LANG": "C.UTF-8", **(environment or {})})
    if run.returncode != 0:
        sys.exit(f"{command[-3:]}: {run.stderr.decode(errors='replace')[:500]}")
    return count / (time.monotonic() - begun)


def main():
    if sys.argv[1] == "--serve":
        return serve(sys.argv[2])
    tundelay, milliseconds, carapace, count = sys.argv[1], float(sys.argv[2]), sys.argv[3], int(sys.argv[4])
    if os.getuid() != 0 or not os.path.exists("/dev/net/tun"):
        sys.exit(77)
    os.makedirs("/run/netns", exist_ok=True)  # tundelay looks for names there
    started = []
    with tempfile.TemporaryDirectory(prefix="carapace-bench-") as folder:
        os.chmod(folder, 0o711)
        try:
            far, near = namespace(), namespace()
            started += [far, near]
            delay = subprocess.Popen([tundelay, f"../../proc/{far.pid}/ns/net", f"../../proc/{near.pid}/ns/net",
                                      str(int(milliseconds * 500))], stdout=subprocess.PIPE, stdin=subprocess.DEVNULL)
            started.append(delay)
            if delay.stdout.readline().strip() != b"up":
                sys.exit(77)
            server = subprocess.Popen(inside(far, [sys.executable, __file__, "--serve", folder]), stdin=subprocess.PIPE,
                                      stdout=subprocess.PIPE)
            try:
                port = server.stdout.readline().decode().strip()
                if not port:
                    sys.exit(77)
                where = {"SMTP_HOST": SERVER_ADDRESS, "SMTP_PORT": port}
                theirs = rate(inside(near, [sys.executable, "-c", SMTPLIB, SERVER_ADDRESS, port, str(PEER_COUNT)]), PEER_COUNT)
                ours = rate(inside(near, [carapace, str(HERE / "send_all.cpl"), str(count)]), count, where)
            finally:
                server.communicate(b"", timeout=60)
        finally:
            for process in started:
                process.terminate()
                process.wait()
    print(json.dumps({"smtplib": theirs, "send_all": ours}))
    return None


if __name__ == "__main__":
    main()
