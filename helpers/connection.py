"""`connect`: the SDK's own `Client`, opened in one cell and used in others."""

from __future__ import annotations

import shlex
from collections import deque
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import httpx2
from mcp import Client, StdioServerParameters
from mcp.client.streamable_http import streamable_http_client
from mcp.server import MCPServer, Server

from helpers.errors import shorten
from helpers.explain import explain
from helpers.owner import hold_open, next_name
from helpers.recorder import RecordingTransport
from helpers.server_thread import ServerHandle
from helpers.stdio import StdioTransport
from helpers.traffic import Wire


async def connect(
    target: Any,
    *,
    name: str | None = None,
    mode: str = "auto",
    timeout: float = 20.0,
    **client_options: Any,
) -> Client:
    """Open `mcp.Client(target, ...)` and keep it open across cells.

    Args:
        target: what `mcp.Client` takes: `StdioServerParameters` starts a server
            process, a URL is Streamable HTTP, `sse_client(url)` or another transport
            is used as it is, a server object is called in this process.
        name: connecting again under the same name closes the earlier connection first.
            Without one, the command with its arguments or the URL, and the mode, are
            the name; a transport object has none.
        mode: "auto" (ask with `server/discover`, else shake hands) or "legacy"
            (the `initialize` handshake), as `mcp.Client` defines it.
        timeout: seconds until the connection must be up; clean-up may add five.
        **client_options: whatever else `mcp.Client` takes.

    Returns:
        The SDK's own `Client`, entered. Close it with `close(client)`.

    Raises:
        TypeError, ValueError: the target is nothing that can be connected to.
        FileNotFoundError, PermissionError: the command or its folder is not there.
        TimeoutError: the server did not answer in time.
        ConnectionError: any other reason, with the server's last lines on stderr.

    Source: https://modelcontextprotocol.io/specification/2025-11-25/basic/lifecycle
    """
    __tracebackhide__ = True
    answers: deque[httpx2.Response] = deque(maxlen=1)
    transport, described = _transport_for(target, answers)
    recorder = transport and RecordingTransport(
        transport, getattr(transport, "last_words", lambda: "")
    )
    client = Client(recorder or target, mode=mode, **client_options)
    key = name or (f"{described} ({mode})" if described else next_name())

    def tell(error: Exception) -> Exception:
        shown = _shown(target) or name or "the server"
        return explain(error, shown, target, recorder, timeout, answers)

    await hold_open(key, client, timeout, tell)
    if recorder and recorder.stray:
        print(
            f"Note: the server printed {len(recorder.stray)} line(s) to stdout that are not MCP "
            f"messages.\nThey were skipped. The first: {shorten(recorder.stray[0])!r}.\n"
            "Only the protocol may go to stdout; everything else belongs on stderr."
        )
    return client


def _transport_for(target: Any, answers: deque[httpx2.Response]) -> tuple[Any, str]:
    """The transport to record (None: in this process) and a description ("": has none)."""
    if isinstance(target, StdioServerParameters):
        return StdioTransport(target), shlex.join([target.command, *target.args])
    if isinstance(target, str):
        if not target.startswith(("http://", "https://")):
            raise ValueError(
                f"{target!r} is not a URL. To start a server process, pass "
                "StdioServerParameters(command=..., args=[...])"
            )
        return _over_http(target, answers), target
    if isinstance(target, MCPServer | Server):
        return None, f"{target.name} in this process, object {id(target)}"
    if not hasattr(target, "__aenter__") or isinstance(target, Client):
        raise TypeError(
            "connect takes StdioServerParameters, a URL, a transport such as sse_client(url), "
            f"or a server object; not {type(target).__name__}"
        )
    return target, ""


def _shown(target: Any) -> str:
    """The target as an error message names it: the command without its folder, or the URL."""
    if isinstance(target, StdioServerParameters):
        return shlex.join([Path(target.command).name, *target.args])
    return target if isinstance(target, str) else ""


@asynccontextmanager
async def _over_http(url: str, answers: deque[httpx2.Response]) -> AsyncIterator[Any]:
    """`streamable_http_client`; `answers` keeps the HTTP answer whose status the SDK drops."""

    async def note(response: httpx2.Response) -> None:
        answers.append(response)

    timeout = httpx2.Timeout(30.0, read=300.0)  # the SDK's own
    async with (
        httpx2.AsyncClient(timeout=timeout, event_hooks={"response": [note]}) as http,
        streamable_http_client(url, http_client=http) as streams,
    ):
        yield streams


def wire(client: Client) -> Wire:
    """The recorded JSON-RPC traffic of a client that `connect` opened, also after it closed.

    Raises:
        ValueError: this client crosses no transport, or `connect` did not open it.
    """
    return _recorder(client, "no messages were recorded").wire


def server_log(opened: Client | ServerHandle) -> str:
    """What a stdio server wrote to stderr, or what a served server logged, as text.

    Raises:
        ValueError: the client is not one that started a server process.
    """
    if isinstance(opened, ServerHandle):
        return opened.log
    recorder = _recorder(opened, "its server's log is not known here")
    if not isinstance(recorder.transport, StdioTransport):
        raise ValueError(
            "Only a stdio server's log can be seen from here. A server in this notebook: "
            "server_log(handle), with what serve returned. Any other: where it was started."
        )
    return recorder.transport.log()


def _recorder(client: Client, consequence: str) -> RecordingTransport:
    found = getattr(client, "server", None)
    if isinstance(found, RecordingTransport):
        return found
    if isinstance(found, MCPServer | Server):
        raise ValueError(
            f"This client calls its server in the same process: no transport, {consequence}. "
            "Serve it, or start it as a process, to see messages."
        )
    raise ValueError(f"This is not a client that connect() opened: {consequence}.")
