"""A client that synchronous tests can use, those of Hypothesis among them."""

import asyncio
from collections.abc import Callable, Coroutine, Iterator
from contextlib import contextmanager
from typing import Any

from mcp import Client

from helpers import close, connect


class Asked:
    """Calls and reads, and waits for the answer."""

    def __init__(self, client: Client, run: Callable[[Coroutine[Any, Any, Any]], Any]) -> None:
        self._client, self._run = client, run

    def call(self, tool: str, **arguments: Any) -> Any:
        return self._run(self._client.call_tool(tool, arguments))

    def read(self, uri: str) -> Any:
        return self._run(self._client.read_resource(uri, cache_mode="bypass"))


@contextmanager
def asking(target: Any, mode: str) -> Iterator[Asked]:
    """One connection, open while the block runs."""
    with asyncio.Runner() as runner:
        client = runner.run(connect(target, mode=mode))
        yield Asked(client, runner.run)
        runner.run(close(client))
