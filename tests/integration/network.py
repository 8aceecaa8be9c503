#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""What the tests of networks need beside ip and nft.

ask PROGRAM PID|- keep|end REQUEST...  ask insula-net about the network namespace of a process; its answers, a line each
serve tcp|udp PORT                     for ever: tell each who asks its address, on IPv4 and IPv6
probe tcp|udp ADDRESS PORT [SOURCE]    what such a server says
names FILE                             ask port 7 of many at once; a line of FILE is NAME and addresses, and all of them say NAME
"""
import concurrent.futures
import socket
import subprocess
import struct
import sys


def ask(program, pid, end, *requests):
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    shell = 'exec "$0"' if pid == "-" else f'exec "$0" 3</proc/{pid}/ns/net'
    process = subprocess.Popen(["sh", "-c", shell, program], stdin=theirs)
    theirs.close()
    for request in requests:
        ours.send(request.encode())
        print(ours.recv(1000).decode())
    if end == "keep":
        ours.send(b"keep")
    ours.close()
    return process.wait()


def serve(protocol, port):
    kind = socket.SOCK_STREAM if protocol == "tcp" else socket.SOCK_DGRAM
    server = socket.socket(socket.AF_INET6, kind)
    server.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    server.bind(("::", int(port)))
    if protocol == "tcp":
        server.listen()
    print("ready", flush=True)
    while True:
        if protocol == "tcp":
            connection, peer = server.accept()
            connection.sendall(peer[0].removeprefix("::ffff:").encode())
            connection.close()
        else:
            _, peer = server.recvfrom(100)
            server.sendto(peer[0].removeprefix("::ffff:").encode(), peer)


def probe(protocol, address, port, source=None):
    kind = socket.SOCK_STREAM if protocol == "tcp" else socket.SOCK_DGRAM
    client = socket.socket(socket.AF_INET6 if ":" in address else socket.AF_INET, kind)
    client.settimeout(2)
    try:
        if source:
            client.bind((source, 0))
        client.connect((address, int(port)))
        if protocol == "udp":
            client.send(b"?")
        print(client.recv(100).decode())
    except OSError as error:
        print(error)
        return 1
    return 0


def says_name(name, address):
    try:
        with socket.create_connection((address, 7), 10) as client:
            said = client.makefile().read().strip()
    except OSError as error:
        said = str(error)
    if said != name:
        print(f"{name}, {address}: {said}")
    return said == name


def names(file):
    with open(file) as lines:
        guests = [line.split() for line in lines]
    with concurrent.futures.ThreadPoolExecutor(32) as pool:
        well = list(pool.map(lambda guest: all([says_name(guest[0], a) for a in guest[1:]]), guests))
    print(f"{sum(well)} of {len(well)} answer")
    return sum(well) != len(well)


def advertise(interface):
    """A router advertisement, as who wants to be the host's router sends it."""
    link = socket.socket(socket.AF_PACKET, socket.SOCK_RAW)
    link.bind((interface, 0))
    source = socket.inet_pton(socket.AF_INET6, "fe80::bad")
    all_nodes = socket.inet_pton(socket.AF_INET6, "ff02::1")
    message = struct.pack("!BBHBBHII", 134, 0, 0, 64, 0, 1800, 0, 0)
    words = struct.unpack("!28H", source + all_nodes + struct.pack("!II", len(message), 58) + message)
    total = sum(words)
    total = (total & 0xFFFF) + (total >> 16)
    message = message[:2] + struct.pack("!H", ~total & 0xFFFF) + message[4:]
    link.send(bytes.fromhex("333300000001") + link.getsockname()[4] + b"\x86\xdd" +
              struct.pack("!IHBB", 6 << 28, len(message), 58, 255) + source + all_nodes + message)


sys.exit({"advertise": advertise, "ask": ask, "serve": serve, "probe": probe, "names": names}[sys.argv[1]](*sys.argv[2:]))
