"""Take the book's still pictures from JupyterLab: `make stills`, after a lesson has changed.

Every widget that a cell shows becomes NAME-CELL-HASH.png, every Mermaid diagram in the text .svg.
What the widgets show must be said in stills/texts.json, by the lesson's name and the cell's id.
"""

from __future__ import annotations

import re
import sys
import tempfile
from pathlib import Path
from urllib.parse import unquote

from nbformat import NotebookNode
from playwright.sync_api import Locator, Page, expect

from book.pages import FENCE, STILLS, still, texts
from tests.browser import LAID_OUT, UNDRAWN, browser_page, lesson_cells, open_lesson, run_all
from tests.checkouts import copy_checkout, lab
from tests.places import find_browser
from tests.prose import LESSONS

MAKES_WIDGETS = re.compile(r"\b(ipywidgets|tool_console|inspector)\b")
WIDGETS = ".jp-OutputArea-output:has(.jupyter-widgets)"
SVG = "data:image/svg+xml,"


def main() -> None:
    browser = find_browser() or sys.exit("There is no Chromium on the PATH to take pictures with.")
    made = set[Path]()
    with tempfile.TemporaryDirectory() as home:
        kit = copy_checkout(Path(home, "kit"))
        with (
            lab(kit, Path(home), JUPYTER_CONFIG_DIR=f"{home}/config") as server,
            browser_page(browser, width=1100, height=2000) as page,
        ):
            for lesson in LESSONS:
                cells = lesson_cells(server, lesson.stem)
                shown = open_lesson(page, server, lesson.stem)
                if any(MAKES_WIDGETS.search(cell.source) for cell in cells):
                    run_all(page)
                page.add_style_tag(content=LAID_OUT)
                expect(page.locator(".jp-Notebook").locator(UNDRAWN)).to_have_count(0)
                for at, cell in enumerate(cells):
                    made |= taken(page, shown.nth(at), lesson, cell)
    for old in {*STILLS.glob("*.png"), *STILLS.glob("*.svg")} - made:
        old.unlink()


def taken(page: Page, shown: Locator, lesson: Path, cell: NotebookNode) -> set[Path]:
    """Save the picture of what one cell shows, if it is one."""
    if fence := FENCE.search(cell.source):
        file = still(lesson, cell, fence[1], "svg")
        uri = shown.locator(".jp-RenderedMermaid img").get_attribute("src")
        if not (uri and uri.startswith(SVG)):
            sys.exit("JupyterLab draws its diagrams in another way now.")
        file.write_text(unquote(uri.removeprefix(SVG)), encoding="utf-8")
        return {file}
    widgets = shown.locator(WIDGETS)
    if not widgets.count():
        return set()
    if cell.id not in texts().get(lesson.stem, {}):
        sys.exit(f"Say in {STILLS.name}/texts.json what {cell.id} of {lesson.stem} shows.")
    file = still(lesson, cell, cell.source, "png")
    widgets.first.screenshot(path=file)
    return {file}


if __name__ == "__main__":
    main()
