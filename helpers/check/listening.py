"""A web application around a server's, which writes down every message that passes.

It knows both HTTP transports by their look alone: messages go in as bodies of POST requests, and
come out as JSON or as server-sent events.
"""

from __future__ import annotations

import asyncio
import threading

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from helpers.check.record import Heard, Record


class Listening:
    def __init__(self, app: ASGIApp, record: Record) -> None:
        self._app = app
        self._record = record
        self._streams = 0  # that are open now
        self._quiet = threading.Event()  # none is
        self._quiet.set()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            return await self._app(scope, receive, send)
        headers = {name.decode(): value.decode("latin-1") for name, value in scope["headers"]}
        exchange = _Exchange(self._record, headers, receive, send)
        stream = scope["method"] == "GET"
        self._count(stream, 1)
        try:
            await self._app(scope, exchange.receive, exchange.send)
        finally:
            self._count(stream, -1)
        return None

    def _count(self, stream: bool, change: int) -> None:
        if stream:
            self._streams += change
            self._record.opened += change > 0
            (self._quiet.clear if self._streams else self._quiet.set)()

    async def settle(self, seconds: float) -> None:
        """Wait until the streams that a client has left are seen to be closed."""
        await asyncio.to_thread(self._quiet.wait, seconds)
        self._record.left_open = self._streams
        self._record.closed = self._record.opened - self._streams


class _Exchange:
    """One request and its answer, copied as they pass."""

    def __init__(
        self, record: Record, headers: dict[str, str], receive: Receive, send: Send
    ) -> None:
        self._record, self._headers = record, headers
        self._receive, self._send = receive, send
        self._body = self._answer = b""
        self._events = False

    async def receive(self) -> Message:
        message = await self._receive()
        if message["type"] == "http.request":
            self._body += message.get("body", b"")
            if self._body and not message.get("more_body"):
                self._note(True, self._body.decode("utf-8", "backslashreplace"))
        return message

    async def send(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            found = {name.lower(): value for name, value in message["headers"]}
            self._events = found.get(b"content-type", b"").startswith(b"text/event-stream")
            self._record.refused += [message["status"]] if message["status"] >= 400 else []
        elif message["type"] == "http.response.body":
            self._answer += message.get("body", b"")
            self._read(more=message.get("more_body", False))
        await self._send(message)

    def _read(self, *, more: bool) -> None:
        if self._events:
            *events, self._answer = self._answer.replace(b"\r\n", b"\n").split(b"\n\n")
            for event in events:
                lines = event.decode("utf-8", "backslashreplace").split("\n")
                data = [line[5:].strip() for line in lines if line.startswith("data:")]
                self._note(False, "\n".join(data))
        elif not more:
            self._note(False, self._answer.decode("utf-8", "backslashreplace"))

    def _note(self, sent: bool, text: str) -> None:
        heard = Heard(sent, text, self._headers if sent else {})
        if "jsonrpc" in heard.message or (sent and text):
            self._record.heard.append(heard)
