"""`connect`: the SDK's own `Client`, opened in one cell and used in others."""

from __future__ import annotations

import sys
import threading
import weakref
from collections import deque
from importlib import import_module
from typing import Any

import httpx2
from mcp import Client
from mcp.server import MCPServer, Server

from helpers.errors import shorten
from helpers.explain import explain
from helpers.owner import hold_open, next_name
from helpers.recorder import RecordingTransport
from helpers.server_thread import ServerHandle
from helpers.stdio import StdioTransport
from helpers.targets import Opening, kind_of, shown, spare, transport_for
from helpers.traffic import Wire

NOT_OURS = "This is not a client that connect() opened"


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
        mode: "auto" (ask with `server/discover`, else shake hands), "legacy" (the
            `initialize` handshake), or a version such as "2026-07-28" (spoken without
            asking), as `mcp.Client` defines it.
        timeout: seconds until the connection must be up; clean-up may add five. An
            earlier connection of the same name is closed before they begin to count.
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
    return await _open(Opening(target, name, timeout, {"mode": mode, **client_options}))


# by the client's id, because a Client cannot be hashed; an entry goes when its client goes
_openings: dict[int, Opening] = {}


def opening_of(client: Client) -> Opening | None:
    """What `connect` was asked for when it opened this client; None if it did not."""
    return _openings.get(id(client))


async def _open(opening: Opening) -> Client:
    __tracebackhide__ = True
    target, opening.target = opening.target, spare(opening.target)
    answers: deque[httpx2.Response] = deque(maxlen=1)
    transport, known_as = transport_for(target, answers)
    recorder = transport and RecordingTransport(
        transport, getattr(transport, "last_words", lambda: "")
    )
    client = Client(recorder or target, **opening.options)
    if not opening.key:
        unnamed = f"{known_as} ({client.mode})" if known_as else next_name()
        opening.key, opening.kind = opening.name or unnamed, kind_of(target)

    def tell(error: Exception) -> Exception:
        described = shown(target) or opening.name or "the server"
        return explain(error, described, target, recorder, opening.timeout, answers)

    _warm()
    await hold_open(opening.key, client, opening.timeout, tell)
    opening.client = weakref.ref(client)
    _openings[id(client)] = opening
    weakref.finalize(client, _openings.pop, id(client), None).atexit = False
    if recorder and recorder.stray:
        print(
            "Note: the server printed something to stdout that is no MCP message.\n"
            f"Skipped lines: {len(recorder.stray)}. The first: {shorten(recorder.stray[0])!r}.\n"
            "Only the protocol may go to stdout; everything else belongs on stderr."
        )
    return client


def _warm() -> None:
    """Import while the server starts what the SDK imports in its first call: it takes as long."""
    if "jsonschema" not in sys.modules:
        threading.Thread(
            target=import_module, args=["jsonschema"], name="warm", daemon=True
        ).start()


async def reconnect(client: Client) -> Client:
    """Connect again to what `connect` opened this client for: same options, same name.

    The earlier connection is closed first. Where it has been connected to again already,
    and that connection stands, it is the one returned.

    Args:
        client: what `connect` returned, also after its server has died or it was closed.

    Returns:
        A new `Client`, entered; the old one stays closed.

    Raises:
        ValueError: `connect` did not open this client, or its transport object can be
            entered only once and cannot be made again.
        Exception: whatever `connect` raises; reconnecting can be tried again.
    """
    opening = opening_of(client)
    if opening is None or opening.target is None:
        raise ValueError(
            ("Its transport object can be entered only once" if opening else NOT_OURS)
            + ", so it cannot be opened again from here: run the cell that connects again."
        )
    async with opening.lock:
        current = opening.client()
        if current and current is not client and not gone(current):
            return current
        current = await _open(opening)
        for follower in tuple(opening.followers):
            follower.follow(current)
        return current


def gone(client: Client) -> str:
    """Why this client cannot be used any more, in a sentence, or "" while it can."""
    try:
        _ = client.session
    except RuntimeError:
        return "The connection is closed."
    server = client.server
    return (server.gone or "") if isinstance(server, RecordingTransport) else ""


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
    raise ValueError(f"{NOT_OURS}: {consequence}. Run the cell that connects with connect().")
