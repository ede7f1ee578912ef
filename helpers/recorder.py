"""A transport around a transport: it copies every message, and answers for a dead server.

`mcp.Client` takes any async context manager that yields a read and a write stream.
This one hands through the streams of another, so the SDK runs unchanged.
"""

from __future__ import annotations

import asyncio
import logging
import math
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager, suppress
from typing import Any

import anyio
import httpx2
import mcp_types as types
from mcp.shared.dispatcher import coerce_request_id
from mcp.shared.message import SessionMessage

from helpers import logs
from helpers.errors import root_cause, unreadable_line
from helpers.owner_task import Owner, settled
from helpers.pending import Pending
from helpers.streams import CLOSED, Reading, Writing
from helpers.traffic import Wire

AGAIN = "\nTo go on, run the cell that connects again."
CRASH_SECONDS = 0.05
KEPT_CHARACTERS = 4000  # of a line that is no message

logger = logging.getLogger(__name__)


class RecordingTransport:
    """Records what passes in `wire`, and what the SDK logs about it in `notes`.

    Args:
        transport: any MCP client transport.
        last_words: returns text to add when the server has gone, such as its stderr.
    """

    def __init__(
        self,
        transport: AbstractAsyncContextManager[Any],
        last_words: Callable[[], str] = lambda: "",
    ) -> None:
        self.wire = Wire()
        self.notes = logs.new_lines()
        self.stray = logs.new_lines()
        self.broken_by: BaseException | None = None
        self.transport = transport
        self.last_words = last_words
        self._pending = Pending()
        self.gone: str | None = None  # why nothing passes any more
        self.on_gone: list[Callable[[], None]] = []
        self._sending: set[asyncio.Task[None]] = set()

    async def __aenter__(self) -> tuple[Reading, Writing]:
        logs.divert()
        logs.of_task.set(self._note)
        # in a task of its own, so that a transport that crashes does not take the client along
        self._owner = Owner("transport", self.transport)
        self._owner.start(tick=False)  # the client's owner does
        try:
            await settled(self._owner.ready)
            self._read, self._write = self._owner.ready.result()
        except BaseException:
            await self._leave()
            raise
        # what this side answers itself, once the server cannot
        self._put, self._local = anyio.create_memory_object_stream[SessionMessage](math.inf)
        self._owner.task.add_done_callback(self._ended)
        return Reading(self, self._read), Writing(self, self._write)

    async def __aexit__(self, *error: object) -> None:
        self.give_up("The connection is closed.")
        try:
            await self._leave()
        finally:
            for task in self._sending:
                task.cancel()
            self._put.close()
            self._local.close()

    async def _leave(self) -> None:
        if not self._owner.left.done():  # a transport that crashed has said why in `broken_by`
            with anyio.CancelScope(shield=True):
                try:
                    await self._owner.leave()
                except (*CLOSED, httpx2.TransportError) as error:
                    # a message or the server's own end crossed our closing: it is closed
                    self.notes.append(f"while closing: {type(error).__name__} {error}")

    def _ended(self, _: object) -> None:
        if self.gone is None:  # it ended by itself
            self.broken_by = self._owner.left.exception()
            self.give_up(f"The connection broke: {root_cause(self.broken_by).rstrip('.')}.")

    async def receive(self) -> SessionMessage | Exception:
        while self.gone is None:
            with suppress(anyio.WouldBlock):
                return self._local.receive_nowait()
            item: SessionMessage | Exception | None = None
            try:
                with self._pending.time_limit():
                    item = await self._read.receive()
            except CLOSED:
                await self._crash()
                while self._pending.doubts:
                    self._judge()
                self.give_up("The server has gone: it ended, or it closed the connection.")
                continue
            if item is None:
                self._judge()
            elif self.gone is None and (read := self._received(item)):  # else it is answered
                return read
        return await self._local.receive()

    def _received(self, item: SessionMessage | Exception) -> SessionMessage | Exception | None:
        if isinstance(item, SessionMessage):
            message = item.message
            if isinstance(message, types.JSONRPCError) and (
                reason := self._pending.reason_behind(message.error.message)
            ):  # the SDK said this, and not the server
                self._answer({coerce_request_id(message.id or 0)}, reason)
                return None
            self.wire.add(message, sent=False)
            self._pending.received(message)
        elif line := unreadable_line(item):
            self.stray.append(line[:KEPT_CHARACTERS])
            self._pending.doubt(line, all_of_them=not self.wire.answered)
        return item

    async def send(self, item: SessionMessage) -> None:
        self.wire.add(item.message, sent=True)
        self._pending.sent(item.message)
        if self.gone is None:
            # not waited for: the SDK's clock starts when a call is sent, and a server that
            # reads no more would stop it for ever. Tasks begin, and so send, in their order.
            task = asyncio.create_task(self._hand_over(item))
            self._sending.add(task)
            task.add_done_callback(self._sending.discard)
        else:
            self._answer(self._pending, self.gone)

    async def _hand_over(self, item: SessionMessage) -> None:
        # an HTTP transport goes on in the context of this task, which has the call's
        logs.of_task.set(self._note)
        try:
            await self._write.send(item)
        except CLOSED:
            await self._crash()
            self.give_up("The server has gone: it no longer reads what we send.")
        except Exception as error:
            self.give_up(f"A message could not be sent: {root_cause(error).rstrip('.')}.")

    async def _crash(self) -> None:
        """A transport that crashes closes its streams just before it raises: let it say why."""
        await asyncio.wait([self._owner.task], timeout=CRASH_SECONDS)

    def give_up(self, reason: str) -> None:
        """From here on every request is answered on this side, with `reason`."""
        if self.gone is None:
            self.gone = f"{reason}{AGAIN if self.wire.answered else ''}{self.last_words()}"
            self._owner.stop()  # which closes the streams, and so wakes `receive`
            self._answer(self._pending, self.gone)  # before anybody can fail who hears of it
            for tell in tuple(self.on_gone):
                try:
                    tell()
                except Exception:
                    logger.exception("a callback that is told of a connection's end failed")

    def _note(self, record: logging.LogRecord) -> None:
        """Keep what the SDK logs; its writing task says only there that it has failed."""
        self.notes.append(logs.in_one_line(record))
        error = record.exc_info[1] if record.exc_info else None
        said = record.getMessage()
        self._pending.logged(said, error)
        if record.levelno >= logging.ERROR and said == "Error in post_writer":
            self.give_up(f"A message could not be sent: {root_cause(error).rstrip('.')}.")

    def _judge(self) -> None:
        """The oldest answer that cannot be read has had its time to come once more."""
        ids, reason = self._pending.judged()
        if self.wire.answered:
            self._answer(ids, reason)
        else:  # from the first message on: the handshake cannot succeed
            self.give_up(reason)

    def _answer(self, ids: set[types.RequestId], reason: str) -> None:
        """Answer these requests with an error, on behalf of a server that cannot."""
        for request_id in ids:
            error = types.ErrorData(code=types.CONNECTION_CLOSED, message=reason)
            message = types.JSONRPCError(jsonrpc="2.0", id=request_id, error=error)
            self.wire.add(message, sent=False, local=True)
            self._put.send_nowait(SessionMessage(message))
        self._pending -= ids
