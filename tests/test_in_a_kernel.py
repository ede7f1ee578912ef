"""The helpers in a real kernel: cells, interrupts, restarts and kills."""

from __future__ import annotations

import time
from collections.abc import Iterator

import psutil
import pytest

from tests.kernels import Kernel, ended_within, kernel
from tests.places import ODD_SERVER, PYTHON

SET_UP = f"""
import asyncio, sys, threading, time
from mcp import StdioServerParameters, MCPError
from mcp.client.sse import sse_client
from helpers import connect, keep_open, close, close_all, run, serve, server_log, wire
ODD = StdioServerParameters(command={PYTHON!r}, args=[{ODD_SERVER!r}])
"""
APPLY = "import nest_asyncio2; nest_asyncio2.apply()"
IMPORT_ODD = f"sys.path.insert(0, {ODD_SERVER.rpartition('/')[0]!r}); import odd_server"
ADD = "print((await client.call_tool('add', {'a': 2, 'b': 3})).structured_content['result'])"


def servers_of(kernel: Kernel) -> list[psutil.Process]:
    return [child for child in kernel.children() if ODD_SERVER in child.cmdline()]


@pytest.fixture(scope="module", params=["plain", "nest_asyncio2"])
def prepared(request: pytest.FixtureRequest) -> Iterator[Kernel]:
    """A kernel with the helpers imported, with and without nest_asyncio2 applied."""
    with kernel() as started:
        started.ok(SET_UP)
        if request.param != "plain":
            started.ok(APPLY)
        yield started


@pytest.fixture
def ready(prepared: Kernel) -> Iterator[Kernel]:
    """The same kernel for many tests, with nothing left open by the one before."""
    yield prepared
    prepared.ok("await close_all()", "if 'handle' in globals(): handle.stop()")
    assert servers_of(prepared) == []


def test_a_connection_is_opened_in_one_cell_used_in_others_and_closed_in_another(ready: Kernel):
    ready.ok("client = await connect(ODD)")
    assert ready.ok(ADD).text == "5\n"
    assert ready.ok(ADD).text == "5\n"
    servers = servers_of(ready)
    assert len(servers) == 1
    ready.ok("await close(client)")
    assert ended_within(servers, 3) == []
    assert "asyncio" not in ready.ok("print(len(wire(client)))").stderr


def test_a_plain_thread_uses_the_connection_through_run(ready: Kernel):
    ready.ok("client = await connect(ODD)")
    in_a_thread = """
    def work():
        result = run(client.call_tool("add", {"a": 20, "b": 1}))
        print(threading.current_thread().name, result.structured_content["result"])
    thread = threading.Thread(target=work, name="worker"); thread.start()
    while thread.is_alive():
        await asyncio.sleep(0.01)
    """
    assert ready.ok(in_a_thread).text == "worker 21\n"


def test_a_widget_callback_uses_the_connection_through_run(ready: Kernel):
    ready.ok("client = await connect(ODD)", "import ipywidgets; seen = []")
    ready.ok(
        "button = ipywidgets.Button()\n"
        "button.on_click(lambda _: seen.append(run(client.call_tool('add', {'a': 1, 'b': 1}))))",
        "button.click()",
    )
    assert ready.ok("print(seen[0].structured_content)").text == "{'result': 2}\n"


def test_a_thread_that_the_cell_itself_waits_for_gets_an_error_and_not_a_deadlock(ready: Kernel):
    ready.ok("client = await connect(ODD)", "import helpers.loops")
    blocked = """
    helpers.loops.HAND_OVER_SECONDS = 0.3
    from concurrent.futures import ThreadPoolExecutor
    with ThreadPoolExecutor() as pool:
        try:
            pool.submit(run, client.list_tools()).result()
        except RuntimeError as error:
            print(error)
    """
    assert "await asyncio.to_thread" in ready.ok(blocked).text
    assert ready.ok(ADD).text == "5\n"


