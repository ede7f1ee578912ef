"""The two ends that the SDK reads from and writes to, with a recorder behind them.

Their shape is that of the SDK's `ReadStream` and `WriteStream` protocols.
"""

from __future__ import annotations

from typing import Any, Protocol

import anyio
from mcp.shared.message import SessionMessage

CLOSED = (anyio.EndOfStream, anyio.ClosedResourceError, anyio.BrokenResourceError)


class Recorder(Protocol):
    """What stands between these ends and a transport's own streams."""

    async def receive(self) -> SessionMessage | Exception: ...
    async def send(self, item: SessionMessage) -> None: ...


class Reading:
    """What the SDK's `ReadStream` protocol asks for."""

    def __init__(self, recorder: Recorder, inner: Any) -> None:
        self.receive = recorder.receive
        self.aclose = inner.aclose
        self._inner = inner

    @property
    def last_context(self) -> Any:
        return getattr(self._inner, "last_context", None)

    def __aiter__(self) -> Reading:
        return self

    async def __anext__(self) -> SessionMessage | Exception:
        try:
            return await self.receive()
        except CLOSED:
            raise StopAsyncIteration from None

    async def __aenter__(self) -> Reading:
        return self

    async def __aexit__(self, *error: object) -> None:
        await self.aclose()


class Writing:
    """What the SDK's `WriteStream` protocol asks for."""

    def __init__(self, recorder: Recorder, inner: Any) -> None:
        self.send = recorder.send
        self.aclose = inner.aclose

    async def __aenter__(self) -> Writing:
        return self

    async def __aexit__(self, *error: object) -> None:
        await self.aclose()
