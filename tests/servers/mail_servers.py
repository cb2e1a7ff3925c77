# SPDX-License-Identifier: GPL-3.0-or-later
"""Mail servers in common use, beside those of servers.py, as peers for the tests of interworking: see servers.py for how
they are started and stopped. bob@example.test's password is secret everywhere. What is kept of a message lies in
FOLDER/messages.

    exim        STARTTLS and encryption from the start (port "implicit"); PLAIN LOGIN CRAM-MD5; one maildir
    opensmtpd   in clear: Debian's was built for an older OpenSSL
    chasquid    domain example.test; ports "submission" (STARTTLS) and "implicit", both with PLAIN
    nodemailer  smtp-server of npm: --tls, --implicit, --auth
    lmtp        Dovecot's: users bob, carla, over (quota), in the maildir FOLDER/messages/USER
    sasl        Dovecot's log-in service alone, for a Postfix

Exim, OpenSMTPD and chasquid come from build/servers (tests/setup/servers). They insist on accounts and places that are
not ours to make, so each runs in a mount namespace where /etc/passwd has the accounts and the places are in FOLDER."""
import os
import pathlib
import pwd
import shlex
import shutil
import subprocess

import pki
from server_process import (HERE, Failed, Unavailable, need_certificates, program, start_on_ports, start_on_probed_port)

ROOT = HERE.parent.parent
FETCHED = ROOT / "build/servers"


def need_root(name):
    if os.getuid() != 0:
        raise Unavailable(f"{name} must be started by root")


def fetched(path):
    if not os.access(FETCHED / path, os.X_OK):
        raise Unavailable(f"no {path} in build/servers (tests/setup/servers fetches it)")
    return FETCHED / path


def make_folders(folder, *names, owner=None):
    for name in names:
        (folder / name).mkdir(parents=True, exist_ok=True)
        if owner:
            os.chown(folder / name, owner.pw_uid, owner.pw_gid)


def in_own_namespace(folder, command, accounts=(), binds=()):
    """The command, to be run where `accounts` exist and each (place, path) of `binds` shows that path in place."""
    need_root(command[0])
    unshare = program("unshare", "/usr/bin")
    if subprocess.run([unshare, "-m", "true"], capture_output=True).returncode != 0:
        raise Unavailable("no mount namespaces here")
    nobody = pwd.getpwnam("nobody")
    for file, line in (("passwd", "{0}:x:{1}:{2}::/nonexistent:/bin/sh\n"), ("group", "{0}:x:{2}:\n")):
        lines = pathlib.Path("/etc", file).read_text()
        names = {entry.partition(":")[0] for entry in lines.splitlines()}
        lines += "".join(line.format(name, nobody.pw_uid - 100 - number, nobody.pw_gid - 100 - number)
                         for number, name in enumerate(accounts) if name not in names)
        (folder / file).write_text(lines)
    mounts = [(f"/etc/{file}", folder / file) for file in ("passwd", "group")] + list(binds)
    steps = [f"mount --bind {shlex.quote(str(path))} {place}" for place, path in mounts]
    libraries = ":".join(map(str, FETCHED.glob("usr/lib/*-linux-gnu")))
    steps.append(f"LD_LIBRARY_PATH={shlex.quote(libraries)} exec {shlex.join(map(str, command))}")
    return [unshare, "-m", "sh", "-ec", "\n".join(steps)]


# ---- Exim ------------------------------------------------------------------------------------------------------------

