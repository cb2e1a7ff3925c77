#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""Through a SOCKS proxy on this machine: the far end is not local for that, so Smtp encrypts by itself, to the name behind
the proxy."""
import os
import pathlib
import shutil
import subprocess
import sys

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.join(os.environ["CARAPACE_ROOT"], "tests/servers"))
import servers  # noqa: E402

SCRIPT = """
(local (smtp Smtp (create Smtp)) (stack CommsStack (create CommsStack)) (words List ::Arguments))
(stack.push (create Tcp host: "127.0.0.1" port: ((words.get 0).integer)))
(stack.push (create Proxy host: (words.get 1) port: ((words.get 2).integer)))
(stack.push (create Util))
(stack.push smtp)
(smtp.timeout 10000)
(smtp.caFile (words.get 3))
(try (do (smtp.connect) (print "connected, encrypted:" (if (stack.hasAttribute "version") stack.version)) (smtp.disconnect))
     (catch -1 (print err.class err.code)))
"""


def told(*arguments):
    done = subprocess.run([os.environ["CARAPACE"], "script.cpl", *map(str, arguments)], capture_output=True, text=True, timeout=30)
    return (done.stdout + done.stderr).split("\n")[:-1]


def main():
    if not shutil.which("microsocks"):
        sys.exit(77)
    here = pathlib.Path.cwd()
    (here / "script.cpl").write_text(SCRIPT)
    running = []
    try:
        secure = servers.start("auth", ["--starttls"], here / "secure")
        running.append(secure)
        plain = servers.start("hostile", [], here / "plain")
        running.append(plain)
        proxy = servers.start_on_probed_port(lambda port: ["microsocks", "-i", "127.0.0.1", "-p", str(port)], here)
        running.append(proxy)
        authority = secure.folder / "ca.crt"
        cases = [(("localhost", secure.port), ["connected, encrypted:", "1.2"]), (("localhost", plain.port), ["13", "13"]),
                 (("127.0.0.1", plain.port), ["connected, encrypted:", "()"])]
        for case, wanted in cases:
            got = told(proxy.port, *case, authority)
            assert got == wanted, (case, got)
    finally:
        for server in running:
            server.stop()


main()
