"""Taking figures in turn, and what one line of the table says."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from statistics import linear_regression, median


@dataclass(frozen=True)
class Effort:
    """How much is measured: all of it, or, to see whether it works at all, very little.

    Attributes:
        rounds: how often each way is measured, in turn with the others.
        tiny: whether everything else is small, too.
    """

    rounds: int = 5
    tiny: bool = False

    def of(self, full: int, tiny: int) -> int:
        return tiny if self.tiny else full


@dataclass(frozen=True)
class Samples:
    """What was measured in all rounds, in `unit`."""

    values: Sequence[float]
    unit: str = "ms"

    @property
    def median(self) -> float:
        return median(self.values)

    def __str__(self) -> str:
        low, high = number(min(self.values)), number(max(self.values))
        return f"{number(self.median)} {self.unit} ({low}–{high})"


@dataclass(frozen=True)
class Line:
    """A figure of ours, the one beside it, and what is to be reached.

    Attributes:
        theirs: what the peer took, or why there is no such figure; None where there is no peer.
        at_most: for the ratio to the peer; without a peer, for our figure in its unit.
        at_least: the same, where more is better.
        limited_by: what keeps it from what is to be reached, from a profile; stands in the
            table's notes where it is not reached.
    """

    what: str
    ours: Samples
    beside: str = ""
    theirs: Samples | str | None = None
    at_most: float | None = None
    at_least: float | None = None
    limited_by: str = ""

    @property
    def ratio(self) -> float | None:
        return self.ours.median / self.theirs.median if isinstance(self.theirs, Samples) else None

    @property
    def reached(self) -> bool | None:
        """None where nothing is to be reached, or the peer is missing."""
        figure = self.ours.median if self.theirs is None else self.ratio
        if figure is None:
            return None
        if self.at_most is not None:
            return figure <= self.at_most
        return None if self.at_least is None else figure >= self.at_least


@dataclass(frozen=True)
class Section:
    """What one module measured: lines of the table, and Markdown to stand below it."""

    lines: Sequence[Line]
    notes: Sequence[str] = field(default=())


def in_turn(rounds: int, ways: Mapping[str, Callable[[], float]]) -> dict[str, list[float]]:
    """Measure each way once, then each again, `rounds` times: A B C, A B C, …

    What disturbs the machine for a while then disturbs all of them.
    """
    taken: dict[str, list[float]] = {name: [] for name in ways}
    for _ in range(rounds):
        for name, way in ways.items():
            taken[name].append(way())
    return taken


def exponent(sizes: Sequence[float], costs: Sequence[float]) -> float:
    """The k of cost ~ size^k: the slope of the logarithms, by least squares."""
    return linear_regression([*map(math.log, sizes)], [*map(math.log, costs)]).slope


def number(value: float) -> str:
    """Three significant digits or all of the whole number: 1,234 and 56.7 and 0.891."""
    digits = 2 - math.floor(math.log10(abs(value))) if value else 0
    return f"{value:,.{max(0, digits)}f}"
