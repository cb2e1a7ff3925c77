#!/usr/bin/python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""Starts and stops the SMTP servers that tests talk to: on loopback, on a free port, with all files in one folder.

    server = start("hostile", ["421@mail"], folder)   # -> Server: port, folder, stop()
    servers.py hostile 421@mail -- COMMAND ARGS...    # runs COMMAND with SMTP_HOST SMTP_PORT SMTP_FOLDER set

Names: sink (Postfix's smtp-sink; its options may follow; -d is added: each message is a file "message.*" below
FOLDER/messages), discard (the same keeping nothing), aiosmtpd, hostile, tls, auth, pop3hostile (the programs beside this
file, see there), dns, mx, policy (likewise), knot (Knot DNS with zones of tests/servers/zones: see start_knot),
postfix (a whole Postfix, root only, which delivers everything into the maildir FOLDER/messages; --tls lets it encrypt),
dovecot (its submission service, root only: see start_dovecot), pop3 (Dovecot's POP3, likewise: see start_pop3), postgresql (a database
postgres, user tester, password secret), and those of mail_servers.py: exim opensmtpd chasquid nodemailer lmtp."""
import base64
import hmac
import json
import os
import pathlib
import pwd
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time

import pki
from mail_servers import STARTERS as MAIL_STARTERS
from server_process import (HERE, PYTHON, READY_SECONDS, Failed, Server, Unavailable, adopt_orphans, free_port,  # noqa: F401
                            is_listening, kill_group, launch, need_certificates, program, reap_group,
                            start_on_ports, start_on_probed_port, wait_listening)


def start_sink(arguments, folder, keep=True):
    sink = program("smtp-sink", "/usr/sbin", "/usr/local/sbin")
    messages = folder / "messages"
    messages.mkdir(exist_ok=True)
    user = []
    if os.getuid() == 0:  # it refuses to stay root
        nobody = pwd.getpwnam("nobody")
        os.chown(messages, nobody.pw_uid, nobody.pw_gid)
        user = ["-u", "nobody"]
    dump = ["-d", f"{messages}/message."] if keep else []
    return start_on_probed_port(lambda port: [sink, *user, *dump, *arguments, f"127.0.0.1:{port}", "200"], folder)


def start_python(script, arguments, folder):
    """Our own servers bind port 0 themselves and write the number they got into FOLDER/port."""
    (folder / "messages").mkdir(exist_ok=True)
    port_file = folder / "port"
    port_file.unlink(missing_ok=True)
    process = launch([PYTHON, str(HERE / script), "--folder", str(folder), *arguments], folder)
    server = Server(process, 0, folder)
    end = time.monotonic() + READY_SECONDS
    while time.monotonic() < end and process.poll() is None:
        if port_file.exists() and port_file.read_text().endswith("\n"):
            server.port = int(port_file.read_text())
            return server
        time.sleep(0.01)
    server.stop()
    log = (folder / "server.log").read_text(errors="replace")
    if "No module named 'aiosmtpd'" in log:
        raise Unavailable("no python3-aiosmtpd here")
    raise Failed(log[-2000:])


def start_aiosmtpd(arguments, folder):
    return start_python("aiosmtpd_server.py", arguments, folder)


def start_hostile(arguments, folder):
    return start_python("hostile_server.py", arguments, folder)


def start_tls(arguments, folder):
    need_certificates()
    return start_python("tls_server.py", arguments, folder)


def start_auth(arguments, folder):
    need_certificates()
    return start_python("auth_server.py", arguments, folder)


def start_pop3_hostile(arguments, folder):
    need_certificates()
    return start_python("pop3_server.py", arguments, folder)


POSTFIX_MAIN = """\
compatibility_level = 3.6
queue_directory = {folder}/queue
data_directory = {folder}/state
command_directory = /usr/sbin
daemon_directory = /usr/lib/postfix/sbin
mail_owner = postfix
setgid_group = postdrop
myhostname = localhost
mydestination =
mynetworks = 127.0.0.0/8
inet_interfaces = 127.0.0.1
inet_protocols = ipv4
maillog_file = /dev/stdout
alias_maps =
virtual_mailbox_domains = static:all
virtual_mailbox_maps = static:messages/
virtual_mailbox_base = {folder}
virtual_uid_maps = static:{uid}
virtual_gid_maps = static:{gid}
mailbox_size_limit = 0
virtual_mailbox_limit = 0
message_size_limit = 120000000
smtpd_client_connection_rate_limit = 0
smtpd_client_connection_count_limit = 0
smtpd_client_message_rate_limit = 0
smtpd_relay_restrictions = permit_mynetworks, reject
{extra}
"""
# service type private unprivileged chroot wakeup maxproc command; nothing here needs a chroot.
POSTFIX_MASTER = """\
{port} inet n - n - - smtpd
pickup unix n - n 60 1 pickup
cleanup unix n - n - 0 cleanup
qmgr unix n - n 300 1 qmgr
rewrite unix - - n - - trivial-rewrite
bounce unix - - n - 0 bounce
defer unix - - n - 0 bounce
trace unix - - n - 0 bounce
verify unix - - n - 1 verify
flush unix n - n 1000? 0 flush
proxymap unix - - n - - proxymap
showq unix n - n - - showq
error unix - - n - - error
retry unix - - n - - error
virtual unix - n n - - virtual
anvil unix - - n - 1 anvil
tlsmgr unix - - n 1000? 1 tlsmgr
postlog unix-dgram n - n - 1 postlogd
"""


def start_postfix(arguments, folder):
    """arguments: lines of main.cf ("smtpd_recipient_limit=5"); --tls: STARTTLS, and encryption from the start on the port
    "implicit"; --auth: bob@example.test may log in (Dovecot checks). Each mail costs Postfix an fsync or two. --host ADDRESS,
    which stands first, listens there and not on loopback: for a network namespace of one's own."""
    postfix = program("postfix", "/usr/sbin")
    if os.getuid() != 0:
        raise Unavailable("Postfix must be started by root")
    owner, nobody = pwd.getpwnam("postfix"), pwd.getpwnam("nobody")
    config, host = folder / "config", "127.0.0.1"
    if arguments[:1] == ["--host"]:
        host, arguments = arguments[1], [*arguments[2:], f"inet_interfaces={arguments[1]}",
                           f"mynetworks={arguments[1].rpartition('.')[0]}.0/24"]
    settings, names, also = [word for word in arguments if not word.startswith("--")], ["smtp"], []
    if "--tls" in arguments:
        need_certificates()
        pki.make(folder, {"good"})
        names.append("implicit")
        settings += ["smtpd_tls_security_level=may", f"smtpd_tls_cert_file={folder}/good.crt",
                     f"smtpd_tls_key_file={folder}/good.key"]
    if "--auth" in arguments:
        also.append(start("sasl", [], folder / "sasl"))
        settings += ["smtpd_sasl_auth_enable=yes", "smtpd_sasl_type=dovecot",
                     f"smtpd_sasl_path=inet:127.0.0.1:{also[0].port}"]
    for name in ("config", "queue", "state", "messages"):
        (folder / name).mkdir(exist_ok=True)
    os.chown(folder / "state", owner.pw_uid, owner.pw_gid)
    os.chown(folder / "messages", nobody.pw_uid, nobody.pw_gid)
    (config / "main.cf").write_text(POSTFIX_MAIN.format(folder=folder, uid=nobody.pw_uid, gid=nobody.pw_gid,
                                                        extra="\n".join(settings)))
    (config / "dynamicmaps.cf").write_text("")

    def command(ports):
        master = POSTFIX_MASTER.format(port=f"{host}:{ports['smtp']}")
        if "implicit" in ports:
            master += f"{host}:{ports['implicit']} inet n - n - - smtpd -o smtpd_tls_wrappermode=yes\n"
        (config / "master.cf").write_text(master)
        return [postfix, "-c", str(config), "start-fg"]

    return start_on_ports(names, command, folder, [postfix, "-c", str(config), "stop"], also)


