#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Calls a method of the Kubernetes Container Runtime Interface, as a kubelet does.

    cri.py METHOD REQUEST

REQUEST is JSON that has the numbers of the fields as names, {"1": "id", "3": {"2": [1, 2]}}; the answer
is printed in the same way, each field a list. No client of the interface is packaged in Debian. What of
gRPC and HTTP/2 it takes is little: one request, one answer, in few frames.
"""
import json
import socket
import struct
import sys

ADDRESS = "/run/containerd/containerd.sock"
SERVICE = "/runtime.v1.RuntimeService/"
DATA, HEADERS, RST_STREAM, SETTINGS, PING, GOAWAY = 0, 1, 3, 4, 6, 7
END_STREAM, ACK, END_HEADERS = 1, 1, 4


def varint(number):
    """A number, seven bits a byte."""
    out = b""
    while number > 127:
        out += bytes([number & 127 | 128])
        number >>= 7
    return out + bytes([number])


def encode(message):
    """A protocol buffer."""
    out = b""
    for field, values in message.items():
        for value in values if isinstance(values, list) else [values]:
            if isinstance(value, int):
                out += varint(int(field) << 3) + varint(value)
            else:
                data = encode(value) if isinstance(value, dict) else value.encode()
                out += varint(int(field) << 3 | 2) + varint(len(data)) + data
    return out


def decode(data):
    """The fields of a protocol buffer; None if it is none. Texts and messages look alike in it."""
    at, out = 0, {}

    def number():
        nonlocal at
        value = shift = 0
        while True:
            byte = data[at]
            at += 1
            value |= (byte & 127) << shift
            shift += 7
            if byte < 128:
                return value

    try:
        while at < len(data):
            key = number()
            if key & 7 == 0:
                value = number()
            elif key & 7 == 2:
                size = number()
                raw, at = data[at:at + size], at + size
                if len(raw) < size:
                    return None
                value = raw.decode() if raw.isascii() and raw.decode().isprintable() else decode(raw)
                if value is None:
                    value = raw.decode(errors="replace")
            else:
                return None
            out.setdefault(str(key >> 3), []).append(value)
    except IndexError:
        return None
    return out


def frame(kind, flags, stream, payload):
    """A frame of HTTP/2 (RFC 9113, 4.1)."""
    return struct.pack(">I", len(payload))[1:] + struct.pack(">BBI", kind, flags, stream) + payload


def literal(text):
    """A string of a header, not compressed (RFC 7541, 5.2)."""
    return bytes([len(text)]) + text.encode()


def main():
    """See above."""
    method, request = sys.argv[1], encode(json.loads(sys.argv[2]))
    headers = {":method": "POST", ":scheme": "http", ":path": SERVICE + method, ":authority": "localhost",
               "content-type": "application/grpc", "te": "trailers"}
    connection = socket.socket(socket.AF_UNIX)
    connection.settimeout(120)
    connection.connect(ADDRESS)
    connection.sendall(
        b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + frame(SETTINGS, 0, 0, b"")
        + frame(HEADERS, END_HEADERS, 1,
                b"".join(b"\0" + literal(name) + literal(value) for name, value in headers.items()))
        + frame(DATA, END_STREAM, 1, struct.pack(">BI", 0, len(request)) + request))
    stream, answer = connection.makefile("rb"), b""
    while True:
        head = stream.read(9)
        if len(head) < 9:
            raise SystemExit(f"{method}: the connection ended")
        kind, flags, number = struct.unpack(">BBI", head[3:])
        payload = stream.read(int.from_bytes(head[:3], "big"))
        if kind in (SETTINGS, PING) and not flags & ACK:
            connection.sendall(frame(kind, ACK, 0, payload if kind == PING else b""))
        elif kind == DATA:
            answer += payload
        elif kind in (RST_STREAM, GOAWAY):
            raise SystemExit(f"{method}: refused")
        if number == 1 and kind in (DATA, HEADERS) and flags & END_STREAM:
            break
    # An error has no message; its words are in compressed headers, and in containerd's journal.
    if len(answer) < 5:
        raise SystemExit(f"{method}: failed: journalctl -u containerd says why")
    print(json.dumps(decode(answer[5:])))


main()
