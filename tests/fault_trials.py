"""One trial of the fault matrix: a server that may fail, what is asked of it, how that ended."""

from __future__ import annotations

import re
import subprocess
import time
from collections.abc import AsyncIterator, Awaitable, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from typing import Any

import psutil
from mcp import Client, MCPError, StdioServerParameters
from mcp.client.sse import sse_client

from helpers import close, connect
from tests.fault_table import WORKS
from tests.leftovers import leaving_nothing
from tests.places import PYTHON, TESTS
from tests.waiting import until

FAULTY_SERVER = str(TESTS / "faulty_server.py")
SILENCE = 0.5  # seconds that are given to what does not answer
AT_ONCE = 5.0  # seconds within which is told what can be known


@dataclass
class Faulty:
    """A server to connect to: a process of this test, or over stdio one that each client starts."""

    way: str
    command: list[str]
    process: subprocess.Popen[str] | None = None
    url: str = ""

    def target(self) -> Any:
        if self.way == "stdio":
            return StdioServerParameters(command=self.command[0], args=self.command[1:])
        return sse_client(self.url) if self.way == "sse" else self.url

    async def end(self, number: int) -> None:
        """Send it a signal, and wait until it has ended."""
        if self.process:
            self.process.send_signal(number)
            await until(lambda: self.process.poll() is not None)
            return
        children = psutil.Process().children()
        [child] = [child for child in children if child.cmdline() == self.command]
        child.send_signal(number)
        # the loop, and not we, collects its exit status
        await until(lambda: not child.is_running() or child.status() == psutil.STATUS_ZOMBIE)


@contextmanager
def faulty(way: str, *fault: str) -> Iterator[Faulty]:
    """A server that is reached this way, and spoils its first answer if a fault is named."""
    command = [PYTHON, "-I", "-S", FAULTY_SERVER, way, *fault]
    if way == "stdio":
        yield Faulty(way, command)
        return
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, encoding="utf-8"
    ) as process:
        try:
            yield Faulty(way, command, process, process.stdout.readline().strip())
        finally:
            process.kill()


async def echoed(client: Client, text: str, seconds: float = AT_ONCE) -> str:
    result = await client.call_tool("echo", {"text": text}, read_timeout_seconds=seconds)
    return str(result.content[0].text)


async def works(target: Any, mode: str = "auto") -> None:
    client = await connect(target, mode=mode)
    assert await echoed(client, "well") == "well"
    await close(client)


@asynccontextmanager
async def surviving(good: Faulty, mode: str = "auto") -> AsyncIterator[None]:
    """After this block, the next `connect` works, and nothing is left behind."""
    async with leaving_nothing():
        yield
        await works(good.target(), mode)


def told(error: Exception) -> str:
    """What an error says, in one sentence; there is no group and nothing of the SDK's inside."""
    behind: BaseException | None = error
    while behind:
        assert not isinstance(behind, BaseExceptionGroup)
        behind = behind.__cause__ or behind.__context__
    assert isinstance(error, OSError | MCPError), repr(error)
    text = str(error)
    assert not re.search(r"Group|Traceback|validation error| at 0x|^Connection closed$", text)
    lines = [line for line in text.splitlines() if not line.startswith("No connection to")]
    line = re.sub(r"\S*/(?=\w+\.py)", "", lines[0])  # without the folders of scripts
    return re.sub(r":\d{4,5}\b", "", line).rstrip(".")  # and without ports, to be compared


async def ending(work: Awaitable[Any], within: float) -> tuple[float, str, Any]:
    """The seconds it took, what it ended in, and its result; it has to end within a time."""
    begun, result = time.monotonic(), None
    try:
        result, said = await work, WORKS
    except Exception as error:
        said = told(error)
    seconds = time.monotonic() - begun
    assert seconds < within, said
    return seconds, said, result
