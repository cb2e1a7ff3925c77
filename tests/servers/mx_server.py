#!/usr/bin/python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""Mail hosts on one port of several loopback addresses, as the hosts of a domain have: mx_server.py --folder FOLDER ADDRESS=HOW...

HOW: a certificate NAME in FOLDER, with which it offers STARTTLS; clear: offers none; garbage: offers it and then speaks no TLS;
NAME:REPLY answers RCPT so ("_" is a blank). FOLDER/log gets "ADDRESS encrypted|clear RECIPIENT" for each message taken."""
import argparse
import os
import pathlib
import signal
import socket
import ssl
import threading


def serve(connection, address, how, folder):
    how, _, refusal = how.partition(":")
    secure, recipients = False, []
    reader = connection.makefile("rb")

    def say(text):
        connection.sendall(text.encode() + b"\r\n")

    say(f"220 mx{address} ESMTP")
    while line := reader.readline():
        verb = line.strip().upper().split(b" ")[0].split(b":")[0].decode("latin-1")
        if verb == "EHLO":
            say("250-mx\r\n250-8BITMIME" + ("" if secure or how == "clear" else "\r\n250-STARTTLS") + "\r\n250 SIZE 1000000")
        elif verb == "STARTTLS":
            say("220 go on")
            if how == "garbage":
                connection.sendall(b"this is no TLS record at all, and never will be one\r\n" * 4)
                connection.recv(4096)
                return
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(folder / f"{how}.crt", folder / f"{how}.key")
            connection = context.wrap_socket(connection, server_side=True)
            reader, secure = connection.makefile("rb"), True
        elif verb == "RCPT" and refusal:
            say(refusal.replace("_", " "))
        elif verb == "RCPT":
            recipients.append(line.strip().decode("latin-1")[8:])
            say("250 ok")
        elif verb == "DATA":
            say("354 go on")
            while reader.readline() not in (b".\r\n", b""):
                pass
            with open(folder / "log", "a") as log:
                log.write(f"{address} {'encrypted' if secure else 'clear'} {' '.join(recipients)}\n")
            say("250 taken")
            recipients = []
        elif verb == "QUIT":
            say("221 bye")
            return
        else:
            say("250 ok")


def guarded(connection, *arguments):
    try:
        serve(connection, *arguments)
    except (OSError, ValueError):
        pass
    finally:
        connection.close()


def accept(listener, *arguments):
    while True:
        connection, _ = listener.accept()
        threading.Thread(target=guarded, args=(connection, *arguments), daemon=True).start()


def listen_all(addresses):
    while True:
        listeners, port = {}, 0
        try:
            for address in addresses:
                listeners[address] = socket.create_server((address, port))
                port = listeners[address].getsockname()[1]
            return listeners, port
        except OSError:
            for listener in listeners.values():
                listener.close()


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--folder", type=pathlib.Path, required=True)
    parser.add_argument("hosts", nargs="+")
    options = parser.parse_args()
    hosts = dict(word.split("=", 1) for word in options.hosts)
    signal.signal(signal.SIGTERM, lambda *_: os._exit(0))
    listeners, port = listen_all(hosts)
    for address, listener in listeners.items():
        threading.Thread(target=accept, args=(listener, address, hosts[address], options.folder), daemon=True).start()
    (options.folder / "port").write_text(f"{port}\n")
    signal.pause()


main()
