"""What stops a form: problems, each at its place in the arguments."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Container, Iterable, Iterator
from dataclasses import dataclass
from enum import Enum
from typing import Any, NamedTuple, TypeAlias

Path: TypeAlias = tuple[str | int, ...]


class Problem(NamedTuple):
    """What is wrong at one place of the arguments.

    Attributes:
        path: the keys and positions that lead there; () is the arguments as a whole.
        message: a sentence without its subject, such as "must be at most 50: 200 is too large".
    """

    path: Path
    message: str


class FormError(ValueError):
    """A form cannot yield arguments yet.

    Attributes:
        problems: what stops it, in the order of the fields.
    """

    def __init__(self, problems: list[Problem]) -> None:
        self.problems = problems
        super().__init__("; ".join(spoken(problem) for problem in problems))


class DoesNotFit(ValueError):
    """A field cannot hold a value exactly as it is."""


class Absent(Enum):
    """The value of a field that is left out."""

    ABSENT = "left out"


ABSENT = Absent.ABSENT


@dataclass(frozen=True, eq=False)
class Unreadable:
    """Stands in the arguments where a field holds no value yet.

    Attributes:
        why: a sentence without its subject, like a problem's message.
        typed: what was typed.
    """

    why: str
    typed: str = ""


def unreadable(value: Any, path: Path = ()) -> Iterator[Problem]:
    """The places of a value that are not read, each with its reason."""
    if isinstance(value, Unreadable):
        yield Problem(path, value.why)
    elif isinstance(value, dict):
        for key, item in value.items():
            yield from unreadable(item, (*path, key))
    elif isinstance(value, list):
        for index, item in enumerate(value):
            yield from unreadable(item, (*path, index))


def divided(
    problems: Iterable[Problem], keys: Container[str | int]
) -> tuple[defaultdict[str | int, list[Problem]], list[Problem]]:
    """The problems that stand deeper, by the key that leads there, and the others."""
    deeper, here = defaultdict[str | int, list[Problem]](list), list[Problem]()
    for problem in problems:
        if problem.path and problem.path[0] in keys:
            deeper[problem.path[0]].append(problem._replace(path=problem.path[1:]))
        else:
            here.append(problem)
    return deeper, here


def as_typed(value: Any) -> Any:
    """A value with what was typed in place of what is not read; nothing typed is left out."""
    if isinstance(value, Unreadable):
        return value.typed or ABSENT
    if isinstance(value, dict):
        found = {key: as_typed(item) for key, item in value.items()}
        return {key: item for key, item in found.items() if item is not ABSENT}
    if isinstance(value, list):
        return [item for item in map(as_typed, value) if item is not ABSENT]
    return value


def where(path: Path) -> str:
    """A place in the arguments as a person writes it: `options.actors[2]`."""
    text = "".join(f"[{key}]" if isinstance(key, int) else f".{key}" for key in path)
    return text.removeprefix(".")


def spoken(problem: Problem) -> str:
    """A problem as a sentence that names its place."""
    return f"{where(problem.path)} {problem.message}".strip()
