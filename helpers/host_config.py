"""The `mcpServers` file of desktop hosts: which servers it names, and how to reach each.

No specification defines it: hosts read what the first of them read.
See https://modelcontextprotocol.io/docs/develop/connect-local-servers
"""

from __future__ import annotations

import json
import os
import re
from collections import Counter
from pathlib import Path
from typing import Annotated, Any, Literal
from urllib.parse import urlsplit

from pydantic import AliasChoices, BaseModel, ConfigDict, Field, ValidationError

from helpers.errors import shorten

PLACE = re.compile(r"\$\{(?:env:)?([^}]*)\}")
HIDDEN = {"args", "env", "headers"}  # where people put tokens
SECRET_LENGTH = 8  # shorter values are no secrets, and to hide "1" would spoil every sentence
KINDS: dict[type, str] = {str: "a text", list: "a list", dict: "an object"}

Text = Annotated[str, Field(min_length=1)]


class Entry(BaseModel):
    """One server as the file describes it. Other keys are for other programs."""

    model_config = ConfigDict(strict=True)

    command: Text | None = None
    args: list[str] | None = None
    env: dict[str, str] | None = None
    cwd: Text | None = None
    url: Text | None = None
    headers: dict[str, str] | None = None
    type: Literal["stdio", "sse", "http", "streamable-http", "streamableHttp"] | None = Field(
        None, validation_alias=AliasChoices("type", "transport")
    )
    disabled: bool | None = None

    @property
    def over_sse(self) -> bool:
        """Does its URL lead to an SSE server? Where nothing says so, its last part does."""
        path = urlsplit(self.url or "").path.rstrip("/")
        return self.type == "sse" or (self.type is None and path.endswith("/sse"))


def read(path: str | os.PathLike[str]) -> tuple[Path, dict[str, Any]]:
    """The file's full path, and its entries by name, each still as it stands there.

    Raises:
        FileNotFoundError: there is no such file.
        ValueError: it is not JSON, or has no object `mcpServers`.
    """
    file = Path(path).expanduser().resolve()
    if not file.is_file():
        raise FileNotFoundError(f"There is no file {file}.")
    try:
        # utf-8-sig, because Windows editors like to begin a file with a mark
        content = json.loads(file.read_text(encoding="utf-8-sig"), object_pairs_hook=_no_twins)
    except ValueError as error:
        raise ValueError(
            f"{file.name} cannot be read: {error}.\n"
            "It has to be JSON: no comments, no comma after the last entry."
        ) from None
    servers = content.get("mcpServers") if isinstance(content, dict) else None
    if not isinstance(servers, dict):
        raise ValueError(
            f'{file.name} has no object "mcpServers". It should look like this:\n'
            '{"mcpServers": {"a name": {"command": "python", "args": ["-m", "a.server"]}}}'
        )
    return file, servers


def _no_twins(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """An object of the file. By itself Python keeps the last of two equal names, in silence."""
    for name, times in Counter(name for name, _ in pairs).items():
        if times > 1:
            raise ValueError(f"one object has {name!r} {times} times")
    return dict(pairs)


def entry_of(value: Any) -> Entry:
    """An entry of the file, after a look at its shape.

    Raises:
        ValueError: it has another shape; each line says where, what belongs there, what is there.
    """
    try:
        entry = Entry.model_validate(value)
    except ValidationError as error:
        raise ValueError("\n".join(map(_problem, error.errors()))) from None
    if bool(entry.command) == bool(entry.url):
        raise ValueError(
            'It takes either "command" (a server to start) or "url" (a server to reach); '
            f"here {'are both' if entry.url else 'is neither'}."
        )
    if entry.type and (entry.type == "stdio") != bool(entry.command):
        needed = "command" if entry.type == "stdio" else "url"
        raise ValueError(f'"type": "{entry.type}" needs "{needed}", which is not here.')
    return entry


def _problem(details: Any) -> str:
    """One of pydantic's errors as a sentence."""
    key, *inside = details["loc"] or ("The entry",)
    where = "".join(f", item {part + 1 if isinstance(part, int) else part!r}" for part in inside)
    wanted = details["msg"].replace(" or instance of Entry", "")
    # only the kind of a longer value: it may be a secret in the wrong place
    there = shorten(json.dumps(details["input"]))
    if details["type"] != "literal_error":
        there = KINDS.get(type(details["input"]), there)
    return f"{key}{where}: {wanted}; this is {there}."


def filled(entry: Entry) -> tuple[Entry, dict[str, str]]:
    """The entry with the environment's values in place of ${NAME} and ${env:NAME}.

    Returns:
        The entry; and the values that no message may show, each with the place it was put in.

    Raises:
        ValueError: a variable is not set, or ${...} holds something else.
    """
    secrets: dict[str, str] = {}

    def fill(value: Any, hide: bool) -> Any:
        if isinstance(value, list):
            return [fill(part, hide) for part in value]
        if isinstance(value, dict):
            return {key: fill(part, hide) for key, part in value.items()}
        return value and PLACE.sub(lambda place: look_up(place, hide), value)

    def look_up(place: re.Match[str], hide: bool) -> str:
        value = _variable(place[1], place[0])
        if hide and len(value) >= SECRET_LENGTH:
            secrets[value] = place[0]
        return value

    keys = ("command", "args", "env", "cwd", "url", "headers")
    values = {key: fill(getattr(entry, key), key in HIDDEN) for key in keys}
    return entry.model_copy(update=values), secrets


def _variable(name: str, place: str) -> str:
    if not re.fullmatch(r"\w+", name):
        raise ValueError(f"{place} cannot be filled in; only ${{NAME}} and ${{env:NAME}} can.")
    if name not in os.environ:
        raise ValueError(
            f"{place} cannot be filled in: the environment has no variable {name}.\n"
            f'Set it first, for example with os.environ["{name}"] = "..."'
        )
    return os.environ[name]
