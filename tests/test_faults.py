"""The fault matrix: whatever a server, a port or a kernel does, over each transport.

Each combination ends in a readable error within its deadline or in success, leaves nothing
behind, and the next `connect` works. What was observed stands in a table at the end of the run.
"""

from __future__ import annotations

import asyncio
import gc
import itertools
import random
import re
import signal
import socket
import time
from collections.abc import Iterator
from contextlib import ExitStack
from typing import Any

import httpx2
import psutil
import pytest
from mcp import Client, StdioServerParameters
from mcp.client.sse import sse_client

from helpers import close, connect
from helpers.errors import root_cause
from helpers.owner_task import CLEAN_UP_SECONDS
from tests import fault_table, soak
from tests.fault_table import WORKS, note
from tests.fault_trials import AT_ONCE, SILENCE, Faulty, echoed, ending, faulty, surviving, works
from tests.kernels import Kernel, ended_within, kernel
from tests.places import ODD_SERVER, PYTHON, ROOT

pytestmark = pytest.mark.usefixtures("_nothing_stays_open")

# Streamable HTTP answers in two forms: one JSON document, or a stream of events
WAYS = ["stdio", "sse", "json", "events"]
MODES = ["legacy", "auto"]
CLOSING_SECONDS = CLEAN_UP_SECONDS - 1  # also of what hangs: the last second is for the unforeseen
LONG_SECONDS = 20.0  # the SDK goes through a line once more with every piece of it that comes

GONE = (
    "The server has gone: (it ended, or it closed the connection|it no longer reads what we send)"
    "|Server disconnected without sending a response"
    "|peer closed connection without sending complete message body"
    "|SSE stream ended without a response"
    "|All connection attempts failed"
    "|the server cut the connection off"
)
SILENT = rf"did not answer within {SILENCE} s"
TIMED_OUT = "Request 'tools/call' timed out"
UNREADABLE = "The server's answer cannot be read: it is not one valid JSON-RPC message"
TOO_LONG = "Server-sent event exceeded the 1048576 byte limit"  # of the SDK's clients
UNSUPPORTED = "Unsupported (protocol )?version"

# By fault: the row of the table, what it ends in, and where in something else: over this
# transport, or in this form and mode. Where the SDK cannot read the answer to its question
# `server/discover` over Streamable HTTP, it goes on with the handshake, which is answered well.
AT_THE_START: dict[str, tuple[str, str, dict[str, str]]] = {
    "kill": ("is killed before it answers initialize", GONE, {}),
    "cut": ("is killed in the middle of its answer to initialize", GONE, {}),
    "leave": ("closes politely instead of answering initialize", GONE, {}),
    "deaf": ("stops reading before it answers initialize", SILENT, {}),
    "late": ("answers initialize late", SILENT, {}),
    "half": ("answers initialize with half a message", SILENT, {}),
    # the SDK does not look at the id where the answer has a stream of its own
    "wrong id": ("answers initialize with a wrong id", SILENT, {"events": WORKS}),
    # a JSON document that holds two answers is none
    "twice": ("answers initialize twice", WORKS, {"json legacy": UNREADABLE}),
    "garbage": (
        "answers initialize with garbage",
        UNREADABLE,
        {"json auto": WORKS, "events auto": WORKS},
    ),
    "long": (
        "answers initialize with 10 MB in one line",
        WORKS,
        {"sse": TOO_LONG, "events legacy": TOO_LONG},
    ),
    "version": ("answers initialize with an unsupported version", UNSUPPORTED, {}),
}
DURING_A_CALL: dict[str, tuple[str, str, dict[str, str]]] = {
    "kill": ("is killed during a call", GONE, {}),
    "cut": ("is killed in the middle of its answer to a call", GONE, {}),
    "leave": ("closes politely during a call", GONE, {}),
    "deaf": ("stops reading during a call", TIMED_OUT, {}),
    "late": ("answers a call late", TIMED_OUT, {}),
    "half": ("answers a call with half a message", TIMED_OUT, {}),
    "wrong id": ("answers a call with a wrong id", TIMED_OUT, {"events": WORKS}),
    "twice": ("answers a call twice", WORKS, {"json": UNREADABLE}),
    "garbage": ("answers a call with garbage", UNREADABLE, {}),
    "long": (
        "answers a call with 10 MB in one line",
        WORKS,
        {"sse": TOO_LONG, "events": TOO_LONG},
    ),
}


