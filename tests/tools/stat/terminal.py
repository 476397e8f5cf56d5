#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Run a command on a terminal of its own, and print what it wrote there.

terminal.py COLUMNS ROWS KEYS COMMAND...

Each of KEYS is typed after another second, the first one a second after something was written; ^ is
SIGTERM. Ends with the command's status, or 128 and
the number of the signal that ended it.
"""
import fcntl
import os
import pty
import select
import signal
import struct
import sys
import termios
import time

columns, rows, keys, command = int(sys.argv[1]), int(sys.argv[2]), sys.argv[3], sys.argv[4:]
ready, go = os.pipe()
pid, fd = pty.fork()
if not pid:
    os.read(ready, 1)
    os.execvp(command[0], command)
fcntl.ioctl(fd, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))
os.write(go, b"x")
due = None
text = b""
while True:
    if select.select([fd], [], [], 0.1)[0]:
        try:
            piece = os.read(fd, 65536)
        except OSError:
            break
        text += piece
        if not piece:
            break
        due = due or time.monotonic() + 1
    if keys and due and time.monotonic() >= due:
        if keys[0] == "^":
            os.kill(pid, signal.SIGTERM)
        else:
            os.write(fd, keys[0].encode())
        keys, due = keys[1:], due + 1
_, status = os.waitpid(pid, 0)
sys.stdout.buffer.write(text)
sys.stdout.flush()
sys.exit(os.waitstatus_to_exitcode(status) % 256 if os.WIFEXITED(status) else 128 + os.WTERMSIG(status))
