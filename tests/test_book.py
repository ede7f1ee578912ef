"""The reading edition that `make book` builds: its pages, links and pictures, and what it loads."""

from __future__ import annotations

import copy
import functools
import re
import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import unquote, urlsplit

import nbformat
import pytest
from bs4 import BeautifulSoup, Tag
from playwright.sync_api import expect
from sphinx.errors import ExtensionError

from book import pages as pages_module
from tests.axe import faults
from tests.browser import browser_page
from tests.checkouts import borrow_environment, copy_checkout, make
from tests.places import NOTEBOOKS, ROOT
from tests.prose import LESSONS, markdown

EXERCISES = sorted(NOTEBOOKS.glob("exercises/*.ipynb"))
NOTEBOOK_PAGES = [path.relative_to(ROOT).with_suffix("") for path in [*LESSONS, *EXERCISES]]
RUN = "05_tool_widgets"
BUILT = "0[25]"  # the lessons that the tests build with outputs: of the diagrams, and the widgets

pytestmark = pytest.mark.timeout(600)


@pytest.fixture(scope="module")
def checkout(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A clone of a repository on GitHub, with the packages of this environment."""
    copied = copy_checkout(tmp_path_factory.mktemp("book") / "a clone")
    borrow_environment(copied)
    subprocess.run(["git", "init", "--quiet"], cwd=copied, check=True)
    origin = ["git", "remote", "add", "origin", "https://github.com/some-team/kit"]
    subprocess.run(origin, cwd=copied, check=True)
    return copied


@pytest.fixture(scope="module")
def book(checkout: Path) -> Path:
    """The book; Sphinx calls a broken link a warning, and `make book` a warning a failure."""
    done = make(checkout, "book", f"BOOK_EXECUTE={BUILT}")
    assert done.returncode == 0, done.stderr
    return checkout / "build/book"


@pytest.fixture(scope="module")
def pages(book: Path) -> dict[Path, BeautifulSoup]:
    files = [path for path in book.rglob("*.html") if "_static" not in path.parts]
    return {path: BeautifulSoup(path.read_text(encoding="utf-8"), "html.parser") for path in files}


def article(book: Path, pages: dict[Path, BeautifulSoup], page: Path | str) -> Tag:
    found = pages[book / f"{page}.html"].select_one("article.bd-article")
    assert found
    return found


def test_the_book_opens_on_the_readme_and_has_a_page_for_every_notebook(
    book: Path, pages: dict[Path, BeautifulSoup]
) -> None:
    opening = pages[book / "index.html"]
    assert opening.select_one('meta[http-equiv="refresh"][content="0; url=README.html"]')
    listed = {link["href"] for link in pages[book / "README.html"].select("nav.bd-links a")}
    pages_wanted = [*NOTEBOOK_PAGES, "docs/teaching", "benchmarks/results"]
    assert {f"{page}.html" for page in pages_wanted} <= listed
    for path in [*LESSONS, *EXERCISES]:
        shown = article(book, pages, path.relative_to(ROOT).with_suffix(""))
        headings = [heading.get_text().removesuffix("#") for heading in shown.select("h1, h2, h3")]
        text = "\n".join(
            re.sub(r"^```.*?^```", "", cell, flags=re.S | re.M) for cell in markdown(path)
        )
        written = re.findall(r"^#{1,3} (.*)", text.replace("`", ""), re.M)
        assert len(headings) == len(written)
    assert not (book / "notebooks/solutions").exists()


@pytest.mark.parametrize("page", NOTEBOOK_PAGES, ids=str)
def test_a_page_leads_to_where_it_can_be_run(
    checkout: Path, book: Path, pages: dict[Path, BeautifulSoup], page: Path
) -> None:
    [line] = [one for one in article(book, pages, page).select("p") if "Run it:" in one.get_text()]
    online, download, how = line.select("a")
    assert online["href"] == (
        f"https://mybinder.org/v2/gh/some-team/kit/HEAD?urlpath=lab/tree/{page}.ipynb"
    )
    loaded = (book / page).parent / str(download["href"])
    assert loaded.read_bytes() == (checkout / f"{page}.ipynb").read_bytes()
    assert str(how["href"]).endswith("README.html#start")


def test_every_link_and_picture_leads_to_a_file_and_an_anchor_in_it(
    book: Path, pages: dict[Path, BeautifulSoup]
) -> None:
    wrong, seen = [], 0
    for path, page in pages.items():
        for tag in page.select("a[href], img[src], link[href], script[src]"):
            url = urlsplit(str(tag.get("href") or tag.get("src")))
            target = (path.parent / unquote(url.path)).resolve() if url.path else path
            seen += 1
            if url.scheme or url.netloc:
                if tag.name != "a":
                    wrong.append(f"{path.name} loads {url.geturl()}")
            elif not target.exists():
                wrong.append(f"{path.name}: {url.geturl()}")
            elif (
                url.fragment
                and target in pages
                and not pages[target].find(id=unquote(url.fragment))
            ):
                wrong.append(f"{path.name}: no such anchor {url.geturl()}")
    assert wrong == []
    assert seen > 1000


def test_every_picture_says_in_words_what_it_shows(
    book: Path, pages: dict[Path, BeautifulSoup]
) -> None:
    pictures = [image for page in pages.values() for image in page.select("article img")]
    assert [image["src"] for image in pictures if len(str(image.get("alt", "")).split()) < 2] == []
    diagrams = sum(cell.count("```mermaid") for path in LESSONS for cell in markdown(path))
    drawn = [image for image in pictures if str(image["src"]).endswith(".svg")]
    assert len(drawn) == diagrams
    assert [page for page in pages.values() if page.select(".highlight-mermaid")] == []


def test_a_lesson_is_shown_with_its_outputs_and_its_widgets_as_pictures(
    book: Path, pages: dict[Path, BeautifulSoup]
) -> None:
    shown = article(book, pages, f"notebooks/{RUN}")
    printed = "".join(output.get_text() for output in shown.select(".cell_output"))
    assert "48 calls; 50 + 3 = 53" in printed
    assert "VBox(" not in printed
    assert len(shown.select(f'img[src*="{RUN}-"]')) == 8
    assert "widget-view" not in str(shown)


def test_a_diagram_of_messages_is_shown_as_text(
    book: Path, pages: dict[Path, BeautifulSoup]
) -> None:
    shown = article(book, pages, "notebooks/02_lifecycle")
    [drawn, *_] = [one.get_text() for one in shown.select(".cell_output") if "│" in one.get_text()]
    assert "client" in drawn
    assert "─ initialize (id " in drawn
    assert "sequenceDiagram" not in drawn


@pytest.mark.browser
def test_the_search_finds_a_word_and_nothing_is_loaded_from_another_host(
    browser_path: str, book: Path, pages: dict[Path, BeautifulSoup]
) -> None:
    calls, complaints = list[str](), list[str]()
    with served(book) as url, browser_page(browser_path) as page:
        page.on("request", lambda request: calls.append(request.url))
        page.on("console", lambda said: complaints.append(said.text) if said.type == "error" else 0)
        page.route("**/favicon.ico", lambda route: route.fulfill(status=204))
        for path in sorted(pages.keys() - {book / "index.html"}):
            page.goto(url + path.relative_to(book).as_posix(), wait_until="load")
        page.goto(url)
        expect(page).to_have_url(f"{url}README.html")
        page.goto(f"{url}search.html?q=elicitation")
        found = page.locator("ul.search li a").filter(has_text="Move to Streamable HTTP")
        expect(found).to_be_visible()
    assert [call for call in calls if not call.startswith((url, "data:"))] == []
    assert complaints == []


@pytest.mark.browser
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_a_page_can_be_read_by_everybody_in_both_colour_schemes(
    browser_path: str, book: Path, scheme: str
) -> None:
    with served(book) as url, browser_page(browser_path) as page:
        page.emulate_media(color_scheme=scheme)
        for name in ("README", "notebooks/02_lifecycle", f"notebooks/{RUN}"):
            page.goto(f"{url}{name}.html", wait_until="load")
            expect(page.locator("html")).to_have_attribute("data-theme", scheme)
            assert faults(page, "article.bd-article", keeps="color-contrast") == []


class Quiet(SimpleHTTPRequestHandler):
    def log_message(self, *_: object) -> None:
        """Says nothing of each request."""


@contextmanager
def served(folder: Path) -> Iterator[str]:
    """Yield the URL at which the folder is served, ending in a slash."""
    handler = functools.partial(Quiet, directory=str(folder))
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}/"
        finally:
            server.shutdown()
            thread.join()


# what the pages are made of


def test_without_a_remote_a_page_offers_its_notebook_for_download(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(pages_module, "binder_link", lambda: "")
    line = pages_module.how_to_run("notebooks/03_sse")
    assert line.startswith("**Run it:** {download}`download the notebook <03_sse.ipynb>`; ")
    assert "mybinder" not in line


@pytest.mark.parametrize("kind", ["markdown", "code"])
def test_a_cell_that_has_changed_since_its_picture_was_taken_stops_the_build(kind: str) -> None:
    lesson, name = {
        "markdown": (LESSONS[0], "picture-text"),
        "code": (NOTEBOOKS / f"{RUN}.ipynb", "sliders"),
    }[kind]
    [cell] = [one for one in nbformat.read(lesson, as_version=4).cells if one.id == name]
    show(lesson, cell)
    cell.source = re.sub("client 1|max=100", "changed", cell.source)
    with pytest.raises(
        ExtensionError, match=rf"no picture {lesson.stem}-{name}-\w+\.(svg|png): run `make stills`"
    ):
        show(lesson, cell)


def show(lesson: Path, cell: nbformat.NotebookNode) -> None:
    cell = copy.deepcopy(cell)
    if cell.cell_type == "code":
        assert len(pages_module.with_still(lesson, cell)) == 2
    else:
        assert "![" in pages_module.FENCE.sub(pages_module.diagram(lesson, cell), cell.source)


def test_every_picture_is_shown_somewhere() -> None:
    """`make stills` removes those of a cell that has changed or gone."""
    used = {
        pages_module.still(lesson, cell, shown, suffix)
        for lesson in LESSONS
        for cell in nbformat.read(lesson, as_version=4).cells
        for shown, suffix in [
            (cell.source, "png"),
            *((fence, "svg") for fence in pages_module.FENCE.findall(cell.source)),
        ]
    }
    stills = {*pages_module.STILLS.glob("*.png"), *pages_module.STILLS.glob("*.svg")}
    assert stills - used == set()
