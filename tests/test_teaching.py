"""The teacher's page: its minutes and plan hold, and a class's files stay private."""

from __future__ import annotations

import re
import subprocess
from datetime import datetime, timedelta
from itertools import pairwise
from pathlib import Path

import nbformat
import pytest

from tests.places import NOTEBOOKS, ROOT
from tests.prose import LESSONS, markdown

PAGE = ROOT / "docs/teaching.md"
TEXT = PAGE.read_text(encoding="utf-8")


@pytest.mark.parametrize("lesson", LESSONS, ids=lambda path: path.stem)
def test_the_page_says_of_a_lesson_what_the_lesson_and_its_exercises_say(lesson: Path) -> None:
    minutes = re.search(r"\*\*Time:\*\* about (\d+) minutes", markdown(lesson)[0])
    [row] = re.findall(rf"^\| \[.*?\]\(\.\./notebooks/{lesson.name}\) \| (.*) \|$", TEXT, re.M)
    assert minutes
    assert row.startswith(f"{minutes[1]} |")
    solution = NOTEBOOKS / "solutions" / lesson.name
    if solution.exists():
        cells = nbformat.read(solution, as_version=4).cells
        points = [cell.metadata.nbgrader.get("points", 0) for cell in cells]
        tasks = sum(cell.metadata.nbgrader.solution for cell in cells)
        assert sum(points) == 10
        assert f"[{tasks} tasks](../notebooks/exercises/{lesson.name})" in row


def test_the_page_says_which_lessons_ask_to_predict() -> None:
    [(first, last)] = re.findall(
        r'Lessons (\d\d) to (\d\d) have cells headed "Before you run"', TEXT
    )
    asking = [
        lesson.name[:2] for lesson in LESSONS if "Before you run" in "\n".join(markdown(lesson))
    ]
    assert asking == [lesson.name[:2] for lesson in LESSONS if first <= lesson.name[:2] <= last]


def test_the_plan_for_one_day_adds_up() -> None:
    rows = re.findall(r"^\| (\d\d:\d\d) \| .* \| (\d+) \|$", TEXT, re.M)
    assert len(rows) > 10
    for (begin, minutes), (following, _) in pairwise(rows):
        end = datetime.strptime(begin, "%H:%M") + timedelta(minutes=int(minutes))
        assert end.strftime("%H:%M") == following


@pytest.mark.parametrize(
    "name", ["source/a.ipynb", "submitted/student01/a/a.ipynb", "gradebook.db", "marks.csv"]
)
def test_nothing_of_a_class_can_be_committed_by_accident(name: str) -> None:
    done = subprocess.run(
        ["git", "check-ignore", "--quiet", f"classroom/{name}"], cwd=ROOT, check=False
    )
    assert done.returncode == 0
