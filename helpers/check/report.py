"""One line a criterion, passed or not in words and sign, and an AssertionError for the grader."""

from __future__ import annotations

from collections.abc import Sequence
from textwrap import wrap
from typing import NamedTuple

WIDTH = 85  # characters of a hint in a line: what a notebook shows beside its margin


def often(times: int) -> str:
    """So many times, in words: "once", "3 times"."""
    return {0: "never", 1: "once", 2: "twice"}.get(times, f"{times:,} times")


def counted(number: int, thing: str) -> str:
    """So many of a thing: "1 connection", "2 connections"."""
    return f"{number:,} {thing}" if number == 1 else f"{number:,} {thing}s"


class Verdict(NamedTuple):
    """A criterion's label, and "" where it is met, else what to do next."""

    label: str
    hint: str


class NotYet(AssertionError):
    """A criterion is not met: in a notebook one line says so, and no traceback through the checks.

    `_render_traceback_` is IPython's hook, see
    https://ipython.readthedocs.io/en/stable/config/integrating.html
    """

    def _render_traceback_(self) -> list[str]:
        return [f"Not yet: {self}"]


def report(title: str, verdicts: Sequence[Verdict]) -> None:
    """Print the verdicts.

    Raises:
        NotYet: one of them is not met; the text is the first hint.
    """
    __tracebackhide__ = True
    print(title)
    for label, hint in verdicts:
        print(f"  {'✗ not yet' if hint else '✓ passed '}  {label}")
        for line in wrap(hint, WIDTH, break_long_words=False, break_on_hyphens=False):
            print(f"             {line}")
    failed = [verdict for verdict in verdicts if verdict.hint]
    if failed:
        more = f" ({len(failed)} of {len(verdicts)} not yet)" if len(failed) > 1 else ""
        raise NotYet(f"{failed[0].hint}{more}")
    print(f"{len(verdicts)} of {len(verdicts)} passed.")
