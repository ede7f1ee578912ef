"""From a click on Call to its visible result, beside the MCP Inspector's page."""

from __future__ import annotations

import os
import re
import socket
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from itertools import count
from pathlib import Path

from playwright.sync_api import Locator, Page, expect

from benchmarks import peers
from benchmarks.measure import Effort, Line, Samples, Section, in_turn
from tests.browser import browser_page, open_lesson, own_jupyterlab, run_all
from tests.places import find_browser
from tests.server_process import listening

NOTEBOOK = "click"
CELL = "from helpers import *\nclient = await connect({url!r})\ntool_console(client, 'add')"
LIMIT = (
    "A click and its result cross JupyterLab's server, the kernel's sockets and the page twice; "
    "the call itself is a hundredth of it."
)
START_SECONDS = 60.0
A = 700_000  # so that no sum stands anywhere else on the page

# From the event to the frame after the one in which the sum stands there, on the page's own clock.
WATCH = """([scope, sum]) => {
    let clicked;
    addEventListener("click", event => { clicked = event.timeStamp }, {capture: true, once: true});
    window.shown = new Promise(resolve => {
        const place = document.querySelector(scope);
        const observer = new MutationObserver(() => {
            if (clicked === undefined || !place.textContent.includes(sum)) return;
            observer.disconnect();
            requestAnimationFrame(() => setTimeout(() => resolve(performance.now() - clicked)));
        });
        observer.observe(place, {subtree: true, childList: true, characterData: true});
    });
}"""


def measured(effort: Effort) -> Section:
    what = "click on Call to the visible result, in Chromium"
    browser = find_browser()
    if browser is None:
        return Section([], [f"**{what}** was not measured: there is no Chromium on the PATH."])
    with ExitStack() as stack:
        server = stack.enter_context(listening("showcase", "streamable-http"))
        page = stack.enter_context(browser_page(browser, width=1200, height=1000))
        ways = {"ours": stack.enter_context(in_jupyterlab(page, server.url))}
        missing = "left out"
        if not effort.tiny:
            try:
                other = page.context.browser.new_page(viewport=page.viewport_size)
                ways["inspector"] = stack.enter_context(in_the_inspector(other, server.url))
            except peers.Missing as error:
                missing = str(error)
        in_turn(2, ways)
        taken = in_turn(effort.of(4, 1) * effort.rounds, ways)
    theirs = Samples(taken["inspector"]) if "inspector" in taken else missing
    beside = "the MCP Inspector's page"
    return Section(
        [Line(what, Samples(taken["ours"]), beside, theirs, at_most=1.0, limited_by=LIMIT)]
    )


def press(
    page: Page, scope: str, fill: Callable[[str], object], button: Locator
) -> Callable[[], float]:
    """A way to have another number filled in, press the button, and give the milliseconds."""
    numbers = count(1)

    def milliseconds() -> float:
        number = next(numbers)
        page.bring_to_front()
        fill(str(number))
        page.evaluate(WATCH, [scope, str(A + number)])
        button.click()
        return float(page.evaluate("window.shown"))

    return milliseconds


@contextmanager
def in_jupyterlab(page: Page, url: str) -> Iterator[Callable[[], float]]:
    with (
        tempfile.TemporaryDirectory() as folder,
        own_jupyterlab(Path(folder), {NOTEBOOK: [CELL.format(url=url)]}) as server,
    ):
        open_lesson(page, server, NOTEBOOK)
        run_all(page)
        console = page.locator(".mcpk-panel")
        fields, line = console.locator(".mcpk-form input"), console.get_by_label("In Python")
        fields.first.fill(str(A))

        def fill(number: str) -> None:
            fields.nth(1).fill(number)  # and wait until the kernel has it
            expect(line).to_have_value(re.compile(f'"b": {number}}}'))

        yield press(page, ".mcpk-answer", fill, console.get_by_role("button", name="Call"))


@contextmanager
def in_the_inspector(page: Page, url: str) -> Iterator[Callable[[], float]]:
    command, path = peers.inspector()
    options = ["--transport", "http", "--server-url", url, "--protocol-era", "auto"]
    with tempfile.TemporaryDirectory() as folder:
        env = {
            **os.environ,
            "PATH": path,
            "HOME": folder,
            "CLIENT_PORT": str(_free_port()),
            "MCP_AUTO_OPEN_ENABLED": "false",
            "MCP_SANDBOX_PORT": "0",
            "MCP_APP_ORIGIN_PORT": "0",
            "MCP_STORAGE_DIR": folder,
            "MCP_INSPECTOR_SECRET_STORE": "memory",
            "DANGEROUSLY_OMIT_AUTH": "true",  # it listens on 127.0.0.1, while this is measured
        }
        log = Path(folder, "log.txt")
        with log.open("w", encoding="utf-8") as to:
            process = subprocess.Popen(  # noqa: S603 - the Inspector's own command
                [*command, *options], env=env, stdin=subprocess.DEVNULL, stdout=to, stderr=to
            )
        try:
            page.goto(_announced(log, process))
            page.get_by_role("switch").first.evaluate("one => one.click()")
            page.get_by_role("radiogroup").get_by_text("Tools", exact=True).click()
            page.get_by_role("button", name="add", exact=True).click()
            close = page.get_by_role("button", name="Close results")

            def fill(number: str) -> None:
                if close.is_visible():  # the last result stands in the place of the form
                    close.click()
                page.get_by_role("textbox", name="A", exact=True).fill(str(A))
                page.get_by_role("textbox", name="B", exact=True).fill(number)

            yield press(page, "#root", fill, page.get_by_role("button", name="Execute Tool"))
        finally:
            process.terminate()
            process.wait()


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return int(listener.getsockname()[1])


def _announced(log: Path, process: subprocess.Popen[bytes]) -> str:
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline and process.poll() is None:
        if found := re.search(r"running at:\s+(http://\S+)", log.read_text(encoding="utf-8")):
            return found[1]
        time.sleep(0.05)
    raise RuntimeError(f"the Inspector did not start:\n{log.read_text(encoding='utf-8')}")
