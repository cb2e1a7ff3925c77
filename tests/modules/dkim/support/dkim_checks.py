# SPDX-License-Identifier: GPL-3.0-or-later
"""What the tests of Dkim beside other programs share: TAP, scripts run by Carapace, signing and verifying files by it."""
import json
import os
import pathlib
import subprocess
import sys

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.join(os.environ["CARAPACE_ROOT"], "tests/runner"))
from tap import Report  # noqa: E402

HERE = pathlib.Path.cwd()
KEYS = {}  # the records that verify finds: name -> text, or a list of strings
report = Report()
check, finish = report.check, report.end

VERIFY = """(local (d Dkim (create Dkim)) (keys HashTable (jsonParse (with (f (create Stream "file" "keys.json")) (f.string)))))
(d.keys keys)
(for name ::Arguments
    (try (print (jsonString (map (lambda (r) (list (r.get "result") (r.get "reason") (r.get "domain"))) (d.verify (create Stream "file" name "rb")))))
        (catch -1 (print (jsonString (list (list "error" err.text "")))))))
"""
# Arguments: selector, key, canonicalization, files. The signed ones are FILE.signed.
SIGN = """(local (d Dkim (create Dkim domain: "x.test" selector: (::Arguments.get 0) key: (::Arguments.get 1) canonicalization: (::Arguments.get 2))))
(for name (tailOf (tailOf (tailOf ::Arguments)))
    (with (f (create Stream "file" (+ name ".signed") "wb"))
        (f.write (d.sign (create Stream "file" name "rb")))
        (f.write (with (g (create Stream "file" name "rb")) (g.read)))))
(print "done")
"""
KINDS = (("rsa", "rsa.pem"), ("ed25519", "ed.pem"))  # selector, which is the kind, and the key's file
FORMS = ("relaxed/relaxed", "simple/simple", "relaxed/simple", "simple/relaxed")


def carapace(script, *arguments):
    """What the script prints, errors included."""
    done = subprocess.run([os.environ["CARAPACE"], "-", *arguments], input=script, capture_output=True, text=True, timeout=100)
    return done.stdout if done.returncode == 0 else done.stdout + done.stderr


def write_all(prefix, messages):
    """Writes each message to a file; the files' names."""
    names = [f"{prefix}{i}" for i in range(len(messages))]
    for name, message in zip(names, messages):
        (HERE / name).write_bytes(message)
    return names


def verify(*messages, **keys):
    """For each message what its signatures are worth: a list of (result, reason, domain)."""
    (HERE / "keys.json").write_text(json.dumps(KEYS | keys))
    output = carapace(VERIFY, *write_all("m", messages))
    try:
        return [json.loads(line) or [] for line in output.splitlines()]
    except ValueError:
        raise SystemExit(output)


def make_keys():
    """A key of each kind; their records are in KEYS as KIND._domainkey.x.test. What makeKey did."""
    told = {}
    for kind, file in KINDS:
        told[kind] = carapace(f'(local (d Dkim (create Dkim))) (d.makeKey "{file}" "{kind}") (printAux (d.record))')
        KEYS[f"{kind}._domainkey.x.test"] = told[kind]
    return told


def sign_all(kind, file, form, names):
    """These files signed; an empty list when that failed, and what was said."""
    told = carapace(SIGN, kind, file, form, *names)
    return ([(HERE / f"{name}.signed").read_bytes() for name in names] if told == "done\n" else []), told
