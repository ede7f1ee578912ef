"""The lessons in the JupyterLab that `make lab` opens, in a real Chromium."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import SplitResult, urlsplit

import pytest
from playwright.sync_api import Page, expect

from tests.browser import (
    RED,
    browser_page,
    lesson_cells,
    open_lesson,
    opened_lesson,
    outputs,
    own_jupyterlab,
    popups,
    prompts,
    run_all,
    screenshots,
)

pytestmark = [pytest.mark.browser, pytest.mark.timeout(600)]

FIRST = "00_start_here"


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The home folder of a learner who starts JupyterLab for the first time."""
    return tmp_path_factory.mktemp("home")


@pytest.fixture(scope="module")
def jupyterlab(home: Path) -> Iterator[dict[str, Any]]:
    with own_jupyterlab(home) as server:
        yield server


@pytest.fixture
def page(browser_path: str) -> Iterator[Page]:
    with browser_page(browser_path) as page:
        yield page


def test_make_lab_opens_the_first_lesson_asks_nothing_and_calls_no_other_host(
    page: Page, jupyterlab: dict[str, Any], home: Path
) -> None:
    calls = list[SplitResult]()
    page.on("request", lambda request: calls.append(urlsplit(request.url)))
    page.goto((home / f"runtime/jpserver-{jupyterlab['pid']}-open.html").as_uri())
    opened_lesson(page, jupyterlab, FIRST)
    expect(page).to_have_url(f"{jupyterlab['url']}lab/tree/notebooks/{FIRST}.ipynb")
    assert popups(page) == []
    assert {call.hostname for call in calls if call.scheme.startswith("http")} == {"localhost"}


def test_the_diagram_of_the_first_lesson_is_a_picture_with_an_alt_text(
    page: Page, jupyterlab: dict[str, Any]
) -> None:
    cells = open_lesson(page, jupyterlab, FIRST)
    text = "\n".join(cell.source for cell in lesson_cells(jupyterlab, FIRST))
    [title] = re.findall(r"accTitle: (.*)", text)
    picture = cells.get_by_role("img", name=title, exact=True)
    picture.scroll_into_view_if_needed()
    width = picture.evaluate("image => image.decode().then(() => image.naturalWidth)")
    assert width > 100


def test_the_stdio_lesson_runs_to_its_last_cell(
    page: Page, jupyterlab: dict[str, Any], tmp_path: Path
) -> None:
    cells = open_lesson(page, jupyterlab, "01_stdio_connection")
    not_run = prompts(page)
    assert set(not_run) == {"[ ]:"}
    run_all(page)
    screenshots(page, tmp_path, "lesson")  # for whoever wants to see what went wrong
    expect(cells.last).to_be_in_viewport()
    assert outputs(page, RED) == []
    assert prompts(page) == [f"[{number}]:" for number in range(1, len(not_run) + 1)]
    shown = "".join(outputs(page))
    assert "Attempted to exit cancel scope in a different task" in shown  # without an owner task
    assert "children left: 0" in shown  # with one
    assert popups(page) == []
