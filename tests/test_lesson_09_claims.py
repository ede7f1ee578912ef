"""Proves every claim of lesson 09 that no cell of it shows."""

from __future__ import annotations

import importlib
import re
from pathlib import Path

import mcp
import nbformat
import pytest
from mcp import MCPError, StdioServerParameters

from helpers import connect
from tests.places import NOTEBOOKS, PYTHON

pytestmark = pytest.mark.usefixtures("_nothing_stays_open")


def cells() -> dict[str, str]:
    lesson = nbformat.read(NOTEBOOKS / "09_failure_clinic.ipynb", as_version=4)
    return {cell.id: cell.source for cell in lesson.cells}


def test_the_first_sentence_counts_the_failures_that_are_caused():
    prose = "\n".join(text for name, text in cells().items() if name.endswith("-text"))
    clinic = prose.partition("## Not caused here")[0]
    headings = re.findall(r"^### (.*)$", clinic, re.M)
    caused = [heading for heading in headings if "after nest_asyncio" not in heading]
    assert len(caused) == 22
    assert "cause twenty-two failures" in prose
    assert prose.count("**Mend:**") >= len(headings)


@pytest.mark.parametrize(
    ("module", "name"),
    [
        ("mcp", "McpError"),
        ("mcp.client.streamable_http", "streamablehttp_client"),
        ("mcp.server", "FastMCP"),
    ],
)
def test_the_names_of_version_1_are_gone(module: str, name: str):
    assert not hasattr(importlib.import_module(module), name)


def test_the_names_of_version_2_are_there():
    server = importlib.import_module("mcp.server")
    http = importlib.import_module("mcp.client.streamable_http")
    assert server.MCPServer
    assert http.streamable_http_client
    assert mcp.MCPError is MCPError


async def test_the_three_faults_of_the_last_task_hide_one_another(tmp_path: Path):
    [source] = re.findall(r'faulty = """\n(.*?)"""', cells()["try-here"], re.S)
    program = tmp_path / "faulty.py"
    server = StdioServerParameters(command=PYTHON, args=[str(program)])

    program.write_text(source, encoding="utf-8")
    with pytest.raises(ConnectionError, match="No module named 'mpc'"):
        await connect(server)

    source = source.replace("import mpc\n", "")
    program.write_text(source, encoding="utf-8")
    with pytest.raises(ConnectionError, match=r"It begins 'ready\{"):
        await connect(server)

    source = source.replace('end="", flush', "file=sys.stderr, flush")
    program.write_text(source, encoding="utf-8")
    client = await connect(server)
    refused = await client.call_tool("add", {"a": 2, "b": 3})
    assert refused.is_error
    assert "valid string" in refused.content[0].text

    program.write_text(source.replace("b: str", "b: int"), encoding="utf-8")
    client = await connect(server)
    added = await client.call_tool("add", {"a": 2, "b": 3})
    assert added.structured_content == {"result": 5}
