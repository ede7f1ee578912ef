"""`serve`: servers in threads, on real ports of this machine."""

from __future__ import annotations

import asyncio
import contextlib
import gc
import logging
import re
import socket
import threading
import time
from collections.abc import AsyncIterator, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any
from urllib.parse import urlsplit

import httpx2
import psutil
import pytest
from mcp import Client, MCPError
from mcp.client.sse import sse_client
from mcp.server import MCPServer, Server
from mcp.server.transport_security import TransportSecurityMiddleware
from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.responses import PlainTextResponse
from starlette.routing import Mount, Route

from helpers import close_all, connect, serve, server_log, server_thread, serving
from helpers.server_thread import ServerHandle
from tests import odd_server, server_process
from tests.leftovers import cutting_sse_off
from tests.waiting import until

TRANSPORTS = ("sse", "streamable-http")
# see cutting_sse_off, which would take too long after every test here
pytestmark = pytest.mark.filterwarnings("ignore:Unclosed <MemoryObject:ResourceWarning")


@pytest.fixture(scope="module", autouse=True)
def _no_stream_is_left_to_other_modules() -> Iterator[None]:
    yield
    with cutting_sse_off():
        pass


@pytest.fixture(autouse=True)
def _nothing_stays_served() -> Iterator[None]:
    yield
    for handle in list(serving._handles.values()):
        handle.stop()
    deadline = time.monotonic() + 5
    while server_threads() and time.monotonic() < deadline:
        time.sleep(0.01)
    assert server_threads() == []


def server_threads() -> list[str]:
    """The threads of servers, and those in which a server runs synchronous code."""
    names = [thread.name for thread in threading.enumerate()]
    return [name for name in names if name.startswith(("serving", "AnyIO"))]


def listening() -> set[int]:
    connections = psutil.Process().net_connections("tcp")
    return {c.laddr.port for c in connections if c.status == psutil.CONN_LISTEN}


def target(handle: ServerHandle) -> Any:
    return sse_client(handle.url) if handle.url.endswith("/sse") else handle.url


async def added(handle: ServerHandle, mode: str = "auto") -> str:
    async with Client(target(handle), mode=mode) as client:
        return (await client.call_tool("add", {"a": 2, "b": 3})).content[0].text


def app_with(endpoint: Any, **options: Any) -> Starlette:
    return Starlette(routes=[Route("/sse", endpoint)], **options)


async def hello(_: object) -> PlainTextResponse:
    return PlainTextResponse("hello")


# ---- what it serves ----


@pytest.mark.parametrize("transport", TRANSPORTS)
async def test_a_server_is_served_again_and_again(transport: str):
    ports = set()
    for _ in range(3):
        handle = serve(odd_server.mcp, transport=transport)
        assert await added(handle) == "5"
        assert await added(handle, mode="legacy") == "5"
        ports.add(handle.port)
    assert listening() & ports == {handle.port}  # the earlier ones were stopped first
    assert [name for name in server_threads() if "serving" in name] == [handle._thread.name]


def test_the_url_is_the_full_endpoint_on_loopback():
    assert re.fullmatch(r"http://127\.0\.0\.1:\d+/sse", serve(odd_server.mcp).url)
    handle = serve(odd_server.mcp, transport="streamable-http")
    assert handle.url == f"http://127.0.0.1:{handle.port}/mcp"


@pytest.mark.skipif(not socket.has_ipv6, reason="this machine has no IPv6")
async def test_an_ipv6_address_stands_in_brackets_in_the_url():
    handle = serve(odd_server.mcp, host="::1")
    assert handle.url == f"http://[::1]:{handle.port}/sse"
    assert await added(handle) == "5"


async def test_every_address_is_reached_over_loopback():
    handle = serve(odd_server.mcp, host="0.0.0.0")
    assert handle.url == f"http://127.0.0.1:{handle.port}/sse"
    assert await added(handle) == "5"


