"""How hostile input goes to a server, over a pipe or HTTP, and what may never come back."""

from __future__ import annotations

import json
import logging
import queue
import re
import select
import socket
import subprocess
import tempfile
import threading
import time
import traceback
from collections import Counter
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from itertools import count
from typing import Any
from urllib.parse import urlsplit

from helpers.logs import LIBRARIES
from servers import database
from tests.hostile_cases import ENVELOPE, INITIALIZE, message, nested
from tests.places import ROOT
from tests.server_process import command

LEAKS = re.compile(r'Traceback \(|File \\*"|site-packages|' + re.escape(str(ROOT)))
SQLITE = re.compile(
    "OperationalError|DatabaseError|syntax error|unrecognized token|no such (table|column)"
    '|near \\\\*"|only execute one statement|not authorized|readonly database'
)


def clean(answer: Any) -> None:
    """Fail if what crossed the wire tells of the server's inside."""
    words = answer if isinstance(answer, str) else repr(answer)
    assert not (found := LEAKS.search(words)), found
    assert not (found := SQLITE.search(words)), found


def blamed(log: str) -> bool:
    """Whether our own code stands in a traceback; through servers/serving.py others' pass."""
    return bool(re.search(re.escape(str(ROOT / "servers")) + r"/(?!serving\.py)\w+\.py", log))


class Watch(logging.Handler):
    """Keeps the tracebacks that are logged, as text."""

    def __init__(self) -> None:
        super().__init__()
        self.tracebacks: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        if record.exc_info and record.exc_info[1]:
            self.tracebacks.append("".join(traceback.format_exception(record.exc_info[1])))


@contextmanager
def watching() -> Iterator[Watch]:
    """Whatever this process logs while the block runs; what our code is to blame for fails."""
    watch = Watch()
    loggers = [logging.getLogger(name) for name in (None, *LIBRARIES)]  # the helpers part them
    for logger in loggers:
        logger.addHandler(watch)
    try:
        yield watch
    finally:
        for logger in loggers:
            logger.removeHandler(watch)
    assert not [text for text in watch.tracebacks if blamed(text)]


@contextmanager
def statements(monkeypatch: Any) -> Iterator[Counter[str]]:
    """Every statement that SQLite executes for us while the block runs."""
    seen: Counter[str] = Counter()
    real = database._connection

    @contextmanager
    def traced() -> Iterator[Any]:
        with real() as connection:
            connection.set_trace_callback(lambda statement: seen.update([statement]))
            yield connection

    monkeypatch.setattr(database, "_connection", traced)
    yield seen
    monkeypatch.undo()


REPLIES = [
    {"error": {"code": 1, "message": "no"}},
    {"result": {}},
    {"result": {"action": "accept"}},
    {"result": {"action": "accept", "content": {"min_rating": "\0", "name_actors": [nested(40)]}}},
    {"result": {"action": "accept", "content": {"min_rating": 0, "x": "'; DROP TABLE x"}}},
    {"result": {"action": ["decline"], "content": 5}},
]


def wanted(line: bytes) -> tuple[list[Any], list[Any]]:
    """The ids that a line of stdin must have answered, and those that it may have answered.

    Must: a JSON-RPC 2.0 request with a whole number or a string for its id, and an object or
    nothing for its parameters, within the limits of the SDK's JSON reader: no lone surrogate,
    150 levels, numbers of 4,000 digits. A carriage return ends a line, as in Python.
    """
    must: list[Any] = []
    may: list[Any] = []
    for piece in re.split("\r\n|\r|\n", line.decode("utf-8", "replace")):
        beyond: list[str] = []

        def whole(digits: str, beyond: list[str] = beyond) -> int:
            return int(digits) if len(digits) < 4000 else beyond.append(digits) or 0

        try:
            found = json.loads(piece, parse_int=whole, parse_constant=beyond.append)
        except (ValueError, RecursionError):
            continue
        if not isinstance(found, dict) or type(found.get("id")) not in (int, str):
            continue
        proper = found.get("jsonrpc") == "2.0" and isinstance(found.get("method"), str)
        proper = proper and isinstance(found.get("params", {}), dict)
        proper = proper and not {"result", "error"} & set(found)
        sound = proper and not beyond and _levels(found) < 150 and not _has_surrogates(found)
        (must if sound else may).append(found["id"])
    return must, may


def _levels(found: Any) -> int:
    inside = found.values() if isinstance(found, dict) else found if isinstance(found, list) else ()
    return 1 + max(map(_levels, inside), default=0)


def _has_surrogates(found: Any) -> bool:
    try:
        json.dumps(found, ensure_ascii=False).encode("utf-8")
    except UnicodeEncodeError:
        return True
    return False


def key(request_id: Any) -> tuple[type, Any]:
    return type(request_id), request_id  # 7 is not "7", and True is not 1


