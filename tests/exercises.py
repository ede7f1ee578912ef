"""The exercises in a real kernel: an answer goes into its cell, and the check under it judges.

Each tests/test_exercises_NN.py says in NAME which exercises are its own and in OTHERS which answers
are right as well, and imports from here the fixture and the tests that all of them share.
"""

from __future__ import annotations

import contextlib
import re
from collections.abc import Iterator

import nbformat
import psutil
import pytest
from nbgrader.preprocessors import ClearSolutions

from tests.kernels import Cell, Kernel, ended_within, kernel
from tests.places import NOTEBOOKS

SOLUTIONS = NOTEBOOKS / "solutions"
NOT_WRITTEN = (
    "not written yet: `raise NotImplementedError()` still stands there. "
    "Put your own lines in its place."
)
HIDDEN = re.compile("### BEGIN HIDDEN TESTS.*?### END HIDDEN TESTS", re.DOTALL)
COLOUR = "\x1b["  # what a log line begins with
WHAT_IS_LEFT = """
import asyncio as _asyncio
from helpers import owner as _owner, serving as _serving

_frames = [(t, getattr(t.get_coro(), "cr_frame", None)) for t in _asyncio.all_tasks()]
_tasks = [t.get_coro().__name__ for t, frame in _frames if frame and frame.f_globals is globals()]
print([*_owner.open_keys(), *_serving._handles, *_tasks])
"""


class Exercises:
    """One notebook's tasks, by the id of the cell to answer in; its check has the id "…-check"."""

    def __init__(self, name: str, running: Kernel) -> None:
        self.cells = code_cells(name)
        self._running = running
        self._stubs = stubs(name)
        tasks = tasks_of(name)
        given = [i for i in self.cells if i not in tasks and not i.endswith("-check")]
        for cell in given:
            running.ok(self.cells[cell].source)

    def solved(self, task: str) -> Cell:
        return self.answered(task, self.cells[task].source)

    def tried(self, task: str, source: str) -> Cell:
        """Run the solution, and then a cell as a learner might who tries it."""
        tried: Cell = self._running.run(self.cells[task].source, source)[-1]
        return tried

    def untouched(self, task: str) -> Cell:
        return self.answered(task, self._stubs[task])

    def answered(
        self, task: str, answer: str, *, hidden: bool = True, seconds: float = 15.0
    ) -> Cell:
        """Run the answer and its check; what the check said. Nothing of either may be left.

        Args:
            task: the id of the cell to answer in.
            answer: what to write into it.
            hidden: with the check's hidden tests, or as learners have it.
            seconds: the deadline of the answer.
        """
        check = self.cells[f"{task}-check"].source
        check = check if hidden else HIDDEN.sub("", check)
        self._running.ok(answer)
        said: Cell = self._running.run(f"check.SECONDS = {seconds}\n{check}")
        assert self._running.ok(WHAT_IS_LEFT).text == "[]\n"
        left = ended_within(self._running.children(), 3)
        assert [process for process in left if runs(process)] == []
        return said

    def refused(
        self, task: str, answer: str, *hints: str, seconds: float = 15.0, hidden: bool = False
    ) -> None:
        """Run a wrong answer: its check has to fail, and `hints` are what the learner reads.

        What the open part refuses, the whole check refuses too: its hidden tests come last. Only an
        answer that knows by heart what the open part asks for may pass there: that is `hidden`.
        """
        if hidden:
            assert passes(self.answered(task, answer, hidden=False, seconds=seconds))
        said = self.answered(task, answer, hidden=hidden, seconds=seconds)
        assert said.status == "error", said.text
        assert said.error.startswith("NotYet: "), said.error
        read = " ".join(said.text.split())  # long hints take several lines
        for hint in hints:
            assert hint in read, said.text


def code_cells(name: str) -> dict[str, nbformat.NotebookNode]:
    notebook = nbformat.read(SOLUTIONS / f"{name}.ipynb", as_version=4)
    return {cell.id: cell for cell in notebook.cells if cell.cell_type == "code"}


def tasks_of(name: str) -> list[str]:
    """The ids of the cells to answer in."""
    return [i for i, cell in code_cells(name).items() if cell.metadata.nbgrader.solution]


def stubs(name: str) -> dict[str, str]:
    """What stands in each cell before it is answered."""
    notebook = nbformat.read(SOLUTIONS / f"{name}.ipynb", as_version=4)
    cleared, _ = ClearSolutions().preprocess(notebook, {})
    return {cell.id: cell.source for cell in cleared.cells}


def runs(process: psutil.Process) -> bool:
    """Not so one that has ended and that the answer has not waited for."""
    with contextlib.suppress(psutil.NoSuchProcess):
        return bool(process.status() != psutil.STATUS_ZOMBIE)
    return False


def passes(said: Cell) -> bool:
    assert said.status == "ok", said.error + said.text
    assert not said.stderr
    return "✗" not in said.text and "passed." in said.text


# what the tests of every lesson share


@pytest.fixture(name="lesson", scope="module")
def opened_lesson(request: pytest.FixtureRequest) -> Iterator[Exercises]:
    """The exercises that the module's NAME says, in one kernel."""
    with kernel(cwd=str(SOLUTIONS)) as running:
        yield Exercises(request.module.NAME, running)


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Each task of the lesson for those that take `each_task`, each of OTHERS for `another`."""
    if "each_task" in metafunc.fixturenames:
        metafunc.parametrize("each_task", tasks_of(metafunc.module.NAME))
    if "another" in metafunc.fixturenames:
        metafunc.parametrize("another", metafunc.module.OTHERS)


def test_the_solution_passes(lesson: Exercises, each_task: str):
    said = lesson.solved(each_task)
    assert passes(said)
    assert COLOUR not in said.text, f"something was logged: {said.text}"


def test_what_is_not_written_yet_is_told_so(lesson: Exercises, each_task: str):
    error = lesson.untouched(each_task).error
    assert NOT_WRITTEN in error, error


def test_another_solution_passes(lesson: Exercises, another: str, request: pytest.FixtureRequest):
    """Its name is that of the task; a second one of a task has more words behind it."""
    assert passes(lesson.answered(another.split()[0], request.module.OTHERS[another]))
