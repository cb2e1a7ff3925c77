#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
# Proxy through real proxies (microsocks, tinyproxy) to a mail server, and through one that misbehaves.
# timeout: 60
import os
import pathlib
import shutil
import socket
import subprocess
import sys
import threading

sys.path[:0] = [os.path.join(os.environ["CARAPACE_ROOT"], "tests", room) for room in ("servers", "runner")]
import servers  # noqa: E402
from tap import Report  # noqa: E402

HERE = pathlib.Path.cwd()
report = Report()
check = report.check


def through(proxy_port, settings, target=None):
    """The greeting that a client gets through the proxy, or the class and code of the Error."""
    script = f"""(local (s CommsStack (create CommsStack)) (p Proxy (create Proxy host: "127.0.0.1" port: {target or sink.port})))
    (s.push (create Tcp host: "127.0.0.1" port: {proxy_port})) (s.push p) (s.push (create Util))
    {settings}
    (p.connectTimeout 3000)
    (try (do (s.connect) (printAux (s.receiveUntil "\\r\\n" 3000)) (s.send "QUIT\\r\\n") (printAux (s.receiveUntil "\\r\\n" 3000)) (s.disconnect))
        (catch -1 (printAux err.class "." err.code " " err.text)))"""
    done = subprocess.run([os.environ["CARAPACE"], "-"], input=script, capture_output=True, text=True, timeout=30)
    return done.stdout + done.stderr


def start(words, port):
    process = servers.launch([str(word) for word in words], HERE)
    servers.wait_listening(process, port)
    return process


(HERE / "sink").mkdir()
sink = servers.start("sink", ["-h", "mx.y.test"], HERE / "sink")
greeting = "220 mx.y.test ESMTP\n221 Bye\n"
running = []
if shutil.which("microsocks"):
    port, guarded = servers.free_port(), servers.free_port()
    running.append(start(["microsocks", "-i", "127.0.0.1", "-p", port], port))
    running.append(start(["microsocks", "-i", "127.0.0.1", "-p", guarded, "-u", "ann", "-P", "s3cret"], guarded))
    check("socks5", through(port, "") == greeting, through(port, ""))
    check("socks5 by name", through(port, '(p.host "localhost")') == greeting, through(port, '(p.host "localhost")'))
    told = through(guarded, '(p.user "ann") (p.password "s3cret")')
    check("socks5 with a login", told == greeting, told)
    told = through(guarded, '(p.user "ann") (p.password "wrong")')
    check("socks5 with a wrong password", told.startswith("6.2 the proxy refuses") and "wrong" not in told, told)
    told = through(guarded, "")
    check("socks5 without the login it wants", told.startswith("6.2 the proxy wants a login"), told)
    told = through(port, "", servers.free_port())
    check("socks5: nobody listens behind", told.startswith("6.2 the proxy cannot connect to 127.0.0.1: connection refused"), told)
    told = through(port, "(p.kind 'http)")
    check("HTTP to a SOCKS proxy", told.startswith("6."), told)
else:
    print("# microsocks is not here")
if shutil.which("tinyproxy"):
    port, guarded = servers.free_port(), servers.free_port()
    for place, extra in ((port, ""), (guarded, "BasicAuth ann s3cret\n")):
        configuration = HERE / f"tinyproxy-{place}.conf"
        configuration.write_text(f"Port {place}\nListen 127.0.0.1\nTimeout 600\nMaxClients 10\nAllow 127.0.0.1\n{extra}")
        running.append(start(["tinyproxy", "-d", "-c", configuration], place))
    check("http", through(port, "(p.kind 'http)") == greeting, through(port, "(p.kind 'http)"))
    told = through(guarded, "(p.kind 'http) (p.user \"ann\") (p.password \"s3cret\")")
    check("http with a login", told == greeting, told)
    told = through(guarded, "(p.kind 'http) (p.user \"ann\") (p.password \"wrong\")")
    check("http with a wrong password", told.startswith("6.2 the proxy ") and "wrong" not in told, told)
    told = through(guarded, "(p.kind 'http)")
    check("http without the login it wants", told.startswith("6.2 the proxy "), told)
    told = through(port, "(p.kind 'http)", servers.free_port())
    check("http: nobody listens behind", told.startswith("6.2 the proxy cannot connect"), told)
    told = through(port, "")
    check("SOCKS to an HTTP proxy", told.startswith("6."), told)
