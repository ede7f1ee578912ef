"""What the trials of the fault matrix ended in, as they saw it: counted, and shown as a table."""

from __future__ import annotations

import textwrap
from collections import defaultdict

from tests import soak

COLUMNS = {"stdio": "stdio", "sse": "SSE", "json": "Streamable HTTP", "events": "Streamable HTTP"}
WORKS = "works"
WIDTHS = (26, 32, 32, 32)

Seen = dict[str, tuple[float, set[str]]]  # by what was said: seconds at most, in which variants
seen: dict[str, dict[str, Seen]] = defaultdict(lambda: defaultdict(dict))


def note(row: str, way: str, seconds: float, said: str, variant: str = "") -> None:
    """Count one fault that was survived, and keep what it ended in for the table."""
    if way in ("json", "events"):
        variant = ", ".join(filter(None, [variant, way]))
    cell = seen[row][COLUMNS[way]]
    longest, variants = cell.get(said, (0.0, set()))
    cell[said] = max(longest, seconds), variants | {variant}
    soak.count("fault injections survived")


def in_words(cell: Seen) -> str:
    """Each outcome with the longest it took, and in which variants where that made a difference."""
    outcomes = []
    for said, (seconds, variants) in cell.items():
        took = f"{said}, {seconds:.1f} s" if said.startswith(WORKS) else f"{seconds:.1f} s: {said}"
        which = f" ({'; '.join(sorted(variants))})" if len(cell) > 1 else ""
        outcomes.append(took + which)
    return "\n".join(outcomes)


def in_columns(*texts: str) -> str:
    """One row of the table, each text folded to the width of its column."""
    folded = [
        [part for line in text.splitlines() for part in textwrap.wrap(line, width)]
        for text, width in zip(texts, WIDTHS, strict=True)
    ]
    height = max(map(len, folded))
    lines = zip(*[[*parts, *[""] * (height - len(parts))] for parts in folded], strict=True)
    return "\n".join(
        "  ".join(map(str.ljust, line, WIDTHS)).rstrip()  # one a column
        for line in lines
    )


def show() -> None:
    columns = list(dict.fromkeys(COLUMNS.values()))
    rows = [in_columns("what happens", *columns)]
    for row, cells in seen.items():
        rows.append(in_columns(row, *[in_words(cells[column]) for column in columns]))
    soak.show("fault matrix", "\n\n".join(rows))
