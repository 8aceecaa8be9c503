#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""What the tests need of terminals.

terminal.py receive SOCKET FILE
    listen on SOCKET for one descriptor; its name goes to FILE.name. If it is a terminal, the lines of
    FILE.input are typed into it once FILE.go is there, and all that it says goes to FILE. Ends with it.
terminal.py run ROWS COLUMNS FILE COMMAND...
    run COMMAND on a new terminal of that size; what it says goes to FILE, what FILE.input holds is
    typed. "@ROWSxCOLUMNS" as a line of it changes the size. The exit status is that of COMMAND.
"""
import array, fcntl, os, pty, select, socket, struct, sys, termios, time


def set_size(fd, rows, columns):
    fcntl.ioctl(fd, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))


def wait_for(path):
    while not os.path.exists(path):
        time.sleep(0.02)


def type_line(fd, line):
    if line.startswith("@"):
        set_size(fd, *map(int, line[1:].split("x")))
    else:
        os.write(fd, line.encode() + b"\n")


def relay(fd, path, lines):
    """Type a line each time that a "> " has been shown; keep all that is shown."""
    shown = b""
    with open(path, "ab", buffering=0) as output:
        while True:
            select.select([fd], [], [])
            try:
                data = os.read(fd, 4096)
            except OSError:
                return
            if not data:
                return
            output.write(data)
            shown += data
            while lines and b"> " in shown:
                shown = shown[shown.index(b"> ") + 2:]
                type_line(fd, lines.pop(0))


def lines_of(path):
    try:
        with open(path + ".input") as file:
            # Not splitlines(): to that ^] is the end of one, too.
            return file.read().removesuffix("\n").split("\n")
    except FileNotFoundError:
        return []


def receive(path, output):
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as server:
        server.bind(path)
        server.listen(1)
        connection, _ = server.accept()
    with connection:
        data, ancillary, _, _ = connection.recvmsg(4096, socket.CMSG_SPACE(4))
        name = data.decode()
        fds = array.array("i")
        for level, kind, payload in ancillary:
            assert (level, kind) == (socket.SOL_SOCKET, socket.SCM_RIGHTS)
            fds.frombytes(payload)
        assert len(fds) == 1, fds
    info = open(f"/proc/self/fdinfo/{fds[0]}").read()
    with open(output + ".new", "w") as file:
        file.write(name + "\n" + info)
    os.rename(output + ".new", output + ".name")
    if os.isatty(fds[0]):
        relay(fds[0], output, lines_of(output))


def run(rows, columns, output, command):
    pid, fd = pty.fork()
    if pid == 0:
        wait_for(output + ".go")
        os.execvp(command[0], command)
    set_size(fd, int(rows), int(columns))
    open(output + ".go", "w").close()
    relay(fd, output, lines_of(output))
    return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])


if sys.argv[1] == "receive":
    receive(*sys.argv[2:])
else:
    sys.exit(run(*sys.argv[2:5], sys.argv[5:]))
