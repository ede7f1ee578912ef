"""What `connect` connects to: the transport for each kind of target, and how to have it again."""

from __future__ import annotations

import asyncio
import shlex
import weakref
from collections import deque
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

import httpx2
from mcp import Client, StdioServerParameters
from mcp.client.streamable_http import streamable_http_client
from mcp.server import MCPServer, Server

from helpers.stdio import StdioTransport

# by the name of the function that makes the transport
TRANSPORTS = {
    "over_http": "Streamable HTTP",
    "sse_client": "SSE",
    "stdio_client": "stdio",
    "streamable_http_client": "Streamable HTTP",
}
CLOSING_SECONDS = 1.0
CONNECT_SECONDS = 8.0  # less than the ten that the SDK waits for the answer to its first question


class Follower(Protocol):
    def follow(self, client: Client) -> None: ...


@dataclass(eq=False)
class Opening:
    """What `connect` was asked for, and the client that stands for it now."""

    target: Any  # what to open next; None where that cannot be had again
    name: str | None
    timeout: float  # seconds
    options: dict[str, Any]  # of `mcp.Client`
    kind: str = ""  # of the transport
    key: str = ""
    # weak: while it is open, its owner task holds it
    client: Callable[[], Client | None] = lambda: None
    # told of the new client after a reconnect: every console on the old one follows
    followers: weakref.WeakSet[Follower] = field(default_factory=weakref.WeakSet)
    lock: asyncio.Lock = field(default_factory=asyncio.Lock)


def transport_for(target: Any, answers: deque[httpx2.Response]) -> tuple[Any, str]:
    """The transport to record (None: in this process) and a description ("": has none)."""
    if isinstance(target, StdioServerParameters):
        return StdioTransport(target), shlex.join([target.command, *target.args])
    if isinstance(target, str):
        if not target.startswith(("http://", "https://")):
            raise ValueError(
                f"{target!r} is not a URL. To start a server process, pass "
                "StdioServerParameters(command=..., args=[...])"
            )
        return over_http(target, answers), target
    if isinstance(target, MCPServer | Server):
        return None, f"{target.name} in this process, object {id(target)}"
    if not hasattr(target, "__aenter__") or isinstance(target, Client):
        raise TypeError(
            "connect takes StdioServerParameters, a URL, a transport such as sse_client(url), "
            f"or a server object; not {type(target).__name__}"
        )
    return target, ""


def shown(target: Any) -> str:
    """The target as an error message names it: the command without its folder, or the URL."""
    if isinstance(target, StdioServerParameters):
        return shlex.join([Path(target.command).name, *target.args])
    return target if isinstance(target, str) else ""


@asynccontextmanager
async def over_http(
    url: str, answers: deque[httpx2.Response], headers: dict[str, str] | None = None
) -> AsyncIterator[Any]:
    """`streamable_http_client`; `answers` keeps the HTTP answer whose status the SDK drops."""

    async def note(response: httpx2.Response) -> None:
        answers.append(response)

    async def hurry(request: httpx2.Request) -> None:
        if request.method == "DELETE":  # sent on closing: a server that hangs must not hold us up
            request.extensions["timeout"] = httpx2.Timeout(CLOSING_SECONDS).as_dict()

    hooks: dict[str, list[Callable[..., Any]]] = {"request": [hurry], "response": [note]}
    timeout = httpx2.Timeout(30.0, connect=CONNECT_SECONDS, read=300.0)  # else the SDK's own
    async with (
        httpx2.AsyncClient(headers=headers, timeout=timeout, event_hooks=hooks) as http,
        streamable_http_client(url, http_client=http) as streams,
    ):
        yield streams


def kind_of(target: Any) -> str:
    """The transport to this target as a person calls it: stdio, SSE, Streamable HTTP, ..."""
    if isinstance(target, StdioServerParameters):
        return "stdio"
    if isinstance(target, str):
        return "Streamable HTTP"
    if isinstance(target, MCPServer | Server):
        return "in this process"
    made_by = getattr(getattr(target, "func", None), "__name__", "")
    return TRANSPORTS.get(made_by, f"transport {type(target).__name__}")


def spare(target: Any) -> Any:
    """What can be opened after this target was, or None; to be asked for before it is opened.

    What an `@asynccontextmanager` function returned, such as `sse_client(url)`, can be entered
    once, and forgets how it was made when it is; contextlib can make it again before that, for
    its use as a decorator.
    """
    if isinstance(target, StdioServerParameters | str | MCPServer | Server):
        return target
    again = getattr(target, "_recreate_cm", lambda: target)()
    return None if again is target else again