DOVECOT = """\
protocols = {protocols}
listen = 127.0.0.1
base_dir = {folder}/run
state_dir = {folder}/state
log_path = {folder}/dovecot.log
ssl_cert = <{folder}/good.crt
ssl_key = <{folder}/good.key
first_valid_uid = 1
hostname = localhost
auth_mechanisms = {mechanisms}
disable_plaintext_auth = {tls_only}
auth_failure_delay = 0 secs
mail_location = maildir:{folder}/mail/%u
passdb {{
  driver = oauth2
  mechanisms = xoauth2 oauthbearer
  args = {folder}/oauth2.conf
}}
passdb {{
  driver = passwd-file
  mechanisms = plain login cram-md5 scram-sha-1 scram-sha-256 apop
  args = scheme=PLAIN username_format=%u {folder}/users
}}
userdb {{
  driver = static
  args = uid={uid} gid={gid} home={folder}/mail/%u allow_all_users=yes
}}
{services}
service anvil {{
  chroot =
  unix_listener anvil-auth-penalty {{
    mode = 0
  }}
}}
service stats {{
  chroot =
}}
"""
DOVECOT_SUBMISSION = """\
submission_relay_host = 127.0.0.1
submission_relay_port = {relay}
submission_relay_trusted = no
submission_max_mail_size = 100M
service submission-login {{
  chroot =
  inet_listener submission {{
    port = {port}
  }}
}}
"""
DOVECOT_POP3 = """\
pop3_lock_session = yes
service pop3-login {{
  chroot =
  inet_listener pop3 {{
    port = {port}
    ssl = {implicit}
  }}
  inet_listener pop3s {{
    port = 0
  }}
}}
"""
DOVECOT_OAUTH2 = """\
introspection_mode = local
local_validation_key_dict = fs:posix:prefix={folder}/keys/
username_attribute = sub
"""


