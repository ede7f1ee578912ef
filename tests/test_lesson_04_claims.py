"""Proves every claim of lesson 04 that no cell of it shows."""

from __future__ import annotations

import ast
import asyncio
import threading
import warnings
from collections.abc import Iterator
from pathlib import Path

import matplotlib.pyplot as plt
import nbformat
import pytest
from matplotlib.figure import Figure
from mcp import Client, MCPError, StdioServerParameters, stdio_client
from mcp.client.sse import sse_client
from mcp.server import MCPServer
from mcp_types import PromptReference
from pydantic import ValidationError

from helpers import close, connect, serve, wire
from servers import generated, showcase
from tests.kernels import Kernel
from tests.places import NOTEBOOKS, PYTHON

SHOWCASE = StdioServerParameters(command=PYTHON, args=["-m", "servers.showcase"])
FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef)


def cells() -> dict[str, str]:
    lesson = nbformat.read(NOTEBOOKS / "04_prompts_and_resources.ipynb", as_version=4)
    return {cell.id: cell.source for cell in lesson.cells}


@pytest.fixture
def figure() -> Iterator[Figure]:
    yield plt.figure()
    plt.close()


@pytest.mark.parametrize("mode", ["auto", "legacy"])
async def test_a_resource_that_fails_says_nothing_of_its_reason(mode: str):
    mcp = MCPServer("careless", log_level="CRITICAL")

    @mcp.resource("test://careless")
    def careless() -> str:
        raise RuntimeError("the reason")

    async with Client(mcp, mode=mode) as client:
        with pytest.raises(MCPError) as raised:
            await client.read_resource("test://careless")
    assert str(raised.value) == "Error reading resource test://careless"


def test_what_a_progress_callback_prints_appears_under_the_cell_that_connected(own_kernel: Kernel):
    connecting = f"""
import sys
from mcp import StdioServerParameters
from helpers import connect
client = await connect(StdioServerParameters(command={PYTHON!r}, args=["-m", "servers.showcase"]))
async def show(*report):
    print("a report")
"""
    calling = "result = await client.call_tool('slow_count', {'steps': 1}, progress_callback=show)"
    connected, called = own_kernel.ok(connecting, calling)
    assert called.text == ""
    assert connected.text == "a report\n"


async def test_a_plain_function_runs_to_its_end_whatever_the_client_says():
    mcp = MCPServer("plain", log_level="WARNING")
    begun, may_go_on, finished = threading.Event(), threading.Event(), threading.Event()

    @mcp.tool()
    def plain() -> None:
        begun.set()
        may_go_on.wait(30)
        finished.set()

    with serve(mcp) as handle:
        client = await connect(sse_client(handle.url))
        task = asyncio.create_task(client.call_tool("plain"))
        assert await asyncio.to_thread(begun.wait, 30)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        assert "notifications/cancelled" in [message.method for message in wire(client)]
        may_go_on.set()
        assert await asyncio.to_thread(finished.wait, 30)
        await close(client)


def test_matplotlibs_own_font_has_no_chinese_characters_and_says_so(figure: Figure):
    figure.suptitle("徐峥", fontfamily="DejaVu Sans")
    with warnings.catch_warnings(record=True) as told:
        warnings.simplefilter("always")
        figure.canvas.draw()
    assert "missing from font" in str(told[0].message)


async def test_the_large_table_does_not_arrive_over_sse(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv(generated.VARIABLE, "100000")
    mcp = MCPServer("large", log_level="WARNING")
    generated.offer(mcp)
    with serve(mcp) as handle:
        client = await connect(sse_client(handle.url))
        with pytest.raises(MCPError):
            await client.read_resource(generated.URI)
        await close(client)


async def test_only_the_newest_protocol_version_has_listen():
    async with Client(showcase.mcp, mode="legacy") as client:
        with pytest.raises(RuntimeError, match="requires 2026-07-28"):
            async with client.listen(tools_list_changed=True):
                pass


def definitions(source: str) -> dict[str, str]:
    """Every function and class of a source by its name, the methods of a class as `Class.name`."""
    found = {}
    for node in ast.parse(source).body:
        if isinstance(node, ast.ClassDef):
            members = [part for part in node.body if isinstance(part, FUNCTIONS)]
            found |= {f"{node.name}.{part.name}": ast.dump(part) for part in members}
        elif isinstance(node, FUNCTIONS):
            found[node.name] = ast.dump(node)
    return found


def test_the_script_holds_the_class_that_the_lesson_builds():
    script = definitions((NOTEBOOKS / "scripts/tour.py").read_text(encoding="utf-8"))
    building = {"class-own", "class-first", "class-connect", "class-cleanup"}
    building |= {"class-lists", "class-tools", "class-rest", "class-block"}
    lesson = definitions("\n".join(cells()[name] for name in building))
    of_the_class = {name for name in script if name.startswith("MCPClient.")}
    assert set(lesson) == of_the_class | {"first_error"}
    assert lesson == {name: script[name] for name in lesson}


async def test_an_error_in_a_progress_callback_is_swallowed():
    called: list[object] = []

    async def faulty(*report: object) -> None:
        called.append(report)
        raise ZeroDivisionError

    client = await connect(SHOWCASE)
    result = await client.call_tool("slow_count", {"steps": 1}, progress_callback=faulty)
    await close(client)
    assert called
    assert not result.is_error


async def test_a_misspelled_argument_is_completed_with_nothing():
    async with Client(showcase.mcp) as client:
        prompt = PromptReference(name="introduce_china_province")
        completed = await client.complete(prompt, {"name": "provinz", "value": "湖"})
    assert completed.completion.values == []


async def test_the_arguments_of_a_prompt_are_strings_and_anything_else_is_not_sent():
    client = await connect(SHOWCASE)
    before = len(wire(client))
    with pytest.raises(ValidationError):
        await client.get_prompt("introduce_china_province", {"province": 5})  # type: ignore[dict-item]
    assert len(wire(client)) == before
    await close(client)


async def test_what_stdio_client_returns_can_be_opened_once(tmp_path: Path):
    with (tmp_path / "errors").open("w") as errors:
        transport = stdio_client(SHOWCASE, errlog=errors)
        async with Client(transport):
            pass
        with pytest.raises(AttributeError):
            async with Client(transport):
                pass
