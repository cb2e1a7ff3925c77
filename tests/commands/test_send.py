#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
# carapace send and carapace sendmail, as a shell and cron use them: what arrives, and what the status says.
# timeout: 120
import email
import email.policy
import os
import pathlib
import socket
import subprocess
import sys

sys.path[:0] = [os.path.join(os.environ["CARAPACE_ROOT"], "tests", room) for room in ("servers", "runner")]
import servers  # noqa: E402
from tap import Report  # noqa: E402

PROGRAM = os.environ["CARAPACE"]
HERE = pathlib.Path.cwd()
CONFIGURATION = HERE / "config"
report = Report()
check = report.check


def run(*arguments, text="", **environment):
    return subprocess.run([PROGRAM, *arguments], input=text.encode() if isinstance(text, str) else text, capture_output=True,
                          timeout=60, env={**os.environ, "XDG_CONFIG_HOME": str(CONFIGURATION), "LOGNAME": "ann", **environment})


def service(port):
    (CONFIGURATION / "carapace").mkdir(parents=True, exist_ok=True)
    (CONFIGURATION / "carapace/carapace.conf").write_text(
        f"[Communications/Services/default]\nmodules = Smtp,Util,Tcp\nhost = 127.0.0.1\nport = {port}\n")


class Sink:
    """carapace sink on a free port."""

    def __init__(self):
        self.folder = HERE / "mail"
        self.process = subprocess.Popen([PROGRAM, "sink", "--port", "0", "--maildir", str(self.folder), "--quiet"],
                                        stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, bufsize=0)
        self.port = int(self.process.stdout.readline().split()[4].rstrip(b","))

    def taken(self):
        """The messages that came since last asked, as bytes."""
        found = sorted((self.folder / "new").iterdir(), key=lambda path: int(path.name.split("Q")[1].split(".")[0]))
        messages = [path.read_bytes() for path in found]
        for path in found:
            path.unlink()
        return messages

    def stop(self):
        self.process.terminate()
        self.process.wait()


def parsed(data):
    return email.message_from_bytes(data, policy=email.policy.default)


sink = Sink()
server = f"127.0.0.1:{sink.port}"

# ---- send ----
(HERE / "logo.png").write_bytes(b"\x89PNG\r\n" + bytes(range(256)))
(HERE / "page.html").write_text("<p>Grüße <img src='cid:logo.png'></p>")
done = run("send", "--server", server, "--from", "Ann Ö <ann@x.test>", "--to", "Bob <bob@y.test>, \"C, D\" <cd@y.test>",
           "--cc", "e@y.test", "--bcc", "hidden@y.test", "--subject", "Grüße aus Köln", "--text", "-", "--html", "@page.html",
           "--inline", "logo.png", "--attach", "logo.png=ein bild.png", "--header", "X-Job: 7", "--reply-to", "r@x.test",
           text="Liebe Leute\n.\nEnde\n")
taken = sink.taken()
check("status and words", done.returncode == 0 and b"@x.test>" in done.stdout and b"250" in done.stdout, done)
check("one message", len(taken) == 1, taken)
message = parsed(taken[0])
check("envelope", message.get_all("Delivered-To") == ["bob@y.test", "cd@y.test", "e@y.test", "hidden@y.test"], message.items())
check("headers", (message["From"], message["To"], message["Cc"], message["Subject"], message["X-Job"], message["Reply-To"]) ==
      ("Ann Ö <ann@x.test>", 'Bob <bob@y.test>, "C, D" <cd@y.test>', "e@y.test", "Grüße aus Köln", "7", "r@x.test"), message.items())
check("nobody reads of the hidden one", taken[0].count(b"hidden") == 1, taken[0])
check("text", message.get_body(("plain",)).get_content().replace("\r", "") == "Liebe Leute\n.\nEnde\n", message)
picture = [part for part in message.walk() if part.get_content_disposition() == "inline"][0]
check("the html shows the picture", f"cid:{picture['Content-ID'][1:-1]}" in message.get_body(("html",)).get_content(), message)
check("attachment", [(part.get_filename(), part.get_content()) for part in message.iter_attachments()
                     if part.get_content_disposition() == "attachment"] ==
      [("ein bild.png", (HERE / "logo.png").read_bytes())], message)