def token_for(user, key, seconds=3600):
    """A JSON Web Token (RFC 7519) as Dovecot checks it by itself."""
    def part(data):
        return base64.urlsafe_b64encode(data).rstrip(b"=")
    body = {"sub": user, "iat": int(time.time()) - 10, "exp": int(time.time()) + seconds}
    text = part(json.dumps({"alg": "HS256", "typ": "JWT"}).encode()) + b"." + part(json.dumps(body).encode())
    return (text + b"." + part(hmac.digest(key, text, "sha256"))).decode()


def start_dovecot(arguments, folder):
    """Dovecot's submission service, with bob@example.test and secret; FOLDER/token and FOLDER/old-token are tokens of his.
    arguments: mechanisms, none for all; --tls-only. What it relays comes to a server with its files in FOLDER/relay."""
    relay = None

    def services(port):
        return DOVECOT_SUBMISSION.format(relay=relay.port, port=port)

    need_dovecot("submission")
    relay = start("hostile", ["--extensions", "PIPELINING,8BITMIME,SIZE 100000000,ENHANCEDSTATUSCODES"], folder / "relay")
    try:
        server = run_dovecot("submission", services, arguments, folder)
    except BaseException:
        relay.stop()
        raise
    server.also = [relay]
    return server


def start_pop3(arguments, folder):
    """Dovecot's POP3 service with the same user. arguments: mechanisms, none for all; --tls-only; --implicit encrypts from
    the start; --mail N puts N messages into the mailbox, --big MB one more of that size."""
    words = list(arguments)

    def value(name):
        if name not in words:
            return 0
        at = words.index(name)
        number = int(words[at + 1])
        del words[at:at + 2]
        return number

    need_dovecot("pop3")
    fill_mailbox(folder / "mail/bob@example.test", value("--mail"), value("--big"))
    implicit = "yes" if "--implicit" in words else "no"
    return run_dovecot("pop3", lambda port: DOVECOT_POP3.format(port=port, implicit=implicit), words, folder)


