#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""supervisor.py DIRECTORY COMMAND...

What systemd is to `insula start --supervised`: runs COMMAND with a socket that listens (DIRECTORY/door) as fd 3
and one for sd_notify(3), prints who says what there until it has been told of a main process that is ready, asks
at the door, prints the answer, and ends the process. Its exit status is that of COMMAND.
"""
import os, re, signal, socket, struct, sys, time

directory, *command = sys.argv[1:]


def make(name, kind):
    made = socket.socket(socket.AF_UNIX, kind)
    made.bind(f"{directory}/{name}")
    os.chmod(f"{directory}/{name}", 0o777)
    return made


notify = make("notify", socket.SOCK_DGRAM)
notify.setsockopt(socket.SOL_SOCKET, socket.SO_PASSCRED, 1)
notify.settimeout(0.1)
door = make("door", socket.SOCK_STREAM)
door.listen(1)

child = os.fork()
if child == 0:
    os.dup2(door.fileno(), 3)
    os.environ.update(NOTIFY_SOCKET=f"{directory}/notify", LISTEN_PID=str(os.getpid()), LISTEN_FDS="1",
                      LISTEN_FDNAMES="door")
    os.execvp(command[0], command)

told, status, main = [], None, None
end = time.monotonic() + 30
while time.monotonic() < end:
    try:
        text, control, _, _ = notify.recvmsg(4096, 1024)
        if text == b"BARRIER=1":
            os.close(struct.unpack("i", control[1][2])[0])
        else:
            told.append((struct.unpack("iii", control[0][2])[0], text.decode()))
    except TimeoutError:
        if status:
            break
    if status is None:
        pid, ended = os.waitpid(child, os.WNOHANG)
        status = os.waitstatus_to_exitcode(ended) if pid else None
    words = "\n".join(text for _, text in told)
    main = re.search(r"^MAINPID=(\d+)$", words, re.M)
    if main and "READY=1" in words and status is not None:
        break
main = int(main[1]) if main else 0
# With what has not been read: who waits for that goes on.
notify.close()
for pid, text in told:
    who = {child: "insula", main: "main"}.get(pid, "another")
    print(f"{who}:", re.sub(r"MAINPID=\d+", "MAINPID", text).replace("\n", " "))
if main:
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as visitor:
        visitor.settimeout(3)
        try:
            visitor.connect(f"{directory}/door")
            print("door:", visitor.recv(100).decode())
        except TimeoutError:
            print("door: nobody")
    os.kill(main, signal.SIGKILL)
    os.waitpid(main, 0)
sys.exit(status)
