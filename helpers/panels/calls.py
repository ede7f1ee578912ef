"""Calls of tools, sent one after the other in the order in which they were asked for."""

from __future__ import annotations

import asyncio
import time
from collections import deque
from collections.abc import Callable

from mcp.types import CallToolResult

from helpers.panels.call import Call, Outcome, Progress, outcome_of
from helpers.panels.link import Link


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
