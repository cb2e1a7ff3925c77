#!/usr/bin/python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""A TLS server that echoes lines, for the tests of Tls: tls_server.py --folder FOLDER [options]

    --certificate NAME  of pki.py (good)         --client     wants a certificate of the client
    --min V --max V     1.2 or 1.3               --alpn LIST  comma separated
    --plain             does not speak TLS at all but greets in clear
    --silent            accepts and says nothing
    --half              sends half a record of the handshake and closes
    --flood             sends messages without end that a handshake passes over (HelloRequest)
A line "bye" ends in order, "cut" closes without close_notify, "who" tells the client's name, "sni" what name it asked
for, "many N" sends N bytes. The certificates are in FOLDER."""
import argparse
import pathlib
import signal
import socket
import ssl
import threading

import pki


def serve(connection, options, context):
    if options.plain:
        connection.sendall(b"220 localhost ESMTP\r\n")
        connection.recv(1000)
        return
    if options.silent:
        while connection.recv(65536):
            pass
        return
    if options.half:
        connection.recv(1000)
        connection.sendall(b"\x16\x03\x03\x00\x7a\x02\x00")
        return
    if options.flood:
        connection.recv(1000)
        while True:
            connection.sendall(b"\x16\x03\x03\x00\x04\x00\x00\x00\x00" * 1000)
    secure = context.wrap_socket(connection, server_side=True, suppress_ragged_eofs=False)
    reader = secure.makefile("rb")
    for line in reader:
        word, _, rest = line.strip().decode("latin-1").partition(" ")
        if word == "bye":
            secure.unwrap()
            return
        if word == "cut":
            return
        if word == "who":
            names = dict(pair[0] for pair in (secure.getpeercert() or {}).get("subject", ()))
            secure.sendall((names.get("commonName", "nobody") + "\n").encode())
        elif word == "sni":
            secure.sendall((str(asked.get("last")) + "\n").encode())
        elif word == "many":
            secure.sendall(b"x" * int(rest))
        else:
            secure.sendall(b"echo: " + line)


asked = {}


def guarded(*arguments):
    try:
        serve(*arguments)
    except (OSError, ValueError):
        pass
    finally:
        try:
            arguments[0].shutdown(socket.SHUT_RDWR)
        except OSError:
            pass
        arguments[0].close()


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--folder", type=pathlib.Path, required=True)
    parser.add_argument("--certificate", default="good")
    parser.add_argument("--min", default="1.2")
    parser.add_argument("--max", default="1.3")
    parser.add_argument("--alpn")
    for flag in ("--client", "--plain", "--silent", "--half", "--flood"):
        parser.add_argument(flag, action="store_true")
    options = parser.parse_args()
    pki.make(options.folder, {options.certificate, "client"})
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    versions = {"1.2": ssl.TLSVersion.TLSv1_2, "1.3": ssl.TLSVersion.TLSv1_3}
    context.minimum_version, context.maximum_version = versions[options.min], versions[options.max]
    context.load_cert_chain(options.folder / f"{options.certificate}.crt", options.folder / f"{options.certificate}.key")
    context.sni_callback = lambda secure, name, _: asked.update(last=name)
    if options.client:
        context.verify_mode = ssl.CERT_REQUIRED
        context.load_verify_locations(options.folder / "ca.crt")
    if options.alpn:
        context.set_alpn_protocols(options.alpn.split(","))
    listener = socket.create_server(("127.0.0.1", 0))
    (options.folder / "port").write_text(f"{listener.getsockname()[1]}\n")
    signal.signal(signal.SIGTERM, lambda *_: exit(0))
    while True:
        connection, _ = listener.accept()
        threading.Thread(target=guarded, args=(connection, options, context), daemon=True).start()


main()
