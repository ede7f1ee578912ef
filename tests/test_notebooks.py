"""Every lesson, from top to bottom in a fresh kernel, and then once more in the same one."""

from __future__ import annotations

import re
from pathlib import Path

import nbformat
import psutil
import pytest

from tests.kernels import RUN_ALL_SECONDS, Kernel, ended_within, kernel
from tests.places import NOTEBOOKS
from tests.prose import LESSONS

# Lessons whose widgets stay usable below the last cell; the others close what they open.
KEPT_SERVERS = {"05_tool_widgets": 1}
LOG_LINE = re.compile(r"^(DEBUG|INFO|WARNING|ERROR)\b|Traceback \(most recent", re.MULTILINE)


def read(path: Path) -> nbformat.NotebookNode:
    return nbformat.read(path, as_version=4)


def run_all(running: Kernel, lesson: Path) -> None:
    """Send every cell at once, as JupyterLab's Run All does, and hold each to the house's rules."""
    cells = [cell for cell in read(lesson).cells if cell.cell_type == "code"]
    ids = [running.client.execute(cell.source) for cell in cells]
    for cell, ran in zip(cells, running.collect(ids, RUN_ALL_SECONDS), strict=True):
        expected = "error" if "raises-exception" in cell.metadata.get("tags", []) else "ok"
        assert ran.status == expected, f"{cell.id}: {ran.error}"
        assert not ran.stderr, f"{cell.id} wrote to stderr: {ran.stderr}"
        assert not LOG_LINE.search(ran.text), f"{cell.id} shows log lines: {ran.text}"


def listening(running: Kernel) -> set[int]:
    sockets = psutil.Process(running.pid).net_connections("tcp")
    return {sock.laddr.port for sock in sockets if sock.status == "LISTEN"}


@pytest.mark.timeout(300)
@pytest.mark.parametrize("lesson", LESSONS, ids=lambda path: path.stem)
def test_a_lesson_runs_to_the_bottom_twice_and_leaves_nothing_running(lesson: Path):
    kept = KEPT_SERVERS.get(lesson.stem, 0)
    with kernel(cwd=str(NOTEBOOKS)) as running:
        own_ports = listening(running)
        for _ in range(2):
            run_all(running, lesson)
            assert len(running.children()) == kept
        if kept:
            running.ok("import helpers\nawait helpers.close_all()")
        left = running.ok(
            "from helpers import owner, serving\nprint(list(owner._owners), list(serving._handles))"
        )
        assert left.text == "[] []\n"
        assert listening(running) == own_ports
        assert ended_within(running.children(), 3) == []


@pytest.mark.parametrize("lesson", LESSONS, ids=lambda path: path.stem)
def test_a_lesson_has_the_shape_of_the_house(lesson: Path):
    notebook = read(lesson)
    prose = [cell.source for cell in notebook.cells if cell.cell_type == "markdown"]
    for part in ("**What you will do:**", "**What you will learn:**", "**What you need:**"):
        assert part in prose[0]
    assert re.search(r"\*\*Time:\*\* about \d+ minutes", prose[0])
    assert "## What you have seen" in "\n".join(prose)
    assert prose[-1].splitlines()[-1].startswith("**Next:** ")
    assert notebook.metadata.kernelspec.name == "python3"


@pytest.mark.parametrize("lesson", LESSONS, ids=lambda path: path.stem)
def test_a_lesson_is_stored_without_outputs_and_in_short_cells(lesson: Path):
    for cell in read(lesson).cells:
        if cell.cell_type == "code":
            assert cell.outputs == []
            assert cell.execution_count is None
            assert len(cell.source.splitlines()) <= 25, f"{cell.id} is too long"
