"""From a part of a schema to the field that holds its value."""

from __future__ import annotations

from helpers.forms.chips import ChipsField
from helpers.forms.context import FieldContext
from helpers.forms.fields import ChoiceField, Field, JsonField, NumberField
from helpers.forms.kinds import Node, node
from helpers.forms.lists import ListField
from helpers.forms.objects import ObjectField
from helpers.forms.text import TextField
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


def make_field(context: FieldContext, name: str, found: Node) -> Field:
    """The field for a node, under the name that screen readers say."""
    if found.kind == "array":
        return _list(context, name, found)
    make: type = _FIELDS[found.kind]
    made: Field = make(context, name, found)
    return made


def _list(context: FieldContext, name: str, found: Node) -> Field:
    items = found.schema.get("items")
    if isinstance(items, dict) and "prefixItems" not in found.schema:
        item = node(context.schemas, items)
        if item.kind == "choice" and not item.nullable and len(item.choices) > 1:
            return ChipsField(context, name, found, item)
    return ListField(context, name, found)
