"""The cells of a lesson in any order, some of them twice: no hang, no process left, no riddle.

An order is made from the lesson's name and a number, and a failure names both. Where the number
is even, the cells are shuffled; where it is odd, each is moved a little from its place, so that
more of them find what they need. A quarter of them stand in the order once more.
"""

from __future__ import annotations

import ast
import itertools
import random
import re
import time
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from queue import Empty

import nbformat
import psutil
import pytest
from IPython.core.inputtransformer2 import TransformerManager
from jupyter_core.utils import ensure_event_loop

from tests import soak
from tests.kernels import Cell, Kernel, ended_within, kernel
from tests.places import NOTEBOOKS
from tests.prose import LESSONS

ORDERS = soak.times(1, 50)
SECONDS = soak.times(60, 1800)  # for a lesson: no order begins later
KERNELS = soak.times(1, 2)  # at once: many cells wait more than they work
CELL_SECONDS = 60.0  # the slowest, which starts a kernel and waits five seconds, takes ten

# what an error says that names the missing step
NAMED = {
    r"[Rr]un the cell": "the helpers, and what the lessons raise themselves",
    r"[Rr]un the cells": "the same, of several",
    r"Is the server running": "the helpers, where a server was stopped",
    r"await connect\(\) first": "the class that lesson 04 builds",
    r"Client must be used within an async context manager": "the SDK; lesson 00 explains it",
    r"MCPError: Connection closed": "the SDK, without the helpers; lesson 09 explains it",
    r"APIConnectionError: Connection error": "the package openai; lesson 08 explains it",
    r"the client has been closed": "httpx2, of what another cell has closed; lesson 08 explains it",
    r"Attempted to exit cancel scope": "the SDK, of another task's group; lesson 07 explains it",
    r"already disconnected": "the SDK's group, of what the same cell has done before",
    r"already exist in group": "the SDK's group, of what the same cell has done before",
}
# cells that start a process by hand: every run of one of these starts one more, as lesson 01 says
BY_HAND = {
    "01_stdio_connection": {"stack-open", "hold"},
    "04_prompts_and_resources": {"mistake-hand-open", "class-try-open", "class-use"},
    "09_failure_clinic": {"scope"},
}
# and here the process of the run before goes; in 07, gather leaves one behind, as the text says
BY_HAND_ONCE = {
    "02_lifecycle": {"start"},
    "03_sse": {"terminal-server"},
    "07_many_servers": {"file-gather"},
}
CLOSE = """
from helpers import close_all, serving
await close_all()
for handle in list(serving._handles.values()):
    handle.stop()
"""


