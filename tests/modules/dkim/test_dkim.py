#!/usr/bin/python3
# SPDX-License-Identifier: GPL-3.0-or-later
# Dkim beside dkimpy: our signatures checked by it, its by us, the example of RFC 8463, what must be refused, a thousand
# mutations.
# timeout: 120
import os
import random
import sys

try:
    import dkim
    import nacl.encoding
    import nacl.signing
except ImportError:
    print("skipped: dkimpy and pynacl are not here", file=sys.stderr)
    sys.exit(77)

sys.path.insert(0, os.path.join(os.environ["CARAPACE_ROOT"], "tests/modules/dkim/support"))
from dkim_checks import FORMS, HERE, KEYS, KINDS, carapace, check, finish, make_keys, sign_all, verify, write_all  # noqa: E402


def results(message):
    return [row[0] for row in verify(message)[0]]


# ---- RFC 8463, appendix A ----
RFC_RSA_PRIVATE = b"""-----BEGIN RSA PRIVATE KEY-----
MIICXQIBAAKBgQDkHlOQoBTzWRiGs5V6NpP3idY6Wk08a5qhdR6wy5bdOKb2jLQi
Y/J16JYi0Qvx/byYzCNb3W91y3FutACDfzwQ/BC/e/8uBsCR+yz1Lxj+PL6lHvqM
KrM3rG4hstT5QjvHO9PzoxZyVYLzBfO2EeC3Ip3G+2kryOTIKT+l/K4w3QIDAQAB
AoGAH0cxOhFZDgzXWhDhnAJDw5s4roOXN4OhjiXa8W7Y3rhX3FJqmJSPuC8N9vQm
6SVbaLAE4SG5mLMueHlh4KXffEpuLEiNp9Ss3O4YfLiQpbRqE7Tm5SxKjvvQoZZe
zHorimOaChRL2it47iuWxzxSiRMv4c+j70GiWdxXnxe4UoECQQDzJB/0U58W7RZy
6enGVj2kWF732CoWFZWzi1FicudrBFoy63QwcowpoCazKtvZGMNlPWnC7x/6o8Gc
uSe0ga2xAkEA8C7PipPm1/1fTRQvj1o/dDmZp243044ZNyxjg+/OPN0oWCbXIGxy
WvmZbXriOWoSALJTjExEgraHEgnXssuk7QJBALl5ICsYMu6hMxO73gnfNayNgPxd
WFV6Z7ULnKyV7HSVYF0hgYOHjeYe9gaMtiJYoo0zGN+L3AAtNP9huqkWlzECQE1a
licIeVlo1e+qJ6Mgqr0Q7Aa7falZ448ccbSFYEPD6oFxiOl9Y9se9iYHZKKfIcst
o7DUw1/hz2Ck4N5JrgUCQQCyKveNvjzkkd8HjYs0SwM0fPjK16//5qDZ2UiDGnOe
uEzxBDAr518Z8VFbR41in3W4Y3yCDgQlLlcETrS+zYcL
-----END RSA PRIVATE KEY-----
"""
KEYS |= {
    "brisbane._domainkey.football.example.com": "v=DKIM1; k=ed25519; p=11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo=",
    "test._domainkey.football.example.com": [
        "v=DKIM1; k=rsa; p=MIGfMA0GCSqGSIb3DQEBAQUAA4GNADCBiQKBgQDkHlOQoBTzWR"
        "iGs5V6NpP3idY6Wk08a5qhdR6wy5bdOKb2jLQiY/J16JYi0Qvx/byYzCNb3W91y3FutAC",
        "DfzwQ/BC/e/8uBsCR+yz1Lxj+PL6lHvqMKrM3rG4hstT5QjvHO9PzoxZyVYLzBfO2EeC3"
        "Ip3G+2kryOTIKT+l/K4w3QIDAQAB"],
}
RFC_MESSAGE = """DKIM-Signature: v=1; a=ed25519-sha256; c=relaxed/relaxed;
 d=football.example.com; i=@football.example.com;
 q=dns/txt; s=brisbane; t=1528637909; h=from : to :
 subject : date : message-id : from : subject : date;
 bh=2jUSOH9NhtVGCQWNr9BrIAPreKQjO6Sn7XIkfJVOzv8=;
 b=/gCrinpcQOoIfuHNQIbq4pgh9kyIK3AQUdt9OdqQehSwhEIug4D11Bus
 Fa3bT3FY5OsU7ZbnKELq+eXdp1Q1Dw==
DKIM-Signature: v=1; a=rsa-sha256; c=relaxed/relaxed;
 d=football.example.com; i=@football.example.com;
 q=dns/txt; s=test; t=1528637909; h=from : to : subject :
 date : message-id : from : subject : date;
 bh=2jUSOH9NhtVGCQWNr9BrIAPreKQjO6Sn7XIkfJVOzv8=;
 b=F45dVWDfMbQDGHJFlXUNB2HKfbCeLRyhDXgFpEL8GwpsRe0IeIixNTe3
 DhCVlUrSjV4BwcVcOF6+FF3Zo9Rpo1tFOeS9mPYQTnGdaSGsgeefOsk2Jz
 dA+L10TeYt9BgDfQNZtKdN1WO//KgIqXP7OdEFE4LjFYNcUxZQ4FADY+8=
From: Joe SixPack <joe@football.example.com>
To: Suzie Q <suzie@shopping.example.net>
Subject: Is dinner ready?
Date: Fri, 11 Jul 2003 21:00:37 -0700 (PDT)
Message-ID: <20030712040037.46341.5F8J@football.example.com>

Hi.

We lost the game.  Are you hungry yet?

Joe.
""".replace("\n", "\r\n").encode()
check("the example of RFC 8463", results(RFC_MESSAGE) == ["pass", "pass"], verify(RFC_MESSAGE))
check("with bare line feeds, as a file has it", results(RFC_MESSAGE.replace(b"\r\n", b"\n")) == ["pass", "pass"])

