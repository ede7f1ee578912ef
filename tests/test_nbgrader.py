"""The exercises that nbgrader makes, a class that it grades, and what learners see of it."""

from __future__ import annotations

import ast
import re
import subprocess
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import nbformat
import pandas as pd
import psutil
import pytest
from nbformat.v4 import new_code_cell, new_notebook
from playwright.sync_api import expect

from tests.browser import browser_page, open_lesson, popups
from tests.checkouts import borrow_environment, copy_checkout, environ, lab, make
from tests.kernels import ended_within
from tests.places import NOTEBOOKS

SOLUTIONS = sorted((NOTEBOOKS / "solutions").glob("*.ipynb"))
EXERCISES = NOTEBOOKS / "exercises"
REGION = re.compile(r"### BEGIN (SOLUTION|HIDDEN TESTS)\n(.*?)### END \1", re.DOTALL)
MARKER = "MARKS_A_CLASS"  # a variable that every process of a demo inherits
PUBLIC = {"deletable", "editable", "nbgrader", "tags", "jupyter"}
FOLDED = {"source_hidden": True}

each_solution = pytest.mark.parametrize("solution", SOLUTIONS, ids=lambda path: path.stem)


@pytest.fixture(scope="module")
def checkout(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy in which `make exercises` has run, with an exercise before that has no solution."""
    copied = copy_checkout(tmp_path_factory.mktemp("kit") / "a clone")
    borrow_environment(copied)
    (copied / "notebooks/exercises/99_gone.ipynb").write_text("{}", encoding="utf-8")
    done = make(copied, "exercises")
    assert done.returncode == 0, done.stderr
    return copied


def read(path: Path) -> nbformat.NotebookNode:
    return nbformat.read(path, as_version=4)


def contents(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.glob("*") if path.is_file()}


# what `make exercises` makes


def test_every_exercise_is_what_make_exercises_makes_of_its_solution(checkout: Path) -> None:
    made = contents(checkout / "notebooks/exercises")
    assert made == contents(EXERCISES), "run `make exercises`"
    assert set(made) == {path.name for path in SOLUTIONS}


def test_making_the_exercises_again_changes_no_byte(checkout: Path) -> None:
    first = contents(checkout / "notebooks/exercises")
    assert make(checkout, "exercises").returncode == 0
    assert contents(checkout / "notebooks/exercises") == first


@each_solution
def test_an_exercise_gives_nothing_of_a_solution_or_a_hidden_test_away(solution: Path) -> None:
    source = "\n".join(cell.source for cell in read(solution).cells)
    hidden = "\n".join(match[2] for match in REGION.finditer(source))
    shown = lines(REGION.sub("", source))
    assert lines(hidden) - shown, "there is nothing to hide"
    exercise = read(EXERCISES / solution.name)
    assert (
        lines("\n".join(cell.source for cell in exercise.cells)) & (lines(hidden) - shown) == set()
    )
    assert "BEGIN" not in (EXERCISES / solution.name).read_text(encoding="utf-8")


def lines(text: str) -> set[str]:
    return {line.strip() for line in text.splitlines() if line.strip()}


@each_solution
def test_an_exercise_keeps_the_cells_and_is_locked_where_nothing_is_to_be_written(
    solution: Path,
) -> None:
    exercise = read(EXERCISES / solution.name)
    assert [cell.id for cell in exercise.cells] == [cell.id for cell in read(solution).cells]
    for cell in exercise.cells:
        grader = cell.metadata.nbgrader
        assert set(cell.metadata) <= PUBLIC
        assert cell.metadata.get("jupyter", FOLDED) == FOLDED
        assert cell.metadata.deletable is False
        assert cell.metadata.get("editable", True) is grader.solution
        assert (grader.get("points", 0) > 0) is grader.grade
        if cell.cell_type == "code":
            assert cell.outputs == []
            assert cell.execution_count is None
            assert ("raise NotImplementedError()" in cell.source) is grader.solution
            compile(cell.source, cell.id, "exec", ast.PyCF_ALLOW_TOP_LEVEL_AWAIT)


# a class


@pytest.fixture(scope="module")
def graded(
    checkout: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[pd.Series, pd.Series]]:
    """The marks of five students, and of one student for each kind, by kind; both at once.

    The five have the first real exercises. The others have small ones, so that it does not take
    long, and nbgrader interrupts a cell early.
    """
    small = copy_checkout(tmp_path_factory.mktemp("small") / "kit")
    borrow_environment(small)
    for path in (small / "notebooks/solutions").glob("*"):
        path.unlink()
    nbformat.write(small_solution(), small / "notebooks/solutions/01_small.ipynb")
    with (small / "classroom/nbgrader_config.py").open("a", encoding="utf-8") as config:
        config.write("c.Execute.timeout = 4\nc.Execute.iopub_timeout = 1\n")
    marker = {MARKER: uuid.uuid4().hex}
    demos = [demo(folder, count, marker) for folder, count in ((checkout, 5), (small, 15))]
    printed = [process.communicate(timeout=500)[0] for process in demos]
    assert [process.returncode for process in demos] == [0, 0], printed
    assert ended_within([p for p in psutil.process_iter() if marked(p, marker)], 5) == []
    yield (points(checkout, printed[0]), points(small, printed[1]))


def demo(folder: Path, students: int, marker: dict[str, str]) -> subprocess.Popen[str]:
    return subprocess.Popen(
        ["make", "class-demo", f"DEMO_ARGS=--students {students}"],
        cwd=folder,
        env=environ(**marker),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        encoding="utf-8",
    )


def marked(process: psutil.Process, marker: dict[str, str]) -> bool:
    try:
        return marker.items() <= process.environ().items()
    except psutil.Error:
        return False


def points(folder: Path, printed: str) -> pd.Series:
    """The marks that the demo wrote, by the kind of submission that it printed for each student."""
    marks = pd.read_csv(folder / "classroom/class-demo/marks.csv", index_col="student_id").score
    kinds = {}
    for student in marks.index:
        [line] = re.findall(rf"{student} +(.*?)  +{marks[student]} ", printed)
        kinds[student] = line
    return marks.rename(kinds)


def small_solution() -> nbformat.NotebookNode:
    """Two tasks of 3 and 4 points, with checks that import nothing."""
    cells = []
    for number, name in ((3, "three"), (4, "four")):
        lines = ["### BEGIN SOLUTION", f"return {number}", "### END SOLUTION"]
        body = "\n    ".join([f"async def {name}():", *lines])
        ask = f"assert await {name}() == {number}"
        hidden = (
            f"### BEGIN HIDDEN TESTS\nassert isinstance(await {name}(), int)\n### END HIDDEN TESTS"
        )
        cells.append(code(name, body, solution=True, locked=False))
        cells.append(code(f"{name}-check", f"{ask}\n{hidden}", grade=True, points=number))
    spec = {"name": "python3", "display_name": "Python 3", "language": "python"}
    return new_notebook(cells=cells, metadata={"kernelspec": spec})


def code(name: str, source: str, **grader: Any) -> nbformat.NotebookNode:
    usual = {"schema_version": 3, "grade": False, "solution": False, "locked": True, "task": False}
    metadata = {"nbgrader": usual | {"grade_id": name} | grader}
    return new_code_cell(source, id=name, metadata=metadata)


@pytest.mark.timeout(600)
def test_five_students_are_graded_whatever_one_of_them_hands_in(
    graded: tuple[pd.Series, pd.Series],
) -> None:
    marks, _ = graded
    everything = sum(cell.metadata.nbgrader.get("points", 0) for cell in read(SOLUTIONS[0]).cells)
    assert len(marks) == 5
    assert marks["right"] == everything
    assert marks["untouched"] == 0
    assert 0 < marks["partly right"] < everything
    assert 0 < marks["syntax error"] < everything
    assert marks["function waits for ever"] == marks["syntax error"]


@pytest.mark.timeout(600)
@pytest.mark.usefixtures("graded")
def test_what_nbgrader_releases_is_the_exercise_that_learners_have(checkout: Path) -> None:
    name = SOLUTIONS[0].name
    released = checkout / "classroom/class-demo/release" / SOLUTIONS[0].stem / name
    assert released.read_bytes() == (EXERCISES / name).read_bytes()


@pytest.mark.timeout(600)
def test_each_kind_of_submission_gets_what_it_has_earned(
    graded: tuple[pd.Series, pd.Series],
) -> None:
    _, marks = graded
    assert marks.to_dict() == {
        "right": 7,
        "partly right": 3,
        "untouched": 0,
        "syntax error": 4,
        "function waits for ever": 4,
        "function never ends": 0,  # here: no interrupt reaches it, only `check` can end it
        "checks changed": 3,
        "checks deleted": 3,
        "right and a check deleted": 7,
        "right with a warning": 7,
        "exception in a cell": 4,
        "cell waits for ever": 4,
        "cell never ends": 4,
        "ends the kernel": 0,
        "not a notebook": 0,
    }


# what learners see


@pytest.mark.browser
def test_a_learner_sees_no_trace_of_nbgrader_and_cannot_edit_a_check(
    tmp_path: Path, browser_path: str
) -> None:
    kit = copy_checkout(tmp_path / "kit")
    with lab(kit, tmp_path) as server, browser_page(browser_path) as page:
        open_lesson(page, server, f"exercises/{SOLUTIONS[0].stem}")
        expect(page.get_by_role("menuitem", name="Help", exact=True)).to_be_visible()
        assert "nbgrader" not in page.locator("body").inner_text().lower()
        assert page.get_by_text("Validate", exact=True).count() == 0
        assert page.get_by_text("Create Assignment").count() == 0
        assert popups(page) == []
        for text, writable in (("raise NotImplementedError()", True), ("criteria=[", False)):
            code = page.locator(".jp-CodeCell .cm-content").filter(has_text=text).first
            code.click()
            page.keyboard.type("XYZ")
            assert ("XYZ" in code.inner_text()) is writable
    assert "nbgrader" not in (tmp_path / "lab.log").read_text(encoding="utf-8")
