"""One line a criterion, passed or not in words and sign, and an AssertionError for the grader."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple


class Verdict(NamedTuple):
    """A criterion's label, and "" where it is met, else what to do next."""

    label: str
    hint: str


def report(title: str, verdicts: Sequence[Verdict]) -> None:
    """Print the verdicts.

    Raises:
        AssertionError: one of them is not met; the text is the first hint.
    """
    __tracebackhide__ = True
    print(title)
    for label, hint in verdicts:
        print(f"  {'✗ not yet' if hint else '✓ passed '}  {label}")
        if hint:
            print(f"             {hint}")
    failed = [verdict for verdict in verdicts if verdict.hint]
    if failed:
        more = f" ({len(failed)} of {len(verdicts)} not yet)" if len(failed) > 1 else ""
        raise AssertionError(f"{failed[0].hint}{more}")
    print(f"{len(verdicts)} of {len(verdicts)} passed.")
