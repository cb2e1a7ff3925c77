#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""Delivery straight to the hosts of a domain: DANE, MTA-STS and neither, with Knot's signed zone, hosts on several loopback
addresses and a server for policies."""
import os
import pathlib
import subprocess
import sys

sys.dont_write_bytecode = True
sys.path[:0] = [os.path.join(os.environ["CARAPACE_ROOT"], "tests", room) for room in ("servers", "runner")]
import pki  # noqa: E402
import servers  # noqa: E402
from tap import Report  # noqa: E402

HERE = pathlib.Path.cwd()
SOA = "$TTL 60\n@ SOA ns hostmaster 1 3600 600 86400 60\n@ NS ns\nns A 127.0.0.1\n"
STS = "plain dry enforced missing wrongmx untrusted redirect huge chunked close cut html".split()
POLICY = "version: STSv1\r\nmode: {mode}\r\nmx: {mx}\r\nmax_age: 86400\r\n"
report = Report()

PRELUDE = """
(local (words List ::Arguments) (dns Dns (create Dns servers: (+ "127.0.0.1:" (words.get 0)) trustAnchors: (words.get 1))))
(local (route MailRoute (create MailRoute dns: dns port: ((words.get 2).integer) caFile: (words.get 4) timeout: 5000 connectTimeout: 3000)))
(route.sts (create MtaSts dns: dns port: ((words.get 3).integer) caFile: (words.get 4) timeout: 4000))
(defun Object told ((f Function)) (try (return (f)) (catch -1 (return (join (list err.class "." err.code " " err.text))))))
(defun SmtpMessage note ((recipient String)) (return (create SmtpMessage sender: "a@local.example" recipient: recipient subject: "s" text: "t")))
(defun NIL to ((domain String)) (print (told (lambda () (route.send domain (note (+ "x@" domain))) "sent"))))
"""


def check(name, got, wanted):
    fine = wanted(got) if callable(wanted) else got == wanted
    report.check(name, fine, f"got: {got!r}" + ("" if callable(wanted) else f"\nnot: {wanted!r}"))


def zones(port):
    key, authority = pki.tlsa(HERE / "mx", "a"), pki.tlsa(HERE / "mx", "ca", 0)
    tlsa = f"_{port}._tcp"
    signed = SOA + f"""
