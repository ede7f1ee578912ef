"""Stands between a client and a stdio server and writes down every line that passes.

It is run as a file and with the standard library alone, so that it starts at once:
`python recording.py LOG COMMAND [ARGUMENT ...]`. Each line of LOG is a JSON object: `pid` is this
process; `what` is "started", "sent" (by the client), "received" (by it), "closed" (the client has
closed the server's standard input) or "ended" (the server has); `line` is what passed.
"""

import json
import os
import subprocess
import sys
import threading
from typing import IO, Any


class Log:
    """A file that two threads write to."""

    def __init__(self, path: str) -> None:
        self._file = open(path, "a", encoding="utf-8", buffering=1)  # noqa: SIM115, PTH123
        self._lock = threading.Lock()

    def note(self, what: str, line: bytes = b"") -> None:
        text = line.decode("utf-8", "backslashreplace").rstrip("\r\n")
        entry = json.dumps({"pid": os.getpid(), "what": what, "line": text})
        with self._lock:
            self._file.write(entry + "\n")


def main(path: str, *command: str) -> None:
    log = Log(path)
    log.note("started")
    server: Any = subprocess.Popen(  # noqa: S603 - what the check was told to start
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE
    )
    copying = threading.Thread(target=_copy, args=(sys.stdin.buffer, "sent", server.stdin, log))
    copying.daemon = True  # it may wait for a client that says nothing more
    copying.start()
    _copy(server.stdout, "received", sys.stdout.buffer, log)
    status = server.wait()
    log.note("ended")
    # at once, because a client sees the end of a server by the end of this process
    os._exit(max(status, 0))


def _copy(source: IO[bytes], what: str, target: IO[bytes], log: Log) -> None:
    try:
        for line in source:
            log.note(what, line)
            target.write(line)
            target.flush()
        if what == "sent":
            log.note("closed")
            target.close()
    except BrokenPipeError:
        pass  # who reads there has gone, and this process ends with the server


if __name__ == "__main__":
    main(*sys.argv[1:])