def fill_mailbox(mailbox, count, big):
    """A Maildir; message N has the subject "Message N" and lines that begin with dots. Each is known by its Message-ID."""
    for name in ("cur", "new", "tmp"):
        (mailbox / name).mkdir(parents=True, exist_ok=True)
    head = "From: a@x.test\nTo: bob@example.test\nSubject: Message {0}\nMessage-ID: <{0}@x.test>\n"
    for number in range(1, count + 1):
        text = head + "\n.\n..\n.text {0}\n" + "line\n" * (number % 7)
        (mailbox / f"new/{number:06}.test").write_text(text.format(number))
    if big:
        with open(mailbox / "new/999999.test", "wb") as file:
            file.write((head + "Content-Type: application/octet-stream\nContent-Transfer-Encoding: base64\n\n").format("big").encode())
            line = base64.b64encode(bytes(range(57))) + b"\n"
            for _ in range(big * 1024 * 1024 // len(line)):
                file.write(line)


def need_dovecot(service):
    if not os.access(f"/usr/lib/dovecot/{service}", os.X_OK):
        raise Unavailable(f"no {service} service of Dovecot here")
    if os.getuid() != 0:
        raise Unavailable("Dovecot must be started by root")
    need_certificates()


def run_dovecot(protocols, services, arguments, folder):
    dovecot = program("dovecot", "/usr/sbin")
    pki.make(folder, {"good"})
    nobody = pwd.getpwnam("nobody")
    words = [word for word in arguments if not word.startswith("--")]
    mechanisms = " ".join(words) or "plain login cram-md5 scram-sha-1 scram-sha-256 xoauth2 oauthbearer" + (
        " apop" if protocols == "pop3" else "")
    key = os.urandom(32)
    for name in ("run", "state", "mail", "keys/default/HS256"):
        (folder / name).mkdir(parents=True, exist_ok=True)
    for path in [folder / "mail", *(folder / "mail").rglob("*")]:
        os.chown(path, nobody.pw_uid, nobody.pw_gid)
    (folder / "keys/default/HS256/default").write_text(base64.b64encode(key).decode())
    (folder / "token").write_text(token_for("bob@example.test", key))
    (folder / "old-token").write_text(token_for("bob@example.test", key, -5))
    (folder / "users").write_text("bob@example.test:{PLAIN}secret\n")
    (folder / "oauth2.conf").write_text(DOVECOT_OAUTH2.format(folder=folder))

    def command(port):
        (folder / "dovecot.conf").write_text(DOVECOT.format(
            folder=folder, protocols=protocols, services=services(port), mechanisms=mechanisms, uid=nobody.pw_uid,
            gid=nobody.pw_gid, tls_only="yes" if "--tls-only" in arguments else "no"))
        return [dovecot, "-F", "-c", str(folder / "dovecot.conf")]

    return start_on_probed_port(command, folder)


def start_postgresql(arguments, folder):
    """A PostgreSQL of its own, whose user tester has the password secret; arguments: settings ("fsync=off")."""
    places = sorted(str(p) for p in pathlib.Path("/usr/lib/postgresql").glob("*/bin"))[-1:]
    initdb, postgres, control, is_ready = (program(name, *places) for name in ("initdb", "postgres", "pg_ctl", "pg_isready"))
    data, password, as_user = folder / "data", folder / "password", []
    password.write_text("secret\n")
    if os.getuid() == 0:  # it refuses to run as root
        owner = pwd.getpwnam("postgres")
        as_user = [program("setpriv", "/usr/bin", "/bin"), f"--reuid={owner.pw_uid}", f"--regid={owner.pw_gid}",
                   "--clear-groups"]
        for path in (folder, password):
            os.chown(path, owner.pw_uid, owner.pw_gid)
    made = subprocess.run([*as_user, initdb, "-D", data, "-U", "tester", "-A", "scram-sha-256", f"--pwfile={password}",
                           "-E", "UTF8", "--locale=C", "--no-sync"], cwd=folder, stdin=subprocess.DEVNULL,
                          capture_output=True, text=True)
    if made.returncode:
        raise Failed(made.stderr[-2000:])
    settings = ["fsync=off", "listen_addresses=127.0.0.1", f"unix_socket_directories={folder}", *arguments]
    server = start_on_probed_port(
        lambda port: [*as_user, postgres, "-D", str(data), "-p", str(port), *(w for s in settings for w in ("-c", s))],
        folder, [*as_user, control, "-D", str(data), "-m", "fast", "-w", "stop"])
    end = time.monotonic() + READY_SECONDS  # it listens before it lets anybody in
    while subprocess.run([is_ready, "-q", "-h", "127.0.0.1", "-p", str(server.port)]).returncode and time.monotonic() < end:
        time.sleep(0.02)
    return server


KNOT = """\
server:
    listen: 127.0.0.1@{port}
    rundir: {folder}/run
    udp-workers: 1
    tcp-workers: 1
    background-workers: 1
log:
  - target: stderr
    any: info
database:
    storage: {folder}/state
    journal-db-max-size: 8M
    kasp-db-max-size: 8M
    timer-db-max-size: 8M
    catalog-db-max-size: 8M
policy:
  - id: one
    algorithm: ecdsap256sha256
    single-type-signing: on
    nsec3: off
template:
  - id: default
    storage: {folder}/zones
    zonefile-sync: -1
    zonefile-load: difference-no-serial
    journal-content: all
zone:
{zones}
"""


def knows_zone(port, zone):
    """Whether the DNS server answers for a zone by now: it loads and signs after it has begun to listen."""
    name = b"".join(bytes([len(label)]) + label.encode() for label in zone.split(".")) + b"\0"
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as asker:
        asker.settimeout(0.2)
        asker.connect(("127.0.0.1", port))
        try:
            asker.send(b"\x12\x34\0\0\0\x01\0\0\0\0\0\0" + name + b"\0\x06\0\x01")
            answer = asker.recv(4096)
            return answer[3] & 15 == 0 and answer[7] > 0
        except OSError:
            return False


def start_knot(arguments, folder):
    """Knot DNS. arguments: zone files, each named ZONE.zone, relative to tests/servers/zones; with :signed behind, DNSSEC signs
    it. FOLDER/anchors then has the keys to validate with. @NAME@ in a zone file is the argument NAME=VALUE."""
    knot, keymgr = program("knotd", "/usr/sbin"), program("keymgr", "/usr/sbin")
    for name in ("run", "state", "zones"):
        (folder / name).mkdir(exist_ok=True)
    values = dict(word.split("=", 1) for word in arguments if "=" in word)
    signed, text = [], ""
    zones = [word for word in arguments if "=" not in word]
    for word in zones:
        path, _, how = word.partition(":")
        zone = pathlib.Path(path).stem
        content = (HERE / "zones" / path).read_text()
        for key, value in values.items():
            content = content.replace(f"@{key}@", value)
        (folder / "zones" / f"{zone}.zone").write_text(content)
        text += f"  - domain: {zone}\n"
        if how == "signed":
            signed.append(zone)
            text += "    dnssec-signing: on\n    dnssec-policy: one\n"

    def command(port):
        (folder / "knot.conf").write_text(KNOT.format(port=port, folder=folder, zones=text))
        return [knot, "-c", str(folder / "knot.conf")]

    server = start_on_probed_port(command, folder)
    end = time.monotonic() + READY_SECONDS
    for word in zones:
        while not knows_zone(server.port, pathlib.Path(word.partition(":")[0]).stem):
            if time.monotonic() > end or server.process.poll() is not None:
                server.stop()
                raise Failed((folder / "server.log").read_text(errors="replace")[-2000:])
            time.sleep(0.02)
    anchors = ""
    for zone in signed:
        for line in subprocess.run([keymgr, "-c", str(folder / "knot.conf"), zone, "ds"], capture_output=True, text=True,
                                   check=True).stdout.splitlines():
            anchors += line.replace(" DS ", " IN DS ") + "\n"
    (folder / "anchors").write_text(anchors)
    return server


def start_dns(arguments, folder):
    return start_python("dns_server.py", arguments, folder)


STARTERS = {"sink": start_sink, "discard": lambda arguments, folder: start_sink(arguments, folder, keep=False),
            "aiosmtpd": start_aiosmtpd, "hostile": start_hostile, "postfix": start_postfix,
            "postgresql": start_postgresql, "dovecot": start_dovecot, "pop3": start_pop3,
            "pop3hostile": start_pop3_hostile, "tls": start_tls, "auth": start_auth, "knot": start_knot, "dns": start_dns,
            "mx": lambda arguments, folder: start_python("mx_server.py", arguments, folder),
            "policy": lambda arguments, folder: start_python("policy_server.py", arguments, folder), **MAIL_STARTERS}


def start(name, arguments, folder):
    """Starts a server with its files in folder, which other users must be able to enter (mode 0711 or more)."""
    if name not in STARTERS:
        raise Failed(f"no server is called {name}; there are {' '.join(STARTERS)}")
    folder = pathlib.Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    folder.chmod(0o755)
    return STARTERS[name](arguments, folder)


def main(words):
    if "--" not in words or words.index("--") in (0, len(words) - 1):
        sys.exit("usage: servers.py NAME ARGUMENTS... -- COMMAND ARGUMENTS...")
    split = words.index("--")
    adopt_orphans()
    base = pathlib.Path(tempfile.mkdtemp(prefix="carapace-server-"))
    base.chmod(0o711)
    server = None
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    try:
        server = start(words[0], words[1:split], base / words[0])
        status = subprocess.run(words[split + 1:], env={**os.environ, **server.environment()}).returncode
    except Unavailable as reason:
        print(f"skipped: {reason}", file=sys.stderr)
        status = 77
    finally:
        if server:
            server.stop()
        shutil.rmtree(base, ignore_errors=True)
    sys.exit(status if status >= 0 else 128 - status)


if __name__ == "__main__":
    main(sys.argv[1:])
