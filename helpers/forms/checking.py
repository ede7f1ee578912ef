"""Arguments checked against their schema by jsonschema: nothing fetched, nothing endless."""

from __future__ import annotations

import json
import re
from functools import lru_cache
from typing import Any

from jsonschema import Draft202012Validator, ValidationError
from jsonschema.exceptions import SchemaError
from jsonschema.protocols import Validator
from jsonschema.validators import validator_for
from jsonschema_specifications import REGISTRY  # type: ignore[import-untyped]

from helpers.forms.guard import Endless, Uncheckable, guarded, within_budget
from helpers.forms.jsontext import layers
from helpers.forms.patterns import reach
from helpers.forms.problems import unreadable

LARGEST = 50_000  # parts of a schema
DEEPEST = 60  # levels of a schema
LONG_KEY = 1_000  # characters; jsonschema tries each pattern of keys on every key


class Checker:
    """Checks arguments against one schema.

    Args:
        schema: JSON Schema, Draft 2020-12 unless its `$schema` names another known draft.

    Raises:
        Uncheckable: no arguments can be checked against it.
    """

    def __init__(self, schema: Any) -> None:
        if isinstance(schema, dict):
            _survey(schema)
        named = schema.get("$schema") if isinstance(schema, dict) else None
        known = {"$schema": named} if isinstance(named, str) else {}
        draft = validator_for(known, default=Draft202012Validator)
        with within_budget():
            _check_schema(draft, schema)
        self._endless, self._hurried = "", False
        if isinstance(schema, dict):  # its `$schema` would bring back the unguarded class
            schema = {key: value for key, value in schema.items() if key != "$schema"}
        self._validator = guarded(draft)(
            schema, registry=REGISTRY, format_checker=draft.FORMAT_CHECKER
        )

    def errors(self, arguments: Any) -> list[ValidationError]:
        """What jsonschema finds, without what concerns fields that could not be read.

        Raises:
            Uncheckable: the schema leads in circles, too far, or elsewhere.
        """
        if self._endless:
            raise Uncheckable(self._endless)
        try:
            with within_budget():
                found = list(self._validator.iter_errors(arguments))
        except Endless as error:
            self._endless = str(error)  # it would take as long after every key that is pressed
            raise
        return [error for error in found if error.validator == "required" or _whole(error)]

    def allows(self, value: Any, schema: Any) -> bool:
        """Whether a part of the schema allows a value; False where that cannot be said."""
        try:
            if self._endless or self._hurried:
                return False
            with within_budget():
                return bool(self._validator.evolve(schema=schema).is_valid(value))
        except Endless:
            self._hurried = True  # it is only asked to choose among alternatives, maybe many
            return False
        except Uncheckable:
            return False


def _check_schema(draft: type[Validator], schema: Any) -> None:
    if draft is not Draft202012Validator:
        draft.check_schema(schema, format_checker=None)
    elif error := next(_metaschema().iter_errors(schema), None):
        raise SchemaError.create_from(error)


@lru_cache
def _metaschema() -> Validator:
    """The metaschema of Draft 2020-12 in one piece: jsonschema takes a hundredth of the time.

    The published one is made of eight, put together by dynamic references.
    """
    core = Draft202012Validator.META_SCHEMA
    together: dict[str, Any] = {"type": core["type"], "properties": {}, "$defs": {}}
    for part in [core, *(REGISTRY.contents(f"{_BASE}{one['$ref']}") for one in core["allOf"])]:
        for word in ("properties", "$defs"):
            together[word].update(part.get(word, {}))
    text = json.dumps(together).replace('"$dynamicRef": "#meta"', '"$ref": "#"')
    return Draft202012Validator(json.loads(re.sub(r'"meta/\w+#', '"#', text)))


_BASE = "https://json-schema.org/draft/2020-12/"


def _whole(error: ValidationError) -> bool:
    return next(unreadable(error.instance), None) is None


def _survey(schema: dict[str, Any]) -> None:
    """Look at every part of a schema once, for what jsonschema would not survive."""
    parts = 0
    for level, layer in enumerate(layers(schema), start=1):
        parts += len(layer)
        if parts > LARGEST or level > DEEPEST:
            raise Uncheckable(f"has more than {LARGEST:,} parts or {DEEPEST} levels")
        for part in layer:
            if isinstance(part, dict):
                _survey_part(part, outermost=level == 1)


def _survey_part(part: dict[str, Any], *, outermost: bool) -> None:
    if not outermost and isinstance(part.get("$schema"), str):
        raise Uncheckable("holds schemas of several drafts")
    patterns = part.get("patternProperties")
    for pattern in patterns if isinstance(patterns, dict) else ():
        if not isinstance(pattern, str) or reach(pattern) < LONG_KEY:
            raise Uncheckable(f"names keys by a pattern that is not tried here ({pattern!r:.80})")