def test_running_the_opening_cell_three_times_leaves_one_server(ready: Kernel):
    for _ in range(3):
        ready.ok("client = await connect(ODD)")
    assert len(servers_of(ready)) == 1
    assert ready.ok(ADD).text == "5\n"


def test_two_connections_to_the_same_server_are_possible_by_name(ready: Kernel):
    ready.ok("one = await connect(ODD, name='one'); two = await connect(ODD, name='two')")
    assert len(servers_of(ready)) == 2
    ask = "print(*[(await c.call_tool('where')).structured_content['result'] for c in (one, two)])"
    first, second = ready.ok(ask).text.split()
    assert first != second
    ready.ok("await close('one')")
    assert [str(server.pid) for server in servers_of(ready)] == [second]


def test_serving_three_times_leaves_one_listening_port(ready: Kernel):
    ready.ok(IMPORT_ODD)
    for _ in range(3):
        ready.ok("handle = serve(odd_server.mcp)")
    listening = [
        connection
        for connection in psutil.Process(ready.pid).net_connections("tcp4")
        if connection.status == "LISTEN"
        and str(connection.laddr.port) in ready.ok("print(handle.port)").text
    ]
    assert len(listening) == 1
    threads = ready.ok("print([t.name for t in threading.enumerate() if 'serving' in t.name])")
    assert threads.text == "['serving odd over sse']\n"


@pytest.mark.parametrize("apply", ["before", "after", "never"])
def test_serve_works_whenever_nest_asyncio2_is_applied(own_kernel: Kernel, apply: str):
    own_kernel.ok(SET_UP, IMPORT_ODD)
    cells = ["handle = serve(odd_server.mcp)", "client = await connect(sse_client(handle.url))"]
    place = {"before": 0, "after": 1}.get(apply)
    if place is not None:
        cells.insert(place, APPLY)
    own_kernel.ok(*cells)
    assert own_kernel.ok(ADD).text == "5\n"
    assert own_kernel.ok("print(run(client.call_tool('add', {'a': 1, 'b': 1})).is_error)")
    stopped = own_kernel.ok("handle.stop()")
    assert stopped.seconds < 2
    assert stopped.text == ""


def test_a_blocking_cell_does_not_stop_a_served_server(own_kernel: Kernel):
    own_kernel.ok(SET_UP, IMPORT_ODD, "handle = serve(odd_server.mcp)")
    curl = own_kernel.ok("!curl -sN --max-time 1 {handle.url}")
    assert "event: endpoint" in curl.text


def test_four_cells_queued_at_once_finish_in_order_when_the_first_is_in_run(own_kernel: Kernel):
    own_kernel.ok(SET_UP, "client = await connect(ODD)")
    cells = own_kernel.ok(
        "print(1, run(client.call_tool('wait', {'seconds': 0.5})).content[0].text)",
        "print(2, run(client.call_tool('add', {'a': 1, 'b': 1})).is_error)",
        "print(3, (await client.call_tool('add', {'a': 1, 'b': 1})).is_error)",
        "print(4)",
    )
    assert [cell.text for cell in cells] == ["1 done\n", "2 False\n", "3 False\n", "4\n"]


def test_run_works_under_timeit(own_kernel: Kernel):
    own_kernel.ok(SET_UP, "client = await connect(ODD)")
    timed = own_kernel.ok("%timeit -n 3 -r 2 run(client.call_tool('add', {'a': 1, 'b': 1}))")
    assert "per loop" in timed.text


WAITING = """
import threading, time
def tell():
    while "waiting" not in server_log(client):
        time.sleep(0.01)
    print("it waits", flush=True)
threading.Thread(target=tell).start()
"""