@pytest.fixture(scope="module", autouse=True)
def _the_table_is_shown() -> Iterator[None]:
    yield
    fault_table.show()


@pytest.fixture(scope="module")
def good() -> Iterator[dict[str, Faulty]]:
    """A server over each transport that does nothing wrong; each has been connected to once."""
    with ExitStack() as stack, asyncio.Runner() as runner:
        servers = {way: stack.enter_context(faulty(way)) for way in WAYS}
        for server in servers.values():
            runner.run(works(server.target()))
        gc.collect()
        gc.freeze()  # else each census would go through all that was ever imported
        yield servers
        gc.unfreeze()


def trials() -> range:
    return range(soak.times(1, 10))


# ---- a server that spoils its first answer ----


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("fault", AT_THE_START)
async def test_a_faulty_first_answer_ends_the_opening_or_is_survived(
    good: dict[str, Faulty], fault: str, way: str, mode: str
):
    row, usual, elsewhere = AT_THE_START[fault]
    expected = elsewhere.get(way, elsewhere.get(f"{way} {mode}", usual))
    for _ in trials():
        async with surviving(good[way], mode):
            with faulty(way, fault) as server:
                timeout, most = 20.0, LONG_SECONDS if fault == "long" else AT_ONCE
                if expected == SILENT:
                    timeout, most = SILENCE, SILENCE + CLEAN_UP_SECONDS
                opening = connect(server.target(), mode=mode, timeout=timeout)
                seconds, said, client = await ending(opening, most)
                assert re.search(expected, said), said
                if client:
                    assert await echoed(client, "and on") == "and on"
                    await close(client)
        note(row, way, seconds, said, mode)


@pytest.mark.parametrize("way", ["stdio", "sse", "json"])
async def test_an_opening_that_was_answered_under_a_wrong_id_says_so(way: str):
    says = "It answered with the id 1001, under which it was asked nothing"
    with faulty(way, "wrong id") as server, pytest.raises(TimeoutError, match=says):
        await connect(server.target(), timeout=2)


# ---- a server that spoils the answer to a call ----


async def goes_on(client: Client, fault: str, way: str) -> None:
    """The connection can be used; half a line is completed by the next answer, and told then."""
    if fault == "half" and way in ("stdio", "sse"):
        _, said, _ = await ending(echoed(client, "lost"), AT_ONCE)
        assert UNREADABLE in said
    for text in ("next", "and next"):
        assert await echoed(client, text) == text


async def does_not_go_on(client: Client, expected: str) -> None:
    """Later calls end too, by themselves or by their own deadlines; also one too large to send."""
    for text in ("small", "large" * 200_000, "small"):
        _, said, _ = await ending(echoed(client, text, SILENCE), SILENCE + 1)
        assert re.search(expected, said), said


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("fault", DURING_A_CALL)
async def test_a_faulty_answer_ends_its_call_or_is_survived(
    good: dict[str, Faulty], fault: str, way: str, mode: str
):
    row, usual, elsewhere = DURING_A_CALL[fault]
    expected = elsewhere.get(way, usual)
    lost = expected == GONE or fault == "deaf" or (fault == "long" and way == "sse")
    for _ in trials():
        async with surviving(good[way], mode):
            with faulty(way) as server:
                client = await connect(server.target(), mode=mode)
                await echoed(client, "before")  # the first call of all asks for the tools, too
                limit = SILENCE if expected == TIMED_OUT else AT_ONCE
                limit = LONG_SECONDS if fault == "long" else limit
                call = client.call_tool(fault, {}, read_timeout_seconds=limit)
                seconds, said, result = await ending(call, limit + 1)
                assert re.search(expected, said), said
                if result:
                    assert len(result.content[0].text) == (10_000_000 if fault == "long" else 5)
                await (does_not_go_on(client, expected) if lost else goes_on(client, fault, way))
                _, closed, _ = await ending(close(client), CLOSING_SECONDS)
                assert closed == WORKS
        note(row, way, seconds, said, mode)


