"""From a part of a schema to the field that holds its value."""

from __future__ import annotations

from helpers.forms.chips import ChipsField
from helpers.forms.fields import ChoiceField, Field, JsonField, NumberField, TextField
from helpers.forms.kinds import Node, node
from helpers.forms.lists import ListField
from helpers.forms.objects import ObjectField
from helpers.forms.tools import Tools
from helpers.forms.unions import UnionField

_FIELDS: dict[str, type[Field]] = {
    "string": TextField,
    "number": NumberField,
    "integer": NumberField,
    "choice": ChoiceField,
    "object": ObjectField,
    "union": UnionField,
    "json": JsonField,
}


def make_field(tools: Tools, name: str, found: Node) -> Field:
    """The field for a node, under the name that screen readers say."""
    if found.kind == "array":
        return _list(tools, name, found)
    make: type = _FIELDS[found.kind]
    made: Field = make(tools, name, found)
    return made


def _list(tools: Tools, name: str, found: Node) -> Field:
    items = found.schema.get("items")
    if isinstance(items, dict) and "prefixItems" not in found.schema:
        item = node(tools.schemas, items)
        if item.kind == "choice" and not item.nullable and len(item.choices) > 1:
            return ChipsField(tools, name, found, item)
    return ListField(tools, name, found)
