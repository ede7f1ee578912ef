"""The prose: its links inside the repository lead somewhere, and its spelling is British.

Other spelling mistakes, and those in modules, are codespell's: `make lint` runs both.
"""

from __future__ import annotations

import re
from functools import cache
from importlib import resources
from pathlib import Path
from urllib.parse import unquote, urlsplit

import pytest
from markdown_it.token import Token

from tests.places import ROOT
from tests.prose import PAGES, content, inline, links

# British English has these too: a computer's program, a story that is told, to license.
BRITISH_TOO = {"program", "programs", "story", "license", "licensed"}

each_page = pytest.mark.parametrize(
    "page", PAGES, ids=lambda path: path.relative_to(ROOT).with_suffix("").as_posix()
)


@cache
def anchors(page: Path) -> set[str]:
    """What a link to a heading of this page may end in, as GitHub or JupyterLab makes it."""
    headings = ["".join(part.content for part in text.children or ()) for text in titles(page)]
    if page.suffix == ".ipynb":
        return {heading.replace(" ", "-") for heading in headings}
    return {
        re.sub(r"[^\w -]", "", heading).strip().lower().replace(" ", "-") for heading in headings
    }


def titles(page: Path) -> list[Token]:
    return [text for _, text in content(page, "heading_open")]


def broken(page: Path, target: str) -> str:
    """What is wrong with a link on this page, or nothing."""
    url = urlsplit(target)
    if url.scheme or url.netloc:
        return "" if url.scheme == "https" or url.hostname == "127.0.0.1" else "no https"
    file = page.parent / unquote(url.path) if url.path else page
    if not file.exists():
        return "no such file"
    if not file.resolve().is_relative_to(ROOT):
        return "outside the repository"
    known = anchors(file.resolve()) if url.fragment else {""}
    return "" if unquote(url.fragment) in known else "no such heading"


@each_page
def test_every_link_leads_to_a_file_and_a_heading_in_it(page: Path) -> None:
    pictures = [str(token.attrs["src"]) for token in inline(page) if token.type == "image"]
    targets = [target for _, target in links(page)] + pictures
    assert {target: fault for target in targets if (fault := broken(page, target))} == {}


@pytest.mark.parametrize(
    ("target", "fault"),
    [
        ("notebooks/00_start_here.ipynb", ""),
        ("notebooks/01_stdio_connection.ipynb#A-connection-that-outlives-its-cell", ""),
        (
            "notebooks/01_stdio_connection.ipynb#a-connection-that-outlives-its-cell",
            "no such heading",
        ),
        ("notebooks/00_start.ipynb", "no such file"),
        ("#start", ""),
        ("#Start", "no such heading"),
        ("..", "outside the repository"),
        ("http://example.org", "no https"),
    ],
)
def test_a_broken_link_is_found(target: str, fault: str) -> None:
    assert broken(ROOT / "README.md", target) == fault


@cache
def american() -> dict[str, str]:
    """American spellings and what is written here, but for -ize: the protocol initializes."""
    dictionary = resources.files("codespell_lib") / "data/dictionary_en-GB_to_en-US.txt"
    pairs = [line.split("->") for line in dictionary.read_text(encoding="utf-8").split()]
    return {us: gb for gb, us in pairs if us not in BRITISH_TOO and not re.search("i[sz]", gb)}


@each_page
def test_the_spelling_is_british(page: Path) -> None:
    text = " ".join(token.content for token in inline(page) if token.type == "text")
    words = set(re.findall(r"[a-z]+", text.lower()))
    assert {word: american()[word] for word in words & american().keys()} == {}


def test_the_list_of_american_spellings_knows_what_it_should() -> None:
    assert american()["color"] == "colour"
    assert american()["center"] == "centre"
    assert len(american()) > 100