@ MX 10 mx
mx A 127.0.0.2
{tlsa}.mx TLSA 3 1 1 {key}
wrong MX 10 mx.wrong
mx.wrong A 127.0.0.2
{tlsa}.mx.wrong TLSA 3 1 1 {'ab' * 32}
ta MX 10 mx.ta
mx.ta A 127.0.0.3
{tlsa}.mx.ta TLSA 2 0 1 {authority}
taname MX 10 mx.taname
mx.taname A 127.0.0.3
{tlsa}.mx.taname TLSA 2 0 1 {authority}
second MX 10 dead.second
second MX 20 mx
dead.second A 127.0.0.8
{tlsa}.dead.second TLSA 3 1 1 {key}
clear MX 10 mx.clear
mx.clear A 127.0.0.5
{tlsa}.mx.clear TLSA 3 1 1 {key}
pkix MX 10 mx.pkix
mx.pkix A 127.0.0.4
{tlsa}.mx.pkix TLSA 1 1 1 {key}
pkixclear MX 10 mx.pkixclear
mx.pkixclear A 127.0.0.5
{tlsa}.mx.pkixclear TLSA 1 1 1 {key}
plain MX 10 mx.plain
mx.plain A 127.0.0.4
busy MX 10 mx.busy
busy MX 20 mx
mx.busy A 127.0.0.6
alias MX 10 al
al CNAME mx
itself A 127.0.0.2
{tlsa}.itself TLSA 3 1 1 {key}
nobody MX 0 .
multi MX 10 mx
multi MX 20 mx.clear
"""
    plain = SOA + "plain MX 10 clear\nbroken MX 10 broken\nbroken A 127.0.0.7\nclear A 127.0.0.5\nmx A 127.0.0.3\nself A 127.0.0.4\n" \
        "onlyself MX 10 self\nodd MX 10 a\\032b\n"
    for name in STS:
        if name != "plain":
            host = {"untrusted": "self"}.get(name, "mx")
            plain += f"{name} MX 10 {host}\n_mta-sts.{name} TXT \"v=STSv1; id=1;\"\nmta-sts.{name} A 127.0.0.1\n"
    plain += "twice MX 10 mx\n_mta-sts.twice TXT \"v=STSv1; id=1;\"\n_mta-sts.twice TXT \"v=STSv1; id=2;\"\n"
    plain += "wrong MX 10 mx\n_mta-sts.wrong TXT \"v=STSv1; id=1;\"\nmta-sts.wrong A 127.0.0.1\n"
    (HERE / "signed.example.zone").write_text(signed)
    (HERE / "sts.example.zone").write_text(plain)
    return [f"{HERE}/signed.example.zone:signed", f"{HERE}/sts.example.zone"]


def policies(folder):
    (folder / "policies").mkdir()
    ways = {"redirect": "!redirect\n", "huge": "!huge\n", "chunked": "!chunked\n", "close": "!close\n", "cut": "!cut\n", "html": "!html\n"}
    for name in [*STS, "wrong"]:
        if name not in ("plain", "missing"):
            mx = "*.other.example" if name in ("wrongmx", "dry") else "*.sts.example"
            text = ways.get(name, "") + POLICY.format(mode="testing" if name == "dry" else "enforce", mx=mx)
            (folder / "policies" / f"mta-sts.{name}.sts.example").write_bytes(text.encode())


def log():
    path = HERE / "mx/log"
    lines = path.read_text().split("\n")[:-1] if path.exists() else []
    path.unlink(missing_ok=True)
    return lines


def main():
    running = []
    for name in ("mx", "policy"):
        (HERE / name).mkdir()
    if not pki.is_there():
        sys.exit(77)
    pki.make_for(HERE / "mx", "a", ["nobody.example"], "other-ca")
    pki.make_for(HERE / "mx", "b", ["mx.ta.signed.example", "mx.sts.example"])
    pki.make_for(HERE / "mx", "c", ["self.sts.example"], "other-ca")
    with open(HERE / "mx/b.crt", "a") as chain:  # DANE-TA wants the authority in the chain
        chain.write((HERE / "mx/ca.crt").read_text())
    for name in ("ca.crt", "ca.key", "other-ca.crt", "other-ca.key"):
        (HERE / "policy" / name).write_bytes((HERE / "mx" / name).read_bytes())
    pki.make_for(HERE / "policy", "policy", [f"mta-sts.{name}.sts.example" for name in STS])
    pki.make_for(HERE / "policy", "other", ["elsewhere.example"])
    policies(HERE / "policy")
    try:
        mx = servers.start("mx", ["127.0.0.2=a", "127.0.0.3=b", "127.0.0.4=c", "127.0.0.5=clear", "127.0.0.6=a:451_4.3.0_later",
                                  "127.0.0.7=garbage"], HERE / "mx")
        running.append(mx)
        policy = servers.start("policy", [], HERE / "policy")
        running.append(policy)
        try:
            knot = servers.start("knot", zones(mx.port), HERE / "knot")
        except servers.Unavailable:
            sys.exit(77)
        running.append(knot)

        def run(script):
            (HERE / "script.cpl").write_text(PRELUDE + script)
            done = subprocess.run([os.environ["CARAPACE"], "script.cpl", str(knot.port), str(knot.folder / "anchors"), str(mx.port),
                                   str(policy.port), str(HERE / "mx/ca.crt")], capture_output=True, text=True, timeout=120)
            return (done.stdout + done.stderr).split("\n")[:-1]

        def send(domain):
            return (run(f'(to "{domain}")')[0], *log())

        tests(run, send)
    finally:
        for server in running:
            server.stop()
    report.end()


def starts(text):
    return lambda got: got[0].startswith(text) and len(got) == 1


def tests(run, send):
    d = "signed.example"
    check("DANE-EE: whatever name and authority", send(d), ("sent", f"127.0.0.2 encrypted <x@{d}>"))
    check("DANE-EE: another key", send(f"wrong.{d}"), starts("13.14 "))
    check("DANE-TA", send(f"ta.{d}"), (("sent", f"127.0.0.3 encrypted <x@ta.{d}>")))
    check("DANE-TA: the name counts", send(f"taname.{d}"), starts("13.3 "))
    check("the second host", send(f"second.{d}"), ("sent", f"127.0.0.2 encrypted <x@second.{d}>"))
    check("DANE and no STARTTLS: nothing in clear", send(f"clear.{d}"), starts("13.13 "))
    check("TLSA that mail cannot use: encrypted to whomever", send(f"pkix.{d}"), ("sent", f"127.0.0.4 encrypted <x@pkix.{d}>"))
    check("TLSA that mail cannot use, and no STARTTLS", send(f"pkixclear.{d}"), starts("13.13 "))
    check("signed and without TLSA", send(f"plain.{d}"), ("sent", f"127.0.0.4 encrypted <x@plain.{d}>"))
    check("a temporary refusal: the next host", send(f"busy.{d}"), ("sent", f"127.0.0.2 encrypted <x@busy.{d}>"))
    check("an alias: the TLSA of the name behind it", send(f"alias.{d}"), ("sent", f"127.0.0.2 encrypted <x@alias.{d}>"))
    check("no MX: the domain itself", send(f"itself.{d}"), ("sent", f"127.0.0.2 encrypted <x@itself.{d}>"))
    check("null MX", send(f"nobody.{d}"), starts("14.9 "))
    check("no such domain", send(f"none.{d}"), starts("14.1 "))
    s = "sts.example"
    check("no policy, no STARTTLS", send(f"plain.{s}"), ("sent", f"127.0.0.5 clear <x@plain.{s}>"))
    check("STARTTLS that fails: in clear where nothing is demanded", send(f"broken.{s}"), ("sent", f"127.0.0.7 clear <x@broken.{s}>"))
    check("... and not where it is", run(f"(route.requireTls 'true) (to \"broken.{s}\")")[0], lambda got: got.startswith("13.10 "))
    check("no policy: whoever's certificate", send(f"onlyself.{s}"), ("sent", f"127.0.0.4 encrypted <x@onlyself.{s}>"))
    check("MTA-STS", send(f"enforced.{s}"), ("sent", f"127.0.0.3 encrypted <x@enforced.{s}>"))
    check("MTA-STS: a host that it does not name", send(f"wrongmx.{s}"), starts("14.5 "))
    check("MTA-STS: a certificate of nobody's", send(f"untrusted.{s}"), starts("13.4 "))
    check("MTA-STS in testing demands nothing", send(f"dry.{s}"), ("sent", f"127.0.0.3 encrypted <x@dry.{s}>"))
    check("a host whose name is none", send(f"odd.{s}"), starts("14.5 "))
    look = """(for name (list "enforced" "missing" "redirect" "huge" "chunked" "close" "cut" "html" "wrong" "twice")
        (local (found HashTable (route.sts.look (+ name ".sts.example"))))
        (print (join (list name (if (found.get "policy") ((found.get "policy").get "mode") "none") (or (found.get "problem") "")) " | ")))"""
    lines = dict(line.split(" | ", 1) for line in run("(route.plan \"plain.sts.example\")" + look))
    for name in ("enforced", "chunked", "close"):
        check(f"the policy comes: {name}", lines.get(name), "enforce | ")
    for name, words in (("missing", "status 404"), ("redirect", "redirects are not followed"), ("huge", "larger than 65536 bytes"),
                        ("cut", "cut short"), ("html", "text/plain"), ("wrong", "not for mta-sts.wrong.sts.example")):
        check(f"no policy comes: {name}", lines.get(name, ""), lambda got: got.startswith("none | ") and words in got)
    check("two TXT records are none", lines.get("twice"), "none | ")
    path = HERE / "policy/requests"
    path.unlink(missing_ok=True)
    kept = run("""(dotimes (i 5) (to "enforced.sts.example")) (dotimes (i 3) (to "missing.sts.example"))""")
    check("a policy and a failure are kept", (kept, sorted(path.read_text().split())),
          (["sent"] * 8, ["/.well-known/mta-sts.txt"] * 2 + ["mta-sts.enforced.sts.example", "mta-sts.missing.sts.example"]))
    log()
    outcome = run("""(local (m SmtpMessage (note "x@signed.example")))
        (m.recipients (list "y@signed.example" "z@wrong.signed.example")) (m.blindCopyRecipients (list "Bob <b@plain.sts.example>"))
        (local (o HashTable (route.deliver m)))
        (for name (o.keys) (print (join (list name (if (typeOf (o.get name) "Error") ((o.get name).code) "sent")) " ")))""")
    check("deliver: each domain once, its recipients alone", (outcome, sorted(log())),
          (["signed.example sent", "wrong.signed.example 14", "plain.sts.example sent"],
           ["127.0.0.2 encrypted <x@signed.example> <y@signed.example>", "127.0.0.5 clear <b@plain.sts.example>"]))
    explained = "\n".join(run('(local (plan HashTable (explainTls "multi.signed.example" route))) (print "fine" (plan.get "fine"))'))
    for words in ("multi.signed.example: mail hosts secure", "10 mx.signed.example: dane", "TLSA 3 1 1 ", "encrypted, and its certificate is one",
                  "TLS 1.3", "20 mx.clear.signed.example: dane", "FAILS: encryption is demanded and it offers no STARTTLS", "fine\ntrue"):
        check(f"explainTls says: {words.strip()}", explained, lambda got: words in got)
    explained = "\n".join(run('(explainTls "enforced.sts.example" route) (explainTls "plain.sts.example" route) (explainTls "wrongmx.sts.example" route)'))
    for words in ("enforced.sts.example: mail hosts insecure", "MTA-STS: enforce (id 1, max_age 86400): *.sts.example",
                  "its certificate is valid for the host", "in clear: it offers no STARTTLS", "FAILS: the domain's MTA-STS policy does not name it"):
        check(f"explainTls says: {words}", explained, lambda got: words in got)
    check("nothing was sent by it", log(), [])


main()
