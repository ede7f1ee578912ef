"""The tool console in JupyterLab, in a real Chromium: what a person sees, types and presses."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psutil
import pytest
from playwright.sync_api import Locator, Page, expect

from tests.axe import faults
from tests.browser import (
    browser_page,
    choose_theme,
    open_lesson,
    own_jupyterlab,
    run_all,
    shut_down_kernel,
)

pytestmark = [pytest.mark.browser, pytest.mark.timeout(600)]

CELLS = [
    "import sys, time\nfrom mcp import StdioServerParameters\nfrom helpers import *",
    "client = await connect(\n"
    "    StdioServerParameters(command=sys.executable, args=['-m', 'servers.showcase'])\n"
    ")\n"
    "console = tool_console(client, 'add')\n"
    "console",
    "time.sleep(busy) if 'busy' in globals() else None\nbusy = 3",
]
# what each tool cannot do without
REQUIRED = {
    "add": ("1", "0"),
    "divide": ("1", "0"),
    "search_movies": ("无间道",),
    "rating_report": (),
    "slow_count": (),
}
# where everything stands in the panel, and whether it is wide enough for what is in it
BOXES = """() => [...document.querySelectorAll('.mcpk-panel, .mcpk-work > *')].map(element => {
    const box = element.getBoundingClientRect(), panel = element.closest('.mcpk-panel');
    const top = box.top - panel.getBoundingClientRect().top;
    return [element.className, top, box.height, element.scrollWidth <= element.clientWidth];
})"""
FOCUSED = """(document.activeElement.labels?.[0] ?? document.activeElement).textContent"""


@pytest.fixture(scope="module")
def jupyterlab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, Any]]:
    with own_jupyterlab(tmp_path_factory.mktemp("home"), {"console": CELLS}) as server:
        yield server


@pytest.fixture
def page(browser_path: str) -> Iterator[Page]:
    with browser_page(browser_path, width=1200, height=1000) as page:
        yield page


@pytest.fixture
def console(page: Page, jupyterlab: dict[str, Any], tmp_path: Path) -> Iterator[Locator]:
    """The console of a notebook that has just run, without the side bar."""
    open_lesson(page, jupyterlab, "console")
    if page.locator("#jp-left-stack").is_visible():
        page.get_by_role("tab", name="File Browser").first.click()
    run_all(page)
    console = page.locator(".mcpk-panel")
    expect(console).to_contain_text("Add two numbers")
    console.scroll_into_view_if_needed()
    yield console
    page.screenshot(path=tmp_path / "console.png")  # for whoever wants to see what went wrong
    shut_down_kernel(page)


def open_tool(console: Locator, tool: str) -> None:
    """Choose a tool and wait for its form, which comes after its title."""
    before = console.locator(".mcpk-form").element_handle()
    other = console.locator(".mcpk-title").text_content() != tool
    console.get_by_label("Tools").select_option(tool)
    expect(console.locator(".mcpk-title")).to_have_text(tool)
    if other:
        before.wait_for_element_state("hidden")
    expect(console.locator(".mcpk-form")).to_be_visible()


def fill(console: Locator, *values: str) -> None:
    for at, value in enumerate(values):
        console.locator(".mcpk-form input").nth(at).fill(value)


def outcome(console: Locator) -> Locator:
    return console.locator(".mcpk-outcome")


def history(console: Locator) -> list[str]:
    lines = console.get_by_label("History").locator("option").all_text_contents()
    return [line.replace("\xa0", " ") for line in lines]


def test_what_is_typed_while_a_cell_runs_is_what_is_sent(page: Page, console: Locator) -> None:
    page.locator(".jp-Cell").nth(2).locator(".cm-content").click()
    page.keyboard.press("Control+Enter")
    expect(page.locator("#jp-main-statusbar")).to_contain_text("| Busy")
    console.locator(".mcpk-form input").first.click()
    page.keyboard.type("25")
    page.keyboard.press("Tab")
    page.keyboard.type("317")
    page.keyboard.press("Enter")
    expect(page.locator("#jp-main-statusbar")).to_contain_text("| Busy")
    expect(outcome(console)).to_contain_text("✓ ok")
    assert [line.partition("{")[2] for line in history(console)] == ['"a": 25, "b": 317}']


@pytest.mark.parametrize("width", [1200, 700])
def test_nothing_jumps_when_a_result_arrives_and_nothing_is_too_wide(
    page: Page, console: Locator, width: int
) -> None:
    page.set_viewport_size({"width": width, "height": 1000})
    for tool, values in REQUIRED.items():
        open_tool(console, tool)
        fill(console, *values)
        line = f'await client.call_tool("{tool}", {{'
        expect(console.get_by_label("In Python")).to_have_value(re.compile(re.escape(line)))
        before = page.evaluate(BOXES)
        console.get_by_role("button", name="Call").click()
        expect(outcome(console)).to_contain_text(tool)
        assert page.evaluate(BOXES) == before
        assert [name for name, *_, fits in before if not fits] == []


def test_a_tool_is_found_filled_called_and_copied_with_the_keyboard_alone(
    page: Page, console: Locator
) -> None:
    console.get_by_label("Filter").focus()
    page.keyboard.type("divi")
    page.keyboard.press("Enter")
    expect(console.locator(".mcpk-title")).to_have_text("divide")
    tab_to(page, "a")
    page.keyboard.type("1")
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    expect(console).to_contain_text("Not sent. Problems in the form: 1.")
    expect(console.locator(".mcpk-form input").nth(1)).to_be_focused()
    page.keyboard.type("0")
    page.keyboard.press("Enter")
    expect(outcome(console)).to_contain_text("✗ tool error")
    tab_to(page, "In Python")
    page.keyboard.press("Control+A")
    copied = "document.activeElement.value.slice(...['Start', 'End']" + (
        ".map(end => document.activeElement['selection' + end]))"
    )
    assert page.evaluate(copied) == 'await client.call_tool("divide", {"a": 1, "b": 0})'
    tab_to(page, "Earlier")
    page.keyboard.press("Space")
    expect(outcome(console)).to_contain_text("Result of")


def tab_to(page: Page, label: str) -> None:
    """Press Tab until the control with this label has the focus."""
    for _ in range(20):
        page.keyboard.press("Tab")
        if page.evaluate(FOCUSED).strip() == label:
            return
    raise AssertionError(f"Tab does not lead to {label!r}")


def test_progress_is_shown_and_cancel_stops_what_waits(page: Page, console: Locator) -> None:
    open_tool(console, "slow_count")
    for _ in range(3):
        console.get_by_role("button", name="Call").click()
    strip = console.locator(".mcpk-elapsed")
    expect(strip).to_contain_text(re.compile(r"\d+ of 20 · .* s · 2 waiting · counted \d+ of 20"))
    expect(console.get_by_role("progressbar")).to_be_visible()
    expect(console.locator(".mcpk-spinner")).to_be_visible()
    assert spinning(console) == "mcpk-turn"
    page.emulate_media(reduced_motion="reduce")
    assert spinning(console) == "none"
    console.get_by_role("button", name="Cancel").click()
    expect(outcome(console)).to_contain_text("■ cancelled")
    expect(console).to_contain_text("2 more that waited: not sent.")
    expect(console.locator(".mcpk-spinner")).to_be_hidden()


def spinning(console: Locator) -> str:
    spinner = console.locator(".mcpk-spinner")
    return str(spinner.evaluate("element => getComputedStyle(element).animationName"))


def test_fifty_clicks_at_once_send_fifty_calls(console: Locator) -> None:
    fill(console, "1", "2")
    click = "button => { for (let n = 0; n < 50; n++) button.click(); }"
    console.get_by_role("button", name="Call").evaluate(click)
    expect(console.get_by_label("History").locator("option")).to_have_count(50)
    expect(console.get_by_label("History")).not_to_contain_text("waiting")


@pytest.mark.parametrize("theme", ["JupyterLab Light", "JupyterLab Dark"])
def test_each_outcome_can_be_read_by_everybody(page: Page, console: Locator, theme: str) -> None:
    choose_theme(page, theme)
    for tool, word in (("search_movies", "✓ ok"), ("divide", "✗ tool error")):
        open_tool(console, tool)
        if tool == "divide":
            console.get_by_role("button", name="Call").click()
            expect(console).to_contain_text("Not sent.")
            assert faults(page, ".mcpk-panel", keeps="color-contrast") == []
        fill(console, *REQUIRED[tool])
        console.get_by_role("button", name="Call").click()
        expect(outcome(console)).to_contain_text(word)
        assert faults(page, ".mcpk-panel", keeps="color-contrast") == []


def test_a_server_that_dies_is_told_and_a_button_brings_it_back(
    page: Page, console: Locator, jupyterlab: dict[str, Any]
) -> None:
    [server] = [
        child
        for child in psutil.Process(jupyterlab["pid"]).children(recursive=True)
        if "servers.showcase" in child.cmdline()
    ]
    server.kill()
    expect(console).to_contain_text("✗ lost")
    fill(console, "1", "2")
    console.get_by_role("button", name="Call").click()
    expect(outcome(console)).to_contain_text("⊘ connection lost")
    assert faults(page, ".mcpk-panel", keeps="color-contrast") == []
    console.get_by_role("button", name="Reconnect").click()
    expect(console).to_contain_text("● open")
    console.get_by_role("button", name="Call").click()
    expect(outcome(console)).to_contain_text("✓ ok")


def test_opened_without_its_kernel_the_cell_says_what_the_widget_was(
    page: Page, console: Locator, jupyterlab: dict[str, Any]
) -> None:
    sentence = page.get_by_text("A tool console for showcase · stdio")
    expect(sentence).to_be_hidden()
    page.keyboard.press("Control+S")
    path = Path(jupyterlab["root_dir"], "notebooks/console.ipynb")
    expect(page.locator("#jp-main-statusbar")).to_contain_text("Saving completed")
    assert "A tool console for showcase" in path.read_text(encoding="utf-8")
    page.get_by_role("menuitem", name="Kernel", exact=True).click()
    page.locator(".lm-Menu-item", has_text="Restart Kernel…").click()
    page.get_by_role("button", name="Confirm Kernel Restart").click()
    open_lesson(page, jupyterlab, "console")
    expect(sentence).to_be_visible()
