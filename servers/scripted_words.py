"""How the scripted model chooses a tool and its arguments: it compares words, and nothing else.

It knows no tool beforehand. Whatever it knows of one stands in the request: name, description
and parameters, in the form of
https://platform.openai.com/docs/api-reference/chat/create#chat-create-tools
"""

import re
from typing import Any, NamedTuple

CHINESE = "\u3400-\u9fff"
COMMON = """
    a an the of and or to in is are was be it its this that these those them what which who how
    do does did by with for from at on me my your you i please can could would has have not all
    any one some no than as if then there tell again each first second
"""
STOP = set(COMMON.split())
ENDINGS = ("ings", "ing", "est", "ed", "es", "s", "e")
NUMBERS = ["zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten"]
GREAT = {"high", "great", "best", "most", "top", "larg", "descend"}
SMALL = {"low", "worst", "least", "small", "poor"}
NUMERIC = ("number", "integer")
AT_LEAST = r"(?:at least|above|over|more than)\s+{0}|{0}\s+(?:or|and)\s+(?:more|better|above|up)"
DIGITS = r"-?\d+(?:\.\d+)?"
FILLERS = (
    "请问|请|告诉|帮|我|查询|查|一下|看看|的|是|多少|怎么样|怎样|如何|什么|吗|呢|谁|哪|一直|不停"
)
QUOTED = r"""["“«《]([^"”»》]+)["”»》]"""


class Wish(NamedTuple):
    """A call that the model asks for."""

    name: str
    arguments: dict[str, Any]


def is_chinese(text: str) -> bool:
    """Whether most of a text is Chinese: an English one may have Chinese names."""
    return len(re.findall(f"[{CHINESE}]", text)) > len(re.findall("[A-Za-z]", text))


def words(text: str) -> set[str]:
    """What two texts can have in common: English words without endings, Chinese in pairs."""
    spelled = re.findall("[a-z]+", text.lower().replace("_", " "))
    pairs = {run[i : i + 2] for run in _runs(text) for i in range(len(run) - 1)}
    return {_stem(word) for word in spelled if word not in STOP} - set(NUMBERS) | pairs


def wishes(text: str, tools: list[dict[str, Any]], found: list[float]) -> list[Wish]:
    """The calls that a text asks for; none where no tool shares a word with it.

    Args:
        text: a question or a part of one.
        tools: the `function` objects of the request.
        found: numbers to calculate with where the text has none of its own.
    """
    scored = [(_score(text, tool), tool) for tool in tools]
    for score, tool in sorted(scored, key=lambda pair: -pair[0]):
        calls = arguments(text, tool, found) if score else []
        if calls:
            return [Wish(tool["name"], call) for call in calls]
    return []


def _score(text: str, tool: dict[str, Any]) -> int:
    asked, places = words(text), _properties(tool)
    about = words(f"{tool['name']} {tool.get('description', '')}")
    details = words(" ".join(f"{name} {schema.get('description')}" for name, schema in places))
    kinds = {_kind(part) for _, schema in places for part in (schema, _items(schema))}
    score = 2 * len(asked & about) + len(asked & details)
    return score + (2 if kinds & set(NUMERIC) and numbers(text) else 0) if asked & about else 0


