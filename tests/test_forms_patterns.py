"""Patterns from a server: tried as Python would, or not at all, and never for long."""

from __future__ import annotations

import contextlib
import re
import subprocess
import time
import warnings
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier, BrokenBarrierError
from typing import Any

import pytest
from hypothesis import assume, example, given, settings
from hypothesis import strategies as st

from helpers.forms import Form, Problem
from helpers.forms.patterns import ANY_LENGTH, LONGEST, SHORTEST, matches, reach
from tests.form_use import control, text

ENDLESS = [
    "(a+)+$",
    "^(a+)+N$",
    "^(a|a)*$",
    "(a|aa)+$",
    "(.*a){25}",
    "a*a*a*a*a*a*a*a*b",
    r"(a*)*\1$",
    "^(a?){40}a{40}$",
    r"(?:\b){1000000000}",
    r"((?:\b){60000}){60000}",
]
UNREAD = [r"^\p{L}+$", "(", "a{2,1}", "[z-a]", "a" * (LONGEST + 1)]
ORDINARY = {
    r"^\d{4}-\d{2}$": ANY_LENGTH,
    r"^(\d{1,3}\.){3}\d{1,3}$": ANY_LENGTH,
    "^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$": ANY_LENGTH,
    "^(ab|cd)$": ANY_LENGTH,
    "^[a-z]+$": 100_000,
    "needle": 100_000,
    r"^\S+@\S+$": 500,
    r"^-?\d+(\.\d+)?$": 300,
    "[0-9]+": 300,
    r"^[^@]+@[^@]+\.[a-z]{2,}$": 60,
}


def form_of(pattern: str, **more: Any) -> Form:
    field = {"type": "string", "pattern": pattern, **more}
    return Form({"type": "object", "properties": {"a": field}})


@pytest.mark.parametrize("pattern", [*ENDLESS, *UNREAD])
def test_a_pattern_that_may_never_end_or_is_none_is_said_to_be_untried_and_not_tried(pattern: str):
    form = form_of(pattern)
    assert "which is not tried here" in text(form)
    started = time.process_time()
    control(form, "a").value = "a" * 40 + "!"
    assert form.value() == {"a": "a" * 40 + "!"}
    assert time.process_time() - started < 0.5


def test_four_fields_with_such_patterns_cost_nothing_and_no_process_is_started(
    monkeypatch: pytest.MonkeyPatch,
):
    monkeypatch.setattr(subprocess, "Popen", None)
    field = {"type": "string", "pattern": "^(a+)+N$"}
    form = Form({"type": "object", "properties": dict.fromkeys("abcd", field)})
    arguments = dict.fromkeys("abcd", "a" * 40)
    started = time.monotonic()
    form.fill(arguments)
    assert form.value() == arguments
    assert form.unchecked == ""
    assert time.monotonic() - started < 1


def test_many_fields_with_costly_patterns_are_given_up_after_a_second():
    field = {"type": "string", "pattern": "^.*.*.*.*b$"}
    form = Form({"type": "object", "properties": {f"p{n}": field for n in range(500)}})
    longest = reach(field["pattern"])
    form.fill({f"p{n}": "a" * longest for n in range(500)})
    started = time.monotonic()
    control(form, "p0").value = "b" * longest
    form.problems()
    assert time.monotonic() - started < 3


@pytest.mark.parametrize("pattern", ORDINARY)
def test_an_ordinary_pattern_is_tried_on_texts_of_ordinary_length(pattern: str):
    assert reach(pattern) >= ORDINARY[pattern]


@pytest.mark.parametrize("pattern", ["(?i)a", "(?x)a # b|c", "(?P<x>a)(?P=x)", "(a)?(?(1)b|c)"])
def test_a_pattern_whose_cost_is_not_known_is_not_tried(pattern: str):
    assert reach(pattern) == 0


def test_up_to_where_a_pattern_is_tried_stands_beside_the_field_where_it_matters():
    longest = reach(r"^\S+@\S+$")
    form = form_of(r"^\S+@\S+$")
    assert f"tried here on up to {longest:,} characters" in text(form)
    control(form, "a").value = "a" * longest
    [problem] = form.problems()
    assert "must match the pattern" in problem.message
    control(form, "a").value += "a"
    assert form.problems() == []
    assert "tried" not in text(form_of(r"^\S+@\S+$", maxLength=50))
    assert "tried" not in text(form_of(r"^\d{4}$"))


def test_a_text_that_does_not_match_is_a_problem():
    form = form_of(r"^\d{4}$")
    control(form, "a").value = "12"
    wanted = r'must match the pattern ^\d{4}$: "12" does not'
    assert form.problems() == [Problem(("a",), wanted)]


@settings(deadline=None, max_examples=200)
@given(
    pattern=st.sampled_from(["^a+$", "(ab)+c", "b{2,}", "^$", "[^a]", "(a)?b", "\0", "é", "[]a]"]),
    found=st.text(alphabet="abc\0é\n]", max_size=SHORTEST),
)
def test_a_text_matches_where_python_finds_the_pattern(pattern: str, found: str):
    assert matches(pattern, found) == bool(re.search(pattern, found))


PIECES = ["a", "b", ".", "[ab]", "[^]b]", "\\w", "\\b", "^", "$", "(", "(?:", "(?=", "(?!", ")",
          "|", "*", "+", "?", "*?", "++", "{2}", "{3,}", "{,4}", "{2,5}", "{60}", "{", "}",
          "\\)"]  # fmt: skip


@settings(deadline=None, max_examples=1500)
@given(pieces=st.lists(st.sampled_from(PIECES), max_size=14), last=st.sampled_from("!ab"))
@example(pieces=["^", ".", "*", ".", "*", ".", "*", "b", "$"], last="!")
@example(pieces=["(", "a", "{2,5}", "|", "b", ")", "{60}"], last="!")
@example(pieces=["(?=", "(", "a", "{,4}", ")", "{2}", ")", "*"], last="!")
def test_whatever_is_tried_ends_soon(pieces: list[str], last: str):
    pattern = "".join(pieces)
    assume(reach(pattern))
    started = time.process_time()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        matches(pattern, "a" * (min(reach(pattern), 10_000) - 1) + last)
    assert time.process_time() - started < 0.5


def test_a_pattern_is_compiled_once_and_no_two_threads_put_warnings_aside_at_a_time(
    monkeypatch: pytest.MonkeyPatch,
):
    entered, together, plain = list[None](), list[None](), warnings.catch_warnings
    both = Barrier(2, action=lambda: together.append(None), timeout=0.2)

    class Watched(plain):  # type: ignore[misc,valid-type]
        def __enter__(self) -> Any:
            entered.append(None)
            with contextlib.suppress(BrokenBarrierError):
                both.wait()
            return super().__enter__()

    monkeypatch.setattr(warnings, "catch_warnings", Watched)
    before = list(warnings.filters)
    with ThreadPoolExecutor() as pool:
        asked = pool.map(lambda last: [matches(f"[[a]{last}", f"a{last}") for _ in range(10)], "xy")
    assert all(map(all, asked))
    assert len(entered) == 2
    assert not together
    assert warnings.filters == before
