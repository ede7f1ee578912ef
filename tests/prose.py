"""What the repository says in Markdown: its pages and the cells of its notebooks, parsed."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import nbformat
from markdown_it import MarkdownIt
from markdown_it.token import Token

from tests.places import NOTEBOOKS, ROOT

LESSONS = sorted(NOTEBOOKS.glob("[0-9]*.ipynb"))
PAGES = [
    ROOT / "README.md",
    *sorted(ROOT.glob("docs/*.md")),
    ROOT / "benchmarks/results.md",
    *LESSONS,
    *sorted(NOTEBOOKS.glob("solutions/*.ipynb")),
    *sorted(NOTEBOOKS.glob("exercises/*.ipynb")),
]
PARSER = MarkdownIt("commonmark").enable("table")


def markdown(page: Path) -> list[str]:
    """The text of a page, or of each Markdown cell of a notebook."""
    if page.suffix == ".md":
        return [page.read_text(encoding="utf-8")]
    cells = nbformat.read(page, as_version=4).cells
    return [cell.source for cell in cells if cell.cell_type == "markdown"]


def blocks(page: Path) -> list[Token]:
    """The page's block tokens in order; every `inline` one stands after what opened it."""
    return [token for text in markdown(page) for token in PARSER.parse(text)]


def inline(page: Path) -> Iterator[Token]:
    """The tokens within paragraphs, headings and table cells."""
    for token in blocks(page):
        yield from token.children or ()


def content(page: Path, opening: str) -> list[tuple[Token, Token]]:
    """Each token of the type `opening`, such as `heading_open`, with its inline content."""
    tokens = blocks(page)
    return [(token, tokens[at + 1]) for at, token in enumerate(tokens) if token.type == opening]


def links(page: Path) -> list[tuple[str, str]]:
    """The text (with its pictures' alt texts) and the target of every link."""
    found, target, said = list[tuple[str, str]](), "", ""
    for token in inline(page):
        if token.type == "link_open":
            target, said = str(token.attrs["href"]), ""
        elif token.type == "link_close":
            found.append((said, target))
        else:
            said += token.content
    return found
