"""The figures as Markdown."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from benchmarks.measure import Line, Section, number

HEAD = ("What", "Ours", "Beside it", "Ratio", "To reach", "Reached")


def table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A table in GitHub Flavored Markdown."""
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join(f"| {' | '.join(cells)} |" for cells in lines)


def figures(sections: Iterable[Section]) -> str:
    """The table of all lines; below it what limits those that are not reached, and the notes."""
    sections = list(sections)
    lines = [line for section in sections for line in section.lines]
    missed = [
        f"- **{line.what}{f', beside {line.beside}' if line.beside else ''}**: "
        f"not reached. {line.limited_by or 'What limits it has not been looked into.'}"
        for line in lines
        if line.reached is False
    ]
    parts = [table(HEAD, map(_cells, lines))]
    if missed:
        parts += ["## What limits the figures that are not reached", "\n".join(missed)]
    parts += [note for section in sections for note in section.notes]
    return "\n\n".join(parts) + "\n"


def _cells(line: Line) -> list[str]:
    beside = "" if line.theirs is None else f"{line.beside}: {line.theirs}"
    ratio = "" if line.ratio is None else f"{line.ratio:.2f}"
    reached = {None: "", True: "yes", False: "**no**"}[line.reached]
    return [line.what, str(line.ours), beside, ratio, _goal(line), reached]


def _goal(line: Line) -> str:
    bound = line.at_most if line.at_most is not None else line.at_least
    if bound is None:
        return ""
    word = "at most" if line.at_most is not None else "at least"
    return f"{word} {bound:.2f}" if line.beside else f"{word} {number(bound)} {line.ours.unit}"
