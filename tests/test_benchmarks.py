"""`make bench`: every row runs in a tiny form, and what the table says of what was measured."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from benchmarks import calls
from benchmarks.__main__ import ROWS, main
from benchmarks.measure import Effort, Line, Samples, Section, exponent, in_turn, number
from benchmarks.table import figures
from tests.checkouts import environ
from tests.places import PYTHON, ROOT

FAST = Samples([3, 1, 2])
SLOW = Samples([40, 40, 40])


@pytest.mark.timeout(300)
def test_every_row_runs_and_stands_in_the_table(tmp_path: Path):
    """Two halves at the same time, because a tiny row is mostly processes that start."""
    env = environ()
    del env["PYTEST_CURRENT_TEST"]  # in a kernel that sees it, stderr has no file descriptor
    halves = {tmp_path / "one.md": [*ROWS][::2], tmp_path / "other.md": [*ROWS][1::2]}
    running = [
        subprocess.Popen(
            [PYTHON, "-m", "benchmarks", *rows, "--tiny", "--output", output],
            cwd=ROOT,
            env=env,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            encoding="utf-8",
        )
        for output, rows in halves.items()
    ]
    ended = [process.communicate() for process in running]
    assert [process.returncode for process in running] == [0, 0], ended
    text = "".join(output.read_text(encoding="utf-8") for output in halves)
    for what in (
        "one tool call on an open connection, Streamable HTTP",
        "fresh kernel to the first tool result",
        "`import helpers`",
        "as a DataFrame",
        "messages in `wire`",
        "opening `tool_console`",
        "click on Call to the visible result, in Chromium",
        "clients on the in-notebook SSE server",
        "calls that failed | 0 calls",
        "all lessons, Run All, headless",
        "peak memory of kernel and children",
        "against open connections",
        "against rows",
        "against tools",
    ):
        assert what in text
    for told in (str(ROOT), "127.0.0.1", "Not measured"):
        assert told not in text


def test_a_row_that_fails_is_told_and_the_others_are_measured(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
):
    def fails(_: object) -> Section:
        raise RuntimeError("there is no such thing")

    monkeypatch.setitem(ROWS, "import", fails)
    monkeypatch.setitem(ROWS, "wire", lambda _: Section([Line("messages", FAST)]))
    output = tmp_path / "results.md"
    assert main(["import", "wire", "--output", str(output)]) == 1
    text = output.read_text(encoding="utf-8")
    assert "**Not measured:** `import` failed; see the terminal." in text
    assert "| messages | 2.00 ms (1.00–3.00) |" in text
    assert "there is no such thing" in capsys.readouterr().err


def test_ways_are_measured_in_turn():
    order = list[str]()

    def way(name: str, cost: float) -> float:
        order.append(name)
        return cost

    taken = in_turn(2, {"a": lambda: way("a", 1.0), "b": lambda: way("b", 2.0)})
    assert order == ["a", "b", "a", "b"]
    assert taken == {"a": [1.0, 1.0], "b": [2.0, 2.0]}


def test_a_ratio_is_that_of_the_medians_and_is_held_to_its_bound():
    assert Line("x", FAST, "y", SLOW).ratio == 0.05
    assert Line("x", FAST, "y", SLOW, at_most=0.05).reached is True
    assert Line("x", FAST, "y", SLOW, at_most=0.04).reached is False
    assert Line("x", SLOW, "y", FAST, at_least=20).reached is True
    assert Line("x", SLOW, "y", FAST, at_least=21).reached is False


def test_without_a_peer_the_figure_itself_is_held_to_the_bound():
    assert Line("x", FAST, at_most=2).reached is True
    assert Line("x", FAST, at_most=1.9).reached is False
    assert Line("x", FAST).reached is None


def test_a_missing_peer_is_told_and_decides_nothing():
    line = Line("x", FAST, "a peer", "not measured: it cannot be installed here", at_most=1)
    assert (line.ratio, line.reached) == (None, None)
    row = "| x | 2.00 ms (1.00–3.00) | a peer: not measured: it cannot be installed here |  |"
    assert row in figures([Section([line])])


def test_what_limits_a_figure_is_told_only_where_it_is_not_reached():
    limited = [Line(f"x{bound}", FAST, at_most=bound, limited_by="A reason.") for bound in (1, 2)]
    text = figures([Section(limited, ["A note."])])
    assert "| x1 | 2.00 ms (1.00–3.00) |  |  | at most 1.00 ms | **no** |" in text
    assert "- **x1**: not reached. A reason." in text
    assert "**x2**" not in text
    assert text.endswith("A note.\n")


def test_what_limits_a_call_is_computed_from_what_was_measured(monkeypatch: pytest.MonkeyPatch):
    @contextmanager
    def callers(_: object) -> Iterator[dict[str, calls.Caller]]:
        costs = {"ours": 0.004, "raw": 0.003, "raw, kernel": 0.0025}
        yield {who: lambda *_, cost=cost: cost for who, cost in costs.items()}

    monkeypatch.setattr(calls, "callers", callers)
    text = figures([calls.measured(Effort(rounds=1, tiny=True))])
    assert "- **one tool call on an open connection, SSE, beside raw SDK in a script**" in text
    assert "0.50 ms less in a kernel than in a script, and ours 1.50 ms more than the raw" in text


@pytest.mark.parametrize("power", [0, 1, 2])
def test_the_exponent_is_that_of_the_power(power: int):
    sizes = [1, 10, 100, 1000]
    assert exponent(sizes, [3 * size**power for size in sizes]) == pytest.approx(power)


@pytest.mark.parametrize(
    ("value", "written"),
    [(0, "0"), (0.0123, "0.0123"), (0.891, "0.891"), (56.71, "56.7"), (1234.5, "1,234")],
)
def test_numbers_have_three_digits_or_more(value: float, written: str):
    assert number(value) == written