service(sink.port)
done = run("send", "--to", "bob@y.test", "--quiet", text="from standard input\n", CARAPACE_FROM="me@x.test")
taken = sink.taken()
check("the service default, quietly", (done.returncode, done.stdout, done.stderr) == (0, b"", b""), done)
check("text of standard input", taken[0].endswith(b"\r\n\r\nfrom standard input\r\n") and b"From: me@x.test\r\n" in taken[0], taken)
done = run("send", "--to", "bob@y.test", "--text", "x", "--dump")
check("--dump", done.returncode == 0 and parsed(done.stdout)["To"] == "bob@y.test", done)
done = run("send", "--to", "bob@y.test", "--cc", "c@y.test", "--text", "x", "--dry-run")
check("--dry-run", done.returncode == 0 and b"\n  bob@y.test\n  c@y.test\n" in done.stdout, done)
check("neither was sent", sink.taken() == [], "")
done = run("send", "--server", server, "--to", "bob@y.test", "--text", "x", "--verbose")
check("--verbose", done.returncode == 0 and b"MAIL FROM:<ann@" in done.stderr, done.stderr)
sink.taken()
for name, status, words, arguments in [
    ("an unknown option", 64, b"unknown option --subjet", ["--to", "b@y.test", "--subjet", "x"]),
    ("an option without its value", 64, b"--to needs a value", ["--to"]),
    ("nobody to send to", 64, b"nobody to send to", ["--text", "x"]),
    ("two ways at once", 64, b"exclude each other", ["--to", "b@y.test", "--service", "a", "--server", "b", "--text", "x"]),
    ("a newline in an address", 65, b"", ["--to", "b@y.test\nRCPT TO:<c@y.test>", "--text", "x"]),
    ("a newline in the subject", 65, b"subject", ["--to", "b@y.test", "--text", "x", "--subject", "a\nBcc: c@y.test"]),
    ("no address", 65, b"", ["--to", "bob", "--text", "x"]),
    ("a file that is not there", 66, b"missing.txt", ["--to", "b@y.test", "--text", "x", "--attach", "missing.txt"]),
    ("an inline picture nobody shows", 64, b"does not show cid:logo.png", ["--to", "b@y.test", "--html", "x", "--inline", "logo.png"]),
    ("a timeout that is none", 64, b"--timeout is 1 to 86400", ["--to", "b@y.test", "--text", "x", "--timeout", "0"]),
    ("a service that is not there", 78, b"Services/none", ["--to", "b@y.test", "--text", "x", "--service", "none"]),
    ("a server that is none", 65, b"a server is HOST", ["--to", "b@y.test", "--text", "x", "--server", "x:y:z"]),
    ("nobody listens", 75, b"onnection refused", ["--to", "b@y.test", "--text", "x", "--server", f"127.0.0.1:{servers.free_port()}"]),
    ("no such host", 68, b"no-such-host.invalid", ["--to", "b@y.test", "--text", "x", "--server", "no-such-host.invalid"]),
]:
    done = run("send", *arguments)
    check(name, done.returncode == status and words in done.stderr and done.stderr.startswith(b"carapace send: "), done)

# ---- what a server says ----
for name, status, behaviour in [
    ("a recipient refused for good", 69, "550:5.1.1_no_such_user@rcpt"),
    ("a recipient refused for now", 75, "451:4.7.1_later@rcpt"),
    ("content refused", 69, "554:5.7.1_spam@dot"),
    ("the reply to the final dot never comes", 74, "close@dot"),
]:
    folder = HERE / name.replace(" ", "-")
    folder.mkdir()
    bad = servers.start("hostile", [behaviour], folder)
    try:
        done = run("send", "--server", f"127.0.0.1:{bad.port}", "--to", "b@y.test", "--text", "x", "--timeout", "5")
        check(name, done.returncode == status, (done, behaviour))
    finally:
        bad.stop()

