#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""monitor.py PID-FILE STATUS-FILE COMMAND...

What shims and conmon are to a runtime: the subreaper that calls it and that the container's process is
left to. Runs COMMAND; if that succeeds, waits for the process in PID-FILE and notes its exit status, or
128 and the signal, in STATUS-FILE. Its own exit status is that of COMMAND.
"""
import ctypes, os, subprocess, sys

PR_SET_CHILD_SUBREAPER = 36

pid_file, status_file, *command = sys.argv[1:]
if ctypes.CDLL(None).prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0) != 0:
    sys.exit("prctl failed")
status = subprocess.run(command).returncode
if status != 0:
    sys.exit(status)
with open(pid_file) as file:
    pid = int(file.read())
_, status = os.waitpid(pid, 0)
code = os.waitstatus_to_exitcode(status)
with open(status_file + ".new", "w") as file:
    file.write(str(code if code >= 0 else 128 - code))
os.rename(status_file + ".new", status_file)
