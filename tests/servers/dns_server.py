#!/usr/bin/python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""A DNS server that misbehaves as the name asked for says: dns_server.py --folder FOLDER

It answers every question with one A record 192.0.2.1, on UDP and TCP, but for these first labels:

truncated   by UDP nothing but the bit TC; by TCP twenty records       cut         by UDP and TCP only TC
wrongid     first an answer of another ID (192.0.2.66), then the right one
forged      first an answer to another question (192.0.2.66), then the right one
onlywrong   only answers of another ID
silent      nothing            slow        after 300 ms           once        nothing at the first time, then the answer
garbage     random bytes       short       the header's first 5   noname      NXDOMAIN       servfail  SERVFAIL
loop        a CNAME to itself  pointer     an answer whose name points to itself         tcpdrip     TC; by TCP a byte each 100 ms
badmx       an MX of one byte  counts      says 65535 records and has one
formerr     FORMERR when asked with EDNS, as old servers do
--texts FILE: questions for TXT are answered by the file's text, read each time; NXDOMAIN when it is empty.
FOLDER/questions gets a line for each question: udp|tcp, type, name."""
import argparse
import os
import pathlib
import signal
import socket
import struct
import threading
import time

seen, texts = set(), None


def name_bytes(name):
    return b"".join(bytes([len(label)]) + label.encode() for label in name.split(".")) + b"\0"


def record(owner, kind, data):
    return owner + struct.pack("!HHIH", kind, 1, 60, len(data)) + data


def parse(packet):
    at, labels = 12, []
    while packet[at]:
        labels.append(packet[at + 1:at + 1 + packet[at]].decode("latin-1"))
        at += packet[at] + 1
    return packet[12:at + 5], struct.unpack("!H", packet[at + 1:at + 3])[0], ".".join(labels)


def reply(packet, question, records, flags=0x8180, ident=None, count=None):
    number = packet[:2] if ident is None else ident
    return number + struct.pack("!HHHHH", flags, 1, len(records) if count is None else count, 0, 0) + question + b"".join(records)


def answers(packet, tcp):
    """The packets to send, each with a delay in seconds before it."""
    question, kind, name = parse(packet)
    label = name.split(".")[0].lower()
    if texts and kind == 16:
        text = texts.read_bytes()
        found = [record(b"\xc0\x0c", 16, bytes([len(text)]) + text)] if text else []
        return [(0, reply(packet, question, found, 0x8180 if found else 0x8183))], label
    if texts and kind == 1:
        return [(0, reply(packet, question, [record(b"\xc0\x0c", 1, bytes([127, 0, 0, 1]))]))], label
    if texts:
        return [(0, reply(packet, question, []))], label
    right = record(b"\xc0\x0c", 1, bytes([192, 0, 2, 1]))
    wrong = record(b"\xc0\x0c", 1, bytes([192, 0, 2, 66]))
    good = reply(packet, question, [right])
    other = bytes([packet[0] ^ 1, packet[1]])
    cut = reply(packet, question, [], 0x8380)
    first = name not in seen
    seen.add(name)
    cases = {
        "truncated": [(0, reply(packet, question, [right] * 20) if tcp else cut)],
        "cut": [(0, cut)],
        "wrongid": [(0, reply(packet, question, [wrong], ident=other)), (0, good)],
        "forged": [(0, reply(packet, name_bytes("other.example") + b"\0\1\0\1", [record(name_bytes(name), 1, bytes([192, 0, 2, 66]))])),
                   (0, good)],
        "onlywrong": [(0, reply(packet, question, [wrong], ident=other))],
        "silent": [], "slow": [(0.3, good)], "once": [] if first else [(0, good)],
        "garbage": [(0, os.urandom(200))], "short": [(0, good[:5])],
        "noname": [(0, reply(packet, question, [], 0x8183))], "servfail": [(0, reply(packet, question, [], 0x8182))],
        "loop": [(0, reply(packet, question, [record(b"\xc0\x0c", 5, b"\xc0\x0c")]))],
        "pointer": [(0, reply(packet, question, [record(struct.pack("!H", 0xC000 + 12 + len(question)), 1, bytes(4))]))],
        "tcpdrip": [(0, good)] if tcp else [(0, cut)],
        "badmx": [(0, reply(packet, question, [record(b"\xc0\x0c", 15, b"\0")]))],
        "counts": [(0, reply(packet, question, [right], count=65535))],
        "formerr": [(0, reply(packet, question, [], 0x8181)) if packet[11] else (0, good)],
    }
    return cases.get(label, [(0, good)]), label


def note(folder, how, packet):
    _, kind, name = parse(packet)
    with open(folder / "questions", "a") as log:
        log.write(f"{how} {kind} {name}\n")


def serve_udp(listener, folder):
    while True:
        packet, peer = listener.recvfrom(4096)
        try:
            note(folder, "udp", packet)
            for delay, data in answers(packet, False)[0]:
                threading.Timer(delay, listener.sendto, (data, peer)).start() if delay else listener.sendto(data, peer)
        except (IndexError, struct.error):
            pass


def serve_tcp(connection, folder):
    try:
        with connection, connection.makefile("rb") as reader:
            while (head := reader.read(2)) and len(head) == 2:
                packet = reader.read(struct.unpack("!H", head)[0])
                note(folder, "tcp", packet)
                packets, label = answers(packet, True)
                for delay, data in packets:
                    time.sleep(delay)
                    data = struct.pack("!H", len(data)) + data
                    for i in range(0, len(data), 1 if label == "tcpdrip" else len(data)):
                        connection.sendall(data[i:i + 1] if label == "tcpdrip" else data)
                        time.sleep(0.1 if label == "tcpdrip" else 0)
    except (OSError, IndexError, struct.error):
        pass


def main():
    global texts
    parser = argparse.ArgumentParser()
    parser.add_argument("--folder", type=pathlib.Path, required=True)
    parser.add_argument("--texts", type=pathlib.Path)
    options = parser.parse_args()
    folder, texts = options.folder, options.texts
    signal.signal(signal.SIGTERM, lambda *_: os._exit(0))
    while True:  # the same port for both
        tcp = socket.create_server(("127.0.0.1", 0))
        udp = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        try:
            udp.bind(("127.0.0.1", tcp.getsockname()[1]))
            break
        except OSError:
            tcp.close()
    threading.Thread(target=serve_udp, args=(udp, folder), daemon=True).start()
    (folder / "port").write_text(f"{tcp.getsockname()[1]}\n")
    while True:
        connection, _ = tcp.accept()
        threading.Thread(target=serve_tcp, args=(connection, folder), daemon=True).start()


main()
