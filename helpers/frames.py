"""Rows in what a server sent, as a pandas DataFrame."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Iterable
from email.message import Message
from inspect import iscoroutine
from itertools import chain
from typing import Any, Literal, TypeAlias

import pandas as pd
from mcp.types import (
    AudioContent,
    BlobResourceContents,
    CallToolResult,
    ContentBlock,
    EmbeddedResource,
    ImageContent,
    ReadResourceResult,
    ResourceLink,
    TextContent,
    TextResourceContents,
)

from helpers.columns import frame_of, numbers
from helpers.rows import Rows, rows_in_text, rows_in_value

Content: TypeAlias = ContentBlock | TextResourceContents | BlobResourceContents


def to_frame(
    result: ReadResourceResult | CallToolResult | Content | str | list[Any] | dict[str, Any],
    *,
    numeric: Literal[True] | str | Iterable[str] | None = None,
) -> pd.DataFrame:
    """The rows that a result holds, as a DataFrame.

    Where the rows are:

    - JSON: an array of objects, one row each; an array of anything else, one column `value`;
      an empty array, an empty frame; a single object, number or boolean, one row.
    - CSV: by the media type `text/csv`, or by its look where every line has the same number of
      fields and the first holds names. Markdown: the first table in the text.
    - A tool's structured content goes before its text; the SDK's `{"result": …}` is unwrapped.
    - A blob holds any of these in base64, as UTF-8 unless its media type names a charset.
    - Several contents: their rows one below the other. Each must hold rows; where one does
      not, pass those that do, for example `to_frame(result.content[1])`.

    What becomes of the values: the types that pandas infers, where that loses nothing.

    - Strings stay strings. So do numbers in them, unless `numeric` says otherwise, and dates:
      `read_json` would guess by the column's name, `pandas.to_datetime` does it on request.
      CSV and Markdown hold nothing but strings.
    - Integers beside missing values are `Int64`, booleans `boolean`. Integers that neither
      that nor a float beside them can hold stay Python integers, in an `object` column.
    - A nested object or array is one cell, a Python dict or list.
    - A null, an absent key, an empty cell of CSV or Markdown: all are missing values.

    Args:
        result: what `read_resource` or `call_tool` returned, one of its contents or a list of
            them, a text, or a list or dict of parsed JSON.
        numeric: the columns whose strings become numbers: a name, several, or True for every
            column that can. A number is what JSON takes for one, so "007" is not.

    Raises:
        ValueError: there are no rows, or the tool failed: the message says what was found. Or a
            column in `numeric` does not exist, or holds something that is no number.
        TypeError: `result` is of another type.

    Source: https://modelcontextprotocol.io/specification/2025-11-25/server/tools (Tool Result);
    RFC 8259 (JSON), RFC 4180 (CSV), https://github.github.com/gfm/#tables-extension-
    """
    return _with_numbers(_stacked(_parts(result)), numeric)


def _parts(result: Any) -> list[Any]:
    """The contents of a result, or the values in their place, which are read one by one."""
    match result:
        case CallToolResult(is_error=True):
            text = "\n".join(part.text for part in result.content if isinstance(part, TextContent))
            raise ValueError(f"no rows: a tool error: {text}")
        case CallToolResult(structured_content=None):
            parts: list[Any] = list(result.content)
        case CallToolResult():
            return [result.structured_content]
        case ReadResourceResult():
            parts = list(result.contents)
        case [first, *_] if isinstance(first, Content):
            parts = result
        case str() | list() | dict():
            return [result]
        case _ if isinstance(result, Content):
            return [result]
        case _:
            hint = ": put await before the call" if iscoroutine(result) else ""
            raise TypeError(
                "to_frame takes a ReadResourceResult, a CallToolResult, one of their contents, "
                f"a str, a list or a dict, not a {type(result).__name__}{hint}"
            )
    if not parts:
        raise ValueError("no rows: a result without any content")
    return parts


def _stacked(parts: list[Any]) -> pd.DataFrame:
    """The rows of all parts, one below the other."""
    found = []
    for number, part in enumerate(parts, 1):
        try:
            found.append(_rows(part))
        except ValueError as error:
            where = f" in content {number} of {len(parts)}" if len(parts) > 1 else ""
            raise ValueError(f"no rows{where}: {error}") from None
    match found:
        case [pd.DataFrame() as table]:
            return table
    return frame_of([*chain.from_iterable(map(_records, found))])


def _rows(part: Any) -> Rows:
    match part:
        case TextContent():
            return rows_in_text(part.text)
        case TextResourceContents():
            return rows_in_text(part.text, _media(part.mime_type).get_content_type())
        case BlobResourceContents():
            return _rows_in_blob(part.blob, part.mime_type or "application/octet-stream")
        case EmbeddedResource():
            return _rows(part.resource)
        case ImageContent() | AudioContent():
            raise ValueError(_described(part.mime_type, _decoded(part.data)))
        case ResourceLink():
            raise ValueError(f"a link, to be followed by client.read_resource({part.uri!r})")
        case {"result": value} if len(part) == 1:
            return rows_in_value(value)
    return rows_in_value(part)


def _records(rows: Rows) -> list[dict[str, Any]]:
    if isinstance(rows, pd.DataFrame):
        return rows.to_dict("records")  # type: ignore[return-value]
    if all(issubclass(kind, dict) for kind in set(map(type, rows))):
        return rows
    return [{"value": row} for row in rows]


def _rows_in_blob(blob: str, mime_type: str) -> Rows:
    media, data = _media(mime_type), _decoded(blob)
    kind = media.get_content_type()
    if not (kind.startswith("text/") or kind.endswith(("json", "csv", "octet-stream"))):
        raise ValueError(_described(mime_type, data))
    try:
        text = data.decode(media.get_content_charset("utf-8"))
    except (UnicodeDecodeError, LookupError) as error:
        found = f"{_described(mime_type, data)} that is not the text it should be ({error})"
        raise ValueError(f"{found}; decode it and pass the text") from None
    return rows_in_text(text, kind)


def _media(mime_type: str | None) -> Message:
    message = Message()  # the standard library's reader of "text/csv; charset=gbk"
    message["Content-Type"] = mime_type or "text/plain"
    return message


def _decoded(data: str) -> bytes:
    try:
        return base64.b64decode(data, validate=True)
    except binascii.Error as error:
        raise ValueError(f"a blob that is not base64 ({error})") from None


def _described(mime_type: str, data: bytes) -> str:
    article = "an" if mime_type[:1] in "aeiou" else "a"
    return f"{article} {mime_type} of {len(data):,} bytes"


def _with_numbers(
    frame: pd.DataFrame, numeric: Literal[True] | str | Iterable[str] | None
) -> pd.DataFrame:
    if frame.columns.empty:  # an empty array: it has no columns that could be named
        return frame
    names = [numeric] if isinstance(numeric, str) else frame if numeric is True else numeric or ()
    for name in names:
        if name not in frame:
            raise ValueError(f"there is no column {name!r}, only {', '.join(map(str, frame))}")
        try:
            frame[name] = numbers(frame[name])
        except ValueError:
            if numeric is not True:
                raise
    return frame
