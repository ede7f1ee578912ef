"""The recorded messages as a file, one line each."""

from __future__ import annotations

import json
from collections.abc import Iterable
from itertools import count
from pathlib import Path

from helpers.traffic import Message

FIELDS = ("number", "time", "direction", "kind", "method", "id", "ms")


def save(messages: Iterable[Message], name: str = "wire", folder: str | Path = ".") -> Path:
    """Write messages as JSON Lines to a new file, which overwrites no other.

    Each line has the message as it stood on the wire under `message`, after its number,
    time (seconds since the epoch), direction, kind, method, id and ms.

    Returns:
        The file's path: FOLDER/NAME.jsonl, or NAME-2.jsonl and so on where that exists.

    Raises:
        OSError: the folder cannot be written to.

    Source: https://jsonlines.org
    """
    for number in count(1):
        path = Path(folder, f"{name}.jsonl" if number == 1 else f"{name}-{number}.jsonl")
        try:
            file = path.open("x", encoding="utf-8")
        except FileExistsError:
            continue
        with file:
            file.writelines(map(_line, messages))
        break
    return path.resolve()


def _line(message: Message) -> str:
    about = {name: getattr(message, name) for name in FIELDS}
    # the message's text is JSON already
    return f'{json.dumps(about, ensure_ascii=False)[:-1]}, "message": {message.text}}}\n'