# ---- our keys ----
for kind, record in make_keys().items():
    mode = (HERE / dict(KINDS)[kind]).stat().st_mode
    check(f"makeKey {kind}", record.startswith("v=DKIM1; k=") and mode & 0o777 == 0o600, record)
told = carapace('(try ((create Dkim).makeKey "rsa.pem" "rsa") (catch 5 (printAux err.class "." err.code)))')
check("makeKey writes over nothing", told == "5.1", told)


def oracle(message, index=0):
    def lookup(name, timeout=5):
        record = KEYS.get((name.decode() if isinstance(name, bytes) else name).rstrip("."))
        return "".join(record).encode() if record else None
    try:
        return dkim.DKIM(message).verify(index, dnsfunc=lookup)
    except Exception as error:  # it stumbles over some mutants: a refusal too
        return str(error)


BODIES = [b"", b"\r\n", b"\r\n\r\n", b"one\r\n", b"one", b" one  two \t three \r\n\r\n  \r\n", b"\t\r\n", b"a\r\n\r\n\r\nb\r\n\r\n",
          b"dots\r\n.\r\n..\r\n", b"bare\rcr\r\n", "grüße\r\n".encode(), b"x" * 3000 + b"  \r\n" + b" " * 3000 + b"y\r\n",
          b"\r\n a\r\n", b"white at the end \t \r\n \t \r\n"]
HEADERS = [b"From: a@x.test\r\nTo: b@y.test\r\nSubject: s\r\n",
           b"FROM:  a@x.test \r\nSubject:   folded\r\n\t more  and\r\n more \r\nX-Empty:\r\nReceived: a\r\nReceived: b\r\n",
           b"Subject: one\r\nSubject: two\r\nFrom: \"A\" <a@x.test>\r\nList-Unsubscribe: <https://x.test/u>\r\n"
           b"List-Unsubscribe-Post: List-Unsubscribe=One-Click\r\n"]
messages = [header + b"\r\n" + body for header in HEADERS for body in BODIES]
names = write_all("p", messages)
for kind, file in KINDS:
    for form in FORMS:
        signed, told = sign_all(kind, file, form, names)
        wrong = [(m, oracle(m)) for m in signed if oracle(m) is not True]
        check(f"{kind} {form}: dkimpy takes {len(signed)} of ours", signed and not wrong, (told, wrong[:2]))
        own = verify(*signed)
        check(f"{kind} {form}: so do we", [row[0][0] for row in own] == ["pass"] * len(signed), [r for r in own if r[0][0] != "pass"][:2])

# ---- theirs ----
PRIVATE = {"test": RFC_RSA_PRIVATE, "brisbane": b"nWGxne/9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A="}
theirs = []
for selector, algorithm in (("test", b"rsa-sha256"), ("brisbane", b"ed25519-sha256")):
    for form in [tuple(form.encode().split(b"/")) for form in FORMS]:
        for message in messages[::4]:
            theirs.append(dkim.sign(message, selector.encode(), b"football.example.com", PRIVATE[selector], canonicalize=form,
                                    signature_algorithm=algorithm) + message)
found = verify(*theirs)
check(f"{len(theirs)} signatures by dkimpy pass", all(row and row[0][0] == "pass" for row in found),
      [(r, theirs[i]) for i, r in enumerate(found) if not r or r[0][0] != "pass"][:2])