else:
    print("# tinyproxy is not here")


class Canned:
    """Says the same to everybody, some bytes at a time, and closes."""

    def __init__(self, data, keep=False):
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]
        self.data, self.keep = data, keep
        threading.Thread(target=self.serve, daemon=True).start()

    def serve(self):
        connection, _ = self.listener.accept()
        try:
            for start in range(0, len(self.data), 700):
                connection.sendall(self.data[start:start + 700])
            if not self.keep:
                connection.shutdown(socket.SHUT_WR)
            while connection.recv(4096):
                pass
        except OSError:
            pass
        connection.close()


for name, kind, data, expected in [
    ("an SMTP server instead", "socks5", b"220 mx ESMTP\r\n", "6.2 the proxy does not speak SOCKS 5"),
    ("a method nobody offered", "socks5", b"\x05\x02", "6.2 the proxy wants a login"),
    ("half an answer", "socks5", b"\x05\x00\x05", "6.9"),
    ("an unknown kind of address", "socks5", b"\x05\x00\x05\x00\x00\x09\x00\x00\x00\x00\x00\x00", "6.2 the proxy's answer has an unknown"),
    ("a reply code beyond the list", "socks5", b"\x05\x00\x05\x63\x00\x01\x00\x00\x00\x00\x00\x00", "6.2 the proxy cannot connect"),
    ("bound to a name", "socks5", b"\x05\x00\x05\x00\x00\x03\x04abcd\x00\x19220 hi\r\n221 bye\r\n", "220 hi\r\n221 bye"),
    ("an SMTP server instead of HTTP", "http", b"220 mx ESMTP\r\n", "6.2 the proxy does not answer as HTTP has it: 220"),
    ("a code that is none", "http", b"HTTP/1.1 2x0 ok\r\n\r\n", "6.2 the proxy does not answer"),
    ("controls in the words", "http", b"HTTP/1.1 500 a\x1b[2Jb\r\n\r\n", "6.2 the proxy cannot connect to 127.0.0.1: 500 a?[2Jb"),
    ("an endless answer", "http", b"HTTP/1.1 200 ok\r\n" + b"X: y\r\n" * 5000, "6.2 the proxy's answer has no end"),
    ("an endless line", "http", b"HTTP/1.1 200 " + b"x" * 50000, "6.2 the proxy's answer has no end"),
    ("closed in the middle", "http", b"HTTP/1.1 200 ok\r\n", "6.9"),
    ("what the server says at once is not lost", "http", b"HTTP/1.0 200 ok\n\n220 hi\r\n221 bye\r\n", "220 hi\r\n221 bye"),
]:
    told = through(Canned(data, keep="hi" in expected).port, f"(p.kind '{kind})")
    check(name, told.replace("\n", "\r\n").startswith(expected) or told.startswith(expected), told)
told = through(Canned(b"", keep=True).port, "(p.connectTimeout 200)")
check("a proxy that says nothing", told.startswith("6.1"), told)
for settings, expected in [('(p.host "")', "1.8"), ('(p.host "a b")', "6.2 this cannot be a host"),
                           ('(p.host "a\\r\\nX: y")', "6.2 this cannot be a host"), ("(p.port 0)", "1.8"), ("(p.kind 'ftp)", "1.8"),
                           ('(p.user "")', "1.8"), ("(p.host ())", "1.3"),
                           ("(p.kind 'http) (p.user \"a:b\")", "6.2 an HTTP proxy's user has no colon")]:
    told = through(sink.port, settings)
    check(f"refused: {settings}", expected in told, told)
told = through(sink.port, '(p.password "geheim") (print p.password (string p))')
check("the password cannot be read", "geheim" not in told and told.startswith("*****"), told)
for process in running:
    process.terminate()
    process.wait()
sink.stop()
report.end()