EXIM = """\
exim_path = {exim}
spool_directory = {folder}/spool
log_file_path = {folder}/log/%slog
pid_file_path = {folder}/exim.pid
exim_user = nobody
exim_group = nogroup
deliver_drop_privilege
primary_hostname = localhost
local_interfaces = 127.0.0.1
daemon_smtp_ports = {smtp} : {implicit}
tls_on_connect_ports = {implicit}
tls_advertise_hosts = *
tls_certificate = {folder}/good.crt
tls_privatekey = {folder}/exim.key
host_lookup =
rfc1413_query_timeout = 0s
smtp_accept_queue_per_connection = 0
message_size_limit = 120M
chunking_advertise_hosts = *
pipelining_connect_advertise_hosts = *
prdr_enable = true
acl_smtp_rcpt = acl_rcpt
acl_smtp_data = accept
keep_environment =
smtputf8_advertise_hosts = *
dsn_advertise_hosts = *
begin acl
acl_rcpt:
  deny local_parts = unknown
       message = no such user here
  accept
begin routers
all:
  driver = accept
  transport = keep
begin transports
keep:
  driver = appendfile
  maildir_format
  directory = {folder}/messages
  create_directory
  user = nobody
begin authenticators
plain:
  driver = plaintext
  public_name = PLAIN
  server_prompts = :
  server_condition = ${{if and{{{{eq{{$auth2}}{{bob@example.test}}}}{{eq{{$auth3}}{{secret}}}}}}}}
login:
  driver = plaintext
  public_name = LOGIN
  server_prompts = Username:: : Password::
  server_condition = ${{if and{{{{eq{{$auth1}}{{bob@example.test}}}}{{eq{{$auth2}}{{secret}}}}}}}}
cram:
  driver = cram_md5
  public_name = CRAM-MD5
  server_secret = ${{if eq{{$auth1}}{{bob@example.test}}{{secret}}fail}}
  server_set_id = $auth1
"""


def start_exim(arguments, folder):
    exim = fetched("usr/sbin/exim4")
    need_certificates()
    pki.make(folder, {"good"})
    nobody = pwd.getpwnam("nobody")
    make_folders(folder, "spool", "log", "messages", owner=nobody)
    shutil.copy(folder / "good.key", folder / "exim.key")
    os.chown(folder / "exim.key", nobody.pw_uid, nobody.pw_gid)

    def command(ports):
        (folder / "exim.conf").write_text(EXIM.format(exim=exim, folder=folder, **ports))
        return in_own_namespace(folder, [exim, "-C", folder / "exim.conf", "-bdf", "-q1m"], ["Debian-exim"])

    return start_on_ports(["smtp", "implicit"], command, folder)


# ---- OpenSMTPD -------------------------------------------------------------------------------------------------------

OPENSMTPD = """\
smtp max-message-size "110M"
listen on 127.0.0.1 port {port} hostname localhost
action "keep" mda "/bin/cat >{folder}/messages/$(mktemp -u XXXXXXXX).eml" user nobody
match from any for domain "example.test" action "keep"
"""


def start_opensmtpd(arguments, folder):
    smtpd = fetched("usr/sbin/smtpd")
    make_folders(folder, "var/spool/smtpd", "run", "messages", "var/lib/opensmtpd/empty")
    os.chown(folder / "messages", pwd.getpwnam("nobody").pw_uid, -1)
    (folder / "var/spool/smtpd").chmod(0o711)

    def command(port):
        (folder / "smtpd.conf").write_text(OPENSMTPD.format(folder=folder, port=port))
        return in_own_namespace(folder, [smtpd, "-d", "-f", folder / "smtpd.conf"], ["opensmtpd", "opensmtpq", "bob", "carla"],
                                [("/var/spool", folder / "var/spool"), ("/var/lib", folder / "var/lib"), ("/run", folder / "run"),
                                 ("/usr/libexec", FETCHED / "usr/libexec")])

    return start_on_probed_port(command, folder)


# ---- chasquid --------------------------------------------------------------------------------------------------------

CHASQUID = """\
hostname: "localhost"
max_data_size_mb: 100
smtp_address: "127.0.0.1:{smtp}"
submission_address: "127.0.0.1:{submission}"
submission_over_tls_address: "127.0.0.1:{implicit}"
monitoring_address: ""
mail_delivery_agent_bin: "{folder}/keep"
mail_delivery_agent_args: "%to%"
data_dir: "{folder}/data"
mail_log_path: "{folder}/mail.log"
haproxy_incoming: false
"""