partial = dkim.sign(messages[3], b"test", b"football.example.com", RFC_RSA_PRIVATE, length=True) + messages[3]
check("l= covers the body", results(partial) == ["pass"], verify(partial))
check("what was added behind it is not covered", results(partial + b"added\r\n") == ["pass"], "")

# ---- what must be refused ----
signed = RFC_MESSAGE
swap = lambda old, new: signed.replace(old, new)
first = lambda message, **keys: verify(message, **keys)[0][0][:2] if verify(message, **keys)[0] else None
for name, message, result in [
    ("another version", swap(b"v=1; a=ed", b"v=2; a=ed"), "permerror"),
    ("rsa-sha1", swap(b"a=ed25519-sha256", b"a=rsa-sha1"), "permerror"),
    ("an unknown algorithm", swap(b"a=ed25519-sha256", b"a=ed448-sha512"), "permerror"),
    ("a missing tag", swap(b"s=brisbane; ", b""), "permerror"),
    ("a tag twice", swap(b"s=brisbane;", b"s=brisbane; s=brisbane;"), "permerror"),
    ("From not signed", swap(b"h=from : to :\r\n subject : date : message-id : from : subject : date;\r\n bh", b"h=to;\r\n bh"), "permerror"),
    ("an identity elsewhere", swap(b"i=@football.example.com;\r\n q=dns/txt; s=brisbane", b"i=@evil.example;\r\n q=dns/txt; s=brisbane"), "permerror"),
    ("an unknown canonical form", swap(b"c=relaxed/relaxed;\r\n d=football.example.com; i=@football.example.com;\r\n q=dns/txt; s=brisbane",
                                     b"c=nowsp/relaxed;\r\n d=football.example.com; i=@football.example.com;\r\n q=dns/txt; s=brisbane"), "permerror"),
    ("no base64", swap(b"b=/gCrinp", b"b=*gCrinp"), "permerror"),
    ("expired", swap(b"t=1528637909; h=from : to :\r\n subject : date : message-id : from : subject : date;\r\n bh=2jUSOH9NhtVGCQWNr9BrIAPreKQjO6Sn7XIkfJVOzv8=;\r\n b=/g",
                    b"t=1528637909; x=1528637910; h=from : to :\r\n subject : date : message-id : from : subject : date;\r\n bh=2jUSOH9NhtVGCQWNr9BrIAPreKQjO6Sn7XIkfJVOzv8=;\r\n b=/g"), "fail"),
    ("of a time to come", swap(b"s=brisbane; t=1528637909", b"s=brisbane; t=99999999999"), "permerror"),
    ("no such selector", swap(b"s=brisbane", b"s=nowhere"), "permerror"),
    ("another body", swap(b"Hi.", b"Ho."), "fail"),
    ("another header", swap(b"Subject: Is", b"Subject: Was"), "fail"),
    ("a second From", swap(b"From: Joe", b"From: Evil <e@evil.example>\r\nFrom: Joe"), "fail"),
    ("a second Subject behind", swap(b"\r\n\r\nHi", b"\r\nSubject: bought\r\n\r\nHi"), "fail"),
    ("no list of tags", b"DKIM-Signature: hello\r\n" + signed, "permerror"),
]:
    check(f"refused: {name}", message != signed and (first(message) or [""])[0] == result, first(message))
for name, record, result in [
    ("revoked", "v=DKIM1; k=ed25519; p=", "permerror"), ("of another kind", KEYS["test._domainkey.football.example.com"], "permerror"),
    ("not for mail", KEYS["brisbane._domainkey.football.example.com"] + "; s=web", "permerror"),
    ("not for sha256", KEYS["brisbane._domainkey.football.example.com"] + "; h=sha1", "permerror"),
    ("of 31 octets", "v=DKIM1; k=ed25519; p=" + "AAAA" * 10 + "AA==", "permerror"), ("rubbish", "hello", "permerror"),
    ("another version", KEYS["brisbane._domainkey.football.example.com"].replace("DKIM1", "DKIM2"), "permerror"),
    ("another key", "v=DKIM1; k=ed25519; p=O2onvM62pC1io6jQKm8Nc2UyFXcd4kOmOsBIoYtZ2ik=", "fail"),
    ("for testing", KEYS["brisbane._domainkey.football.example.com"] + "; t=y", "pass"),
    ("strict", KEYS["brisbane._domainkey.football.example.com"] + "; t=s", "pass"),
]:
    told = first(signed, **{"brisbane._domainkey.football.example.com": record})
    check(f"a key that is {name}", told[0] == result, told)
check("no signature at all", verify(b"From: a@b.c\r\n\r\nx\r\n") == [[]], "")
check("headers without an end", verify(b"X: y\r\n" * 300000)[0][0][0] == "error", "")
told = carapace('(local (d Dkim (create Dkim keys: (lambda (name) (throw (create Error 6 1 "late")))))) '
                '(print (map (lambda (r) (r.get "result")) (d.verify (create Stream "file" "m0" "rb"))))')
