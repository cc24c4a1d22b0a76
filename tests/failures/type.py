#!/usr/bin/python3
"""type.py FILE... -- COMMAND...: on a terminal of its own, where each question of the command ("...: ") is
answered by the next file. What it shows goes to standard output; the exit status is the command's."""

import os
import pty
import sys

end = sys.argv.index("--")
answers = [open(name, "rb").read() for name in sys.argv[1:end]]
pid, terminal = pty.fork()
if pid == 0:
    os.execvp(sys.argv[end + 1], sys.argv[end + 1:])
shown = b""
while True:
    try:
        piece = os.read(terminal, 4096)
    except OSError: # the other end is closed
        break
    if not piece:
        break
    sys.stdout.buffer.write(piece)
    shown += piece
    if shown.endswith(b": ") and answers:
        os.write(terminal, answers.pop(0))
        shown = b""
sys.exit(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]))
