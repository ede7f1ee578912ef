"""What axe-core finds in the lessons as JupyterLab renders them: the text, and what cells show."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from tests.axe import faults
from tests.browser import (
    LAID_OUT,
    RED,
    UNDRAWN,
    browser_page,
    open_lesson,
    outputs,
    own_jupyterlab,
    prompts,
    run_all,
    shut_down_kernel,
)
from tests.prose import LESSONS
from tests.soak import times

pytestmark = [pytest.mark.browser, pytest.mark.timeout(600)]

NAMES = [path.stem for path in LESSONS]
# Each lesson is run by `make soak`; by `make test` the first, and the one of the widgets.
RUN = NAMES if times(2, 10) == 10 else ["00_start_here", "05_tool_widgets"]
# What a lesson brings. The editors and buttons around it are JupyterLab's.
RENDERED = {"include": [[".jp-MarkdownOutput"], [".jp-OutputArea-output"]]}


@pytest.fixture(scope="module")
def jupyterlab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, Any]]:
    with own_jupyterlab(tmp_path_factory.mktemp("home")) as server:
        yield server


@pytest.fixture(scope="module")
def page(browser_path: str) -> Iterator[Page]:
    """One page for all lessons: opening JupyterLab is most of the work."""
    with browser_page(browser_path) as page:
        yield page


def found(page: Page) -> list[str]:
    page.add_style_tag(content=LAID_OUT)
    expect(page.locator(".jp-Notebook").locator(UNDRAWN)).to_have_count(0)
    return faults(page, RENDERED)


@pytest.mark.parametrize("name", NAMES)
def test_a_lesson_can_be_read_by_everybody(
    page: Page, jupyterlab: dict[str, Any], name: str
) -> None:
    open_lesson(page, jupyterlab, name)
    assert found(page) == []
    if name in RUN:
        run_all(page)
        assert outputs(page, RED) == []
        assert prompts(page) == [f"[{at}]:" for at in range(1, len(prompts(page)) + 1)]
        assert found(page) == []
    shut_down_kernel(page)


def test_axe_finds_what_is_wrong_in_such_a_page(page: Page, jupyterlab: dict[str, Any]) -> None:
    open_lesson(page, jupyterlab, NAMES[0])
    spoil = "(element, html) => element.insertAdjacentHTML('beforeend', html)"
    html = '<img src="x.png"><a href="#"></a>'
    page.locator(".jp-MarkdownOutput").first.evaluate(spoil, html)
    assert {fault.partition(":")[0] for fault in found(page)} == {"image-alt", "link-name"}
