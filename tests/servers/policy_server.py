#!/usr/bin/python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""Publishes MTA-STS policies by HTTPS: policy_server.py --folder FOLDER

The certificate is FOLDER/policy.crt, but for hosts mta-sts.wrong.* FOLDER/other.crt. FOLDER/policies/HOST is the policy of that
host, read for each request; its first line may be "!HOW" for how it is to be answered:

chunked   in chunks of 7 bytes         close    without length, until the end      cut      the same without TLS's end
redirect  302 to the right place       missing  404                                html     as text/html
huge      a megabyte                   hugeheader  one header of 100 kB            slow     a byte each 200 ms
garbage   no HTTP                      short    Content-Length is more than comes  interim  after 100 and 103
FOLDER/requests gets a line for each."""
import argparse
import os
import pathlib
import signal
import socket
import ssl
import threading
import time


def answer(connection, folder):
    request, host = b"", ""
    while b"\r\n\r\n" not in request and (part := connection.recv(4096)):
        request += part
    for line in request.decode("latin-1").split("\r\n"):
        if line.lower().startswith("host:"):
            host = line[5:].strip().split(":")[0]
    with open(folder / "requests", "a") as log:
        log.write(f"{host} {request.split(b' ')[1].decode('latin-1')}\n")
    path = folder / "policies" / host
    body, how = path.read_bytes() if path.exists() else b"", "" if path.exists() else "missing"
    if body.startswith(b"!"):
        first, _, body = body.partition(b"\n")
        how = first[1:].decode()
    head, plain = b"HTTP/1.1 200 OK\r\n", b"Content-Type: text/plain; charset=utf-8\r\n"
    length = b"Content-Length: %d\r\n\r\n" % len(body)
    if how == "chunked":
        chunks = b"".join(b"%x;x=y\r\n%s\r\n" % (len(body[i:i + 7]), body[i:i + 7]) for i in range(0, len(body), 7))
        connection.sendall(head + plain + b"Transfer-Encoding: chunked\r\n\r\n" + chunks + b"0\r\n\r\n")
    elif how in ("close", "cut"):
        connection.sendall(head + plain + b"\r\n" + body)
        return how == "close"
    elif how == "redirect":
        connection.sendall(b"HTTP/1.1 302 Found\r\nLocation: https://%s/.well-known/mta-sts.txt\r\nContent-Length: 0\r\n\r\n" % host.encode())
    elif how == "missing":
        connection.sendall(b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n")
    elif how == "html":
        connection.sendall(head + b"Content-Type: text/html\r\n" + length + body)
    elif how == "huge":
        connection.sendall(head + plain + b"\r\n" + b"mx: a.example\r\n" * 80000)
    elif how == "hugeheader":
        connection.sendall(head + plain + b"X: " + b"x" * 100000 + b"\r\n" + length + body)
    elif how == "slow":
        for byte in head + plain + length + body:
            connection.sendall(bytes([byte]))
            time.sleep(0.2)
    elif how == "garbage":
        connection.sendall(b"\x00\x01\x02 hello\r\n\r\n")
    elif how == "short":
        connection.sendall(head + plain + b"Content-Length: 5000\r\n\r\n" + body)
    else:
        if how == "interim":
            connection.sendall(b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: </x>\r\n\r\n")
        connection.sendall(head + plain + length + body)
    return True


def serve(connection, folder, contexts):
    try:
        secure = contexts["policy"].wrap_socket(connection, server_side=True)
        if answer(secure, folder):
            secure.unwrap()
        else:
            secure.shutdown(socket.SHUT_RDWR)
    except (OSError, ValueError, IndexError):
        pass
    finally:
        connection.close()


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--folder", type=pathlib.Path, required=True)
    folder = parser.parse_args().folder
    contexts = {}
    for name in ("policy", "other"):
        contexts[name] = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        contexts[name].load_cert_chain(folder / f"{name}.crt", folder / f"{name}.key")

    def choose(secure, name, _):
        if name and name.startswith("mta-sts.wrong."):
            secure.context = contexts["other"]

    contexts["policy"].sni_callback = choose
    signal.signal(signal.SIGTERM, lambda *_: os._exit(0))
    listener = socket.create_server(("127.0.0.1", 0))
    (folder / "port").write_text(f"{listener.getsockname()[1]}\n")
    while True:
        connection, _ = listener.accept()
        threading.Thread(target=serve, args=(connection, folder, contexts), daemon=True).start()


main()
