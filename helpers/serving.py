"""`serve`: an MCP server under uvicorn, in a thread of its own, inside the notebook."""

from __future__ import annotations

import asyncio
import atexit
import contextlib
import errno
import logging
import socket
import threading
from typing import Any, Literal

import uvicorn
from mcp.server.transport_security import TransportSecuritySettings

from helpers import logs

Transport = Literal["sse", "streamable-http"]
PATHS = {"sse": "/sse", "streamable-http": "/mcp"}
START_SECONDS = 10.0
STOP_SECONDS = 1.5
BUSY_SECONDS = 5.0

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
    """
    __tracebackhide__ = True
    if transport not in PATHS:
        raise ValueError(f"transport is 'sse' or 'streamable-http', not {transport!r}")
    app, known_as = _app_for(server_or_app, transport, host, port)
    key = name or known_as or f"app {id(app)}"
    if key in _handles:
        _handles[key].stop()
    handle = ServerHandle(app, key, _bind(host, port), PATHS[transport])
    _handles[key] = handle
    handle.start()
    return handle


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
    hosts = ["127.0.0.1", "localhost", "[::1]", host]
    security = TransportSecuritySettings(
        allowed_hosts=[f"{name}:*" for name in hosts],
        allowed_origins=[f"http://{name}:*" for name in hosts],
    )
    return build(host=host, transport_security=security), f"{target.name} over {transport}"


def _bind(host: str, port: int) -> socket.socket:
    __tracebackhide__ = True
    if port not in range(65536):
        raise ValueError(f"port is a whole number from 0 to 65535, not {port!r}")
    try:
        return socket.create_server(
            (host, port), family=socket.AF_INET6 if ":" in host else socket.AF_INET
        )
    except OSError as error:
        reason = (
            f"port {port} on {host} is in use. Stop what uses it (handle.stop() if it was "
            "served here), or pass port=0 to take a free one"
            if error.errno == errno.EADDRINUSE
            else f"cannot listen: {error.strerror}"
        )
        raise OSError(error.errno, reason) from None


class _Uvicorn(uvicorn.Server):
    """uvicorn, which says when it has started."""

    def __init__(self, config: uvicorn.Config) -> None:
        super().__init__(config)
        self.listening = threading.Event()

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        self.listening.set()


class ServerHandle:
    """A server that runs in this process, in a thread of its own."""

    def __init__(self, app: Any, name: str, sock: socket.socket, path: str) -> None:
        self.name = name
        host, self.port = sock.getsockname()[:2]
        shown = f"[{host}]" if ":" in host else host
        self.url = f"http://{shown}:{self.port}{path}"
        self._sock = sock
        self._lines = logs.new_lines()
        # when it stops, uvicorn cancels what is still connected: an SSE stream never ends
        self._uvicorn = _Uvicorn(
            uvicorn.Config(app, log_config=None, timeout_graceful_shutdown=0, ws="none")
        )
        self._task: asyncio.Task[None] | None = None
        self._thread = threading.Thread(target=self._run, name=f"serving {name}", daemon=True)

    @property
    def log(self) -> str:
        """What was logged in the server's thread, as text."""
        return "\n".join(self._lines)

    @property
    def running(self) -> bool:
        return self._thread.is_alive()

    def start(self) -> None:
        """Start the thread and wait until the server listens."""
        __tracebackhide__ = True
        logs.divert()
        self._thread.start()
        in_time = self._uvicorn.listening.wait(START_SECONDS)
        if self._uvicorn.started:
            return
        self.stop()
        late = "" if in_time else f" within {START_SECONDS:g} seconds"
        once = "" if "can only be called once" not in self.log else " A Streamable HTTP app can "
        hint = once and once + "be served once: make a new one, or serve the MCPServer itself."
        raise RuntimeError(f"{self.name} did not start{late}.{hint}\n{self.log}")

    def _run(self) -> None:
        logs.of_task.set(self._keep)  # the context of this thread, its tasks and their threads
        try:
            # not asyncio.run, which nest_asyncio replaces
            with asyncio.Runner() as runner:
                runner.run(self._serve())
        except BaseException as error:
            logging.getLogger("uvicorn.error").error("the server ended: %r", error)
        finally:
            self._uvicorn.listening.set()
            self._sock.close()

    async def _serve(self) -> None:
        self._task = asyncio.current_task()
        try:
            await self._uvicorn.serve(sockets=[self._sock])
        finally:  # uvicorn closes none of them when its end is cut short
            for connection in list(self._uvicorn.server_state.connections):
                connection.transport.close()

    def _keep(self, record: logging.LogRecord) -> None:
        if record.getMessage().endswith("timeout graceful shutdown exceeded"):
            return  # so it is meant
        # what is cancelled by stopping logs a traceback, which tells nothing
        form = logs.in_one_line if self._uvicorn.should_exit else logs.in_full
        self._lines.append(form(record))

    def stop(self) -> None:
        """Close all connections and free the port; at most two seconds. Again does nothing.

        Raises:
            TimeoutError: the app keeps the thread busy and does not stop.
        """
        if _handles.get(self.name) is self:
            del _handles[self.name]
        self._uvicorn.should_exit = True
        self._thread.join(STOP_SECONDS)
        if self.running and self._task:  # its start or its end waits for something
            with contextlib.suppress(RuntimeError):  # it ends at this very moment
                self._task.get_loop().call_soon_threadsafe(self._task.cancel)
            self._thread.join(BUSY_SECONDS)
        if self.running:
            raise TimeoutError(f"{self.name} does not stop: something in it blocks its thread")

    def __repr__(self) -> str:
        return f"<{self.name}: {self.url}{'' if self.running else ', stopped'}>"

    def __enter__(self) -> ServerHandle:
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()


@atexit.register
def _stop_at_exit() -> None:
    for handle in list(_handles.values()):
        handle.stop()