(HERE / "m0").write_bytes(RFC_MESSAGE)
told = carapace('(local (d Dkim (create Dkim keys: (lambda (name) (throw (create Error 6 1 "late")))))) '
                '(print (map (lambda (r) (r.get "result")) (d.verify (create Stream "file" "m0" "rb"))))')
check("a look-up that fails is temperror", told == '("temperror" "temperror")\n', told)
for script, expected in [
    ('(d.sign "From: a@b.c\\r\\n\\r\\n")', "1.3"), ('(do (d.domain "x.test") (d.selector "s") (d.key "rsa.pem") (d.sign "To: a@b.c\\r\\n\\r\\n"))', "1.8"),
    ('(do (d.domain "x..test") (d.selector "s") (d.key "rsa.pem") (d.sign "From: a@b.c\\r\\n\\r\\n"))', "1.8"),
    ('(d.key "missing.pem")', "5.1"), ('(d.key "keys.json")', "4.2"), ('(d.key "-----BEGIN PRIVATE KEY-----\\nAAAA\\n")', "1.8"),
    ('(d.canonicalization "nofws")', "1.8"), ("(d.headers '(\"a:b\"))", "1.8"), ('(d.expiry -1)', "1.8"),
    ('(d.makeKey "new.pem" "dsa")', "1.8"), ('(d.makeKey "new.pem" "rsa" 512)', "1.8"), ("(d.verify 7)", "1.11"),
    ('(do (d.domain "x.test") (d.selector "s") (d.key "rsa.pem") (d.identity "a@y.test") (d.sign "From: a@b.c\\r\\n\\r\\n"))', "1.8"),
    ("((create SmtpMessage).sign 7)", "1.11"),
]:
    told = carapace(f"(local (d Dkim (create Dkim))) (try {script} (catch -1 (printAux err.class \".\" err.code)))")
    check(f"{expected}: {script[:60]}", told == expected, told)
told = carapace('(local (d Dkim (create Dkim key: (with (f (create Stream "file" "rsa.pem")) (f.string))))) (print d.key d.algorithm (string d))')
check("a key given as text cannot be read back", told.startswith("*****\nrsa-sha256\n") and "PRIVATE" not in told, told)

# ---- SmtpMessage.sign ----
told = carapace("""(local (d Dkim (create Dkim domain: "x.test" selector: "rsa" key: "rsa.pem")) (m SmtpMessage))
(with (f (create Stream "file" "big.bin" "wb")) (for i (range 0 200) (f.write (randomBytes 1000))))
(set m (create SmtpMessage sender: "a@x.test" recipient: "b@y.test" subject: "Grüße" text: "ü\\n\\n\\n" html: "<p>ü" attachments: '("big.bin")))
(m.sign d)
(m.writeTo "out.eml")
(print (== (m.size) (fileStatus "out.eml" "size")))
(m.sign ())
(print (m.string.startsWith "DKIM"))""")
check("SmtpMessage.sign", told == "true\n()\n" and oracle((HERE / "out.eml").read_bytes()) is True, (told, oracle((HERE / "out.eml").read_bytes())))

# ---- mutations: in the simple form every octet counts but white space within b= ----
(HERE / "whole").write_bytes(b"From: Ann <a@x.test>\r\nTo: b@y.test\r\nSubject: the price is 100\r\nDate: Fri, 11 Jul 2003 21:00:37 -0700\r\n"
                            b"\r\nDear Bob,\r\n\r\nplease pay to account 12345.\r\n\r\nAnn\r\n")
(original,), told = sign_all("ed25519", "ed.pem", "simple/simple", ["whole"])
signature = range(original.index(b"\tb=") + 3, original.index(b"\r\nFrom:"))
source = random.Random(7)
mutants = []
while len(mutants) < 1000:
    at, message, how = source.randrange(len(original)), bytearray(original), source.randrange(3)
    if original[at] in b"\r\n" or (at in signature and (original[at] in b" \t" or how != 0)):  # line ends: a file has others
        continue
    if how == 0:
        message[at] ^= 1 << source.randrange(8)
    elif how == 1:
        del message[at]
    else:
        message.insert(at, source.randrange(33, 127))
    mutants.append(bytes(message))
passed = []
for start in range(0, 1000, 250):
    batch = mutants[start:start + 250]
    passed += [message for message, rows in zip(batch, verify(*batch)) if any(row[0] == "pass" for row in rows)]
check("unchanged it passes", results(original) == ["pass"], verify(original))
check("1,000 mutations are all refused", passed == [], passed[:3])
finish()