class Pipe:
    """A server as a process, spoken to in bytes, one line at a time."""

    def __init__(self, module: str, state: str, before: Iterable[bytes] = ()) -> None:
        self.module, self.state, self._ids = module, state, count()
        self._owed: Counter[Any] = Counter()
        self._allowed: Counter[Any] = Counter()
        self._errors = tempfile.TemporaryFile("w+", encoding="utf-8")  # noqa: SIM115 - `end` closes it
        self.process = subprocess.Popen(
            command(module), stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=self._errors
        )
        self._lines: queue.Queue[bytes] = queue.Queue()
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()
        for line in before:
            self._send(line)
        if state == "legacy":
            assert "result" in self.ask("initialize", INITIALIZE)
            self._send(json.dumps(message(method="notifications/initialized")).encode())

    def _read(self) -> None:
        for line in self.process.stdout or ():
            self._lines.put(line)
        self._lines.put(b"")

    def _send(self, line: bytes) -> None:
        assert self.process.stdin
        self.process.stdin.write(line + b"\n")
        self.process.stdin.flush()

    def ask(self, method: str, params: dict[str, Any] | None = None) -> dict[str, Any]:
        """Send a well-formed request of this connection's era; give the answer."""
        params = dict(params or {})
        if self.state == "modern":
            params["_meta"] = ENVELOPE
        request_id = f"asked {next(self._ids)}"
        line = json.dumps(message(id=request_id, method=method, params=params)).encode()
        return self.settle([line])[key(request_id)]

    def settle(self, lines: list[bytes], seconds: float = 60.0) -> dict[Any, dict[str, Any]]:
        """Send lines and wait until all that must be answered is answered, each of them once."""
        for line in lines:
            self._send(line)
            for counter, ids in zip((self._owed, self._allowed), wanted(line), strict=True):
                counter.update(map(key, ids))
        answers = {}
        while +self._owed:
            try:
                line = self._lines.get(timeout=seconds)
            except queue.Empty:
                raise AssertionError(f"not answered: {+self._owed}") from None
            assert line, f"the server has ended:\n{self.log()[-3000:]}"
            answer = json.loads(line)
            clean(answer)
            assert answer["jsonrpc"] == "2.0"
            if "method" not in answer:
                assert ("result" in answer) != ("error" in answer)
                name = key(answer["id"])
                answers[name] = answer
                counter = self._owed if self._owed[name] else self._allowed
                assert counter[name] > 0, f"answered once too often: {answer}"
                counter[name] -= 1
            elif "id" in answer:  # the server asks for something
                reply = REPLIES[next(self._ids) % len(REPLIES)]
                self._send(json.dumps(message(id=answer["id"]) | reply).encode())
        return answers

    def log(self) -> str:
        self._errors.seek(0)
        return self._errors.read()

    def end(self) -> str:
        """Let the server go as a client does that leaves; give what it wrote to stderr."""
        assert self.process.stdin and self.process.stdout
        self.process.stdin.close()
        try:
            assert self.process.wait(60) == 0
        finally:
            self.process.kill()
            self.process.wait()
            self._reader.join()
            self.process.stdout.close()
            log = self.log()
            self._errors.close()
        assert not blamed(log), log
        return log


def place(url: str) -> tuple[str, int]:
    parts = urlsplit(url)
    assert parts.hostname and parts.port
    return parts.hostname, parts.port


def exchange(url: str, head: str, chunks: Iterable[bytes] = ()) -> tuple[int, bytes]:
    """Send an HTTP request byte by byte as it is given; give the status and what came back.

    It stops sending when an answer begins to arrive, as a polite client does.

    Args:
        head: the request line and the header lines, without the empty one that ends them.
        chunks: the body, in parts.
    """
    with socket.create_connection(place(url), timeout=20) as connection:
        lines = [*head.splitlines(), "Connection: close", "", ""]
        connection.sendall("\r\n".join(lines).encode("utf-8", "surrogateescape"))
        with suppress(ConnectionError):  # it may close before it has read all
            for chunk in chunks:
                if select.select([connection], [], [], 0)[0]:
                    break
                connection.sendall(chunk)
        received = b""
        with suppress(ConnectionResetError):  # what it did not read makes the end a rude one
            while part := connection.recv(65536):
                received += part
    found = re.match(rb"HTTP/1\.1 (\d{3}) ", received)
    assert found, received
    clean(received.decode("utf-8", "replace"))
    return int(found[1]), received


class Stream:
    """A client of the SSE transport, in bytes: its session, and the messages that it is sent."""

    def __init__(self, url: str) -> None:
        self._socket = socket.create_connection(place(url), timeout=20)
        self._socket.sendall(f"GET /sse HTTP/1.1\r\nHost: {urlsplit(url).netloc}\r\n\r\n".encode())
        self._file = self._socket.makefile("rb")
        endpoint = next(self._data())
        assert endpoint.startswith("/messages/?session_id=")
        self.session = endpoint.rpartition("=")[2]
        self.path = endpoint

    def _data(self) -> Iterator[str]:
        deadline = time.monotonic() + 20
        for line in self._file:  # a comment comes every 15 seconds
            assert time.monotonic() < deadline, "the stream stays silent"
            if line.startswith(b"data: "):
                clean(line.decode())
                yield line.decode().removeprefix("data: ").rstrip("\r\n")

    def next(self) -> dict[str, Any]:
        """The next message; waits for it, 35 seconds at most."""
        found: dict[str, Any] = json.loads(next(self._data()))
        return found

    def close(self) -> None:
        self._file.close()
        self._socket.close()
