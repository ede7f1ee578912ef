"""Text as rows: a JSON document, CSV, or the first Markdown table.

Rows are either a list of parsed JSON values or, from CSV and Markdown, a table of strings.
What holds no rows raises a `ValueError` whose text names what was found, and nothing else:
the caller says where it was found.
"""

from __future__ import annotations

import csv
import io
import json
import re
from itertools import chain, count, dropwhile, takewhile
from typing import Any, TypeAlias

import pandas as pd
from markdown_it import MarkdownIt
from pydantic_core import from_json

from helpers.errors import shorten

Rows: TypeAlias = list[Any] | pd.DataFrame

# blocks only: a cell is the text between two pipes, not the emphasis and links inside it
_MARKDOWN = MarkdownIt("commonmark").enable("table").disable("inline")
# the second line of every table, looked for first: to parse megabytes of text takes seconds
_DELIMITER_ROW = re.compile(r"^[ \t>]*[|:-][ \t\r|:-]*$", re.MULTILINE)

# what a header cell looks like, so that prose with a comma in it is not taken for CSV
_NAME = re.compile(r"[^\W\d][\w .-]*")


def rows_in_text(text: str, media_type: str = "text/plain") -> Rows:
    """The rows that a text holds. Only CSV is believed to be what its media type says:
    servers send JSON and Markdown as text/plain, the SDK's default."""
    text = text.removeprefix("\ufeff")
    if not text.strip():
        raise ValueError("an empty text")
    if media_type.endswith(("csv", "tab-separated-values")):
        return _table(*_csv(text))
    try:
        value = _json(text)
    except (ValueError, RecursionError) as error:
        table = _table_in(text)
        if table is None:
            raise ValueError(_neither(text, media_type, error)) from None
        return table
    return rows_in_value(value)


def rows_in_value(value: Any) -> Rows:
    """The rows of a parsed JSON value: an array's items, else the value as the only row."""
    match value:
        case str():  # JSON inside a JSON string, and what the SDK makes of `-> str`
            return rows_in_text(value)
        case list():
            return value
        case None:
            raise ValueError("a JSON null")
    return [value]


def _json(text: str) -> Any:
    """What `json.loads` returns, big integers included, in two thirds of its time."""
    try:
        return from_json(text)
    except ValueError:
        return json.loads(text)  # takes half of a surrogate pair ("\ud83d") and deep nesting


def _neither(text: str, media_type: str, error: Exception) -> str:
    meant = media_type.endswith("json") or text.lstrip().startswith(("[", "{"))
    why = f" ({error})" if meant else ""
    return f"text that is neither JSON{why}, CSV nor a Markdown table: {shorten(text)!r}"


def _table_in(text: str) -> pd.DataFrame | None:
    """CSV or a Markdown table where no media type says so, else None."""
    try:
        header, body = _csv(text)
    except ValueError:
        header, body = [], []
    names = {name for name in header if _NAME.fullmatch(name)}
    if body and len(header) == len(names) > 1:
        return _table(header, body)
    return _markdown_table(text)


def _csv(text: str) -> tuple[list[str], list[list[str]]]:
    """Header and rows of CSV as RFC 4180 has it, or with tabs or semicolons for commas.

    Rows of unequal length are an error: to pad or to cut them would be a guess.
    """
    first_line = text.lstrip().partition("\n")[0]
    delimiter = next((mark for mark in "\t,;" if mark in first_line), ",")
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    try:
        header, *body = filter(None, reader)
    except csv.Error as error:
        raise ValueError(f"CSV that does not parse ({error}, line {reader.line_num})") from None
    for number, row in enumerate(body, 1):
        if len(row) != len(header):
            raise ValueError(
                f"CSV whose header has {len(header)} fields and whose row {number} "
                f"has {len(row)}: {shorten(repr(row))}"
            )
    return header, body


def _markdown_table(text: str) -> pd.DataFrame | None:
    """The first table outside code, by the tables extension of GitHub Flavored Markdown:
    a short row is filled with empty cells, and what a row has too many is ignored."""
    if not _DELIMITER_ROW.search(text):
        return None
    tokens = dropwhile(lambda token: token.type != "table_open", _MARKDOWN.parse(text))
    table = list(takewhile(lambda token: token.type != "table_close", tokens))
    if not table:
        return None
    cells = [token.content for token in table if token.type == "inline"]
    width = sum(token.type == "th_open" for token in table)
    header, *body = (cells[at : at + width] for at in range(0, len(cells), width))
    return _table(header, body)


def _table(header: list[str], body: list[list[str]]) -> pd.DataFrame:
    """Strings under unique names, made as `pandas.read_csv` makes them; empty cells are missing."""
    names: list[str] = []
    for place, name in enumerate(header):
        base = name or f"Unnamed: {place}"
        candidates = chain([base], (f"{base}.{number}" for number in count(1)))
        names.append(next(name for name in candidates if name not in names))
    return pd.DataFrame(body, columns=names, dtype="str").replace("", None)