def start_chasquid(arguments, folder):
    chasquid, helper = fetched("usr/bin/chasquid"), fetched("usr/bin/chasquid-util")
    need_certificates()
    pki.make(folder, {"good"})
    make_folders(folder, "data", "messages", "config/certs/localhost", "config/domains/example.test")
    certificates = folder / "config/certs/localhost"
    shutil.copy(folder / "good.crt", certificates / "fullchain.pem")
    shutil.copy(folder / "good.key", certificates / "privkey.pem")
    (folder / "keep").write_text(f'#!/bin/sh\nexec cat >"$(mktemp "{folder}/messages/XXXXXXXX.eml")"\n')
    (folder / "keep").chmod(0o755)
    for user in ("bob", "ann", "carla", "jörg"):
        made = subprocess.run([helper, f"-C={folder}/config", "user-add", f"{user}@example.test", "--password=secret"],
                              capture_output=True, text=True, cwd=folder)
        if made.returncode:
            raise Failed(made.stdout + made.stderr)

    def command(ports):
        (folder / "config/chasquid.conf").write_text(CHASQUID.format(folder=folder, **ports))
        return [chasquid, f"-config_dir={folder}/config"]

    return start_on_ports(["smtp", "submission", "implicit"], command, folder)


# ---- smtp-server of npm ----------------------------------------------------------------------------------------------


def start_nodemailer(arguments, folder):
    node = program("node", "/usr/bin", "/usr/local/bin")
    if not (ROOT / "tests/node_modules/smtp-server").is_dir():
        raise Unavailable("no smtp-server of npm here (tests/setup/servers fetches it)")
    need_certificates()
    pki.make(folder, {"good"})
    make_folders(folder, "messages")
    return start_on_probed_port(
        lambda port: [node, str(HERE / "nodemailer_server.js"), str(folder), str(port), *arguments], folder)


# ---- Dovecot: LMTP and log-in ------------------------------------------------------------------------------------------

DOVECOT = """\
protocols = {protocols}
listen = 127.0.0.1
base_dir = {folder}/run
state_dir = {folder}/state
log_path = {folder}/dovecot.log
ssl = no
first_valid_uid = 1
hostname = localhost
auth_mechanisms = plain login cram-md5 scram-sha-1 scram-sha-256 
auth_failure_delay = 0 secs
mail_location = maildir:{folder}/messages/%n
mail_plugins = quota
passdb {{
  driver = passwd-file
  args = scheme=PLAIN username_format=%u {folder}/users
}}
userdb {{
  driver = passwd-file
  args = username_format=%u {folder}/users
}}
plugin {{
  quota = count:User quota
  quota_vsizes = yes
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
DOVECOT_LMTP = "service lmtp {{\n  inet_listener lmtp {{\n    port = {port}\n  }}\n}}"
DOVECOT_SASL = "service auth {{\n  inet_listener {{\n    port = {port}\n  }}\n}}"


def start_dovecot_with(folder, protocols, services):
    dovecot = program("dovecot", "/usr/sbin")
    need_root("Dovecot")
    nobody = pwd.getpwnam("nobody")
    make_folders(folder, "run", "state")
    make_folders(folder, "messages", owner=nobody)
    # user:password:uid:gid:gecos:home:shell:extra
    rows = [("bob", ""), ("carla", ""), ("over", "userdb_quota_rule=*:bytes=10"), ("jörg", "")]
    (folder / "users").write_text("".join(
        f"{user}@example.test:{{PLAIN}}secret:{nobody.pw_uid}:{nobody.pw_gid}::{folder}/messages/{user}::{extra}\n"
        for user, extra in rows))

    def command(port):
        (folder / "dovecot.conf").write_text(DOVECOT.format(folder=folder, protocols=protocols,
                                                            services=services.format(port=port)))
        return [dovecot, "-F", "-c", str(folder / "dovecot.conf")]

    return start_on_probed_port(command, folder)


def start_lmtp(arguments, folder):
    if not os.access("/usr/lib/dovecot/lmtp", os.X_OK):
        raise Unavailable("no LMTP service of Dovecot here")
    return start_dovecot_with(folder, "lmtp", DOVECOT_LMTP)


def start_sasl(arguments, folder):
    return start_dovecot_with(folder, "", DOVECOT_SASL)


STARTERS = {"exim": start_exim, "opensmtpd": start_opensmtpd, "chasquid": start_chasquid,
            "nodemailer": start_nodemailer, "lmtp": start_lmtp, "sasl": start_sasl}
