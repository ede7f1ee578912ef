"""Patterns from a server: found as Python would find them, and never without end."""

from __future__ import annotations

import re
import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from helpers.forms import Form, Problem
from helpers.forms.patterns import Unmatched, _matches_elsewhere, matches, steps
from tests.form_use import control, text

ENDLESS = [
    "(a+)+$",
    "^(a|a)*$",
    "(a|aa)+$",
    "(.*a){25}",
    "a*a*a*a*a*a*a*a*b",
    r"(a*)*\1$",
    "^(a?){40}a{40}$",
]


@pytest.mark.parametrize("pattern", ENDLESS)
def test_a_pattern_that_backtracks_without_end_is_a_problem_within_seconds(pattern: str):
    form = Form({"type": "object", "properties": {"a": {"type": "string", "pattern": pattern}}})
    control(form, "a").value = ""
    started = time.monotonic()
    control(form, "a").value = "a" * 39 + "!" if "b" not in pattern else "a" * 3000
    form.problems()
    assert time.monotonic() - started < 8


def test_a_pattern_that_takes_too_long_says_so_at_its_field_and_a_text_it_can_take_is_taken():
    form = Form({"type": "object", "properties": {"a": {"type": "string", "pattern": "^(a+)+$"}}})
    control(form, "a").value = "a" * 40 + "!"
    wanted = "could not be compared with the pattern: it takes too long on this text"
    assert form.problems() == [Problem(("a",), wanted)]
    control(form, "a").value = "aaa"
    assert form.value() == {"a": "aaa"}


@pytest.mark.parametrize("pattern", [r"^\p{L}+$", "(", "a{2,1}", "[z-a]", "a" * 5000])
def test_a_pattern_that_python_does_not_read_is_said_to_be_untried(pattern: str):
    form = Form({"type": "object", "properties": {"a": {"type": "string", "pattern": pattern}}})
    assert "which is not tried here" in text(form)
    control(form, "a").value = "x"
    assert form.value() == {"a": "x"}


@settings(deadline=None, max_examples=200)
@given(
    pattern=st.sampled_from(
        ["^a+$", "(a|b)+c", "b{2,}", "^$", "[^a]", "(a)?b", "(a+b?)*c", "\0", "é"]
    ),
    found=st.text(alphabet="abc\0é\n", max_size=6),
)
def test_a_text_matches_where_python_finds_the_pattern(pattern: str, found: str):
    assert matches(pattern, found) == bool(re.search(pattern, found))


@pytest.mark.parametrize(
    ("pattern", "found"), [("(a+)+b", "aab"), ("\0x", "\0x"), ("(é+)+", "e"), ("a", "\ud800")]
)
def test_the_process_that_tries_a_pattern_finds_what_python_finds(pattern: str, found: str):
    assert _matches_elsewhere(pattern, found) == bool(re.search(pattern, found))


@pytest.mark.parametrize("pattern", ENDLESS)
def test_patterns_that_may_not_end_are_told_from_those_that_do(pattern: str):
    assert steps(pattern, 3000) > 10**9


@pytest.mark.parametrize("pattern", [r"^\d{4}-\d{2}$", "^[a-z]+$", "^(ab|cd)$", r"^-?\d+(\.\d+)?$"])
def test_ordinary_patterns_are_tried_without_a_process(pattern: str):
    assert steps(pattern, 40) < 10**7


def test_a_pattern_that_is_none_cannot_be_matched():
    with pytest.raises(Unmatched, match="does not read it"):
        matches("(", "a")
