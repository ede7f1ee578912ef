"""`python -m benchmarks [ROW …]`: measure, print the table, write `benchmarks/results.md`.

The file is written when all rows were measured; with some rows named, the table is only printed,
unless `--output` says where to write it.
"""

from __future__ import annotations

import argparse
import sys
import time
import traceback
from collections.abc import Callable, Sequence
from pathlib import Path

from benchmarks import (
    calls,
    clicking,
    clients,
    consoles,
    first_result,
    frames,
    growth,
    importing,
    lessons,
    recorded,
)
from benchmarks.machine import busy, described
from benchmarks.measure import Effort, Section
from benchmarks.table import figures

RESULTS = Path(__file__).with_name("results.md")
ROWS: dict[str, Callable[[Effort], Section]] = {
    "calls": calls.measured,
    "first-result": first_result.measured,
    "import": importing.measured,
    "frame": frames.measured,
    "wire": recorded.measured,
    "console": consoles.measured,
    "click": clicking.measured,
    "clients": clients.measured,
    "lessons": lessons.measured,
    "growth": growth.measured,
}
HEADING = """# Figures

Taken by `make bench`, side by side on one machine: {machine} Each figure is the median of \
{rounds} alternating rounds or more, with the least and the most in brackets.{busy}
"""


def main(argv: Sequence[str] | None = None) -> int:
    options = _parser().parse_args(argv)
    effort = Effort(rounds=1 if options.tiny else options.rounds, tiny=options.tiny)
    sections, failed = [], []
    load = busy()
    for name in options.row or ROWS:
        started = time.monotonic()
        try:
            sections.append(ROWS[name](effort))
        except Exception:  # told, and the rest is measured all the same
            traceback.print_exc()
            failed.append(name)
            sections.append(Section([], [f"**Not measured:** `{name}` failed; see the terminal."]))
        print(f"{name}: {time.monotonic() - started:.0f} s", file=sys.stderr, flush=True)
    told = f" The machine was busy before: a load of {load:.1f}." if load > 1 else ""
    heading = HEADING.format(machine=described(), rounds=effort.rounds, busy=told)
    text = f"{heading}\n{figures(sections)}"
    print(text)
    output = options.output or (None if options.row else RESULTS)
    if output:
        output.write_text(text, encoding="utf-8")
    return 1 if failed else 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    add = parser.add_argument
    add("row", nargs="*", choices=[[], *ROWS], metavar="ROW", help=f"one of {', '.join(ROWS)}")
    add("--rounds", type=int, default=5, help="how often each is measured, in turn (%(default)s)")
    add("--tiny", action="store_true", help="measure next to nothing, to see whether it runs")
    add("--output", type=Path, metavar="FILE", help="write the table here")
    return parser


if __name__ == "__main__":
    sys.exit(main())
