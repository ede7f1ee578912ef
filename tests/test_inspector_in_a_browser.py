"""The inspector in JupyterLab, in a real Chromium: its tabs, a hostile server, a dead one."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.axe import faults
from tests.browser import (
    RED,
    browser_page,
    open_lesson,
    outputs,
    own_jupyterlab,
    run_all,
    shut_down_kernel,
)
from tests.hostile_server import CONTENTS

pytestmark = [pytest.mark.browser, pytest.mark.timeout(600)]

SERVERS = {"showcase": ["-m", "servers.showcase"], "hostile": ["../tests/hostile_server.py"]}
IMPORTS = "import psutil, sys\nfrom mcp import StdioServerParameters\nfrom helpers import *"
OPEN = """client = await connect(StdioServerParameters(command=sys.executable, args={}))
panel = inspector(client)
panel"""
KILL = "for server in psutil.Process().children(): server.kill()\nprint('killed')"
TABS = ("Tools", "Resources", "Prompts", "Wire", "Log", "Connection")
# Elements that are wider than their place, where that is not a scroll box of its own.
TOO_WIDE = """() => [...document.querySelectorAll('.mcpk-panel, .mcpk-panel *')].filter(element =>
    element.clientWidth && element.scrollWidth > element.clientWidth + 1
    && ['auto', 'scroll'].includes(getComputedStyle(element).overflowX)
    && !element.matches('.mcpk-scroll, select')
).map(element => element.className)"""
ACTIVE = ".mcpk-panel :is(script, svg, object, iframe, [onerror], [onload], a[href^=javascript])"


@pytest.fixture(scope="module")
def jupyterlab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, Any]]:
    notebooks = {name: [IMPORTS, OPEN.format(arguments), ""] for name, arguments in SERVERS.items()}
    with own_jupyterlab(tmp_path_factory.mktemp("home"), notebooks) as server:
        yield server


@pytest.fixture
def page(browser_path: str, tmp_path: Path) -> Iterator[Page]:
    with browser_page(browser_path, width=1200, height=1000) as page:
        yield page
        page.screenshot(path=tmp_path / "inspector.png")  # for whoever wants to see what went wrong
        shut_down_kernel(page)


def opened(page: Page, jupyterlab: dict[str, Any], name: str) -> Locator:
    """The inspector of a notebook that has just run, without the side bar."""
    open_lesson(page, jupyterlab, name)
    if page.locator("#jp-left-stack").is_visible():
        page.get_by_role("tab", name="File Browser").first.click()
    run_all(page)
    panel = page.locator(".mcpk-panel").first
    expect(panel).to_contain_text("● open")
    panel.scroll_into_view_if_needed()
    return panel


def turn(panel: Locator, title: str) -> Locator:
    """Bring a tab to the front; returns what is in it."""
    panel.get_by_role("tab", name=re.compile(f"^{title}")).click()
    return panel.locator(".mcpk-pane:visible")


def press(pane: Locator, name: str) -> None:
    pane.get_by_role("button", name=name, exact=True).click()


def visit(page: Page, panel: Locator) -> Iterator[str]:
    """Each tab, with something done in it."""
    turn(panel, "Tools")
    yield "Tools"
    pane = turn(panel, "Resources")
    pane.get_by_label("Resources (").select_option("table_data (template)")
    pane.get_by_label("table_name *").fill("chinese_movie_ratings")
    pane.get_by_label("limit *").fill("20")
    page.keyboard.press("Enter")
    expect(pane).to_contain_text("20 rows")
    yield "Resources"
    pane = turn(panel, "Prompts")
    press(pane, "Get")
    expect(pane).to_contain_text("✓ ok")
    yield "Prompts"
    pane = turn(panel, "Wire")
    pane.locator(".mcpk-wire select").select_option(index=0)
    expect(pane).to_contain_text('"jsonrpc": "2.0"')
    yield "Wire"
    pane.get_by_label("Timeline").check()
    expect(pane.locator(".mcpk-timeline")).to_contain_text("server/discover")
    yield "Timeline"
    pane.get_by_label("Diagram").check()
    expect(pane.get_by_role("img").first).to_be_visible()
    yield "Diagram"
    turn(panel, "Log")
    yield "Log"
    expect(turn(panel, "Connection")).to_contain_text("2026-07-28")
    yield "Connection"


@pytest.mark.parametrize("width", [1200, 700])
def test_every_tab_fits_and_axe_finds_no_fault(
    page: Page, jupyterlab: dict[str, Any], width: int
) -> None:
    panel = opened(page, jupyterlab, "showcase")
    page.set_viewport_size({"width": width, "height": 1000})
    for name in visit(page, panel):
        assert page.evaluate(TOO_WIDE) == [], name
        assert faults(page, ".mcpk-panel", keeps="color-contrast") == [], name


def test_the_tabs_and_what_is_in_them_are_reached_with_the_keyboard(
    page: Page, jupyterlab: dict[str, Any]
) -> None:
    panel = opened(page, jupyterlab, "showcase")
    panel.get_by_role("tab", name="Tools").focus()
    page.keyboard.press("ArrowRight")
    page.keyboard.press("Enter")
    pane = panel.locator(".mcpk-pane:visible")
    expect(pane.get_by_label("Resources (5)")).to_be_visible()
    page.keyboard.press("Tab")
    expect(pane.get_by_label("Filter")).to_be_focused()
    page.keyboard.type("table_s")
    page.keyboard.press("Enter")
    expect(pane.get_by_label("table_name *")).to_be_visible()
    page.keyboard.press("Control+A")
    page.keyboard.type("hello")
    page.keyboard.press("Enter")
    expect(pane).to_contain_text("test://hello")
    # arrow keys and letters in a list would be JupyterLab's: Tab passes it by
    for name in ("Refresh", "Read"):
        page.keyboard.press("Tab")
        expect(pane.get_by_role("button", name=name)).to_be_focused()
    page.keyboard.press("Enter")
    expect(pane).to_contain_text("Hello from the showcase server!")


def test_a_template_s_arguments_are_completed_as_one_types(
    page: Page, jupyterlab: dict[str, Any]
) -> None:
    pane = turn(opened(page, jupyterlab, "showcase"), "Resources")
    pane.get_by_label("Resources (").select_option("table_schema (template)")
    pane.get_by_label("table_name *").press_sequentially("chinese_m")
    expect(pane.locator("datalist option")).to_have_count(1)
    assert pane.locator("datalist option").get_attribute("value") == "chinese_movie_ratings"


def test_nothing_of_a_hostile_server_executes_or_becomes_markup(
    page: Page, jupyterlab: dict[str, Any]
) -> None:
    errors = list[str]()
    page.on("pageerror", lambda error: errors.append(str(error)))
    panel = opened(page, jupyterlab, "hostile")
    press(turn(panel, "Tools"), "Call")
    expect(panel.locator(".mcpk-outcome").first).to_contain_text("✓ ok")
    pane = turn(panel, "Resources")
    for at, name in enumerate((*CONTENTS, "error")):
        pane.get_by_label("Resources (").select_option(index=at)
        expect(pane.get_by_label("In Python")).to_have_value(re.compile(f'"x:{name}"'))
        press(pane, "Read")
        expect(pane.locator(".mcpk-outcome")).to_contain_text(re.compile("✓ ok|‼ protocol error"))
        assert page.locator(ACTIVE).count() == 0
    pane = turn(panel, "Prompts")
    press(pane, "Get")
    expect(pane).to_contain_text("✓ ok · 8 messages")
    expect(pane).to_contain_text(r"\x1b[31mred\x1b[0m \u202egnp.exe\u202c \u200bzero\u200b \x00nul")
    turn(panel, "Wire")
    turn(panel, "Log")
    turn(panel, "Connection")
    assert page.locator(ACTIVE).count() == 0
    assert page.evaluate("window.hacked") is None
    assert errors == []


def test_a_server_that_dies_is_told_of_and_the_button_brings_it_back(
    page: Page, jupyterlab: dict[str, Any]
) -> None:
    panel = opened(page, jupyterlab, "showcase")
    pane = turn(panel, "Resources")
    expect(pane.get_by_label("Resources (5)")).to_be_visible()
    page.locator(".jp-CodeCell").last.locator(".cm-content").click()
    page.keyboard.type(KILL)
    page.keyboard.press("Control+Enter")
    expect(panel).to_contain_text("✗ lost")
    press(pane, "Read")
    expect(pane).to_contain_text("⊘ connection lost")
    panel.get_by_role("button", name="Reconnect").click()
    expect(panel).to_contain_text("● open")
    press(pane, "Read")
    expect(pane).to_contain_text("Hello from the showcase server!")
    assert outputs(page, RED) == []
