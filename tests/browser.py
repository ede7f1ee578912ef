"""JupyterLab in a real browser: open a lesson, run it, look at what a learner sees."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import nbformat
import psutil
from playwright.sync_api import Locator, Page, expect, sync_playwright

from tests.checkouts import copy_checkout, lab
from tests.kernels import ended_within

OWN_FOLDERS = ("JUPYTER_CONFIG_DIR", "JUPYTER_DATA_DIR", "JUPYTERLAB_SETTINGS_DIR", "IPYTHONDIR")
# No display, root in a container, and no calls to the hosts of the browser's maker.
FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
PAGE_SECONDS = 90.0  # for JupyterLab to show something, on a busy machine
RUN_SECONDS = 300.0  # for a lesson to run to its end
OVERLAP = 60  # pixels that two screenshots share, so that no line is cut in both

# An exception makes an error output; a group of exceptions is written to stderr by IPython.
RED = ':is([data-mime-type$=".error"], [data-mime-type$=".stderr"])'
PROMPTS = ".jp-Notebook .jp-CodeCell .jp-InputPrompt"
UNDRAWN = ":is(.jp-MarkdownOutput, .jp-RenderedMermaid):empty"  # both are filled later
# A cell outside the window is not laid out: its height, and so the way to scroll, is a guess.
LAID_OUT = ".jp-Notebook .jp-Cell { content-visibility: visible !important }"
# Scrolls, waits until everything there is drawn, and says whether more lies below.
SCROLL = """async (area, top) => {
    area.scrollTop = top;
    await Promise.all([...area.querySelectorAll("img")].map(image => image.decode()));
    for (let frame = 0; frame < 2; frame++) await new Promise(requestAnimationFrame);
    const last = [...area.querySelectorAll(".jp-Cell")].at(-1).getBoundingClientRect();
    return last.bottom > area.getBoundingClientRect().bottom;
}"""


@contextmanager
def own_jupyterlab(
    home: Path, notebooks: Mapping[str, Sequence[str]] | None = None
) -> Iterator[dict[str, Any]]:
    """`make lab` as a learner starts it for the first time; all its processes end with the block.

    It works in a copy of the checkout, `home`/kit, because JupyterLab writes into the notebooks
    that it opens. `notebooks` gives the code cells of others, to lie beside the lessons.
    """
    kit = copy_checkout(home / "kit")
    for name, sources in (notebooks or {}).items():
        notebook = nbformat.v4.new_notebook(
            cells=[nbformat.v4.new_code_cell(source) for source in sources],
            metadata={"kernelspec": {"name": "python3", "display_name": "Python 3"}},
        )
        nbformat.write(notebook, kit / f"notebooks/{name}.ipynb")
    with lab(kit, home, **{name: str(home / name.lower()) for name in OWN_FOLDERS}) as server:
        yield server
        process = psutil.Process(server["pid"])
        processes = [process, *process.children(recursive=True)]
    assert ended_within(processes, 10) == []


@contextmanager
def browser_page(browser_path: str, width: int = 1280, height: int = 900) -> Iterator[Page]:
    """A page in a Chromium of its own, all of whose processes end with the block."""
    before = set(psutil.Process().children())
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=browser_path, args=FLAGS)
        page = browser.new_page(viewport={"width": width, "height": height})
        page.set_default_timeout(PAGE_SECONDS * 1000)
        expect.set_options(timeout=PAGE_SECONDS * 1000)
        yield page
        [driver] = set(psutil.Process().children()) - before
        started = [driver, *driver.children(recursive=True)]
        browser.close()
    assert ended_within(started, 10) == []


def open_lesson(page: Page, server: dict[str, Any], name: str) -> Locator:
    """Open notebooks/NAME.ipynb in the `server` that `tests.checkouts.lab` yields.

    Returns its cells once all of them are there and the kernel is idle.
    """
    page.goto(f"{server['url']}lab/tree/notebooks/{name}.ipynb?token={server['token']}&reset")
    return opened_lesson(page, server, name)


def opened_lesson(page: Page, server: dict[str, Any], name: str) -> Locator:
    """As `open_lesson`, for a page that is on its way to the lesson already.

    JupyterLab attaches the cells outside the window one by one, when it has nothing else to do:
    their number in the file says when it has done so.
    """
    cells = page.locator(".jp-Notebook .jp-Cell")
    expect(cells).to_have_count(len(lesson_cells(server, name)))
    expect(page.locator("#jp-main-statusbar")).to_contain_text("| Idle")
    return cells


def lesson_cells(server: dict[str, Any], name: str) -> list[nbformat.NotebookNode]:
    """The cells in the file that `open_lesson` opens."""
    path = Path(server["root_dir"], f"notebooks/{name}.ipynb")
    return list(nbformat.read(path, as_version=4).cells)


def run_all(page: Page) -> None:
    """Choose Run All Cells in the menu of a fresh page, and wait until no cell is waiting.

    JupyterLab marks all code cells with `[*]` at once; an error takes the mark from the rest.
    """
    page.get_by_role("menuitem", name="Run", exact=True).click()
    page.get_by_role("menuitem", name="Run All Cells", exact=True).click()
    cells = page.locator(PROMPTS)
    expect(cells.first).not_to_have_text("[ ]:")
    expect(cells.filter(has_text="[*]")).to_have_count(0, timeout=RUN_SECONDS * 1000)


def shut_down_kernel(page: Page) -> None:
    """Choose it in the menu: a kernel outlives the page, and its servers outlive it too."""
    page.get_by_role("menuitem", name="Kernel", exact=True).click()
    page.get_by_role("menuitem", name="Shut Down Kernel", exact=True).click()
    expect(page.locator("#jp-main-statusbar")).to_contain_text("No Kernel")


def choose_theme(page: Page, name: str) -> None:
    """Choose a theme in the menu of settings: `JupyterLab Light` or `JupyterLab Dark`."""
    page.get_by_role("menuitem", name="Settings", exact=True).click()
    page.locator(".lm-Menu-item", has_text="Theme").first.hover()
    page.locator(".lm-Menu-item", has_text=name).first.click()
    light = str("Light" in name).lower()
    expect(page.locator("body")).to_have_attribute("data-jp-theme-light", light)


def prompts(page: Page) -> list[str]:
    """What stands beside the code cells: `[1]:` and so on, `[*]:` or `[ ]:`."""
    return [text.strip() for text in page.locator(PROMPTS).all_text_contents()]


def outputs(page: Page, kind: str = "") -> list[str]:
    """The text of every output, or of those that the selector `kind` chooses, such as RED."""
    return page.locator(f".jp-Notebook .jp-OutputArea-output{kind}").all_text_contents()


def popups(page: Page) -> list[str]:
    """What JupyterLab asks or announces: the text of its dialogues and notifications."""
    return page.locator(".jp-Dialog, .Toastify__toast").all_text_contents()


def screenshots(page: Page, to: Path, stem: str) -> list[Path]:
    """Save what the notebook shows, window by window, as TO/STEM-01.png and so on."""
    page.add_style_tag(content=LAID_OUT)
    expect(page.locator(".jp-Notebook").locator(UNDRAWN)).to_have_count(0)
    page.mouse.move(0, 0)  # what lies under the pointer shows more than the rest
    area = page.locator(".jp-Notebook .jp-WindowedPanel-outer")
    box = area.bounding_box()
    assert box, "the notebook is hidden"
    to.mkdir(parents=True, exist_ok=True)
    saved, more = list[Path](), True
    while more:
        more = area.evaluate(SCROLL, len(saved) * (box["height"] - OVERLAP))
        saved.append(to / f"{stem}-{len(saved) + 1:02}.png")
        page.screenshot(path=saved[-1], clip=box)
    return saved
