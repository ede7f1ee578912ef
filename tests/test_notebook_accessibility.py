"""The notebooks and pages for everybody: headings, pictures, links and tables."""

from __future__ import annotations

import re
from itertools import pairwise
from pathlib import Path

import pytest

from tests.places import ROOT
from tests.prose import PAGES, blocks, content, inline, links

SAYS_NOTHING = {"", "here", "click here", "this", "link", "this link", "more", "read more", "page"}
COLOURS = re.compile(r"\b(?:fill|stroke|color|background)\s*:|\bclassDef\b|<font\b|bgcolor")

each_page = pytest.mark.parametrize(
    "page", PAGES, ids=lambda path: path.relative_to(ROOT).with_suffix("").as_posix()
)


def fences(page: Path, language: str) -> list[str]:
    return [token.content for token in blocks(page) if token.info.split()[:1] == [language]]


@each_page
def test_a_page_begins_with_its_one_title_and_skips_no_level(page: Path) -> None:
    levels = [int(token.tag[1:]) for token, _ in content(page, "heading_open")]
    assert blocks(page)[0].tag == "h1"
    assert levels.count(1) == 1
    assert [pair for pair in pairwise(levels) if pair[1] > pair[0] + 1] == []
    assert [token for token, text in content(page, "heading_open") if not text.content] == []


@each_page
def test_every_picture_has_a_text_in_its_place(page: Path) -> None:
    pictures = [token for token in inline(page) if token.type == "image"]
    assert [token.attrs["src"] for token in pictures if len(token.content.split()) < 3] == []
    for diagram in fences(page, "mermaid"):
        assert re.search(r"^ *accTitle: *\S", diagram, re.M), diagram
        assert re.search(r"^ *accDescr: *\S|^ *accDescr *{", diagram, re.M), diagram


@each_page
def test_the_text_of_a_link_says_where_it_leads(page: Path) -> None:
    found = links(page)
    assert [link for link in found if link[0].strip(" .").lower() in SAYS_NOTHING] == []
    assert [link for link in found if "://" in link[0]] == []
    plain = [token.content for token in inline(page) if token.type == "text"]
    assert [text for text in plain if "://" in text] == []


@each_page
def test_every_column_of_a_table_has_a_name(page: Path) -> None:
    names = content(page, "th_open")
    assert [token.map for token, text in names if not text.content.strip()] == []
    assert len(names) >= len([token for token in blocks(page) if token.type == "table_open"])


@each_page
def test_nothing_in_the_text_is_said_by_a_colour(page: Path) -> None:
    html = [token.content for token in [*blocks(page), *inline(page)] if "html" in token.type]
    assert [text for text in [*html, *fences(page, "mermaid")] if COLOURS.search(text)] == []