@dataclass
class Lesson:
    path: Path
    cells: dict[str, str]  # by id, as they stand
    fails: set[str]  # ids of cells that are meant to fail
    names: set[str] = field(default_factory=set)  # that some cell gives a value to
    attributes: set[tuple[str, str]] = field(default_factory=set)  # of its own classes

    def order(self, number: int) -> list[str]:
        chance = random.Random(f"{self.path.stem} {number}")
        ids = list(self.cells)
        if number % 2:
            far = len(ids) / 4
            places = {cell: place + chance.uniform(0, far) for place, cell in enumerate(ids)}
            ids.sort(key=places.__getitem__)
        else:
            chance.shuffle(ids)
        for again in chance.choices(list(self.cells), k=len(self.cells) // 4 + 1):
            ids.insert(chance.randrange(len(ids) + 1), again)
        return ids

    def explained(self, cell: str, error: str) -> bool:
        """Is it an error that may be: one that is meant, of a missing name, or naming the step?"""
        if cell in self.fails or any(re.search(text, error) for text in NAMED):
            return True
        if name := re.match(r"NameError: name '(\w+)' is not defined", error):
            return name[1] in self.names
        # a class of the lesson's own is made in several cells: this is a missing name, too
        if name := re.match(r"AttributeError: '(\w+)' object has no attribute '(\w+)'", error):
            return (name[1], name[2]) in self.attributes
        return False


def read(path: Path) -> Lesson:
    cells = [c for c in nbformat.read(path, as_version=4).cells if c.cell_type == "code"]
    fails = {c.id for c in cells if "raises-exception" in c.metadata.get("tags", [])}
    lesson = Lesson(path, {c.id: c.source for c in cells}, fails)
    for cell in cells:
        for node in top(ast.parse(TransformerManager().transform_cell(cell.source))):
            lesson.names |= set(given(node))
            if isinstance(node, ast.ClassDef):
                lesson.attributes |= {(node.name, inner) for inner in attributes(node)}
    return lesson


def top(node: ast.AST) -> Iterator[ast.AST]:
    """The nodes of a cell that are not inside of a function or a class."""
    for child in ast.iter_child_nodes(node):
        yield child
        if not isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            yield from top(child)


def given(node: ast.AST) -> Iterator[str]:
    match node:
        case ast.FunctionDef(name) | ast.AsyncFunctionDef(name) | ast.ClassDef(name):
            yield name
        case ast.Name(name, ast.Store()):
            yield name
        case ast.alias(name, other):
            yield other or name.partition(".")[0]


def attributes(node: ast.ClassDef) -> Iterator[str]:
    for inner in ast.walk(node):
        match inner:
            case ast.FunctionDef(name) | ast.AsyncFunctionDef(name):
                yield name
            case ast.Attribute(ast.Name("self"), name, ast.Store()):
                yield name


def run_cell(running: Kernel, source: str) -> Cell | None:
    """What the cell gave, or None where it hangs."""
    try:
        [cell] = running.collect([running.client.execute(source)], CELL_SECONDS)
    except (AssertionError, Empty):
        return None
    return cell


def told(cell: Cell) -> str:
    """What a learner reads of the error.

    IPython fails to draw some errors of cells with `except*`, and prints Python's traceback.
    """
    found = re.search(r"^\w+Error: .*", cell.stderr, re.MULTILINE)
    return cell.error or (found[0] if found else cell.stderr)


def kind(cell: Cell) -> str:
    """How a cell ended, without the names and numbers that differ from order to order."""
    first = "ok" if cell.status == "ok" else told(cell).partition("\n")[0]
    first = re.sub(r"^NameError: name '\w+'", "NameError: name '...'", first)
    return re.sub(r":\d+/", ":.../", first)[:100]


def alive(processes: list[psutil.Process]) -> list[psutil.Process]:
    return [p for p in processes if p.is_running() and p.status() != psutil.STATUS_ZOMBIE]


def by_hand(lesson: Lesson, done: Counter[str]) -> int:
    """How many processes may run that the helpers do not know of."""
    stem = lesson.path.stem
    once = BY_HAND_ONCE.get(stem, set())
    return sum(done[c] for c in BY_HAND.get(stem, set())) + len(once & done.keys())


def run_order(lesson: Lesson, number: int, ends: Counter[str]) -> list[str]:
    """Run one order in a kernel of its own; what was wrong, in sentences."""
    wrong, order, done = [], lesson.order(number), Counter[str]()
    with kernel(cwd=str(NOTEBOOKS)) as running:
        for place, name in enumerate(order, 1):
            cell = run_cell(running, lesson.cells[name])
            if cell is None:
                return [*wrong, f"{name} hangs, in the order {order[:place]}"]
            done[name] += 1
            if cell.status != "ok" and not lesson.explained(name, told(cell)):
                wrong.append(f"{name}: {told(cell)}, in the order {order[:place]}")
            ends[kind(cell)] += 1
        closing = run_cell(running, CLOSE)
        if closing is None or closing.status != "ok":
            wrong.append(f"closing: {closing.error if closing else 'hangs'}")
        children = running.children()
        if len(alive(children)) > by_hand(lesson, done):
            ended_within(children, 5)
        if len(left := alive(children)) > by_hand(lesson, done):
            wrong.append(f"still runs, after {order}: {[p.cmdline() for p in left]}")
    ended_within(alive(children), 5)
    if left := alive(children):
        wrong.append(f"outlives its kernel, after {order}: {[p.cmdline() for p in left]}")
    soak.count("cells run out of order", done.total())
    return wrong


@pytest.fixture(autouse=True)
def _no_network(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("UV_OFFLINE", "1")
    monkeypatch.delenv("OPENAI_MODEL", raising=False)


@pytest.mark.timeout(3600)
@pytest.mark.parametrize("path", LESSONS, ids=lambda path: path.stem)
def test_cells_in_any_order_end_and_say_what_is_missing(path: Path):
    lesson, ends, begun, numbers = read(path), Counter[str](), time.monotonic(), itertools.count()

    def run_orders() -> list[str]:
        wrong = []
        with closing(ensure_event_loop()):  # the thread's own, which Jupyter's client leaves open
            while (number := next(numbers)) < ORDERS and time.monotonic() < begun + SECONDS:
                found = run_order(lesson, number, ends)
                wrong += [f"{path.stem}, order {number}: {sentence}" for sentence in found]
                soak.count(f"orders of {path.stem}")
        return wrong

    with ThreadPoolExecutor(KERNELS) as pool:
        results = [pool.submit(run_orders) for _ in range(KERNELS)]
    wrong = [sentence for result in results for sentence in result.result()]
    lines = [f"{count:6}  {end}" for end, count in ends.most_common()]
    soak.show(f"how the cells of {path.stem} ended", "\n".join(lines))
    assert not wrong, "\n".join(wrong)


@pytest.mark.parametrize(
    "error",
    [
        "",
        "StopIteration: ",
        "KeyError: 'client'",
        "NameError: name 'of_no_cell' is not defined",
        "AttributeError: 'Client' object has no attribute 'connect'",
    ],
)
def test_an_error_that_names_no_cell_and_nothing_of_the_lessons_own_is_not_let_through(error: str):
    lesson = read(LESSONS[4])
    assert not lesson.explained("class-use", error)
    assert lesson.explained("class-use", "NameError: name 'client' is not defined")


def test_the_cells_that_start_processes_by_hand_are_there():
    for lesson, cells in [*BY_HAND.items(), *BY_HAND_ONCE.items()]:
        assert cells <= read(NOTEBOOKS / f"{lesson}.ipynb").cells.keys()


@pytest.mark.parametrize(
    ("lesson", "text", "told"),
    [
        (0, "Client must be used within an async context", "connect again"),
        (7, "Attempted to exit cancel scope", "Run that cell again"),
        (8, "Connection error.", "run the cells above again"),
        (8, "the client has been closed", "run the cells above again"),
        (9, "Connection closed", "server's standard error"),
    ],
)
def test_a_lesson_explains_what_others_say(lesson: int, text: str, told: str):
    cells = nbformat.read(LESSONS[lesson], as_version=4).cells
    prose = [cell.source for cell in cells if cell.cell_type == "markdown"]
    assert [source for source in prose if text in source and told in source]