@pytest.mark.parametrize("host", ["localhost", "127.0.0.1", "[::1]", "[fe80::1]"])
def test_a_host_is_answered_with_a_port_and_without_one_as_on_port_80(host: str):
    security = serving._allow("fe80::1")
    check = TransportSecurityMiddleware(security)
    for name in (host, f"{host}:8080"):
        assert check._validate_host(name)
        for scheme in ("http", "https"):
            assert check._validate_origin(f"{scheme}://{name}")
    assert not check._validate_host(f"{host}.evil.example")


def test_an_asgi_app_is_served():
    handle = serve(app_with(hello))
    assert httpx2.get(handle.url).text == "hello"


def test_an_app_with_an_mcp_server_inside_is_served():
    sse = odd_server.mcp.sse_app()
    handle = serve(Starlette(routes=[Mount("/", sse)]))
    with httpx2.stream("GET", handle.url) as answer:
        assert answer.headers["content-type"].startswith("text/event-stream")


def test_small_answers_are_sent_at_once():
    options: list[int] = []

    async def look(_: object) -> PlainTextResponse:
        for connection in handle._uvicorn.server_state.connections:
            sock = connection.transport.get_extra_info("socket")
            options.append(sock.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY))
        return PlainTextResponse("done")

    handle = serve(app_with(look))
    httpx2.get(handle.url)
    assert options == [1]  # else Nagle's algorithm may hold them back for 40 ms


async def test_the_same_server_is_served_over_both_transports_at_once():
    handles = [serve(odd_server.mcp, transport=transport) for transport in TRANSPORTS]
    assert [await added(handle) for handle in handles] == ["5", "5"]


def test_a_handle_is_a_context_manager_that_stops():
    with serve(app_with(hello)) as handle:
        assert httpx2.get(handle.url).text == "hello"
    assert handle.port not in listening()
    assert not handle.running


def test_a_handle_tells_what_it_serves_and_whether_it_still_does():
    handle = serve(odd_server.mcp)
    assert repr(handle) == f"<odd over sse: {handle.url}>"
    handle.stop()
    assert repr(handle) == f"<odd over sse: {handle.url}, stopped>"


# ---- which replaces which ----


def test_the_same_app_on_the_same_port_is_replaced():
    with socket.create_server(("127.0.0.1", 0)) as sock:
        port = sock.getsockname()[1]
    first, second = serve(app_with(hello), port=port), serve(app_with(hello), port=port)
    assert first.url == second.url
    assert not first.running
    assert httpx2.get(second.url).text == "hello"


def test_on_a_free_port_only_the_very_same_app_is_replaced():
    app, other = app_with(hello), app_with(hello)
    first, second, third = serve(app), serve(other), serve(app)
    assert [handle.running for handle in (first, second, third)] == [False, True, True]


def test_a_name_keeps_two_apart_and_replaces_what_has_it():
    one, two = serve(odd_server.mcp, name="one"), serve(odd_server.mcp, name="two")
    assert one.running
    assert two.running
    assert one.port != two.port
    again = serve(app_with(hello), name="one")
    assert [handle.running for handle in (one, two, again)] == [False, True, True]


def test_another_server_of_the_same_name_and_transport_is_replaced():
    first = serve(odd_server.mcp)
    second = serve(MCPServer("odd", log_level="WARNING"))
    assert (first.running, second.running) == (False, True)


# ---- errors ----


def error_of(*args: Any, **options: Any) -> Exception:
    before = listening()
    with pytest.raises(Exception) as raised:
        serve(*args, **options)
    assert listening() == before
    assert not serving._handles
    return raised.value


def test_an_app_that_fails_at_startup_is_told_with_its_traceback():
    @contextlib.asynccontextmanager
    async def lifespan(_: object) -> AsyncIterator[None]:
        raise RuntimeError("no database")
        yield

    error = error_of(app_with(hello, lifespan=lifespan), name="films")
    assert isinstance(error, RuntimeError)
    assert str(error).startswith("films did not start.")
    assert "RuntimeError: no database" in str(error)
    assert error.__context__ is None


