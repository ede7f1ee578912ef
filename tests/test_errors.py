"""From an exception of the depths to a sentence a learner can act on."""

from __future__ import annotations

import asyncio

import httpx2
import pytest

from helpers.errors import (
    http_hint,
    leaves,
    like_an_answer,
    root,
    root_cause,
    shorten,
    without_groups,
)


def answer(status: int, **headers: str) -> httpx2.Response:
    request = httpx2.Request("GET", "http://127.0.0.1:8080/sse")
    return httpx2.Response(status, request=request, headers=headers)


@pytest.mark.parametrize("kind", ["ConnectTimeout", "ReadTimeout", "WriteTimeout", "PoolTimeout"])
def test_a_timeout_without_words_is_told_in_words(kind: str):
    assert root_cause(getattr(httpx2, kind)("")) == f"the server did not reply in time ({kind})"


def test_shorten_gives_one_line_without_control_characters():
    assert shorten(" a\n\tb\r\n\x1b[31mc\x00\x9b ") == "a b [31mc"


def test_shorten_keeps_what_fits_and_marks_what_it_cut():
    assert shorten("x" * 60) == "x" * 60
    assert shorten("x" * 61) == "x" * 59 + "…"
    assert len(shorten("x" * 10_000, 100)) == 100


def test_the_leaves_of_groups_in_groups_come_in_order():
    one, two, three = ValueError("1"), KeyError("2"), OSError("3")
    group = ExceptionGroup("g", [ExceptionGroup("h", [one, two]), three])
    assert list(leaves(group)) == [one, two, three]
    assert list(leaves(one)) == [one]


def test_the_root_is_the_first_error_that_is_not_a_cancellation():
    cancelled, real = asyncio.CancelledError(), ValueError("real")
    assert root(BaseExceptionGroup("g", [cancelled, real])) is real
    assert root(BaseExceptionGroup("g", [cancelled])) is cancelled
    assert root(real) is real


def test_a_root_cause_is_one_line_and_never_empty():
    assert root_cause(None) == "no reason was given"
    assert root_cause(TimeoutError()) == "TimeoutError"
    assert root_cause(ExceptionGroup("g", [ValueError("two\nlines")])) == "two lines"


def test_a_chain_of_causes_is_cut_where_a_group_begins():
    outer, middle, deep = ValueError("outer"), OSError("middle"), KeyError("deep")
    outer.__context__, middle.__cause__ = middle, ExceptionGroup("g", [deep])
    middle.__context__ = deep
    assert without_groups(outer) is outer
    assert outer.__context__ is middle
    assert middle.__cause__ is None
    assert middle.__context__ is deep


def test_a_chain_of_causes_that_bites_its_tail_comes_to_an_end():
    one, two = ValueError("one"), ValueError("two")
    one.__context__, two.__context__ = two, one
    assert without_groups(one) is one


@pytest.mark.parametrize(
    ("status", "says"),
    [
        (400, "sse_client(url)"),
        (401, "token"),
        (403, "Origin"),
        (404, "/sse, of Streamable HTTP in /mcp"),
        (405, "sse_client(url)"),
        (406, "sse_client(url)"),
        (421, "host name"),
        (500, "the server's own log"),
    ],
)
def test_an_http_answer_is_explained_with_its_address_and_status(status: int, says: str):
    hint = http_hint(answer(status))
    assert hint.startswith(f"http://127.0.0.1:8080/sse answered HTTP {status}.\n")
    assert says in hint


def test_a_redirect_is_explained_with_the_address_it_names():
    hint = http_hint(answer(302, location="http://elsewhere.example/sse"))
    assert "to http://elsewhere.example/sse." in hint


@pytest.mark.parametrize("status", [401, 403])
def test_a_refused_user_is_told_how_to_send_a_token_over_each_transport(status: int):
    hint = http_hint(answer(status))
    assert 'sse_client(url, headers={"Authorization": "Bearer …"})' in hint
    assert "streamable_http_client(url, http_client=httpx2.AsyncClient(headers=…))" in hint


def test_a_refused_host_name_is_told_what_to_do_with_any_server():
    assert "Use localhost or 127.0.0.1 in the URL" in http_hint(answer(421))


@pytest.mark.parametrize(
    ("line", "answers"),
    [
        ('Loading {"jsonrpc": "2.0", "id": 1, "result": {"method": 1}}', True),
        ('{"jsonrpc": "2.0", "id": 1, "error": {"data": {"method": 1}}', True),
        ('  "jsonrpc": "2.0",', True),
        ('DEBUG {"jsonrpc": "2.0", "id": 1, "method": "tools/call"}', False),
        ('DEBUG {"jsonrpc": "2.0", "method": "notifications/progress"}', False),
        ('{"level": "error", "id": 1}', False),
    ],
)
def test_what_looks_like_an_answer_is_told_from_what_asks_or_tells(line: str, answers: bool):
    assert like_an_answer(line) is answers
