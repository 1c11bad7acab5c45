"""Runs a program on a terminal of its own and plays a person at it.

Standard input: JSON {"command": [...], "env": {...}, "steps": [[text to wait for, keys to type], ...], "seconds": N,
"cwd": directory or null, "columns": width of the terminal, "stdout": file that its standard output goes to, or null for the terminal}.
Standard output: JSON {"status": exit code, "screen": all that the program wrote, "missed": text that never came}.
"""

import fcntl
import json
import os
import pty
import select
import signal
import struct
import sys
import termios
import time

request = json.load(sys.stdin)
pid, terminal = pty.fork()
if pid == 0:
    os.environ.update(request["env"])
    if request["cwd"]:
        os.chdir(request["cwd"])
    if request["stdout"]:
        os.dup2(os.open(request["stdout"], os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), 1)
    os.execvp(request["command"][0], request["command"])
fcntl.ioctl(terminal, termios.TIOCSWINSZ, struct.pack("HHHH", 50, request["columns"], 0, 0))

screen, seen, missed = "", 0, None
steps = list(request["steps"])
deadline = time.monotonic() + request["seconds"]
while True:
    if steps and steps[0][0] in screen[seen:]:
        text, keys = steps.pop(0)
        seen = screen.index(text, seen) + len(text)
        time.sleep(0.05)  # a prompt listens only after it is drawn
        os.write(terminal, keys.encode())
        continue
    left = deadline - time.monotonic()
    if left <= 0:
        missed = steps[0][0] if steps else "the end"
        os.kill(pid, signal.SIGKILL)
        break
    if select.select([terminal], [], [], left)[0]:
        try:
            data = os.read(terminal, 65536)
        except OSError:  # how Linux says that the other side is closed
            break
        if not data:
            break
        screen += data.decode("utf-8", "replace")
_, status = os.waitpid(pid, 0)
if steps and missed is None:
    missed = steps[0][0]
json.dump({"status": os.waitstatus_to_exitcode(status), "screen": screen, "missed": missed}, sys.stdout)
