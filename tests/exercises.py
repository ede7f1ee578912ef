"""The exercises in a real kernel: an answer goes into its cell, and the check under it judges."""

from __future__ import annotations

import contextlib
import re
from collections.abc import Iterator

import nbformat
import psutil
from nbgrader.preprocessors import ClearSolutions

from tests.kernels import Cell, Kernel, ended_within, kernel
from tests.places import NOTEBOOKS

SOLUTIONS = NOTEBOOKS / "solutions"
NOT_WRITTEN = (
    "not written yet: `raise NotImplementedError()` still stands there. "
    "Put your own lines in its place."
)
HIDDEN = re.compile("### BEGIN HIDDEN TESTS.*?### END HIDDEN TESTS", re.DOTALL)
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
        notebook = nbformat.read(SOLUTIONS / f"{name}.ipynb", as_version=4)
        self.cells = {cell.id: cell for cell in notebook.cells if cell.cell_type == "code"}
        self.tasks = [i for i, cell in self.cells.items() if cell.metadata.nbgrader.solution]
        self._running = running
        stubs = nbformat.from_dict(notebook)
        stubs, _ = ClearSolutions().preprocess(stubs, {})
        self._stubs = {cell.id: cell.source for cell in stubs.cells}
        given = [i for i in self.cells if i not in self.tasks and not i.endswith("-check")]
        for cell in given:
            running.ok(self.cells[cell].source)

    @contextlib.contextmanager
    def as_learners_have_them(self) -> Iterator[None]:
        """The checks without their hidden tests."""
        kept = {i: cell.source for i, cell in self.cells.items()}
        for cell in self.cells.values():
            cell.source = HIDDEN.sub("", cell.source)
        yield
        for i, source in kept.items():
            self.cells[i].source = source

    def solved(self, task: str) -> Cell:
        return self.answered(task, self.cells[task].source)

    def untouched(self, task: str) -> Cell:
        return self.answered(task, self._stubs[task])

    def answered(self, task: str, answer: str) -> Cell:
        """Run the answer and its check; what the check said. Nothing of either may be left."""
        self._running.ok(answer)
        said: Cell = self._running.run(self.cells[f"{task}-check"].source)
        assert self._running.ok(WHAT_IS_LEFT).text == "[]\n"
        left = ended_within(self._running.children(), 3)
        assert [process for process in left if runs(process)] == []
        return said

    def refused(self, task: str, answer: str, *hints: str, seconds: float = 15.0) -> None:
        """Run a wrong answer: its check has to fail, and `hints` are what the learner reads."""
        self._running.ok(f"check.SECONDS = {seconds}")
        said = self.answered(task, answer)
        assert said.status == "error", said.text
        assert said.error.startswith("NotYet: "), said.error
        read = " ".join(said.text.split())  # long hints take several lines
        for hint in hints:
            assert hint in read, said.text


@contextlib.contextmanager
def exercises(name: str) -> Iterator[Exercises]:
    with kernel(cwd=str(SOLUTIONS)) as running:
        yield Exercises(name, running)


def runs(process: psutil.Process) -> bool:
    """Not so one that has ended and that the answer has not waited for."""
    with contextlib.suppress(psutil.NoSuchProcess):
        return bool(process.status() != psutil.STATUS_ZOMBIE)
    return False


def passes(said: Cell) -> bool:
    assert said.status == "ok", said.error + said.text
    assert not said.stderr
    return "✗" not in said.text and "passed." in said.text
