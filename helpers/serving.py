"""`serve`: an MCP server under uvicorn, in a thread of its own, inside the notebook."""

from __future__ import annotations

import atexit
import errno
import socket
from typing import Any, Literal

from mcp.server.transport_security import TransportSecuritySettings

from helpers.server_thread import ServerHandle, url_host

Transport = Literal["sse", "streamable-http"]
PATHS = {"sse": "/sse", "streamable-http": "/mcp"}

_handles: dict[str, ServerHandle] = {}


def serve(
    server_or_app: Any,
    *,
    transport: Transport = "sse",
    host: str = "127.0.0.1",
    port: int = 0,
    name: str | None = None,
) -> ServerHandle:
    """Serve an MCP server or an ASGI app from a background thread; return when it listens.

    A blocking cell does not stop it. Serving again under the same name stops the earlier
    one first.

    Args:
        server_or_app: an `MCPServer`, which can be served again and again, or an ASGI app.
        transport: "sse" (endpoint /sse) or "streamable-http" (endpoint /mcp).
        host: the address to bind; leave it at loopback. On any other, an `MCPServer` is
            served to requests for that very host name and for loopback only.
        port: 0 takes a free one.
        name: without one, an `MCPServer` is known by its name and transport, an app by
            its port, and on a free port only the very same object is known again.

    Returns:
        A handle with `.url` (the full endpoint), `.stop()` and `.log`; as a context
        manager it stops at the end of the block.

    Raises:
        TypeError, ValueError: nothing that can be served, no such transport or port.
        OSError: the port is in use, or the host is not an address of this machine.
        RuntimeError: the app failed while starting; a Streamable HTTP app starts once.
        TimeoutError: what was served under this name before does not stop.
    """
    __tracebackhide__ = True
    if transport not in PATHS:
        raise ValueError(f"transport is 'sse' or 'streamable-http', not {transport!r}")
    app, known_as = _app_for(server_or_app, transport, host, port)
    key = name or known_as or f"app {id(app)}"
    if key in _handles:
        _handles[key].stop()
    handle = ServerHandle(app, key, _bind(host, port), PATHS[transport], _forget)
    _handles[key] = handle
    handle.start()
    return handle


def _forget(handle: ServerHandle) -> None:
    if _handles.get(handle.name) is handle:
        del _handles[handle.name]


def _app_for(target: Any, transport: Transport, host: str, port: int) -> tuple[Any, str]:
    """The ASGI app, and what it is known as ("": not known again)."""
    build = getattr(target, "sse_app" if transport == "sse" else "streamable_http_app", None)
    if build is None:
        if not callable(target) or isinstance(target, type):
            raise TypeError(
                "serve takes an MCPServer or an ASGI app (such as a Starlette object); "
                f"a {type(target).__name__} cannot be served over {transport}"
            )
        return target, f"app on port {port}" if port else ""
    return build(host=host, transport_security=_allow(host)), f"{target.name} over {transport}"


def _allow(host: str) -> TransportSecuritySettings:
    """Allow loopback and `host`, each on any port (80 goes unsaid), and pages served from them."""
    hosts = ["127.0.0.1", "localhost", "[::1]", url_host(host)]
    names = [form for name in hosts for form in (name, f"{name}:*")]
    origins = [f"{scheme}://{name}" for scheme in ("http", "https") for name in names]
    return TransportSecuritySettings(allowed_hosts=names, allowed_origins=origins)


def _bind(host: str, port: int) -> socket.socket:
    __tracebackhide__ = True
    if port not in range(65536):
        raise ValueError(f"port is a whole number from 0 to 65535, not {port!r}")
    try:
        family = socket.AF_INET6 if ":" in host else socket.AF_INET
        sock = socket.create_server((host, port), family=family)
    except OSError as error:
        reason = (
            f"port {port} on {host} is in use. Stop what uses it (handle.stop() if it was "
            "served here), or pass port=0 to take a free one"
            if error.errno == errno.EADDRINUSE
            else f"cannot listen: {error.strerror}"
        )
        raise OSError(error.errno, reason) from None
    # asyncio does so only for sockets that it makes itself: each call would wait 40 ms
    sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return sock


@atexit.register
def _stop_at_exit() -> None:
    for handle in list(_handles.values()):
        handle.stop()
