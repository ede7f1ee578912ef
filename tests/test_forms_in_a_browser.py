"""A form in JupyterLab, in a real Chromium: with the keyboard only, narrow, in both themes."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

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

CELL = """
import ipywidgets
from mcp import Client
from helpers.forms import Form, FormError
from helpers.panels.style import stylesheet
from servers import showcase

SIGN = "<img src=x onerror=document.title='executed'>$x^2$"
async with Client(showcase.mcp) as client:
    tools = {tool.name: tool.input_schema for tool in (await client.list_tools()).tools}
odd = {"type": "object", "required": ["shape", "pair"], "properties": {
    "shape": {"oneOf": [{"type": "object", "title": title, "properties": {
        "size": {"type": "number", "description": SIGN}}} for title in ("Circle", SIGN)]},
    "pair": {"type": "array", "prefixItems": [{"type": "number"}, {"enum": [SIGN, "b"]}]},
    "people": {"type": "array", "items": {"type": "object", "title": "Person", "properties": {
        "name": {"type": "string", "description": "A long description. " * 40}}}},
    "headers": {"additionalProperties": {"type": "string"}, "default": {SIGN: "1"}},
    SIGN: {"type": ["string", "null"], "title": SIGN, "description": SIGN, "default": SIGN},
}}
said = ipywidgets.Text(description="said")

def submit():
    try:
        said.value = repr(form.value())
    except FormError as error:
        said.value = str(error)
        form.focus_first_problem()

form, other = Form(tools["search_movies"], on_submit=submit), Form(odd)
other.fill({"shape": {"size": 1}, "pair": [1, SIGN], "people": [{"name": "Ada"}], SIGN: SIGN,
            "headers": {SIGN: SIGN}})
other.problems()
ipywidgets.VBox([stylesheet(), said, form.widget, other.widget])
"""
FOCUSED = """() => {
    const [label] = document.activeElement.labels ?? [];
    return (label ?? document.activeElement).textContent;
}"""


@pytest.fixture(scope="module")
def jupyterlab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, Any]]:
    with own_jupyterlab(tmp_path_factory.mktemp("home"), {"form": [CELL]}) as server:
        yield server


@pytest.fixture
def page(browser_path: str) -> Iterator[Page]:
    with browser_page(browser_path, width=1300, height=2400) as page:
        yield page


@pytest.fixture
def forms(page: Page, jupyterlab: dict[str, Any], tmp_path: Path) -> Iterator[Locator]:
    open_lesson(page, jupyterlab, "form")
    run_all(page)
    forms = page.locator(".mcpk-form")
    expect(forms).to_have_count(2)
    yield forms
    page.screenshot(path=tmp_path / "form.png")  # for whoever wants to see what went wrong
    shut_down_kernel(page)


def press(page: Page, *keys: str) -> None:
    for key in keys:
        page.keyboard.press(key)


def test_the_film_search_is_filled_in_with_the_keyboard_only(page: Page, forms: Locator) -> None:
    said, form = page.get_by_label("said"), forms.first
    form.get_by_label("query", exact=True).focus()
    page.keyboard.type("无间道")
    press(page, "Tab", "Tab", "Tab")
    page.keyboard.type("7.5")
    expect(form.get_by_label("min_rating: left out, value, null")).to_have_value("value")
    press(page, "Tab", "Space", "ArrowDown", "ArrowDown", "Enter")
    press(page, "Tab", "Space", "ArrowDown", "Enter")
    expect(form.get_by_role("button", name="remove rating from sort_by")).to_be_visible()
    press(page, "Tab", "Tab", "Space", "ArrowDown", "Enter", "Tab", "Enter")
    expect(form.get_by_role("button", name="move movie_name before rating")).to_be_visible()
    press(page, "Tab", "Tab", "Tab")
    page.keyboard.type("200")
    expect(form).to_contain_text("must be at most 50: 200 is too large")
    press(page, "Enter")
    expect(said).to_have_value("limit must be at most 50: 200 is too large")
    expect(form.get_by_label("limit", exact=True)).to_be_focused()
    press(page, "Backspace")
    expect(form).not_to_contain_text("too large")
    press(page, "Enter")
    sent = {"query": "无间道", "min_rating": 7.5, "region": "中国大陆"}
    expect(said).to_have_value(repr({**sent, "sort_by": ["rating", "movie_name"], "limit": 20}))


def test_the_tab_key_follows_the_eye(page: Page, forms: Locator) -> None:
    forms.first.get_by_label("query", exact=True).focus()
    names, places = list[str](), list[tuple[float, float]]()
    while not names or names[-1] != "JSON":
        names.append(page.evaluate(FOCUSED))
        box = page.locator(":focus").bounding_box()
        assert box
        places.append((round(box["y"] + box["height"] / 2, -1), box["x"]))
        press(page, "Tab")
    assert "min_rating: left out, value, null" in names
    assert places == sorted(places)


def test_the_focus_is_not_lost_where_a_control_goes(page: Page, forms: Locator) -> None:
    form = forms.last
    form.get_by_role("button", name="add an item to people").press("Enter")
    expect(form.get_by_label("people 2.name: left out, value")).to_be_focused()
    press(page, "Tab")
    page.keyboard.type("Bob")
    expect(form.get_by_label("people 2.name", exact=True)).to_have_value("Bob")
    form.get_by_role("button", name="people 2.name: write several lines").press("Enter")
    expect(form.locator("textarea:focus")).to_have_value("Bob")
    form.get_by_role("button", name="remove item 2 of people").press("Enter")
    expect(form.get_by_role("button", name="add an item to people")).to_be_focused()
    form.get_by_role("button", name="JSON").press("Enter")
    expect(form.get_by_label("arguments, as JSON")).to_be_focused()
    form.get_by_role("button", name="Fields").press("Enter")
    expect(form.get_by_role("button", name="JSON")).to_be_focused()


def test_nothing_from_a_server_is_executed_or_typeset(page: Page, forms: Locator) -> None:
    expect(forms.last).to_contain_text("$x^2$")
    assert forms.locator("img, script, mjx-container").count() == 0
    assert "executed" not in page.title()


@pytest.mark.parametrize("theme", ["JupyterLab Light", "JupyterLab Dark"])
@pytest.mark.parametrize("width", [700, 1200])
def test_axe_finds_no_fault_and_nothing_overflows(
    page: Page, forms: Locator, theme: str, width: int, tmp_path: Path
) -> None:
    forms.first.get_by_label("limit", exact=True).fill("200")  # so that a problem is there, too
    choose_theme(page, theme)
    page.add_style_tag(content=f".mcpk-form {{ width: {width - 80}px !important }}")
    expect(forms.first).to_contain_text("too large")
    assert faults(page, ".jp-OutputArea", keeps="color-contrast") == []
    wide = "forms => forms.filter(form => form.scrollWidth > form.clientWidth).length"
    assert forms.evaluate_all(wide) == 0