@pytest.mark.parametrize(
    "call",
    [
        "await client.call_tool('wait', {'seconds': 30})",
        "run(client.call_tool('wait', {'seconds': 30}))",
    ],
    ids=["awaited", "in run"],
)
def test_an_interrupt_ends_the_call_cancels_it_on_the_server_and_keeps_the_connection(
    ready: Kernel, call: str
):
    ready.ok("client = await connect(ODD)")
    # caught, because IPython takes its time to draw the traceback of an interrupt
    caught = f"try:\n    {call}\nexcept BaseException as error:\n    print(type(error).__name__)"
    cell = ready.start(f"{WAITING}{caught}", until="it waits")
    begun = time.monotonic()
    ready.interrupt()
    [interrupted] = ready.collect([cell])
    assert time.monotonic() - begun < 1
    assert interrupted.text in ("CancelledError\n", "KeyboardInterrupt\n")
    on_the_server = "while 'cancelled' not in server_log(client): await asyncio.sleep(0.01)"
    ready.ok(f"async with asyncio.timeout(2):\n    {on_the_server}")
    assert ready.ok(ADD).text == "5\n"


def test_an_interrupted_cell_ends_in_an_error(ready: Kernel):
    ready.ok("client = await connect(ODD)")
    cell = ready.start(WAITING + "await client.call_tool('wait', {'seconds': 30})", "it waits")
    ready.interrupt()
    [interrupted] = ready.collect([cell])
    assert interrupted.status == "error"
    assert interrupted.error.startswith("CancelledError")


def test_an_interrupt_while_connecting_leaves_no_process(ready: Kernel):
    silent = f"StdioServerParameters(command={PYTHON!r}, args=[{ODD_SERVER!r}, 'silent'])"
    opening = f"try:\n    await connect({silent})\nexcept BaseException as error:\n    print(error)"
    cell = ready.start(f"print('go', flush=True)\n{opening}", until="go")
    deadline = time.monotonic() + 10
    while not servers_of(ready):
        assert time.monotonic() < deadline
    servers = servers_of(ready)
    begun = time.monotonic()
    ready.interrupt()
    ready.collect([cell])
    assert time.monotonic() - begun < 1
    assert ended_within(servers, 5) == []


@pytest.mark.parametrize("end", ["restart", "kill"])
def test_no_server_outlives_a_restarted_or_killed_kernel(own_kernel: Kernel, end: str):
    own_kernel.ok(SET_UP, "client = await connect(ODD)")
    own_kernel.start(
        WAITING + "asyncio.create_task(client.call_tool('wait', {'seconds': 30}))", "it waits"
    )
    servers = servers_of(own_kernel)
    assert len(servers) == 1
    getattr(own_kernel, end)()
    assert ended_within(servers, 3) == []


def test_a_server_that_ignores_the_end_of_its_input_does_not_outlive_a_restart(
    own_kernel: Kernel,
):
    own_kernel.ok(SET_UP, "client = await connect(ODD)")
    own_kernel.ok(
        f"from mcp import stdio_client\n"
        f"deaf = StdioServerParameters(command={PYTHON!r}, args=[{ODD_SERVER!r}, 'deaf'])\n"
        "streams = await keep_open(stdio_client(deaf, errlog=open('/dev/null', 'w')))"
    )
    servers = servers_of(own_kernel)
    assert len(servers) == 2
    own_kernel.restart()
    assert ended_within(servers, 3) == []


def test_an_error_in_a_cell_is_short_and_names_the_cause(own_kernel: Kernel):
    own_kernel.ok(SET_UP)
    failed = own_kernel.run(
        f"await connect(StdioServerParameters(command={PYTHON!r}, args=[{ODD_SERVER!r}, 'exit']))"
    )
    assert failed.error.startswith("ConnectionError")
    assert "no DATABASE_URL in the environment" in failed.error


def test_the_wire_is_drawn_as_mermaid_with_plain_text_beside_it(own_kernel: Kernel):
    own_kernel.ok(SET_UP, "client = await connect(ODD, mode='legacy')")
    drawn = own_kernel.ok("wire(client).diagram()")
    assert drawn.mimetypes == {"text/vnd.mermaid", "text/plain"}
    assert "initialize" in drawn.text
