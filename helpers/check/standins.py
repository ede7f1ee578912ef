"""What a learner's function is given in place of a server: the same, and everything recorded.

A stand-in is written where the argument stands. `check.task(f, check.stdio("-m", "my.server"))`
calls `f` with `StdioServerParameters`, as if nothing stood in between.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import sys
import tempfile
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psutil
from mcp import Client, StdioServerParameters, stdio_client
from mcp.server import MCPServer

from helpers.check.record import Heard, Record
from helpers.check.served import served
from helpers.connection import connect
from helpers.owner import close
from helpers.serving import Transport

PROXY = str(Path(__file__).with_name("recording.py"))
END_SECONDS = 3.0  # for a server to end after its input was closed
HELD_SECONDS = 0.1  # an answer, before a client that speaks by hand may read it
LAST_WORDS_SECONDS = 1.0  # for the proxy to end that was told to


@dataclass(frozen=True)
class StandIn:
    """A place in a function's arguments: `opening` yields what the function is given there."""

    shown: str
    opening: Callable[[Record], AbstractAsyncContextManager[Any]]


def stdio(*arguments: str, command: str = sys.executable) -> StandIn:
    """`StdioServerParameters` of a server, for a function that starts it.

    Args:
        *arguments: of the command, such as `"-m", "servers.achievement"`.
        command: the program; without one, the Python that runs this kernel.
    """

    @asynccontextmanager
    async def opening(record: Record) -> AsyncIterator[StdioServerParameters]:
        async with _proxied([command, *arguments], record) as whole:
            yield StdioServerParameters(command=whole[0], args=whole[1:])

    return StandIn(" ".join(arguments[-1:]), opening)


def command(*arguments: str, command: str = sys.executable) -> StandIn:
    """The same as a list of words, for a function that starts the process by itself."""

    def opening(record: Record) -> AbstractAsyncContextManager[list[str]]:
        record.by_hand = True
        return _proxied([command, *arguments], record)

    return StandIn(" ".join(arguments[-1:]), opening)


def client(*arguments: str | MCPServer[Any], mode: str = "auto", **options: Any) -> StandIn:
    """An open `mcp.Client`; `options` go to `connect`.

    Args:
        *arguments: of the command that starts a server over stdio, as in `stdio`; or a server
            object, which is served over Streamable HTTP: that starts no process.
    """
    server = arguments[0]
    over = (
        url(server, "streamable-http")
        if isinstance(server, MCPServer)
        else stdio(*map(str, arguments))
    )

    @asynccontextmanager
    async def opening(record: Record) -> AsyncIterator[Any]:
        async with over.opening(record) as target:
            opened = await connect(target, mode=mode, **options)
            try:
                yield opened
            finally:
                await close(opened)

    shown = server.name if isinstance(server, MCPServer) else arguments[-1]
    return StandIn(f"a client of {shown}", opening)


def new_client(*arguments: str) -> StandIn:
    """An `mcp.Client` of a server over stdio that is not open yet, for a function that opens it."""

    @asynccontextmanager
    async def opening(record: Record) -> AsyncIterator[Client]:
        with tempfile.TemporaryFile("w+", encoding="utf-8") as errors:
            async with _proxied([sys.executable, *arguments], record) as (program, *rest):
                parameters = StdioServerParameters(command=program, args=rest)
                yield Client(stdio_client(parameters, errlog=errors))

    return StandIn(f"Client({arguments[-1]})", opening)


def url(server: MCPServer[Any], transport: Transport = "sse") -> StandIn:
    """The URL of a server over "sse" or "streamable-http", for a function that connects to it."""

    @asynccontextmanager
    async def opening(record: Record) -> AsyncIterator[str]:
        async with served(server, transport, record) as service:
            yield service.url

    return StandIn(f"a URL of {server.name}", opening)


def service(server: MCPServer[Any], transport: Transport = "streamable-http") -> StandIn:
    """A server that the function can restart: its `url`, and `restart()`, a plain function."""
    return StandIn(f"a service of {server.name}", lambda record: served(server, transport, record))


def several(**standins: StandIn) -> StandIn:
    """A dictionary of stand-ins by name. What passes at any of them goes into one record."""

    @asynccontextmanager
    async def opening(record: Record) -> AsyncIterator[dict[str, Any]]:
        async with AsyncExitStack() as stack:
            yield {
                name: await stack.enter_async_context(standin.opening(record))
                for name, standin in standins.items()
            }

    return StandIn(f"{{{', '.join(standins)}}}", opening)


@asynccontextmanager
async def _proxied(command: list[str], record: Record) -> AsyncIterator[list[str]]:
    """A command that starts the server behind the recording proxy; afterwards, what it saw."""
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder:
        log = f"{folder}/log.jsonl"
        try:
            held = str(HELD_SECONDS if record.by_hand else 0)
            yield [sys.executable, "-I", "-S", PROXY, log, held, *command]
        finally:
            await asyncio.shield(_settle(log, record))


async def _settle(log: str, record: Record) -> None:
    """Let processes that were told to end do so, end the others, and read the log."""
    running = [process for process in psutil.Process().children() if log in _words(process)]
    now = asyncio.get_running_loop().time
    deadline = now() + END_SECONDS
    while _ending(running, log) and now() < deadline:  # noqa: ASYNC110 - a process tells nobody
        await asyncio.sleep(0.01)
    record.left_open += sum([_end(process) for process in running])
    for entry in _entries(log):
        record.opened += entry["what"] == "started"
        record.closed += entry["what"] == "closed"
        if entry["what"] in ("sent", "received", "late"):
            heard = Heard(entry["what"] == "sent", entry["line"], late=entry["what"] == "late")
            record.heard.append(heard)


def _ending(processes: list[psutil.Process], log: str) -> list[psutil.Process]:
    """Those that were told to end, by a closed input or a signal, and still run."""
    told = {entry["pid"] for entry in _entries(log) if entry["what"] in ("closed", "terminated")}
    return [process for process in processes if process.pid in told and _words(process)]


def _words(process: psutil.Process) -> list[str]:
    with contextlib.suppress(psutil.Error):
        return list(process.cmdline())
    return []


def _entries(log: str) -> list[dict[str, Any]]:
    try:
        lines = Path(log).read_text(encoding="utf-8").splitlines()
    except FileNotFoundError:  # no process was started
        return []
    return [json.loads(line) for line in lines if line.endswith("}")]


def _end(process: psutil.Process) -> bool:
    """End a process and what it started; was it still running?"""
    if not _words(process):  # it has ended, though nobody may have waited for it
        return False
    with contextlib.suppress(psutil.Error):
        started = process.children(recursive=True)
        process.terminate()  # which lets it write down what has been sent
        process.wait(LAST_WORDS_SECONDS)
    for each in [*started, process]:
        with contextlib.suppress(psutil.Error):
            each.kill()
    return True
