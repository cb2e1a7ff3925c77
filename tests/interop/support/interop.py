# SPDX-License-Identifier: GPL-3.0-or-later
"""What the tests of interworking share: orders to job.cpl, messages that are hard to carry, and the look at what arrived.

A test makes a Peer of a running server and says what it offers; check_all then sends, over each connection, what every
server must take, and compares what arrived byte by byte. TAP."""
import json
import os
import pathlib
import subprocess
import sys
import time

ROOT = pathlib.Path(os.environ["CARAPACE_ROOT"])
sys.path[:0] = [str(ROOT / "tests/servers"), str(ROOT / "tests/runner")]
import servers  # noqa: E402
from tap import Report  # noqa: E402

FOLDER = pathlib.Path.cwd()
BOB = {"user": "bob@example.test", "password": "secret"}


class Bytes(bytes):
    """Shown by its length and end alone."""

    def __repr__(self):
        return f"<{len(self)} bytes>" if len(self) > 400 else super().__repr__()


def difficult(identity, eight_bit=True, recipients="bob@example.test", sender="ann@x.test"):
    """A message as CR LF lines of all that carriers stumble over."""
    lines = [f"From: {sender}", f"To: {recipients}", f"Message-ID: <{identity}@x.test>", "Date: Tue, 24 Nov 2026 12:00:00 +0000",
             "Subject: interworking", "MIME-Version: 1.0", "Content-Type: text/plain; charset=utf-8",
             "Content-Transfer-Encoding: " + ("8bit" if eight_bit else "7bit"), "", ".", "..", ".a", "", " trailing blanks  ",
             "\ttab\t", "From the beginning", "a" * 998 if eight_bit else "b" * 998, "QUIT", "RSET", "DATA", "=20",
             "Grüße, 日本 😀" if eight_bit else "plain", "", ".", "", "..", "the end", "", ""]
    return Bytes("\r\n".join(lines).encode())


def lines_of(kept):
    """With LF alone: how a server keeps lines is its own affair."""
    return kept.replace(b"\r\n", b"\n")


