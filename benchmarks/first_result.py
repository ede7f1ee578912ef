"""A fresh kernel's first tool result over stdio: imports, the server's start, the first call."""

from __future__ import annotations

import time

from benchmarks.measure import Effort, Line, Samples, Section, in_turn
from tests.kernels import kernel

OURS = """
import sys
from mcp import StdioServerParameters
from helpers import connect

server = StdioServerParameters(command=sys.executable, args=["-m", "servers.showcase"])
client = await connect(server)
print((await client.call_tool("add", {"a": 2, "b": 3})).structured_content)
"""
RAW = """
import sys
from mcp import Client, StdioServerParameters

server = StdioServerParameters(command=sys.executable, args=["-m", "servers.showcase"])
client = Client(server)
await client.__aenter__()
print((await client.call_tool("add", {"a": 2, "b": 3})).structured_content)
"""


def measured(effort: Effort) -> Section:
    ways = {"ours": lambda: _seconds(OURS), "raw": lambda: _seconds(RAW)}
    taken = in_turn(effort.rounds, ways)
    line = Line(
        "fresh kernel to the first tool result, stdio",
        Samples(taken["ours"], "s"),
        "raw SDK in a kernel",
        Samples(taken["raw"], "s"),
        at_most=0.80,
        limited_by="`import mcp` comes before anything can be done side by side, and `jsonschema`, "
        "which the first call needs, takes longer to import than the server takes to start.",
    )
    return Section([line])


def _seconds(cell: str) -> float:
    """From the first execute request of a kernel that is ready to the end of its cell."""
    with kernel() as running:
        started = time.perf_counter()
        ran = running.ok(cell)
        seconds = time.perf_counter() - started
    if ran.text != "{'result': 5}\n":
        raise RuntimeError(f"the tool's result is {ran.text!r}")
    return seconds
