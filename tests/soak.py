"""Trials that `make test` repeats a few times and `make soak` very often, and what they counted."""

from __future__ import annotations

import os
from collections import Counter

SOAKING = bool(os.environ.get("SOAK"))

counted: Counter[str] = Counter()
tables: dict[str, str] = {}


def times(short: int, long: int) -> int:
    """How often to try: `short` under `make test`, `long` under `make soak`."""
    return long if SOAKING else short


def count(what: str, number: int = 1) -> None:
    """Add to the counts that stand at the end of the run."""
    counted[what] += number


def show(title: str, table: str) -> None:
    """Print a table at the end of the run, under its title."""
    tables[title] = table
