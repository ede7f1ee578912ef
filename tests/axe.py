"""What axe-core, the checker of accessibility, finds in a page."""

from __future__ import annotations

from typing import Any

from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page

from tests.soak import count

# What libraries draw so wherever they are used, by axe's rule: pandas leaves headers empty,
# above row numbers and, where the index has a name, beside it; ipywidgets gives the handle of a
# slider no name (its value can be typed beside it). No lesson can mend these; they are counted at
# the end of the run.
LIBRARIES = {
    "empty-table-header": "table.dataframe thead th",
    "aria-input-field-name": ".widget-slider .noUi-handle",
}


def faults(page: Page, context: str | dict[str, Any], keeps: str = "") -> list[str]:
    """The rules that the elements in `context`, a selector or axe's own form, break, and which.

    A rule that axe cannot decide is not among them: `keeps` names one that must have been kept.
    """
    found = Axe().run(page, context=context).response
    kept = {rule["id"] for rule in found["passes"]}
    assert len(kept) > 5
    assert not keeps or keeps in kept
    count("rules of axe-core that a page kept", len(kept))
    return [
        f"{fault['id']}: {node['html']}"
        for fault in found["violations"]
        for node in fault["nodes"]
        if not of_a_library(page, fault["id"], node["target"][0])
    ]


def of_a_library(page: Page, rule: str, target: str) -> bool:
    drawn = LIBRARIES.get(rule, ":not(*)")
    excused = bool(page.locator(target).evaluate("(element, by) => element.matches(by)", drawn))
    if excused:
        count(f"elements that a library draws against the rule {rule}")
    return excused
