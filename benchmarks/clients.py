"""200 clients on an SSE server in the notebook, beside the same app in a process of its own."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from typing import Any

import psutil

from benchmarks.measure import Effort, Line, Samples, Section, in_turn
from benchmarks.processes import script
from tests.kernels import kernel

SERVE = """
from helpers import serve
from servers import showcase
handle = serve(showcase.mcp)
print(handle.url)
"""


@dataclass(frozen=True)
class Served:
    """A server that listens: its endpoint, and what tells the memory of its process."""

    url: str
    memory: Callable[[], Any]


@contextmanager
def in_a_notebook() -> Iterator[Served]:
    with kernel() as running:
        url = running.ok(SERVE).text.strip()
        yield Served(url, psutil.Process(running.pid).memory_full_info)


@contextmanager
def under_uvicorn() -> Iterator[Served]:
    with script("sse_app.py") as app:
        yield Served(app.answer(), app.memory)


class Crowd:
    """Sends clients to a server, and notes what each visit gave.

    Attributes:
        failed: calls without the right answer.
        sizes: by how much a session made the server's process grow, in kB, for each visit.
    """

    def __init__(self, clients: int, calls: int) -> None:
        self.clients, self.calls = clients, calls
        self.failed = 0
        self.sizes: dict[str, list[float]] = {"ours": [], "uvicorn": []}

    def visit(self, who: str, serving: Callable[[], AbstractContextManager[Served]]) -> float:
        """The calls a second that the server answered."""
        with serving() as served, script("crowd.py", served.url, self.clients, self.calls) as crowd:
            crowd.answer()
            before = served.memory().uss
            crowd.ask("the others, please")
            seconds, failed = crowd.ask("now the calls").split()
            grown = served.memory().uss - before
        self.failed += int(failed)
        self.sizes[who].append(grown / (self.clients - 1) / 1000)
        return self.clients * self.calls / float(seconds)


def measured(effort: Effort) -> Section:
    crowd = Crowd(effort.of(200, 3), effort.of(20, 2))
    ways = {
        "ours": lambda: crowd.visit("ours", in_a_notebook),
        "uvicorn": lambda: crowd.visit("uvicorn", under_uvicorn),
    }
    taken = in_turn(effort.rounds, ways)
    what = f"{crowd.clients} clients on the in-notebook SSE server, {crowd.calls} calls each"
    throughput = Line(
        what,
        Samples(taken["ours"], "calls/s"),
        "the same app under uvicorn in its own process",
        Samples(taken["uvicorn"], "calls/s"),
        at_least=0.9,
        limited_by="The kernel's own thread and the server's share one interpreter lock, and on "
        "two cores the clients' process takes most of the other core.",
    )
    errors = Line(f"{what}: calls that failed", Samples([crowd.failed], "calls"), at_most=0)
    sizes = {who: Samples(found, "kB") for who, found in crowd.sizes.items()}
    beside = "under uvicorn"
    memory = Line("memory of the server for each session", sizes["ours"], beside, sizes["uvicorn"])
    return Section([throughput, errors, memory])