def arguments(text: str, tool: dict[str, Any], found: list[float]) -> list[dict[str, Any]]:
    """Arguments for one call, or for one call a name; none where something required is missing."""
    required = tool.get("parameters", {}).get("required") or []
    least, text = _at_least(text)
    free = numbers(text)
    spare = [] if free else found[:]
    given: dict[str, Any] = {}
    open_names: list[str] = []
    for name, schema in sorted(_properties(tool), key=lambda place: place[0] not in required):
        kind, about = _kind(schema), words(f"{name} {schema.get('description')}")
        pool = (free or spare) if name in required else free
        if kind in NUMERIC and least is not None and about & {"min", *SMALL}:
            given[name] = least
        elif pool and (kind == "integer" or (kind == "number" and name in required)):
            given[name], *pool[:] = pool
        elif kind == "array":
            given |= _chosen(text, name, schema, pool)
        elif kind == "boolean" and about & GREAT and words(text) & (GREAT | SMALL):
            given[name] = not words(text) & SMALL
        elif schema.get("enum"):
            mentioned = [v for v in schema["enum"] if str(v).lower() in text.lower()]
            given |= {name: mentioned[0]} if mentioned else {}
        elif kind == "string" and name in required:
            open_names.append(name)
    names = _names(text, tool, given)
    if not names:  # a tool may say that an argument can be left empty
        given |= {n: "" for n in open_names if "empty" in words(f"{_schema(tool, n)}")}
    calls = [given | dict.fromkeys(open_names, one) for one in names] if open_names else []
    return [call for call in calls or [given] if set(required) <= set(call)]


def numbers(text: str) -> list[float]:
    """The numbers in a text, in digits or in English words from zero to ten."""
    found = re.findall(rf"{DIGITS}|\b(?:{'|'.join(NUMBERS)})\b", text.lower())
    return [NUMBERS.index(part) if part in NUMBERS else _number(part) for part in found]


def _number(digits: str) -> float:
    return float(digits) if "." in digits else int(digits)


def _at_least(text: str) -> tuple[float | None, str]:
    """The lower bound that a text sets, and the text without it."""
    match = re.search(AT_LEAST.format(f"({DIGITS})"), text, re.IGNORECASE)
    if not match:
        return None, text
    return _number(match[1] or match[2]), text[: match.start()] + text[match.end() :]


def _chosen(text: str, name: str, schema: dict[str, Any], free: list[float]) -> dict[str, Any]:
    """A list: of the choices that the text mentions, or of its numbers."""
    items = _items(schema)
    if _kind(items) in NUMERIC:
        return {name: free[:]} if free else {}
    chosen = [value for value in items.get("enum") or [] if words(str(value)) <= words(text)]
    return {name: chosen} if chosen else {}


def _names(text: str, tool: dict[str, Any], given: dict[str, Any]) -> list[str]:
    """What the text is about: quoted, in Chinese characters, or with a capital letter."""
    if quoted := re.findall(QUOTED, text):
        return list(quoted)
    if is_chinese(text):
        known = words(f"{tool.get('description', '')}") & words(text)
        text = re.sub("|".join([*map(re.escape, known), FILLERS]), " ", text)
    pieces = [piece for run in _runs(text) for piece in re.split("[和与及]", run)]
    names = [piece for piece in pieces if len(piece) > 1 and piece not in given.values()]
    return names or re.findall(r"(?<=[a-z,] )[A-Z][a-z]+(?: [A-Z][a-z]+)*", text)


def _properties(tool: dict[str, Any]) -> list[tuple[str, dict[str, Any]]]:
    properties = tool.get("parameters", {}).get("properties") or {}
    return [(name, schema) for name, schema in properties.items() if isinstance(schema, dict)]


def _schema(tool: dict[str, Any], name: str) -> dict[str, Any]:
    return dict(_properties(tool)).get(name, {})


def _items(schema: dict[str, Any]) -> dict[str, Any]:
    items = schema.get("items")
    return items if isinstance(items, dict) else {}


def _kind(schema: dict[str, Any]) -> str:
    """The type; of a choice such as "number or null" the first that is not null."""
    options = [schema, *(schema.get("anyOf") or [])]
    types = [option.get("type") for option in options if isinstance(option, dict)]
    return next((kind for kind in types if isinstance(kind, str) and kind != "null"), "")


def _runs(text: str) -> list[str]:
    return re.findall(f"[{CHINESE}]+", text)


def _stem(word: str) -> str:
    for ending in ENDINGS:
        if word.endswith(ending) and len(word) - len(ending) >= 3:
            return word.removesuffix(ending)
    return word
