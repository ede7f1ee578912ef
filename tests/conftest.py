"""Fixtures that every test may use, and what holds for all of them."""

from __future__ import annotations

import asyncio
import os
import signal
from collections.abc import AsyncIterator, Callable, Iterator
from typing import Any

import ipywidgets
import pytest
from mcp import StdioServerParameters
from mcp.server import MCPServer
from mcp.types import ResourceLink

import helpers
from helpers import owner, serving
from tests import soak
from tests.kernels import Kernel, kernel
from tests.leftovers import cutting_sse_off
from tests.places import BARE_SERVER, ODD_SERVER, PYTHON, find_browser


@pytest.fixture(scope="session", autouse=True)
def _interrupts_arrive() -> None:
    """A shell starts what runs in the background with SIGINT ignored, and children inherit that."""
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.fixture
async def _no_connection_stays_open() -> AsyncIterator[None]:
    """What a test opened with the helpers is closed after it, whatever happened."""
    yield
    await helpers.close_all()
    assert not owner._owners


@pytest.fixture
def _no_server_stays() -> Iterator[None]:
    """What a test served with the helpers is stopped after it."""
    yield
    for handle in list(serving._handles.values()):
        handle.stop()


@pytest.fixture
def _nothing_stays_open(_no_server_stays: None, _no_connection_stays_open: None) -> None:
    """Both: connections are closed first, because what is asked for last ends first."""


@pytest.fixture
async def _no_widget_stays(_no_connection_stays_open: None) -> AsyncIterator[None]:
    """The same of connections, and before them the widgets that show them."""
    yield
    ipywidgets.Widget.close_all()


@pytest.fixture
def sse_cut_off() -> Iterator[None]:
    with cutting_sse_off():
        yield


@pytest.fixture
def odd() -> StdioServerParameters:
    """A server that behaves; pass a mode in `args` for one that does not."""
    return StdioServerParameters(command=PYTHON, args=[ODD_SERVER])


@pytest.fixture
def bare() -> Callable[..., StdioServerParameters]:
    """A server that starts at once: `bare(mode)`, with a mode in which it misbehaves, or none."""

    def parameters(*mode: str, **options: object) -> StdioServerParameters:
        args = ["-I", "-S", BARE_SERVER, *mode]
        return StdioServerParameters(command=PYTHON, args=args, **options)

    return parameters


@pytest.fixture
def gate() -> asyncio.Event:
    """What the tool `wait` of `shelf` waits for."""
    return asyncio.Event()


@pytest.fixture
def shelf(gate: asyncio.Event) -> MCPServer:
    """A server for widgets to be tested with: rows, a link, and an answer that can be held back."""
    mcp = MCPServer("shelf", log_level="WARNING")

    @mcp.tool()
    def films() -> list[dict[str, Any]]:
        return [{"name": f"film {n}", "rating": n} for n in range(3)]

    @mcp.tool()
    async def wait() -> str:
        await gate.wait()
        return "at last"

    @mcp.tool()
    def linked() -> ResourceLink:
        return ResourceLink(uri="test://hello", name="hello")

    @mcp.resource("test://hello", name="hello", title="The greeting")
    def hello() -> str:
        return "Hello there!"

    return mcp


@pytest.fixture
def own_kernel() -> Iterator[Kernel]:
    """A kernel that this test may break."""
    with kernel() as started:
        yield started


@pytest.fixture(scope="module")
def shared_kernel() -> Iterator[Kernel]:
    """One kernel for the tests of a module that leave it in order."""
    with kernel() as started:
        yield started


@pytest.fixture(scope="session")
def browser_path() -> str:
    """Chromium's path; without one the test is skipped, or fails where REQUIRE_BROWSER is set."""
    if path := find_browser():
        return path
    if os.environ.get("REQUIRE_BROWSER"):
        pytest.fail("REQUIRE_BROWSER is set, and there is no Chromium on the PATH")
    pytest.skip("no Chromium on the PATH: install chromium to run the browser tests")


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    for title, table in soak.tables.items():
        terminalreporter.section(title)
        terminalreporter.write_line(table)
    if soak.counted:
        terminalreporter.section("counted")
        for what, number in soak.counted.items():
            terminalreporter.write_line(f"{number:>9,}  {what}")
