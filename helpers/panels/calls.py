"""Calls of tools, sent one after the other in the order in which they were asked for."""

from __future__ import annotations

import asyncio
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from enum import Enum
from functools import cached_property
from typing import Any

from mcp import MCPError
from mcp.types import CallToolResult

from helpers.panels.link import Link
from helpers.panels.python_line import literal
from helpers.text import one_line

SHOWN_ARGUMENTS = 120


class Outcome(Enum):
    """What became of a call: a word, and a sign for those who scan."""

    WAITING = "waiting", "…"
    RUNNING = "running", "▸"
    OK = "ok", "✓"
    TOOL_ERROR = "tool error", "✗"
    PROTOCOL_ERROR = "protocol error", "‼"
    LOST = "connection lost", "⊘"
    CLOSED = "connection closed", "⊘"
    NO_ANSWER = "no answer", "⊘"
    CANCELLED = "cancelled", "■"
    NOT_SENT = "not sent", "○"

    def __init__(self, word: str, sign: str) -> None:
        self.word = word
        self.sign = sign

    def __str__(self) -> str:
        return f"{self.sign} {self.word}"


@dataclass(frozen=True)
class Progress:
    """What a server reports of a running call."""

    done: float
    total: float | None
    message: str


@dataclass(eq=False)
class Call:
    """One call: what was asked for, and what became of it."""

    tool: str
    arguments: dict[str, Any]
    at: datetime = field(default_factory=lambda: datetime.now().astimezone())
    outcome: Outcome = Outcome.WAITING
    progress: Progress | None = None
    result: CallToolResult | None = None
    error: Exception | None = None
    begun: float = 0.0  # on the clock of time.perf_counter, in seconds
    ms: float | None = None
    dropped: int = 0  # how many that waited behind it were not sent, when it was cancelled
    let_go: bool = False  # its result, to make room for later ones

    @cached_property
    def written(self) -> str:
        """The beginning of the arguments, in one line."""
        return one_line(literal(self.arguments), SHOWN_ARGUMENTS)

    @cached_property
    def size(self) -> int:
        """How long the result is that came back, in characters, as Python writes it."""
        return len(repr(self.result))

    @property
    def seconds(self) -> float:
        """How long it took, or has taken so far."""
        return time.perf_counter() - self.begun if self.ms is None else self.ms / 1000

    @property
    def rows(self) -> int | None:
        """How many rows the structured content has, if it is rows."""
        value = self.result and self.result.structured_content
        if isinstance(value, dict) and list(value) == ["result"]:
            value = value["result"]
        is_rows = isinstance(value, list) and all(isinstance(row, dict) for row in value)
        return len(value) if is_rows and isinstance(value, list) else None

    @property
    def facts(self) -> list[str]:
        """The outcome in words, the number of rows and the time, as far as there are any."""
        found = [self.outcome.word]
        if self.rows is not None and self.outcome is Outcome.OK:
            found.append(f"{self.rows} row{'' if self.rows == 1 else 's'}")
        if self.ms is not None:
            found.append(duration(self.ms))
        return found

    def __str__(self) -> str:
        return " · ".join([one_line(self.tool), *self.facts])


def duration(ms: float) -> str:
    """Milliseconds as a person reads them: `0.8 ms`, `12 ms`, `1.4 s`."""
    if ms < 10:
        return f"{ms:.1f} ms"
    return f"{ms:.0f} ms" if ms < 1000 else f"{ms / 1000:.1f} s"


def outcome_of(error: Exception, link: Link) -> Outcome:
    """What it means that a request raised this; the link hears of it, too."""
    if isinstance(error, MCPError):
        link.heard(error)
    # what the SDK raises of an answer that is against the protocol is a protocol error, too
    ended = Outcome.NO_ANSWER if isinstance(error, TimeoutError) else Outcome.PROTOCOL_ERROR
    return {"lost": Outcome.LOST, "closed": Outcome.CLOSED}.get(link.state, ended)


class Calls:
    """A queue with one worker: calls are sent in order, and none is lost.

    Args:
        link: where they are sent.
        on_change: called with a call, on the loop, whenever its outcome changes.
    """

    def __init__(self, link: Link, on_change: Callable[[Call], None]) -> None:
        self.running: Call | None = None
        self._link = link
        self._tell = on_change
        self._waiting: deque[Call] = deque()
        self._sending: asyncio.Task[CallToolResult] | None = None
        self._worker: asyncio.Task[None] | None = None

    @property
    def waiting(self) -> int:
        return len(self._waiting)

    def add(self, call: Call) -> None:
        """Send this call when those before it are done; from any thread."""
        self._waiting.append(call)
        self._link.post(self._start, call)

    def _start(self, call: Call) -> None:
        self._tell(call)
        if self._worker is None:
            self._worker = asyncio.create_task(self._work(), name="tool console")

    def cancel(self) -> None:
        """Cancel the running call, on the server too; those that wait are not sent."""
        self._link.post(self._cancel)

    def close(self) -> None:
        """Cancel now what is not done, because nobody can do it any more; on the loop."""
        if not self._link.loop.is_closed():
            self._cancel()

    def _cancel(self) -> None:
        dropped = len(self._waiting)
        while self._waiting:
            self._end(self._waiting.popleft(), Outcome.NOT_SENT)
        if self.running and self._sending and self._sending.cancel():
            self.running.dropped = dropped

    async def _work(self) -> None:
        try:
            while self._waiting:
                await self._send(self._waiting.popleft())
        finally:
            self._worker = None

    async def _send(self, call: Call) -> None:
        async def note(progress: float, total: float | None, message: str | None) -> None:
            call.progress = Progress(progress, total, message or "")

        self.running, call.outcome, call.begun = call, Outcome.RUNNING, time.perf_counter()
        self._tell(call)
        sending = self._sending = asyncio.create_task(
            self._link.client.call_tool(call.tool, call.arguments, progress_callback=note)
        )
        try:
            await asyncio.wait([sending])  # which does not raise what the call raises
        finally:
            sending.cancel()  # where this worker itself was cancelled
            call.ms = (time.perf_counter() - call.begun) * 1000
            self.running = self._sending = None
        self._end(call, self._judged(call, sending))

    def _judged(self, call: Call, sent: asyncio.Task[CallToolResult]) -> Outcome:
        """What the end of the call means; the result or the error is put into the call."""
        if sent.cancelled():
            return Outcome.CANCELLED
        error = sent.exception()
        if error is None:
            call.result = sent.result()
            return Outcome.TOOL_ERROR if call.result.is_error else Outcome.OK
        if not isinstance(error, Exception):
            raise error
        call.error = error
        return outcome_of(error, self._link)

    def _end(self, call: Call, outcome: Outcome) -> None:
        call.outcome = outcome
        self._tell(call)
