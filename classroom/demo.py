"""Grade a simulated class: `make class-demo`, or `python classroom/demo.py --help`.

nbgrader does what it does in a real class, in a folder of its own, `classroom/class-demo/`. It
stays there afterwards, with the gradebook, every graded notebook and nbgrader's log.
"""

from __future__ import annotations

import argparse
import itertools
import os
import shutil
import subprocess
import sys
import time
from pathlib import Path

import nbformat
import pandas as pd
from submissions import KINDS, Kind, partly_right, right

HERE = Path(__file__).parent
SOLUTIONS = HERE.parent / "notebooks" / "solutions"
FOLDER = HERE / "class-demo"
LOG, MARKS = FOLDER / "nbgrader.log", FOLDER / "marks.csv"


def main() -> None:
    names = sorted(path.stem for path in SOLUTIONS.glob("*.ipynb"))
    parser = argparse.ArgumentParser(description="Grade a simulated class.")
    parser.add_argument("assignments", nargs="*", metavar="NAME", help="of: " + ", ".join(names))
    parser.add_argument("--students", type=int, default=30, metavar="N")
    chosen = parser.parse_args()
    if unknown := set(chosen.assignments) - set(names):
        parser.error(f"no such exercises: {', '.join(sorted(unknown))}")
    assignments = chosen.assignments or names[:1]
    shutil.rmtree(FOLDER, ignore_errors=True)
    FOLDER.mkdir()
    students = simulated_class(chosen.students)
    for name in assignments:
        hand_out(name)
        for student, kind in students.items():
            hand_in(name, student, kind)
        grade(name)
    nbgrader("export", f"--to={MARKS}")
    show(pd.read_csv(MARKS), students)


def simulated_class(size: int) -> dict[str, Kind]:
    """Every kind of submission once, as far as they reach, then what most students hand in."""
    kinds = itertools.chain(KINDS, itertools.cycle([right, right, partly_right]))
    return {
        f"student{number:02}": kind for number, kind in enumerate(itertools.islice(kinds, size), 1)
    }


def hand_out(name: str) -> None:
    source = FOLDER / "source" / name
    source.mkdir(parents=True)
    shutil.copy(SOLUTIONS / f"{name}.ipynb", source)
    if nbgrader("generate_assignment", name):
        sys.exit(f"nbgrader could not make the exercise. The reason is at the end of {LOG}")


def hand_in(name: str, student: str, kind: Kind) -> None:
    file = f"{name}.ipynb"
    exercise, solution = (
        nbformat.read(FOLDER / step / name / file, as_version=4) for step in ("release", "source")
    )
    submitted = FOLDER / "submitted" / student / name
    submitted.mkdir(parents=True)
    (submitted / file).write_text(kind(exercise, solution), encoding="utf-8")


def grade(name: str) -> None:
    begun = time.monotonic()
    nbgrader("autograde", name)  # it fails when there is one that it could not grade
    print(f"  took {time.monotonic() - begun:.0f} seconds")


def nbgrader(*arguments: str) -> int:
    """Run nbgrader as a teacher does, with what it prints in the log; its exit status."""
    print("nbgrader", *arguments, flush=True)
    # nbgrader calls a command that lies beside this Python and need not be on the PATH
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    with LOG.open("a", encoding="utf-8") as log:
        done = subprocess.run(  # noqa: S603 - the words are ours
            [sys.executable, "-m", "nbgrader", *arguments, f"--CourseDirectory.root={FOLDER}"],
            cwd=HERE,  # where nbgrader_config.py is
            env=os.environ | {"PATH": path},
            stdout=log,
            stderr=log,
            check=False,
        )
    return done.returncode


def show(marks: pd.DataFrame, students: dict[str, Kind]) -> None:
    marks["handed in"] = [students[name].__name__.replace("_", " ") for name in marks.student_id]
    graded = [
        (FOLDER / "autograded" / student / assignment / f"{assignment}.ipynb").exists()
        for student, assignment in zip(marks.student_id, marks.assignment, strict=True)
    ]
    marks["graded"] = ["yes" if done else "NO, see the log" for done in graded]
    columns = ["assignment", "student_id", "handed in", "score", "max_score", "graded"]
    print("\nThe marks\n")
    print(marks[columns].to_string(index=False))
    print("\nWhat each kind of submission got\n")
    by_kind = marks.groupby(["assignment", "handed in"], sort=False)
    points = by_kind.agg(
        students=("student_id", "count"),
        lowest=("score", "min"),
        highest=("score", "max"),
        possible=("max_score", "max"),
    )
    print(points.reset_index().to_string(index=False))
    print(f"\nMarks as CSV: {MARKS}\nnbgrader's log: {LOG}")


if __name__ == "__main__":
    main()
