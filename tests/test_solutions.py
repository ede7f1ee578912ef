"""The notebooks that the exercises are made from: their shape, and what nbgrader reads in them."""

from __future__ import annotations

import ast
import builtins
import re
from itertools import pairwise
from pathlib import Path

import nbformat
import pytest

from tests.exercises import SOLUTIONS

NOTEBOOKS = sorted(SOLUTIONS.glob("[0-9]*.ipynb"))
every_notebook = pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
ROW = re.compile(r"^\| \[(?P<title>[^\]]+)\]\(#[^)]+\) \| (?P<points>\d+) \|", re.M)
EXAMPLE = re.compile(r"^```python\n(.*?)^```", re.M | re.S)
A_CLIENT = "# with a client of "  # what an example says that begins with one
NEED_NOT_READ = (
    "You need not read the checks: they use some Python that the tasks do not need. "
    "The long ones are folded, and a click on the dots opens one."
)
LONG = 40  # lines of a cell: more than fit beside a task
LINK = re.compile(r"\]\((?P<file>[^)#\s]*)#?(?P<anchor>[^)\s]*)\)")


def cells(path: Path) -> list[nbformat.NotebookNode]:
    return list(nbformat.read(path, as_version=4).cells)


def prose(path: Path) -> str:
    """All text of a notebook, without the blocks of code in it."""
    text = "\n".join(cell.source for cell in cells(path) if cell.cell_type == "markdown")
    return re.sub(r"^```.*?^```", "", text, flags=re.S | re.M)


def headings(path: Path) -> list[str]:
    return re.findall(r"^#+ (.+)$", prose(path), re.M)


@every_notebook
def test_each_cell_says_to_nbgrader_what_it_is(path: Path):
    for cell in cells(path):
        grading = cell.metadata.nbgrader
        kind = (grading.locked, grading.solution, grading.grade)
        assert grading.grade_id == cell.id
        assert (grading.schema_version, grading.task) == (3, False)
        assert kind in {(True, False, False), (False, True, False), (True, False, True)}
        assert grading.solution == ("### BEGIN SOLUTION" in cell.source)
        assert grading.grade == ("points" in grading)
        assert grading.grade or "HIDDEN TESTS" not in cell.source
        assert cell.source.count("### BEGIN") == cell.source.count("### END")
    assert len({cell.id for cell in cells(path)}) == len(cells(path))


@every_notebook
def test_each_task_has_its_answer_and_then_its_check(path: Path):
    asked = [cell for cell in cells(path) if cell.metadata.nbgrader.solution]
    followed = {before.id: after for before, after in pairwise(cells(path))}
    checks = [followed[cell.id] for cell in asked]
    assert [check.id for check in checks] == [f"{cell.id}-check" for cell in asked]
    assert all(check.metadata.nbgrader.grade for check in checks)
    graded = [cell for cell in cells(path) if cell.metadata.nbgrader.grade]
    assert graded == checks
    assert len(checks) >= 3


@every_notebook
def test_a_check_has_its_hidden_tests_at_its_end(path: Path):
    for cell in cells(path):
        shown, begin, hidden = cell.source.partition("### BEGIN HIDDEN TESTS")
        assert not begin or hidden.endswith("### END HIDDEN TESTS")
        assert "await check." in shown or not begin


@every_notebook
def test_a_long_check_is_folded_and_nobody_need_read_it(path: Path):
    [text] = [cell.source for cell in cells(path) if cell.id == "checks-text"]
    assert NEED_NOT_READ in text
    for cell in cells(path):
        if cell.metadata.nbgrader.grade and len(cell.source.splitlines()) > LONG:
            assert cell.metadata.get("jupyter") == {"source_hidden": True}, cell.id


@every_notebook
def test_what_an_example_uses_stands_before_the_task_that_it_belongs_to(path: Path):
    known, examples = {*dir(builtins)}, []
    for cell in cells(path):
        if cell.cell_type == "markdown":
            examples += EXAMPLE.findall(cell.source)
        elif not cell.metadata.nbgrader.grade:
            known |= bound(cell.source)
        if cell.metadata.nbgrader.solution:
            for example in examples:
                known |= bound(example)
                given = {"client"} if A_CLIENT in example else set()
                assert used(example) - known - given == set(), example
            examples = []
    assert examples == []


def used(source: str) -> set[str]:
    """The names that a piece of Python reads."""
    nodes = ast.walk(ast.parse(source))
    return {n.id for n in nodes if isinstance(n, ast.Name) and isinstance(n.ctx, ast.Load)}


def bound(source: str) -> set[str]:
    """The names that it gives to something, wherever in it that is."""
    names = set()
    for node in ast.walk(ast.parse(source)):
        match node:
            case ast.Name(id=name, ctx=ast.Store()) | ast.arg(arg=name):
                names.add(name)
            case ast.FunctionDef(name=name) | ast.AsyncFunctionDef(name=name):
                names.add(name)
            case ast.ClassDef(name=name) | ast.ExceptHandler(name=str(name)):
                names.add(name)
            case ast.alias(name=name, asname=renamed):
                names.add(renamed or name.partition(".")[0])
    return names


@every_notebook
def test_the_table_names_the_tasks_and_their_points(path: Path):
    rows = ROW.findall(prose(path))
    points = [cell.metadata.nbgrader.points for cell in cells(path) if cell.metadata.nbgrader.grade]
    assert [title for title, _ in rows] == headings(path)[1:]
    assert [int(worth) for _, worth in rows] == points


@every_notebook
def test_the_text_has_one_title_and_a_heading_for_each_task(path: Path):
    levels = [len(marks) for marks in re.findall(r"^(#+) ", prose(path), re.M)]
    assert levels == [1, *[2] * (len(levels) - 1)]
    assert headings(path)[0].startswith("Exercises: ")
    assert all(cell.id.endswith("-text") == (cell.cell_type == "markdown") for cell in cells(path))


@every_notebook
def test_every_link_leads_to_a_file_and_to_a_heading_in_it(path: Path):
    links = LINK.findall(prose(path))
    assert len(links) >= 6
    for file, anchor in links:
        target = path.parent / file if file else path
        assert target.exists(), file
        known = [heading.replace("`", "").replace(" ", "-") for heading in headings(target)]
        assert not anchor or anchor in known, f"{file} has no heading {anchor}"


@every_notebook
def test_it_is_stored_without_outputs(path: Path):
    assert nbformat.read(path, as_version=4).metadata.kernelspec.name == "python3"
    for cell in cells(path):
        assert cell.get("outputs", []) == []
        assert cell.get("execution_count") is None
