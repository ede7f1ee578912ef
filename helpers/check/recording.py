"""Stands between a client and a stdio server and writes down every line that passes.

It is run as a file and with the standard library alone, so that it starts at once:
`python recording.py LOG SECONDS COMMAND [ARGUMENT ...]`. Each line of LOG is a JSON object: `pid`
is this process; `what` is "started", "sent" (by the client), "received" (by it), "closed" (the
client has closed the server's standard input), "late" (received after that), "terminated" (by a
signal) or "ended" (the server has); `line` is what passed. Each line of the server is held back for
SECONDS, so that a client that goes on without it is seen to, however fast the server is.
"""

import json
import os
import signal
import subprocess
import sys
import threading
from typing import IO, Any

UNREAD_SECONDS = 0.2  # for a thread to take what lies in its pipe


class Log:
    """A file that two threads and a signal's handler write to: each line in one piece."""

    def __init__(self, path: str, held: float) -> None:
        self._file = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
        self.only_sent = False
        self.held = held
        self.closed = threading.Event()  # by the client

    def note(self, what: str, line: bytes = b"") -> None:
        text = line.decode("utf-8", "backslashreplace").rstrip("\r\n")
        entry = json.dumps({"pid": os.getpid(), "what": what, "line": text})
        os.write(self._file, entry.encode() + b"\n")


def main(path: str, seconds: str, *command: str) -> None:
    log = Log(path, float(seconds))
    log.note("started")
    server: Any = subprocess.Popen(  # noqa: S603 - what the check was told to start
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE
    )
    copying = threading.Thread(target=_copy, args=(sys.stdin.buffer, "sent", server.stdin, log))
    copying.daemon = True  # it may wait for a client that says nothing more

    def finish(*_: object) -> None:
        """Told to end while the client is there: write down what it has sent until now."""
        log.note("terminated")
        log.only_sent = True
        os.set_blocking(sys.stdin.fileno(), False)
        copying.join(UNREAD_SECONDS)
        server.kill()
        os._exit(1)

    signal.signal(signal.SIGTERM, finish)
    copying.start()
    _copy(server.stdout, "received", sys.stdout.buffer, log)
    status = server.wait()
    log.note("ended")
    # at once, because a client sees the end of a server by the end of this process
    os._exit(max(status, 0))


def _copy(source: IO[bytes], what: str, target: IO[bytes], log: Log) -> None:
    try:
        for line in source:
            late = what == "received" and log.closed.wait(log.held)
            log.note("late" if late else what, line)
            target.write(line)
            target.flush()
        if what == "sent" and not log.only_sent:
            log.note("closed")
            log.closed.set()
            target.close()
    except BrokenPipeError:
        pass  # who reads there has gone, and this process ends with the server


if __name__ == "__main__":
    main(*sys.argv[1:])
