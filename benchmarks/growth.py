"""How the cost of work grows with its size, with the exponent fitted."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial

from benchmarks import consoles, frames
from benchmarks.measure import Effort, Samples, Section, exponent, in_turn
from benchmarks.table import table
from tests.kernels import kernel
from tests.server_process import listening

CONNECT = """
import time
from mcp.client.sse import sse_client
from helpers import connect
clients = globals().get("clients", [])
while len(clients) < {size}:
    clients.append(await connect(sse_client({url!r})))
"""
CALL = """
started = time.perf_counter()
for _ in range({count}):
    await clients[0].call_tool("add", {{"a": 2, "b": 3}})
print((time.perf_counter() - started) * 1000 / {count})
"""


def measured(effort: Effort) -> Section:
    most = 2 if effort.tiny else None
    kinds = {
        "one call over SSE, against open connections": calls(effort, [1, 10, 100][:most]),
        "`to_frame`, against rows": rows(effort, [10**n for n in range(3, 7)][:most]),
        "opening `tool_console`, against tools": tools(effort, [10, 30, 100, 300, 1000][:most]),
    }
    lines = [
        [
            what,
            "; ".join(f"{size:,}: {samples}" for size, samples in costs.items()),
            f"{exponent([*costs], [samples.median for samples in costs.values()]):.2f}",
        ]
        for what, costs in kinds.items()
    ]
    return Section(
        [], ["## How the cost grows\n\n" + table(["What", "Size: cost", "Exponent"], lines)]
    )


def calls(effort: Effort, sizes: Sequence[int]) -> dict[int, Samples]:
    """The milliseconds of one call while so many connections are open."""
    taken: dict[int, list[float]] = {size: [] for size in sizes}
    call = CALL.format(count=effort.of(100, 3))
    with listening("showcase", "sse") as server:
        for _ in range(effort.rounds):
            with kernel() as running:
                for size, found in taken.items():
                    running.ok(CONNECT.format(url=server.url, size=size), call)
                    found.append(float(running.ok(call).text))
    return {size: Samples(found) for size, found in taken.items()}


def rows(effort: Effort, sizes: Sequence[int]) -> dict[int, Samples]:
    """The milliseconds of making a frame of so many rows."""
    with kernel() as running:
        for size in sizes:
            running.ok(frames.BEFORE.format(rows=size))
        return _in_turn(effort, sizes, partial(frames.milliseconds, running, frames.OURS))


def tools(effort: Effort, sizes: Sequence[int]) -> dict[int, Samples]:
    """The milliseconds of opening a console of so many tools, in a kernel that has opened one."""
    with kernel() as running:
        for size in sizes:
            consoles.connect(running, size)
        return _in_turn(effort, sizes, partial(consoles.opened, running))


def _in_turn(
    effort: Effort, sizes: Sequence[int], cost: Callable[[int], float]
) -> dict[int, Samples]:
    ways = {str(size): partial(cost, size) for size in sizes}
    in_turn(1, ways)  # what is imported and cached at first
    return {int(size): Samples(found) for size, found in in_turn(effort.rounds, ways).items()}
