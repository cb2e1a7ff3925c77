# SPDX-License-Identifier: GPL-3.0-or-later
"""What starting any server comes to: a process that leads a group of its own, a free port, a log, and an end that leaves
nothing behind. Used by servers.py and mail_servers.py."""
import ctypes
import os
import pathlib
import signal
import socket
import subprocess
import time

import pki

HERE = pathlib.Path(__file__).resolve().parent
PYTHON = "/usr/bin/python3"  # Debian's, which sees Debian's packages
READY_SECONDS = 20


class Unavailable(Exception):
    """The server is not installed or cannot run here: a reason to skip."""


class Failed(Exception):
    """The server should run here but did not start."""


class Server:
    """A running server, whose process leads a group of its own. stop() leaves nothing of it behind. `also` are servers that
    it needs, which stop with it; `ports` has all its ports by name where there are several."""

    def __init__(self, process, port, folder, stop_command=None):
        self.process, self.port, self.folder, self.stop_command = process, port, folder, stop_command
        self.also, self.ports = [], {}

    def environment(self, prefix="SMTP"):
        return {f"{prefix}_HOST": "127.0.0.1", f"{prefix}_PORT": str(self.port), f"{prefix}_FOLDER": str(self.folder)}

    def stop(self):
        groups = [self.process.pid]
        if self.stop_command:
            master = self.folder / "queue/pid/master.pid"  # Postfix's master moves to a group of its own
            if master.exists():
                groups.append(int(master.read_text()))
            subprocess.run(self.stop_command, stdin=subprocess.DEVNULL, capture_output=True, timeout=30)
        elif self.process.poll() is None:
            self.process.terminate()
        try:
            self.process.wait(5)
        except subprocess.TimeoutExpired:
            pass
        for group in groups:
            kill_group(group)
        self.process.wait()
        for group in groups:
            reap_group(group)
        for server in self.also:
            server.stop()


def adopt_orphans():
    """Makes this process the parent of all that its children leave behind, so that it can see and reap them. In a
    container the first process often reaps nobody."""
    PR_SET_CHILD_SUBREAPER = 36
    ctypes.CDLL(None).prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)


def kill_group(group):
    try:
        os.killpg(group, signal.SIGKILL)
    except ProcessLookupError:
        pass


def reap_group(group):
    """Waits for the adopted processes of a group that was killed, and only for these: others' statuses are theirs."""
    try:
        while os.waitpid(-group, 0):
            pass
    except ChildProcessError:
        pass


def free_port():
    """A port that was free a moment ago: whoever uses it must be ready to lose the race and take another."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def is_listening(port):
    """Asks the kernel's table instead of connecting: a connection would count as a session of the server."""
    for table in ("/proc/net/tcp", "/proc/net/tcp6"):
        try:
            lines = pathlib.Path(table).read_text().splitlines()[1:]
        except OSError:
            continue
        for line in lines:
            fields = line.split()
            if fields[3] == "0A" and int(fields[1].rsplit(":", 1)[1], 16) == port:
                return True
    return False


def program(name, *places):
    for place in places:
        if os.access(f"{place}/{name}", os.X_OK):
            return f"{place}/{name}"
    raise Unavailable(f"no {name} here")


def launch(command, folder):
    with open(folder / "server.log", "ab") as log:
        return subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=log, stderr=log, cwd=folder,
                                start_new_session=True)


def wait_listening(process, port):
    end = time.monotonic() + READY_SECONDS
    while time.monotonic() < end and process.poll() is None:
        if is_listening(port):
            return True
        time.sleep(0.01)
    return False


def start_on_ports(names, command_for, folder, stop_command=None, also=()):
    """For servers that must be told their ports: command_for is given a port for each name, and the first is the server's
    own. Tries again when another process was quicker to take one. `also` stops with it, and when it does not start."""
    for _ in range(5):
        ports = {name: free_port() for name in names}
        server = Server(launch(command_for(ports), folder), ports[names[0]], folder, stop_command)
        server.ports = ports
        if all(wait_listening(server.process, port) for port in ports.values()):
            server.also = list(also)
            return server
        server.stop()
    for server in also:
        server.stop()
    raise Failed((folder / "server.log").read_text(errors="replace")[-2000:])


def start_on_probed_port(command_for, folder, stop_command=None):
    return start_on_ports(["smtp"], lambda ports: command_for(ports["smtp"]), folder, stop_command)


def need_certificates():
    if not pki.is_there():
        raise Unavailable("no openssl here")