# ---- sendmail ----
text = "To: b@y.test, Friends: \"x, y\" <d@y.test>;\nBcc: hidden@y.test\nSubject: Hällo\n\nline\n.\nrest ü\n"
done = run("sendmail", "-t", "-oi", "-F", "Jörg \"X\" M", text=text)
taken = sink.taken()
check("-t -oi", done.returncode == 0 and done.stdout == b"" and len(taken) == 1, done)
message = parsed(taken[0])
check("-t: who gets it", message.get_all("Delivered-To") == ["b@y.test", "d@y.test", "hidden@y.test"], message.items())
check("-t: Bcc is taken out", "Bcc" not in message and taken[0].count(b"hidden") == 1, taken[0])
check("what was missing", message["From"].startswith('"Jörg \\"X\\" M" <ann@') and message["Date"] and message["Message-ID"]
      and message["MIME-Version"], message.items())
check("the body as it was", message.get_content().replace("\r", "") == "line\n.\nrest ü\n", taken[0])
done = run("sendmail", "-f", "<>", "--", "bob@y.test", text="From: me@x.test\nSubject: s\n\nbefore\n.\nafter\n")
taken = sink.taken()
check("-f <>", taken and taken[0].startswith(b"Return-Path: <>\r\n"), (done, taken))
check("a dot ends it", taken and taken[0].endswith(b"\r\n\r\nbefore\r\n"), taken)
check("what is there is left", taken and taken[0].count(b"From: ") == 1 and b"From: me@x.test\r\n" in taken[0], taken)
done = run("sendmail", "-oem", "-odi", "-i", "bob@y.test", text="no headers at all\n")
taken = sink.taken()
check("no headers", done.returncode == 0 and taken and taken[0].endswith(b"\r\n\r\nno headers at all\r\n"), (done, taken))
done = run("sendmail", "-i", "-fsender@x.test", "root", text="Subject: to a name\n\nx\n")
taken = sink.taken()
check("a name is somebody here", taken and taken[0].startswith(b"Return-Path: <sender@x.test>\r\nDelivered-To: root@"), (done, taken))
dialog = "EHLO me\r\nMAIL FROM:<a@x.test>\r\nRCPT TO:<b@y.test>\r\nDATA\r\nSubject: d\r\n\r\none\n.\ntwo\r\n..dot\r\n.\r\nQUIT\r\n"
done = run("sendmail", "-bs", text=dialog)
taken = sink.taken()
check("-bs", done.returncode == 0 and [line[:3] for line in done.stdout.split(b"\r\n") if line[3:4] != b"-"] ==
      [b"220", b"250", b"250", b"250", b"354", b"250", b"221", b""], done.stdout)
check("-bs: a bare LF ends nothing", len(taken) == 1 and taken[0].endswith(b"\r\none\r\n.\r\ntwo\r\n.dot\r\n"), taken)
done = run("sendmail", "-bs", text=dialog.replace("\r", ""))
taken = sink.taken()
check("-bs with bare LFs throughout", done.returncode == 0 and b"500 " in done.stdout and len(taken) == 1, (done, taken))
done = run("sendmail", "-bs", text="EHLO me\r\nMAIL FROM:<a@x.test>\r\n")
check("-bs: the client goes away", done.returncode == 0 and sink.taken() == [], done)
for name, status, arguments, text in [
    ("no recipients", 64, [], "x"), ("-t without any", 64, ["-t"], "Subject: x\n\nx"), ("no queue", 64, ["-bp"], ""),
    ("an unknown option", 64, ["-z"], ""), ("no address", 65, ["a b@c"], "x"),
]:
    done = run("sendmail", *arguments, text=text)
    check(f"sendmail: {name}", done.returncode == status and done.stderr.startswith(b"carapace sendmail: "), done)
link = HERE / "sendmail"
link.symlink_to(PROGRAM)
done = subprocess.run([str(link), "-t"], input=b"To: l@y.test\n\nx\n", capture_output=True, timeout=60,
                      env={**os.environ, "XDG_CONFIG_HOME": str(CONFIGURATION)})
check("called by the name sendmail", done.returncode == 0 and len(sink.taken()) == 1, done)
sink.stop()
report.end()