def test_an_app_whose_startup_never_ends_is_given_up(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(server_thread, "START_SECONDS", 0.3)
    monkeypatch.setattr(server_thread, "STOP_SECONDS", 0.3)

    @contextlib.asynccontextmanager
    async def lifespan(_: object) -> AsyncIterator[None]:
        await asyncio.Event().wait()
        yield

    error = error_of(app_with(hello, lifespan=lifespan), name="films")
    assert isinstance(error, RuntimeError)
    assert "films did not start within 0.3 seconds" in str(error)


def test_a_streamable_http_app_is_served_once_and_says_so():
    app = odd_server.mcp.streamable_http_app()
    serve(app, transport="streamable-http").stop()
    error = error_of(app, transport="streamable-http")
    assert isinstance(error, RuntimeError)
    assert "A Streamable HTTP app can be served once" in str(error)
    assert "serve the MCPServer itself" in str(error)
    serve(odd_server.mcp, transport="streamable-http")


def test_a_port_in_use_is_named_with_what_to_do():
    with socket.create_server(("127.0.0.1", 0)) as sock:
        port = sock.getsockname()[1]
        error = error_of(odd_server.mcp, port=port)
    assert isinstance(error, OSError)
    assert f"port {port} on 127.0.0.1 is in use" in str(error)
    assert "port=0" in str(error)


def test_a_port_that_is_no_longer_in_use_is_free_at_once():
    handle = serve(odd_server.mcp, name="one")
    handle.stop()
    assert serve(odd_server.mcp, name="two", port=handle.port).url == handle.url


@pytest.mark.parametrize("host", ["nonsense.invalid", "192.0.2.1"])
def test_a_host_that_is_not_this_machine_is_an_error(host: str):
    error = error_of(odd_server.mcp, host=host)
    assert isinstance(error, OSError)
    assert "cannot listen" in str(error)
    assert host in str(error)


def test_a_port_that_needs_privileges_is_an_error(monkeypatch: pytest.MonkeyPatch):
    def refuse(*_: object, **__: object) -> socket.socket:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(socket, "create_server", refuse)  # root may take any port
    error = error_of(odd_server.mcp, port=80)
    assert isinstance(error, PermissionError)
    assert "cannot listen: Permission denied" in str(error)


@pytest.mark.parametrize("port", [-1, 65536, "8080", None])
def test_a_port_that_is_none_is_refused(port: Any):
    error = error_of(odd_server.mcp, port=port)
    assert isinstance(error, ValueError)
    assert f"from 0 to 65535, not {port!r}" in str(error)


def test_an_unknown_transport_is_refused_with_the_known_ones():
    error = error_of(odd_server.mcp, transport="http")
    assert isinstance(error, ValueError)
    assert "'sse' or 'streamable-http', not 'http'" in str(error)


@pytest.mark.parametrize("thing", [None, "app", 5, Starlette, Server("low")])
def test_what_cannot_be_served_is_refused_by_its_type(thing: object):
    error = error_of(thing)
    assert isinstance(error, TypeError)
    assert f"a {type(thing).__name__} cannot be served over sse" in str(error)


# ---- who may call it ----


@pytest.mark.parametrize("transport", TRANSPORTS)
@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"Host": "learner.example"}, 421),
        ({"Host": "127.0.0.1.learner.example:80"}, 421),
        ({"Origin": "http://learner.example"}, 403),
        ({"Origin": "null"}, 403),
    ],
)
def test_a_foreign_host_or_origin_is_refused(transport: str, headers: dict[str, str], status: int):
    handle = serve(odd_server.mcp, transport=transport)
    method = "GET" if transport == "sse" else "POST"
    sent = {"Accept": "application/json, text/event-stream", "Content-Type": "application/json"}
    with httpx2.stream(method, handle.url, headers=sent | headers) as answer:
        assert answer.status_code == status


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost"])
def test_loopback_hosts_and_origins_are_let_in(host: str):
    handle = serve(odd_server.mcp)
    headers = {"Host": f"{host}:{handle.port}", "Origin": f"http://{host}:8888"}
    with httpx2.stream("GET", handle.url, headers=headers) as answer:
        assert answer.status_code == 200


