"""`import helpers` in a kernel that has mcp and ipywidgets loaded."""

from __future__ import annotations

from benchmarks.measure import Effort, Line, Samples, Section
from tests.kernels import kernel

BEFORE = "import sys, time, mcp, ipywidgets"
IMPORT = """
started = time.perf_counter()
import helpers
print((time.perf_counter() - started) * 1000)
assert "pandas" not in sys.modules and "matplotlib" not in sys.modules
"""


def measured(effort: Effort) -> Section:
    line = Line(
        "`import helpers`, with mcp and ipywidgets loaded",
        Samples([_milliseconds() for _ in range(effort.rounds)]),
        at_most=50,
        limited_by="It is twenty small modules of ours, and nothing heavy among what they import.",
    )
    return Section([line])


def _milliseconds() -> float:
    with kernel() as running:
        running.ok(BEFORE)
        return float(running.ok(IMPORT).text)
