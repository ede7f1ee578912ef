"""What students hand in: each kind makes a submission from an exercise and its solution.

`KINDS` lists them, the five that every class knows first. Where one task goes wrong, the others
are right, so that the marks show what one mistake costs.
"""

from __future__ import annotations

import copy
from collections.abc import Callable

import nbformat
from nbformat import NotebookNode

Change = Callable[[NotebookNode, str], None]  # of the cell of a task, given its solution
Kind = Callable[[NotebookNode, NotebookNode], str]

STUB = "raise NotImplementedError()"
BEGIN = "### BEGIN SOLUTION"
MANY_POINTS = 100


def right(exercise: NotebookNode, solution: NotebookNode) -> str:
    return _text(_solved(exercise, solution))


def partly_right(exercise: NotebookNode, solution: NotebookNode) -> str:
    """The first half of the tasks is right, the others are untouched."""
    return _text(_half_solved(exercise, solution))


def untouched(exercise: NotebookNode, solution: NotebookNode) -> str:
    return _text(exercise)


def syntax_error(exercise: NotebookNode, solution: NotebookNode) -> str:
    return _but_one(exercise, solution, lambda cell, right: _set(cell, f"{right}\n)"))


def function_waits_for_ever(exercise: NotebookNode, solution: NotebookNode) -> str:
    return _but_one(exercise, solution, _hanging("import asyncio; await asyncio.Event().wait()"))


def function_never_ends(exercise: NotebookNode, solution: NotebookNode) -> str:
    return _but_one(exercise, solution, _hanging("while True: pass"))


def checks_changed(exercise: NotebookNode, solution: NotebookNode) -> str:
    """As `partly_right`, and the checks of the other tasks pass whatever stands above them."""
    made = _half_solved(exercise, solution)
    for cell in _open_checks(made):
        cell.source = "pass"
        cell.metadata.nbgrader.points = MANY_POINTS
    return _text(made)


def checks_deleted(exercise: NotebookNode, solution: NotebookNode) -> str:
    """As `partly_right`, and the checks of the other tasks are gone."""
    made = _half_solved(exercise, solution)
    gone = _open_checks(made)
    made.cells = [cell for cell in made.cells if cell not in gone]
    return _text(made)


def right_and_a_check_deleted(exercise: NotebookNode, solution: NotebookNode) -> str:
    made = _solved(exercise, solution)
    made.cells.remove(_checks(made)[0])
    return _text(made)


def right_with_a_warning(exercise: NotebookNode, solution: NotebookNode) -> str:
    warning = "import warnings; warnings.warn('deprecated')"
    return _but_one(
        exercise, solution, lambda cell, right: _set(cell, right.replace(BEGIN, warning))
    )


def exception_in_a_cell(exercise: NotebookNode, solution: NotebookNode) -> str:
    return _but_one(exercise, solution, _before("raise RuntimeError('outside the function')"))


def cell_waits_for_ever(exercise: NotebookNode, solution: NotebookNode) -> str:
    waiting = "import asyncio\nawait asyncio.Event().wait()"
    return _but_one(exercise, solution, _before(waiting))


def cell_never_ends(exercise: NotebookNode, solution: NotebookNode) -> str:
    return _but_one(exercise, solution, _before("while True: pass"))


def ends_the_kernel(exercise: NotebookNode, solution: NotebookNode) -> str:
    return _but_one(exercise, solution, _before("import os\nos._exit(1)"))


def not_a_notebook(exercise: NotebookNode, solution: NotebookNode) -> str:
    """The upload broke off."""
    return _text(exercise)[:1000]


KINDS: tuple[Kind, ...] = (
    right,
    partly_right,
    untouched,
    syntax_error,
    function_waits_for_ever,
    function_never_ends,
    checks_changed,
    checks_deleted,
    right_and_a_check_deleted,
    right_with_a_warning,
    exception_in_a_cell,
    cell_waits_for_ever,
    cell_never_ends,
    ends_the_kernel,
    not_a_notebook,
)


def _tasks(notebook: NotebookNode) -> list[NotebookNode]:
    return [cell for cell in notebook.cells if cell.metadata.get("nbgrader", {}).get("solution")]


def _checks(notebook: NotebookNode) -> list[NotebookNode]:
    return [cell for cell in notebook.cells if cell.metadata.get("nbgrader", {}).get("grade")]


def _half(cells: list[NotebookNode]) -> int:
    return (len(cells) + 1) // 2


def _open_checks(notebook: NotebookNode) -> list[NotebookNode]:
    checks = _checks(notebook)
    return checks[_half(checks) :]


def _solved(
    exercise: NotebookNode, solution: NotebookNode, count: int | None = None
) -> NotebookNode:
    """A copy of the exercise in which the first `count` tasks are done, or all."""
    made = copy.deepcopy(exercise)
    pairs = zip(_tasks(made), _tasks(solution), strict=True)
    for cell, answer in list(pairs)[:count]:
        cell.source = answer.source
    return made


def _half_solved(exercise: NotebookNode, solution: NotebookNode) -> NotebookNode:
    return _solved(exercise, solution, _half(_tasks(exercise)))


def _but_one(exercise: NotebookNode, solution: NotebookNode, change: Change) -> str:
    """All tasks are right but the first that asks for an async function: to it comes `change`."""
    made, tasks = _solved(exercise, solution), _tasks(exercise)
    one = next((at for at, cell in enumerate(tasks) if "async def" in cell.source), 0)
    cell, right = _tasks(made)[one], tasks[one].source
    cell.source, right = right, cell.source
    change(cell, right)
    return _text(made)


def _hanging(line: str) -> Change:
    return lambda cell, right: _set(cell, cell.source.replace(STUB, line))


def _before(lines: str) -> Change:
    return lambda cell, right: _set(cell, f"{lines}\n{right}")


def _set(cell: NotebookNode, source: str) -> None:
    cell.source = source


def _text(notebook: NotebookNode) -> str:
    return str(nbformat.writes(notebook))
