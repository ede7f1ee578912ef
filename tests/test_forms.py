"""A form made from a JSON Schema: what it yields, what it says, what it keeps."""

from __future__ import annotations

from typing import Any

import pytest

from helpers.forms import Form, FormError, Problem
from servers import showcase


def schema_of(tool: str) -> dict[str, Any]:
    [found] = [one for one in showcase.mcp._tool_manager.list_tools() if one.name == tool]
    return found.parameters


def test_what_is_filled_into_the_film_search_comes_out_again():
    form = Form(schema_of("search_movies"))
    arguments = {
        "query": "无间道",
        "min_rating": 7.5,
        "region": "中国大陆",
        "sort_by": ["rating", "director", "rating"],
        "options": {"exact": True},
        "limit": 5,
    }
    form.fill(arguments)
    assert form.value() == arguments


def test_an_optional_argument_can_be_left_out_null_or_a_value():
    form = Form(schema_of("search_movies"))
    form.fill({"query": ""})
    assert form.value() == {"query": ""}
    form.fill({"query": "", "min_rating": None})
    assert form.value() == {"query": "", "min_rating": None}
    form.fill({"query": "", "min_rating": 0})
    assert form.value() == {"query": "", "min_rating": 0}


def test_a_problem_names_its_field_the_bound_and_the_value():
    form = Form(schema_of("search_movies"))
    form.fill({"query": "a", "limit": 200})
    assert form.problems() == [Problem(("limit",), "must be at most 50: 200 is too large")]
    with pytest.raises(FormError, match="limit must be at most 50") as caught:
        form.value()
    assert caught.value.problems == form.problems()
