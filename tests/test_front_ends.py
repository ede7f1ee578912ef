"""The lessons in other front ends: cell by cell as VS Code sends them, and in Notebook 7."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import nbformat
import psutil
import pytest
from nbclient import NotebookClient
from playwright.sync_api import Page, expect

from tests.browser import (
    OWN_FOLDERS,
    PROMPTS,
    RED,
    browser_page,
    lesson_cells,
    outputs,
    prompts,
    run_all,
)
from tests.checkouts import copy_checkout, environ, listening
from tests.kernels import ended_within
from tests.places import NOTEBOOKS, PYTHON
from tests.prose import LESSONS
from tests.soak import times

CELL_SECONDS = 120
NAMES = [path.stem for path in LESSONS]
# `make soak` runs every lesson in Notebook 7; `make test` the first, and the one of the widgets.
IN_NOTEBOOK_7 = NAMES if times(2, 10) == 10 else ["00_start_here", "05_tool_widgets"]


@pytest.mark.timeout(900)
async def test_every_lesson_runs_when_each_cell_is_sent_after_the_one_before() -> None:
    """nbclient waits for each cell, as VS Code's kernel protocol does, and raises what it does."""
    places = asyncio.Semaphore(2)  # lessons wait more than they compute
    async with asyncio.TaskGroup() as group:
        for lesson in LESSONS:
            group.create_task(cell_by_cell(lesson, places))


async def cell_by_cell(lesson: Path, places: asyncio.Semaphore) -> None:
    notebook = nbformat.read(lesson, as_version=4)
    where = {"metadata": {"path": str(NOTEBOOKS)}}
    async with places:
        await NotebookClient(notebook, timeout=CELL_SECONDS, resources=where).async_execute()
    code = [cell for cell in notebook.cells if cell.cell_type == "code"]
    counts = [cell.execution_count for cell in code]
    assert counts == list(range(1, len(code) + 1)), lesson.stem
    for cell in code:
        failed = any(output.output_type == "error" for output in cell.outputs)
        assert failed == ("raises-exception" in cell.metadata.get("tags", [])), cell.id
        assert [output.text for output in cell.outputs if output.get("name") == "stderr"] == []


@pytest.fixture(scope="module")
def notebook7(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, Any]]:
    """`jupyter notebook` in a copy of the checkout: it writes into what it opens."""
    home = tmp_path_factory.mktemp("home")
    folders = {name: str(home / name.lower()) for name in OWN_FOLDERS}
    env = environ(HOME=str(home), JUPYTER_RUNTIME_DIR=str(home / "runtime"), **folders)
    command = [PYTHON, "-m", "notebook", "--no-browser", "--allow-root"]
    with listening(command, copy_checkout(home / "kit"), home, env) as server:
        yield server
        process = psutil.Process(server["pid"])
        processes = [process, *process.children(recursive=True)]
    assert ended_within(processes, 10) == []


@pytest.mark.browser
@pytest.mark.timeout(600)
@pytest.mark.parametrize("name", IN_NOTEBOOK_7)
def test_a_lesson_opens_in_notebook_7_and_runs_to_its_last_cell(
    browser_path: str, notebook7: dict[str, Any], name: str
) -> None:
    with browser_page(browser_path) as page:
        open_notebook(page, notebook7, name)
        run_all(page)
        assert outputs(page, RED) == []
        assert prompts(page) == [f"[{at}]:" for at in range(1, len(prompts(page)) + 1)]
        end_kernels(page, notebook7)


def open_notebook(page: Page, server: dict[str, Any], name: str) -> None:
    page.goto(f"{server['url']}notebooks/notebooks/{name}.ipynb?token={server['token']}")
    cells = lesson_cells(server, name)
    expect(page.locator(".jp-Notebook .jp-Cell")).to_have_count(len(cells))
    code = [cell for cell in cells if cell.cell_type == "code"]
    expect(page.locator(PROMPTS)).to_have_count(len(code))
    expect(page.locator(".jp-Notebook-ExecutionIndicator")).to_have_attribute("data-status", "idle")


def end_kernels(page: Page, server: dict[str, Any]) -> None:
    headers = {"Authorization": f"token {server['token']}"}
    for kernel in page.request.get(f"{server['url']}api/kernels", headers=headers).json():
        ended = page.request.delete(f"{server['url']}api/kernels/{kernel['id']}", headers=headers)
        assert ended.status == 204
