"""One tool call on a connection that is kept open: in a cell, with the raw SDK, with fastmcp."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from functools import partial
from pathlib import Path

from benchmarks import peers
from benchmarks.measure import Effort, Line, Samples, Section, in_turn
from benchmarks.processes import Script, script
from tests.kernels import kernel
from tests.server_process import command, listening

TRANSPORTS = {"stdio": "stdio", "sse": "SSE", "streamable-http": "Streamable HTTP"}
SERVER = "showcase"
OURS = """
from helpers import connect, wire
"""
RAW = """
from mcp import Client

async def connect(target):
    return await Client(target).__aenter__()
"""
OPEN = """
import time
from mcp import StdioServerParameters
from mcp.client.sse import sse_client
sse, http, command, *args = {arguments}
clients = {{
    "stdio": await connect(StdioServerParameters(command=command, args=args)),
    "sse": await connect(sse_client(sse)),
    "streamable-http": await connect(http),
}}
"""
CALL = """
client = clients[{name!r}]
started = time.perf_counter()
for _ in range({count}):
    await client.call_tool("add", {{"a": 2, "b": 3}})
print((time.perf_counter() - started) / {count})
"""
SPENT_ON = (
    "Leaving parts out, over SSE and each in a kernel of its own, told what that is spent on: "
    "about one half on writing down the two messages, the other on the task in which each is "
    "handed over, so that a server that reads no more holds up no deadline. Without both, a call "
    "took what it takes with the raw SDK."
)
RECORDED = "assert all(len(wire(client)) > 2 for client in clients.values())"

# takes the name of a transport and a number of calls, and gives the seconds of one of them
Caller = Callable[[str, int], float]


def measured(effort: Effort) -> Section:
    """Every round starts the three programs anew, because each process is a little faster or
    slower than the last; within it they take turns for `blocks` times."""
    blocks, count = effort.of(10, 1), effort.of(100, 5)
    taken: dict[str, dict[str, list[float]]] = {transport: {} for transport in TRANSPORTS}
    missing = ""
    try:
        fastmcp: Path | None = None if effort.tiny else peers.fastmcp()
    except peers.Missing as error:
        fastmcp, missing = None, str(error)
    for _ in range(effort.rounds):
        with callers(fastmcp) as ways:
            for transport, figures in taken.items():
                for who, found in _blocks(ways, transport, count, blocks).items():
                    figures.setdefault(who, []).extend(found)
    return Section([line for name in TRANSPORTS for line in _lines(name, taken[name], missing)])


def _blocks(
    ways: dict[str, Caller], transport: str, count: int, blocks: int
) -> dict[str, list[float]]:
    for call in ways.values():
        call(transport, count)  # the first calls import, list the tools, fill caches
    taken = in_turn(blocks, {who: partial(call, transport, count) for who, call in ways.items()})
    return {who: [seconds * 1000 for seconds in found] for who, found in taken.items()}


def _lines(transport: str, figures: dict[str, list[float]], missing: str) -> Iterator[Line]:
    what = f"one tool call on an open connection, {TRANSPORTS[transport]}"
    names = ("ours", "raw", "raw, kernel")
    ours, raw, in_kernel = (Samples(figures[name]) for name in names)
    limit = (
        f"By the medians, the raw SDK takes {_more(in_kernel, raw)} in a kernel than in a script, "
        f"and ours {_more(ours, in_kernel)} than the raw SDK in a kernel. {SPENT_ON}"
    )
    yield Line(what, ours, "raw SDK in a script", raw, 1.05, limited_by=limit)
    yield Line(what, ours, "raw SDK in a kernel", in_kernel)
    theirs = Samples(figures["fastmcp"]) if "fastmcp" in figures else missing or "left out"
    yield Line(what, ours, "fastmcp's Client", theirs, 1.0, limited_by=limit)


def _more(one: Samples, other: Samples) -> str:
    difference = one.median - other.median
    return f"{abs(difference):.2f} {one.unit} {'more' if difference >= 0 else 'less'}"


@contextmanager
def callers(fastmcp: Path | None) -> Iterator[dict[str, Caller]]:
    """A kernel and a script for each peer, all connected to the same servers over HTTP, and each
    to a process of its own over stdio."""
    with ExitStack() as stack:
        served = [listening(SERVER, transport) for transport in ("sse", "streamable-http")]
        urls = [stack.enter_context(server).url for server in served]
        arguments = [*urls, *command(SERVER)]
        scripts = {"raw": script("sdk_calls.py", *arguments)}
        if fastmcp:
            scripts["fastmcp"] = script("fastmcp_calls.py", *arguments, python=str(fastmcp))
        kernels = {"ours": OURS, "raw, kernel": RAW}
        ways = {
            who: stack.enter_context(_in_a_kernel(opening, arguments))
            for who, opening in kernels.items()
        }
        for who, entering in scripts.items():
            ways[who] = _asking(stack.enter_context(entering))
        yield ways


@contextmanager
def _in_a_kernel(opening: str, arguments: list[str]) -> Iterator[Caller]:
    with kernel() as running:
        running.ok(opening, OPEN.format(arguments=arguments))
        yield lambda name, count: float(running.ok(CALL.format(name=name, count=count)).text)
        if opening is OURS:
            running.ok(RECORDED)


def _asking(started: Script) -> Caller:
    started.answer()  # "ready"
    return lambda name, count: float(started.ask(f"{name} {count}"))