class Peer:
    """A running server; `kept` gives what it has kept as {file: bytes}; `loses` is what it is known to change."""

    def __init__(self, report, name, server, place=None):
        self.report, self.name, self.server = report, name, server
        self.place, self.number = place or server.folder / "messages", 0

    def do(self, tls="off", port=None, ca=None, **order):
        """Has job.cpl do it; its answer as a dictionary."""
        self.number += 1
        order.update(port=self.server.ports[port] if port else self.server.port, tls=tls, localMailDomain="client.x.test")
        if tls != "off":
            order["caFile"] = str(ca or self.server.folder / "ca.crt")
        path = FOLDER / f"{self.name}-{self.number}.json"
        path.write_text(json.dumps(order))
        run = subprocess.run([os.environ["CARAPACE"], str(ROOT / "tests/interop/support/job.cpl"), str(path)],
                             capture_output=True, text=True, timeout=300)
        try:
            return json.loads(run.stdout)
        except ValueError:
            return {"failure": {"error": "none", "text": run.stdout + run.stderr}, "outcomes": []}

    def kept(self, needle, wanted=1, seconds=30):
        """What the server has kept that contains needle, at least `wanted` files that grow no more (not every server
        moves a file into its place when it is whole), or after some time what there is."""
        end, before = time.monotonic() + seconds, None
        while True:
            found = []
            for path in self.place.rglob("*"):
                try:
                    if path.is_file() and path.parent.name in ("new", "cur", "messages") and path.suffix != ".json":
                        data = path.read_bytes()
                        if needle in data:
                            found.append(Bytes(data))
                except OSError:
                    pass  # moved within its maildir just now
            sizes = sorted(len(data) for data in found)
            if (len(found) >= wanted and sizes == before) or time.monotonic() > end:
                return found
            before = sizes
            time.sleep(0.1)

    def check(self, name, good, detail=""):
        self.report.check(f"{self.name}: {name}", good, detail)

    def arrives(self, name, content, identity, **how):
        """Sends a message and sees that what arrives ends in exactly it: a server may put headers before it only."""
        path = FOLDER / f"{identity}.eml"
        path.write_bytes(content)
        order = {"file": str(path), "sender": "ann@x.test", "recipients": ["bob@example.test"]}
        order.update(how.pop("message", {}))
        answer = self.do(messages=[order], **how)
        good = [outcome for outcome in answer["outcomes"] if "error" not in outcome]
        if not good:
            return self.check(name, False, answer)
        reports = lambda data: b"multipart/report" in data.partition(b"\n\n")[0].partition(b"\r\n\r\n")[0]  # noqa: E731
        kept = [data for data in self.kept(f"<{identity}@x.test>".encode()) if not reports(data)]
        ends = [lines_of(data).rstrip(b"\n").endswith(lines_of(content).rstrip(b"\n")) for data in kept]
        self.check(name, kept and all(ends), f"{len(kept)} kept, ends {ends}; {kept[:1]!r:.3000}")
        return answer

    # ---- what every server is asked ----

    def carries(self, name, identity, **how):
        return self.arrives(f"{name}: a difficult message arrives as it was", difficult(identity), identity, **how)

    def carries_large(self, identity, megabytes=25, **how):
        line = ("x" * 76 + "\r\n").encode()
        message = Bytes(difficult(identity) + line * (megabytes * 1000000 // len(line)))
        self.arrives(f"{megabytes} MB arrive as they were", message, identity, **how)

    def carries_many(self, count=300, in_doubt=0, **how):
        orders = [{"sender": "ann@x.test", "recipients": ["bob@example.test"], "subject": f"many-{number}-of-them",
                   "text": f"Hello {number}\n.\n..\nend\n"} for number in range(count)]
        answer = self.do(all=orders, **how)
        errors = [outcome for outcome in answer["outcomes"] if "error" in outcome]
        self.check(f"sendAll of {count} messages" + (f", {in_doubt} of them in doubt at most" if in_doubt else ""),
                   answer.get("accepted", 0) + len(errors) == count and len(errors) <= in_doubt
                   and all(error["inDoubt"] for error in errors), answer)
        kept = self.kept(b"-of-them", count) if answer.get("accepted") else []
        missing = [number for number in range(count)
                   if sum(f"many-{number}-of-them".encode() in data and f"Hello {number}".encode() in data for data in kept) != 1]
        self.check(f"each of {count} arrives once", len(kept) == count and not missing, f"{len(kept)} kept, wrong: {missing}")

    def carries_utf8(self, identity, recipient="jörg@example.test", **how):
        message = difficult(identity, recipients=recipient, sender="zoë@x.test")
        self.arrives("addresses in UTF-8 (SMTPUTF8)", message, identity,
                     message={"sender": "zoë@x.test", "recipients": [recipient]}, **how)

    def refuses_utf8(self, **how):
        answer = self.do(messages=[{"sender": "ann@x.test", "recipients": ["jörg@example.test"], "subject": "x", "text": "y"}], **how)
        self.check("an address in UTF-8 is not sent where SMTPUTF8 is not offered",
                   [outcome.get("error") for outcome in answer["outcomes"]] == ["10.553"], answer)

    def refuses_one(self, refused, code, **how):
        """A refused recipient: nothing is sent; with partial, the others get it. Both leave the connection usable."""
        message = {"sender": "ann@x.test", "recipients": ["bob@example.test", refused, "carla@example.test"],
                   "subject": "refused-whole", "text": "Hello.\n"}
        last = {"sender": "ann@x.test", "recipients": ["bob@example.test"], "subject": "after-it", "text": "Hello.\n"}
        answer = self.do(messages=[message, last], **how)
        first = answer["outcomes"][0] if answer["outcomes"] else {}
        self.check("a refused recipient: to all or to nobody",
                   first.get("error") == f"10.{code}" and refused in first.get("text", "") and not first["temporary"]
                   and not first["inDoubt"] and [row[1] for row in first["results"]].count("accepted") == 0, answer)
        self.check("and the next message goes", answer["outcomes"] and "error" not in answer["outcomes"][-1]
                   and self.kept(b"after-it"), answer)
        self.check("nothing of the first was delivered", not self.kept(b"refused-whole", seconds=0))
        answer = self.do(messages=[dict(message, subject="refused-partly")], partial=True, **how)
        rows = answer["outcomes"][0]["results"] if answer["outcomes"] else []
        self.check("partial: the results tell of each", [(row[1], row[2]) for row in rows] ==
                   [("accepted", 250), ("refused", code), ("accepted", 250)], answer)
        self.check("and the others got it", rows and self.kept(b"refused-partly"), answer)

    def dsn(self, identity, offered=True, **how):
        answer = self.arrives("NOTIFY " + ("is taken" if offered else "is left out where DSN is not offered"), difficult(identity),
                              identity, message={"notify": ["success", "failure"]}, **how)
        has = "DSN" in (answer or {}).get("capabilities", [])
        self.check(f"DSN is {'' if offered else 'not '}offered", has == offered, answer)

    def logs_in(self, mechanisms, with_wrong=True, **how):
        """Each mechanism with the right secret and a wrong one. mechanisms: name, or name: further properties."""
        for mechanism in mechanisms:
            answer = self.do(authMechanism=mechanism, **{**BOB, **how})
            self.check(f"AUTH {mechanism}", answer.get("entered", "").startswith("235"), answer)
            if with_wrong:
                answer = self.do(authMechanism=mechanism, **{**BOB, **how, "password": "wrong"})
                self.check(f"AUTH {mechanism}, wrong password", answer.get("failure", {}).get("error") == "10.535"
                           and "wrong" not in answer["failure"]["text"].replace("wrong password", ""), answer)

    def encrypts(self, mode, port=None, **how):
        answer = self.do(tls=mode, port=port, **how)
        self.check(f"TLS {mode}", answer.get("version") in ("1.2", "1.3"), answer)
        answer = self.do(tls=mode, port=port, ca=self.server.folder / "other-ca.crt", **how)
        self.check(f"TLS {mode}, unknown authority", answer.get("failure", {}).get("error") == "13.4", answer)


def run(name, arguments, test, starter=None):
    """Starts the server in a folder of its own, calls test(Peer), stops it; skips where it cannot run."""
    for part in [FOLDER, *FOLDER.parents]:  # servers run as other users
        if part.stat().st_uid == os.getuid() and part != pathlib.Path("/"):
            part.chmod(part.stat().st_mode | 0o011)
    servers.adopt_orphans()
    report = Report()
    try:
        server = servers.start(starter or name, arguments, FOLDER / f"{name}-server")
    except servers.Unavailable as reason:
        print(f"no {name}: {reason}")
        sys.exit(77)
    try:
        test(Peer(report, name, server))
    finally:
        server.stop()
    report.end()
