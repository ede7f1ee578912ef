"""An MCP server over HTTP for a check: everything that passes is recorded."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from mcp.server import MCPServer

from helpers.check.listening import Listening
from helpers.check.record import Record
from helpers.serving import Transport, serve

END_SECONDS = 3.0  # for a stream to end after its client has left


class Service:
    """A server at work, everything that passes recorded."""

    def __init__(self, server: MCPServer[Any], transport: Transport, record: Record) -> None:
        self._server, self._transport, self._record = server, transport, record
        self._start(port=0)

    @property
    def url(self) -> str:
        return self.handle.url

    def restart(self) -> None:
        """Stop the server and start it anew at the same URL, with nothing remembered."""
        self.handle.stop()
        self._start(self.handle.port)

    def _start(self, port: int) -> None:
        over_sse = self._transport == "sse"
        app = self._server.sse_app() if over_sse else self._server.streamable_http_app()
        self.listening = Listening(app, self._record)
        name = f"{self._server.name} for a check, {id(self)}"  # there may be another one of it
        self.handle = serve(self.listening, transport=self._transport, port=port, name=name)


@asynccontextmanager
async def served(
    server: MCPServer[Any], transport: Transport, record: Record
) -> AsyncIterator[Service]:
    """Serve it until the block ends, and let the streams end that a client has left."""
    service = Service(server, transport, record)
    try:
        yield service
        await service.listening.settle(END_SECONDS)
    finally:
        service.handle.stop()
