"""What is opened and closed a thousand times leaves as much as what is opened once: nothing.

The loops run in a process of their own (tests/cycles.py), so that it is their memory that is
measured and not pytest's.
"""

from __future__ import annotations

import json
import subprocess
from collections.abc import Iterator

import pytest

from tests import server_process, soak
from tests.kernels import Kernel
from tests.places import PYTHON

CONNECTIONS = soak.times(30, 1000)
SERVERS = soak.times(10, 200)
REAL_SERVERS = soak.times(5, 100)  # each starts a Python with the SDK
AT_ONCE = 100
GROWTH = 2_000_000  # bytes, from the hundredth round to the last

rows: list[str] = []


def endure(way: str, rounds: int, url: str = "") -> None:
    """Run the rounds; what is open at the end is what was open at the start, memory as well."""
    arguments = [PYTHON, "-m", "tests.cycles", way, str(rounds), url]
    ran = subprocess.run(arguments, stdout=subprocess.PIPE, encoding="utf-8", check=True)
    seen = json.loads(ran.stdout)
    assert seen["after"] == seen["before"], way
    assert seen["before"]["processes"] == seen["before"]["registered"] == 0
    soak.count(f"rounds: {way}", rounds)
    warm, end = seen["sizes"]
    grown = end["bytes"] - warm["bytes"]
    rows.append(f"{way:34} {rounds:6} {grown / 1e6:9.2f} {end['objects'] - warm['objects']:9}")
    heads = f"{'':34} {'rounds':>6} {'grown, MB':>9} {'objects':>9}"
    soak.show("memory, from a third of the rounds or the hundredth on", "\n".join([heads, *rows]))
    # with fewer rounds it tells of caches that fill, and not of what each round leaves
    if soak.SOAKING:
        assert grown < GROWTH, way


@pytest.fixture(scope="module")
def elsewhere() -> Iterator[dict[str, str]]:
    """The URLs of servers in processes of their own, whose memory is not looked at."""
    with (
        server_process.listening("achievement", "sse") as sse,
        server_process.listening("achievement", "streamable-http") as http,
    ):
        yield {"sse": sse.url, "streamable-http": http.url, "legacy": http.url}


@pytest.mark.timeout(3600)
@pytest.mark.parametrize("way", ["stdio", "sse", "streamable-http", "legacy"])
def test_connecting_and_closing_leaves_nothing_however_often(elsewhere: dict[str, str], way: str):
    endure(way, CONNECTIONS, elsewhere.get(way, ""))


@pytest.mark.timeout(3600)
def test_connecting_to_a_server_of_the_course_leaves_nothing_either():
    endure("stdio, a server of the course", REAL_SERVERS)


@pytest.mark.timeout(3600)
@pytest.mark.parametrize("transport", ["sse", "streamable-http"])
def test_serving_and_stopping_leaves_nothing_however_often(transport: str):
    """Here the server's memory is ours: it runs in the same process."""
    endure(f"serve {transport}", SERVERS)


SET_UP = """
import asyncio
from mcp.client.sse import sse_client
from helpers import close_all, connect, owner, serve
from servers import achievement
from tests.cycles import BARE, open_now
from tests.waiting import until

def target():
    return {"stdio": BARE, "sse": sse_client(URL), "streamable-http": URL}[TRANSPORT]

async def several(number):
    clients = []
    while len(clients) < number:  # by tens, or a slow machine takes longer than a timeout
        names = [f"number {n}" for n in range(len(clients), min(len(clients) + 10, number))]
        clients += await asyncio.gather(*(connect(target(), name=name) for name in names))
    return clients

async def answers(clients):
    lists = await asyncio.gather(*(client.list_tools() for client in clients))
    return sum(len(page.tools) > 0 for page in lists)

async def close_and_count():
    await close_all()
    # a server closes its end of a connection a moment after ours
    await until(lambda: handle is None or not handle._uvicorn.server_state.connections)
    return open_now()

get_ipython().history_manager.enabled = False  # which opens a file now and then
"""
SERVE = """
handle = serve(achievement.mcp, transport=TRANSPORT) if TRANSPORT != "stdio" else None
URL = handle and handle.url or "http://127.0.0.1/"
"""


@pytest.mark.timeout(300)
@pytest.mark.parametrize("transport", ["stdio", "sse", "streamable-http"])
def test_a_hundred_connections_are_open_at_once_and_then_none(own_kernel: Kernel, transport: str):
    run = own_kernel.ok
    run(f"TRANSPORT = {transport!r}", SET_UP, SERVE)
    run("await answers(await several(2))")  # imports what is imported late
    before = run("print(await close_and_count())").text
    run(f"clients = await several({AT_ONCE})")
    assert run("print(await answers(clients))").text == f"{AT_ONCE}\n"
    assert len(own_kernel.children()) == (AT_ONCE if transport == "stdio" else 0)
    assert run("print(len(owner.open_keys()))").text == f"{AT_ONCE}\n"
    assert run("print(await close_and_count())").text == before
    assert own_kernel.children() == []
    soak.count(f"connections open at once: {transport}", AT_ONCE)
