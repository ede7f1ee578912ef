"""The arguments as a whole: what lays them out, and what checks them."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from helpers.forms.checking import Checker
from helpers.forms.guard import Uncheckable
from helpers.forms.kinds import Node, node
from helpers.forms.messages import problems_in
from helpers.forms.problems import Problem, unreadable
from helpers.forms.schemas import Schemas

_ANYTHING = "Write the arguments as JSON: the schema does not say what they are."


def checker_for(schema: Any) -> tuple[Checker | None, str]:
    """What checks the arguments, or why nothing does."""
    if not isinstance(schema, (dict, bool)):
        return None, "is not an object"
    try:
        return Checker(schema), ""
    except Uncheckable as error:
        return None, str(error)


def root_of(schemas: Schemas, schema: Any) -> Node:
    """The node of the arguments as a whole: an object, a union of objects, or JSON."""
    found = node(schemas, schema)
    if found.kind == "union":
        branches = tuple(one for one in found.branches if one[1].kind in ("object", "union"))
        found = branches[0][1] if len(branches) == 1 else replace(found, branches=branches)
        if not branches:
            return Node("json", {}, note=_ANYTHING)
    if found.kind in ("object", "union"):
        return found
    return Node("json", {}, note=found.note or _ANYTHING)


def problems_of(value: Any, checker: Checker | None) -> tuple[list[Problem], str]:
    """What is wrong with arguments, and why that is not known, where it is not."""
    found, reason = list(unreadable(value)), ""
    try:
        errors = checker.errors(value) if checker else []
        found += problems_in(errors)
    except Uncheckable as error:
        reason = str(error)
    if not found and not isinstance(value, dict):
        found = [Problem((), "must be an object, such as {}: the arguments have names")]
    return list(dict.fromkeys(found)), reason