# ---- stopping ----


@pytest.mark.usefixtures("sse_cut_off")
async def test_stopping_with_clients_connected_takes_two_seconds_at_most_and_prints_nothing(
    capfd: pytest.CaptureFixture[str],
):
    server, waiting = MCPServer("slow", log_level="WARNING"), list[None]()

    @server.tool()
    async def wait() -> None:
        waiting.append(None)
        await asyncio.Event().wait()

    sse, http = [serve(server, transport=transport) for transport in TRANSPORTS]
    clients = [await connect(target(sse), name=f"{number}") for number in range(3)]
    clients += [await connect(http.url, mode=mode) for mode in ("auto", "legacy")]
    calls = [asyncio.create_task(client.call_tool("wait", {})) for client in clients]
    await until(lambda: len(waiting) == len(clients))
    for handle in (sse, http):
        begun = time.monotonic()
        handle.stop()
        assert time.monotonic() - begun < 2
        assert handle.port not in listening()
    results = await asyncio.gather(*calls, return_exceptions=True)
    assert all(isinstance(result, MCPError) for result in results)
    await close_all()
    assert capfd.readouterr() == ("", "")


def test_stopping_twice_does_nothing():
    handle = serve(app_with(hello))
    handle.stop()
    handle.stop()
    assert not handle.running


def test_stopping_an_app_that_shuts_down_for_ever_takes_two_seconds_at_most():
    @contextlib.asynccontextmanager
    async def lifespan(_: object) -> AsyncIterator[None]:
        yield
        await asyncio.Event().wait()

    handle = serve(app_with(hello, lifespan=lifespan))
    begun = time.monotonic()
    handle.stop()
    assert time.monotonic() - begun < 2
    assert not handle.running


def test_an_app_that_blocks_its_thread_cannot_be_stopped_and_says_so(
    monkeypatch: pytest.MonkeyPatch,
):
    monkeypatch.setattr(server_thread, "STOP_SECONDS", 0.1)
    monkeypatch.setattr(server_thread, "BUSY_SECONDS", 0.1)
    entered, release = threading.Event(), threading.Event()

    async def block(_: object) -> PlainTextResponse:
        entered.set()
        release.wait(10)
        return PlainTextResponse("at last")

    handle = serve(app_with(block), name="stone")
    caller = threading.Thread(target=ask_and_forget, args=[handle.url])
    caller.start()
    assert entered.wait(5)
    with pytest.raises(TimeoutError, match=r"stone does not stop.* free port \d+\."):
        handle.stop()
    release.set()
    caller.join(5)
    handle.stop()
    assert not handle.running


def ask_and_forget(url: str) -> None:
    with contextlib.suppress(httpx2.HTTPError):
        httpx2.get(url)


def test_thirty_servers_leave_nothing_behind():
    def open_now() -> tuple[int, int]:
        gc.collect()
        process = psutil.Process()
        return process.num_threads(), process.num_fds()

    def once(number: int) -> None:
        transport = TRANSPORTS[number % 2]
        serve(odd_server.mcp, transport=transport, name=f"{number}").stop()

    before = open_now()
    with ThreadPoolExecutor(5) as pool:  # five at a time, because each stop takes 0.2 s
        list(pool.map(once, range(30)))
    assert open_now() == before
    assert not serving._handles


# ---- logs ----


async def test_an_error_in_a_learners_app_stands_in_the_log_with_its_traceback(
    capfd: pytest.CaptureFixture[str],
):
    async def broken(_: object) -> PlainTextResponse:
        raise ZeroDivisionError("my own mistake")

    handle = serve(app_with(broken))
    assert httpx2.get(handle.url).status_code == 500
    await until(lambda: handle.log)  # it is logged when the answer has been sent
    assert "in broken\n" in handle.log
    assert handle.log.endswith("ZeroDivisionError: my own mistake")
    assert server_log(handle) == handle.log
    assert capfd.readouterr() == ("", "")