# ---- a server that ends while nothing, or much, is under way ----


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM])
async def test_a_server_that_ended_while_idle_is_told_by_the_next_call(
    good: dict[str, Faulty], number: signal.Signals, way: str, mode: str
):
    row = "is killed while idle" if number == signal.SIGKILL else "closes politely while idle"
    for _ in trials():
        async with surviving(good[way], mode):
            with faulty(way) as server:
                client = await connect(server.target(), mode=mode)
                await echoed(client, "before")
                await server.end(number)
                seconds, said, _ = await ending(echoed(client, "after"), AT_ONCE)
                assert re.search(GONE, said), said
                await does_not_go_on(client, GONE)
                await close(client)
        note(row, way, seconds, said, mode)


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("way", WAYS)
async def test_a_server_killed_at_any_moment_of_many_calls_ends_them_all(
    good: dict[str, Faulty], way: str, mode: str
):
    for trial in trials():
        chance = random.Random(f"{way} {mode} {trial}")
        async with surviving(good[way], mode):
            with faulty(way) as server:
                client = await connect(server.target(), mode=mode)
                enough, answered = chance.randrange(1, 50), itertools.count(1)
                reached = asyncio.Event()

                async def talk(client: Client = client, answered: Any = answered, **more: Any):
                    while True:
                        assert await echoed(client, "again and again") == "again and again"
                        if next(answered) >= more["enough"]:
                            more["reached"].set()

                talks = [
                    asyncio.create_task(ending(talk(enough=enough, reached=reached), 60))
                    for _ in range(chance.randrange(1, 6))
                ]
                await reached.wait()
                begun = time.monotonic()
                await server.end(signal.SIGKILL)
                for said in {said for _, said, _ in await asyncio.gather(*talks)}:
                    assert re.search(GONE, said), said
                seconds = time.monotonic() - begun
                assert seconds < AT_ONCE
                await close(client)
        note("is killed at any moment of many calls", way, seconds, said, mode)


# ---- nothing to connect to ----


def closed_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as sock:
        return int(sock.getsockname()[1])


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize(
    ("way", "which", "expected"),
    [
        ("stdio", "no such command", "There is no command 'no-such-command' here"),
        ("stdio", "ends at once", GONE),
        ("sse", "", "Nothing answers at .*All connection attempts failed"),
        ("json", "", "Nothing answers at .*All connection attempts failed"),
    ],
)
async def test_a_port_or_a_command_that_is_not_there_is_told_at_once(
    good: dict[str, Faulty], way: str, which: str, expected: str, mode: str
):
    for _ in trials():
        async with surviving(good[way], mode):
            url = f"http://127.0.0.1:{closed_port()}"
            target = {
                "no such command": StdioServerParameters(command="no-such-command"),
                "ends at once": StdioServerParameters(command=PYTHON, args=["-c", "exit(3)"]),
            }.get(which) or (sse_client(f"{url}/sse") if way == "sse" else f"{url}/mcp")
            seconds, said, _ = await ending(connect(target, mode=mode), AT_ONCE)
            assert re.search(expected, said), said
        note(
            "has its port closed (stdio: no such command, or it ends at once)",
            way,
            seconds,
            said,
            which,
        )


def test_a_connection_that_was_cut_off_is_told_in_words():
    assert root_cause(httpx2.ReadError("")) == "the server cut the connection off"
    assert root_cause(httpx2.ReadError("the cable is out")) == "the cable is out"


# ---- a kernel that is interrupted, restarted or killed ----

