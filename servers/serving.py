"""How every server here is served: the transports, and a quick end.

The transports are specified at
https://modelcontextprotocol.io/specification/2025-11-25/basic/transports
"""

import contextlib
import logging
import os
import signal
import socket
import sys
from collections.abc import Awaitable, Callable, Iterator, Sequence
from typing import Any

import anyio
import uvicorn
from mcp.server import MCPServer
from mcp.server.transport_security import TransportSecurityMiddleware, TransportSecuritySettings
from starlette.requests import Request
from starlette.types import ASGIApp, Receive, Scope, Send

LOOPBACK = ("127.0.0.1", "localhost", "[::1]")
# Clients keep an idle connection for five seconds, as uvicorn does by itself: a request that
# meets the closing fails. So here the server waits longer.
KEEP_ALIVE_SECONDS = 75
PATHS = {"sse": "/sse", "streamable-http": "/mcp"}


def run_http(app: ASGIApp, name: str, host: str, port: int, path: str) -> None:
    """Serve an ASGI app until a signal comes, and say on stderr under which URL.

    Args:
        app: what to serve.
        name: what the line on stderr calls it.
        host: the address to listen on.
        port: the port, or 0 for a free one.
        path: the end of the URL.

    Raises:
        SystemExit: the address cannot be listened on; the text says why.
    """
    _prepare()
    listener = _listen(host, port)
    url = f"http://{url_host(host)}:{listener.getsockname()[1]}{path}"
    print(f"{name} listens on {url}", file=sys.stderr, flush=True)
    config = uvicorn.Config(app, log_config=None, timeout_keep_alive=KEEP_ALIVE_SECONDS)
    _Server(config).run(sockets=[listener])


def run_stdio(serve: Callable[[], Awaitable[None]]) -> None:
    """Run `serve`, which speaks MCP over stdin and stdout, until the client leaves or a signal."""
    _prepare()
    try:
        anyio.run(serve)
    except* BrokenPipeError:
        # A client that was killed reads no more: this is how it leaves. Without the clean-up of
        # the interpreter, which from Python 3.13 on complains of what could not be sent.
        sys.stderr.flush()
        os._exit(0)


def http_app(
    server: MCPServer[Any], transport: str, security: TransportSecuritySettings
) -> ASGIApp:
    """Build the ASGI app that serves `server`.

    Args:
        server: what to serve.
        transport: "sse" (endpoints `/sse` and `/messages/`) or "streamable-http" (`/mcp`).
        security: the Host and Origin headers to answer; others get 421 and 403.
    """
    build = server.sse_app if transport == "sse" else server.streamable_http_app
    app = build(transport_security=security)
    check = TransportSecurityMiddleware(security)

    async def checked(scope: Scope, receive: Receive, send: Send) -> None:
        # Asked here first, because the SDK's SSE endpoint raises after it has refused,
        # and uvicorn would print that as a traceback.
        if scope["type"] == "http":
            refusal = await check.validate_request(Request(scope, receive))
            if refusal is not None:
                return await refusal(scope, receive, send)
        return await app(scope, receive, send)

    return checked


def allow(hosts: Sequence[str]) -> TransportSecuritySettings:
    """Allow this machine's own names and `hosts`, each on any port, and pages served from them.

    A web page elsewhere can make a browser send requests to a local server (DNS
    rebinding); its Host or Origin header gives it away.
    """
    names = [form for host in (*LOOPBACK, *hosts) for form in (host, f"{host}:*")]
    origins = [f"{scheme}://{name}" for scheme in ("http", "https") for name in names]
    return TransportSecuritySettings(allowed_hosts=names, allowed_origins=origins)


class _Server(uvicorn.Server):
    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Leave the signals alone: `_prepare` has said what they do."""
        yield


def _prepare() -> None:
    """Let SIGINT and SIGTERM end the process at once, and log plain lines to stderr.

    There is nothing to save here, and a polite end would have to wait: for a thread that
    reads stdin, for every stream that a client holds open.
    """
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    logging.basicConfig(
        level=logging.WARNING, format="%(levelname)s %(name)s: %(message)s", force=True
    )
    logging.getLogger("servers").setLevel(logging.INFO)


def _listen(host: str, port: int) -> socket.socket:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        listener = socket.create_server((host, port), family=family)
    except OSError as error:
        reason = error.strerror or str(error)
        raise SystemExit(
            f"Cannot listen on port {port} of {host}: {reason}. "
            "Choose another port with --port N (0 takes any free one), or another --host."
        ) from None
    # asyncio does this only for sockets that it makes itself: each call would wait 40 ms
    listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return listener


def url_host(host: str) -> str:
    """An address to listen on, as it stands in a URL."""
    # 0.0.0.0 and :: mean "every address" to a server and nothing to a client.
    host = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(host, host)  # noqa: S104 - not bound here
    return f"[{host}]" if ":" in host else host
