"""100,000 rows in a resource's text as a DataFrame, beside what pandas users would write."""

from __future__ import annotations

from functools import partial

from benchmarks.measure import Effort, Line, Samples, Section, in_turn
from tests.kernels import Kernel, kernel

BEFORE = """
import gc, io, json, time
import pandas
from helpers import to_frame
from servers.generated import rows
text{rows} = json.dumps(rows({rows}))

def milliseconds(make, rows):
    gc.collect()
    started = time.perf_counter()
    frame = make()
    taken = (time.perf_counter() - started) * 1000
    assert frame.shape == (rows, 4)
    return taken
"""
OURS = "to_frame({text})"
LOADS = "pandas.DataFrame(json.loads({text}))"
PEERS = {
    "`pandas.DataFrame(json.loads(text))`": LOADS,
    "`pandas.read_json`": "pandas.read_json(io.StringIO({text}))",
}
LIMIT = (
    "By the profile, two fifths go into reading the JSON, which takes 0.6 of the time of "
    "`json.loads`, and three fifths into columns whose types lose nothing."
)
SAME = f"pandas.testing.assert_frame_equal({OURS}, {LOADS})"


def measured(effort: Effort) -> Section:
    rows = effort.of(100_000, 100)
    with kernel() as running:
        running.ok(BEFORE.format(rows=rows), SAME.format(text=f"text{rows}"))
        expressions = {"ours": OURS, **PEERS}
        ways = {who: partial(milliseconds, running, e, rows) for who, e in expressions.items()}
        in_turn(1, ways)  # the first time, each imports something
        taken = {who: Samples(found) for who, found in in_turn(effort.rounds, ways).items()}
    ours = taken.pop("ours")
    what = f"a resource of {rows:,} rows as a DataFrame, from its text"
    lines = [
        Line(what, ours, who, theirs, at_most=1.0, limited_by=LIMIT)
        for who, theirs in taken.items()
    ]
    return Section(lines)


def milliseconds(running: Kernel, expression: str, rows: int) -> float:
    """How long an expression takes in a kernel prepared with `BEFORE` for so many rows."""
    make = expression.format(text=f"text{rows}")
    return float(running.ok(f"print(milliseconds(lambda: {make}, {rows}))").text)
