"""A web application under uvicorn, in a thread and an event loop of its own."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import socket
import threading
from collections.abc import Callable
from typing import Any

import uvicorn

from helpers import logs

START_SECONDS = 10.0
STOP_SECONDS = 1.5
BUSY_SECONDS = 5.0
# Clients keep an idle connection for five seconds, as uvicorn does by itself: a request that
# meets the closing fails. So here the server waits longer.
KEEP_ALIVE_SECONDS = 75


def url_host(host: str) -> str:
    """The address that is listened on, as it stands in a URL."""
    # 0.0.0.0 and :: mean "every address" to a server and nothing to a client
    host = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(host, host)  # noqa: S104 - not bound here
    return f"[{host}]" if ":" in host else host


class _Uvicorn(uvicorn.Server):
    """uvicorn, which says when it has started."""

    def __init__(self, config: uvicorn.Config) -> None:
        super().__init__(config)
        self.listening = threading.Event()

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        self.listening.set()


class ServerHandle:
    """A server that runs in this process, in a thread of its own.

    Attributes:
        name: what it is known by; serving again under it stops this one.
        port: the port it listens on, a whole number.
        url: the full endpoint, as a client on this machine reaches it.
    """

    def __init__(
        self,
        app: Any,
        name: str,
        sock: socket.socket,
        path: str,
        forget: Callable[[ServerHandle], None] = lambda handle: None,
    ) -> None:
        self.name = name
        host, self.port = sock.getsockname()[:2]
        self.url = f"http://{url_host(host)}:{self.port}{path}"
        self._sock = sock
        self._forget = forget
        self._lines = logs.new_lines()
        # when it stops, uvicorn cancels what is still connected: an SSE stream never ends
        self._uvicorn = _Uvicorn(
            uvicorn.Config(
                app,
                log_config=None,
                timeout_graceful_shutdown=0,
                timeout_keep_alive=KEEP_ALIVE_SECONDS,
                ws="none",
            )
        )
        self._task: asyncio.Task[None] | None = None
        self._thread = threading.Thread(target=self._run, name=f"serving {name}", daemon=True)

    @property
    def log(self) -> str:
        """What was logged in the server's thread, as text."""
        return "\n".join(self._lines)

    @property
    def running(self) -> bool:
        """Does the server's thread run? No more after `stop`, or when the app has failed."""
        return self._thread.is_alive()

    def start(self) -> None:
        """Start the thread and wait until the server listens, for at most ten seconds.

        Raises:
            RuntimeError: it did not start; the text ends with what it logged.
        """
        __tracebackhide__ = True
        logs.divert()
        self._thread.start()
        in_time = self._uvicorn.listening.wait(START_SECONDS)
        if self._uvicorn.started:
            return
        with contextlib.suppress(TimeoutError):  # that it does not stop either is no news then
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
        """Close all connections and free the port; again does nothing.

        It takes at most 1.5 seconds, and 5 more where the app does not end by itself.

        Raises:
            TimeoutError: the app keeps the thread busy and does not stop.
        """
        self._forget(self)
        self._uvicorn.should_exit = True
        self._thread.join(STOP_SECONDS)
        if self.running and self._task:  # its start or its end waits for something
            with contextlib.suppress(RuntimeError):  # it ends at this very moment
                self._task.get_loop().call_soon_threadsafe(self._task.cancel)
            self._thread.join(BUSY_SECONDS)
        if self.running:
            raise TimeoutError(
                f"{self.name} does not stop: something in it blocks its thread. "
                f"Restart the kernel to free port {self.port}."
            )

    def __repr__(self) -> str:
        return f"<{self.name}: {self.url}{'' if self.running else ', stopped'}>"

    def __enter__(self) -> ServerHandle:
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()