SET_UP = f"""
import asyncio, re
from mcp import StdioServerParameters
from mcp.client.sse import sse_client
from helpers import close_all, connect, serve, wire
from tests import odd_server
from tests.leftovers import census
ODD = StdioServerParameters(command={PYTHON!r}, args=[{ODD_SERVER!r}])
handle = None
"""
# over stdio the server is the kernel's child, over HTTP it lives in a thread of the kernel
OPEN = {
    "stdio": "client = await connect(ODD)",
    "sse": "handle = serve(odd_server.mcp)\nclient = await connect(sse_client(handle.url))",
    "events": "handle = serve(odd_server.mcp, transport='streamable-http')\n"
    "client = await connect(handle.url)",
}
ADD = "print((await client.call_tool('add', {'a': 2, 'b': 3})).structured_content['result'])"
WAIT = """
call = asyncio.ensure_future(client.call_tool('wait', {'seconds': 60}))
while not [m for m in wire(client) if m.sent and m.json['params'].get('name') == 'wait']:
    await asyncio.sleep(0.005)
print('it waits', flush=True)
try:
    await call
except BaseException as error:
    print(type(error).__name__)
"""
CLOSE = "await close_all()\nif handle: handle.stop()"
LEFT = """
def left():  # the kernel's own: its tasks, ZeroMQ's descriptors for threads that print, its history
    return [w for w in census() - before if not re.search("Kernel|eventfd|[.]ipython", w)]
try:
    async with asyncio.timeout(5):
        while left(): await asyncio.sleep(0.01)
except TimeoutError:
    pass
print(left())
"""


@pytest.fixture(scope="module")
def shared() -> Iterator[Kernel]:
    with kernel(str(ROOT)) as started:
        yield started


def restart(kernel: Kernel) -> None:
    kernel.client.stop_channels()
    kernel.manager.restart_kernel(newports=True)  # another process may have taken the old ones
    kernel._connect()


@pytest.fixture
def restarted(shared: Kernel) -> Kernel:
    """One kernel for all the tests here: each works in it anew after what was done to it."""
    if not shared.manager.is_alive():  # the test before has failed
        restart(shared)
    return shared


def works_in(kernel: Kernel, way: str) -> None:
    """A connection in this kernel can be opened, used and closed, and leaves nothing behind."""
    kernel.ok(SET_UP, "before = census()", OPEN[way])
    assert "5" in kernel.ok(ADD).text.split()
    kernel.ok(CLOSE)
    assert kernel.ok(LEFT).text == "[]\n"


@pytest.mark.parametrize("way", OPEN)
def test_an_interrupted_call_leaves_the_connection_usable_and_nothing_behind(
    restarted: Kernel, way: str
):
    works_in(restarted, way)  # what is imported late is imported now
    for _ in trials():
        restarted.ok("before = census()", OPEN[way], ADD)
        cell = restarted.start(WAIT, until="it waits")
        begun = time.monotonic()
        restarted.interrupt()
        [interrupted] = restarted.collect([cell])
        seconds = time.monotonic() - begun
        assert seconds < 1
        # a server in the kernel's thread prints there that it waits, and that it was cancelled
        [error] = [line for line in interrupted.text.splitlines() if line[:1].isupper()]
        assert error in ("CancelledError", "KeyboardInterrupt")
        assert "5" in restarted.ok(ADD).text.split()  # beside what the server still prints
        restarted.ok(CLOSE)
        assert restarted.ok(LEFT).text == "[]\n"
        works_in(restarted, way)
        note("its kernel is interrupted", way, seconds, f"{error}, and the next call works")


def refuses(port: int) -> bool:
    with socket.socket() as sock:
        return sock.connect_ex(("127.0.0.1", port)) != 0


@pytest.mark.parametrize("way", OPEN)
@pytest.mark.parametrize("end", ["restarted", "killed"])
def test_a_kernel_that_is_restarted_or_killed_leaves_no_process_and_no_port(
    restarted: Kernel, end: str, way: str
):
    for _ in trials():
        restarted.ok(SET_UP, OPEN[way], ADD)
        port = int(restarted.ok("print(handle.port if handle else 0)").text)
        restarted.start(WAIT, until="it waits")
        servers = restarted.children()
        assert len(servers) == (way == "stdio")
        begun, itself = time.monotonic(), psutil.Process(restarted.pid)
        if end == "restarted":
            restart(restarted)
        else:
            restarted.kill()
        assert ended_within([*servers, itself], AT_ONCE) == []
        seconds = time.monotonic() - begun
        assert not port or refuses(port)
        if end == "killed":
            restart(restarted)
        works_in(restarted, way)
        note(f"its kernel is {end}", way, seconds, "works again, and nothing is left")
