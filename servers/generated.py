"""A table of any size that nobody typed, to see where the time goes when much is read.

Off by default: a server offers it when it is started with `GENERATED_ROWS=100000` in its
environment.
"""

import json
import os
import re
from typing import Any

from mcp.server import MCPServer

VARIABLE = "GENERATED_ROWS"
URI = "db://tables/generated_ratings/all"
MOST = 1_000_000
WATCHED = ("cinema", "television", "stream")


def rows(count: int) -> list[dict[str, Any]]:
    """Make up ratings of films, the same ones each time.

    Args:
        count: how many.

    Returns:
        One dictionary a row: `viewer` and `film` are whole numbers, `rating` goes from 1 to 10
        in tenths, `watched` says where.
    """
    return [
        {
            "viewer": n // 20 + 1,
            "film": n % 20 + 1,
            "rating": (n * 37 % 91 + 10) / 10,
            "watched": WATCHED[n * 7 % 5 % 3],
        }
        for n in range(count)
    ]


def offer(server: MCPServer[Any]) -> None:
    """Add the table to `server` as one resource, if the environment asks for it.

    Raises:
        SystemExit: the environment asks for something that is no number of rows.
    """
    asked = os.environ.get(VARIABLE)
    if not asked:
        return
    if not (re.fullmatch("[0-9]{1,7}", asked) and int(asked) <= MOST):
        raise SystemExit(f"{VARIABLE} is a whole number up to {MOST}, not {asked[:40]!r}")

    @server.resource(URI, mime_type="application/json")
    def generated_ratings() -> str:
        """Generated ratings, all of them, as a JSON array."""
        return json.dumps(rows(int(asked)))
