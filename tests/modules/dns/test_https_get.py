#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""httpsGet beside a server that answers in many ways: the document, or an Error of the right class in bounded time; and
policies that change, expire or cannot be had any more."""
import os
import pathlib
import subprocess
import sys
import time

sys.dont_write_bytecode = True
sys.path[:0] = [os.path.join(os.environ["CARAPACE_ROOT"], "tests", room) for room in ("servers", "runner")]
import pki  # noqa: E402
import servers  # noqa: E402
from tap import Report  # noqa: E402

HERE = pathlib.Path.cwd()
NAMES = "plain chunked close cut interim redirect missing huge hugeheader slow garbage short".split()
report = Report()
SCRIPT = """
(local (words List ::Arguments) (port Integer ((words.get 0).integer)) (answer HashTable))
(for host (tailOf (tailOf words))
    (try (do (set answer (httpsGet host "/x" port: port address: "127.0.0.1" caFile: (words.get 1) timeout: 1500))
             (print (join (list host (answer.get "status") (string (answer.get "body")) ((answer.get "headers").get "content-type")) " ")))
        (catch -1 (print (join (list host "error" (+ (string err.class) "." (string err.code)) err.text) " ")))))
"""
KEPT = """
(local (words List ::Arguments) (dns Dns (create Dns servers: (+ "127.0.0.1:" (words.get 2)) timeout: 200 tries: 1)))
(local (sts MtaSts (create MtaSts dns: dns port: ((words.get 0).integer) caFile: (words.get 1) timeout: 1500)) (folder String (words.get 3)))
(defun NIL show () (local (p Object (sts.policy "x.example"))) (print (if p (join (list (p.get "mode") (p.get "id") (p.get "mx")) " ") "none")))
(defun NIL publish ((text String)) (with (f (create Stream "file" (+ folder "/policies/mta-sts.x.example") "w")) (f.printAux text)))
(defun NIL announce ((text String)) (with (f (create Stream "file" (+ folder "/txt") "w")) (f.printAux text)))
(announce "v=STSv1; id=a1;")
(publish "version: STSv1\nmode: enforce\nmx: a.example\nmax_age: 1000\n")
(show)
(publish "version: STSv1\nmode: testing\nmx: b.example\nmax_age: 1000\n")
(show)
(announce "v=STSv1; id=a2;")
(show)
(announce "")
(show)
(announce "v=STSv1; id=a3;")
(publish "nonsense")
(show)
(sts.forget)
(show)
(publish "version: STSv1\nmode: enforce\nmx: c.example\nmax_age: 1\n")
(announce "v=STSv1; id=a4")
(show)
(sleep 2100)
(announce "")
(show)
"""


def check(name, got, fine):
    report.check(name, fine, f"got: {got!r}")


def run(script, *arguments):
    (HERE / "script.cpl").write_text(script)
    done = subprocess.run([os.environ["CARAPACE"], "script.cpl", *map(str, arguments)], capture_output=True, text=True, timeout=100)
    return (done.stdout + done.stderr).split("\n")[:-1]


def main():
    if not pki.is_there():
        sys.exit(77)
    folder = HERE / "policy"
    folder.mkdir()
    (folder / "policies").mkdir()
    pki.make_for(folder, "policy", [f"{name}.x.example" for name in NAMES] + ["mta-sts.x.example"])
    pki.make_for(folder, "other", ["elsewhere.example"])
    for name in NAMES:
        (folder / "policies" / f"{name}.x.example").write_text(f"!{name}\nthe text\n")
    running = [servers.start("policy", [], folder)]
    try:
        running.append(servers.start("dns", ["--texts", str(folder / "txt")], HERE / "dns"))
        authority, port = folder / "ca.crt", running[0].port
        began = time.monotonic()
        lines = {line.split(".")[0]: line.split(" ", 1)[1] for line in
                 run(SCRIPT, port, authority, *(f"{name}.x.example" for name in NAMES), "mta-sts.wrong.x.example")}
        for name in ("plain", "chunked", "close", "interim"):
            check(name, lines.get(name), lines.get(name, "").startswith("200 the text"))
        for name, start in (("redirect", "302"), ("missing", "404"), ("cut", "error 15.3"), ("huge", "error 15.2"),
                            ("hugeheader", "error"), ("slow", "error 6.1"), ("garbage", "error 15.1"), ("short", "error 15.3"),
                            ("mta-sts", "error 13.3")):
            check(name, lines.get(name), lines.get(name, "").startswith(start))
        check("it is bounded", time.monotonic() - began, time.monotonic() - began < 30)
        got = run(KEPT, port, authority, running[1].port, folder)
        wanted = ['enforce a1 ("a.example")', 'enforce a1 ("a.example")', 'testing a2 ("b.example")', 'testing a2 ("b.example")',
                  'testing a2 ("b.example")', "none", 'enforce a4 ("c.example")', "none"]
        for i, name in enumerate(("fetched", "kept while the id is the same", "fetched anew for another id", "kept without a record",
                                  "kept where the new one is none", "nothing kept, nothing to be had", "a new id is tried at once",
                                  "expired")):
            check(f"policy: {name}", got, got[i:i + 1] == wanted[i:i + 1])
    finally:
        for server in running:
            server.stop()
    report.end()


main()