async def test_an_error_in_a_learners_tool_stands_in_the_log_with_its_traceback(
    capfd: pytest.CaptureFixture[str],
):
    server = MCPServer("mine", log_level="WARNING")

    @server.tool()
    def divide() -> float:  # synchronous: it runs in a thread of its own
        return 1 / 0

    handle = serve(server)
    async with Client(target(handle)) as client:
        assert (await client.call_tool("divide", {})).is_error
    assert "ZeroDivisionError: division by zero" in handle.log
    assert "in divide\n" in handle.log
    assert capfd.readouterr() == ("", "")


def test_what_the_libraries_log_in_a_thread_of_the_server_stands_in_its_log(
    capfd: pytest.CaptureFixture[str],
):
    async def threaded(_: object) -> PlainTextResponse:
        await run_in_threadpool(logging.getLogger("mcp.any").error, "from a thread")
        return PlainTextResponse("done")

    handle = serve(app_with(threaded))
    httpx2.get(handle.url)
    assert handle.log == "ERROR mcp.any: from a thread"
    assert capfd.readouterr() == ("", "")


async def test_the_logs_of_two_servers_do_not_mix():
    def failing_with(text: str) -> ServerHandle:
        async def broken(_: object) -> PlainTextResponse:
            raise ValueError(text)

        return serve(app_with(broken), name=text)

    one, two = failing_with("one"), failing_with("two")
    for handle in (one, two, one):
        httpx2.get(handle.url)
    await until(lambda: one.log.count("ValueError: one") == 2)
    await until(lambda: two.log.count("ValueError: two") == 1)
    assert "ValueError: two" not in one.log
    assert "ValueError: one" not in two.log


def test_stopping_in_peace_logs_nothing():
    handle = serve(odd_server.mcp)
    handle.stop()
    assert handle.log == ""


def test_a_log_keeps_its_last_thousand_lines():
    async def talk(_: object) -> PlainTextResponse:
        for number in range(1500):
            logging.getLogger("mcp.any").warning("%d", number)
        return PlainTextResponse("done")

    handle = serve(app_with(talk))
    httpx2.get(handle.url)
    lines = handle.log.splitlines()
    assert (len(lines), lines[-1]) == (1000, "WARNING mcp.any: 1499")


async def still_open(url: str, seconds: float) -> bool:
    """Does a connection stay open for so long after its one request was answered?"""
    where = urlsplit(url)
    reader, writer = await asyncio.open_connection(where.hostname, where.port)
    writer.write(f"GET /nothing HTTP/1.1\r\nHost: {where.netloc}\r\n\r\n".encode())
    assert (await reader.readline()).startswith(b"HTTP/1.1 404")
    try:
        async with asyncio.timeout(seconds):
            await reader.read()
    except TimeoutError:
        return True
    finally:
        writer.close()
    return False


async def test_an_idle_connection_stays_open_for_longer_than_clients_keep_it():
    longer = httpx2.Limits().keepalive_expiry + 1
    with serve(odd_server.mcp) as handle, server_process.listening("achievement", "sse") as process:
        opened = [still_open(one.url, longer) for one in (handle, process)]
        assert await asyncio.gather(*opened) == [True, True]


def test_what_neither_starts_nor_stops_is_told_as_not_started(monkeypatch: pytest.MonkeyPatch):
    for seconds in ("START_SECONDS", "STOP_SECONDS", "BUSY_SECONDS"):
        monkeypatch.setattr(server_thread, seconds, 0.1)
    free = threading.Event()

    @contextlib.asynccontextmanager
    async def stuck(_: object) -> AsyncIterator[None]:
        free.wait()
        yield

    with pytest.raises(RuntimeError, match=r"did not start within 0\.1 seconds"):
        serve(app_with(hello, lifespan=stuck))
    free.set()
