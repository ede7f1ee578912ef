"""Every lesson, Run All in a fresh kernel: how long all of them take, and the memory of each."""

from __future__ import annotations

import time
from dataclasses import dataclass
from pathlib import Path

import nbformat

from benchmarks.measure import Effort, Line, Samples, Section
from benchmarks.memory import Peak
from benchmarks.table import table
from tests.kernels import RUN_ALL_SECONDS, kernel
from tests.places import NOTEBOOKS
from tests.prose import LESSONS

MEGABYTE = 1e6
WAITING = (
    "The parts stand below. Starting servers takes most of each: half a second of a core for "
    "Python's imports, and again for a first call. The rest is what the lessons wait for."
)


@dataclass(frozen=True)
class Run:
    """What one Run All took."""

    seconds: float  # from the start of the kernel to the end of the last cell
    peak: Peak


def measured(effort: Effort) -> Section:
    lessons = LESSONS[: effort.of(len(LESSONS), 1)]
    rounds = [{lesson: run_all(lesson) for lesson in lessons} for _ in range(effort.rounds)]
    totals = [sum(run.seconds for run in runs.values()) for runs in rounds]
    peaks = {lesson: _peak([runs[lesson] for runs in rounds]) for lesson in lessons}
    heaviest = max(peaks, key=lambda lesson: peaks[lesson].median)
    parts = max((runs[heaviest].peak.moment for runs in rounds), key=lambda m: m.pss).parts
    held = ", ".join(f"{pss / MEGABYTE:.0f} MB {_short(command)}" for command, pss in parts)
    return Section(
        [
            Line(
                "all lessons, Run All, headless",
                Samples(totals, "s"),
                at_most=120,
                limited_by=WAITING,
            ),
            Line(
                f"peak memory of kernel and children, heaviest lesson ({heaviest.stem})",
                peaks[heaviest],
                at_most=350,
                limited_by=f"At that moment: {held}.",
            ),
        ],
        [_by_lesson(lessons, rounds, peaks)],
    )


def run_all(lesson: Path) -> Run:
    """Send every cell at once, as JupyterLab's Run All does, and wait for the last."""
    cells = nbformat.read(lesson, as_version=4).cells
    sources = [cell.source for cell in cells if cell.cell_type == "code"]
    started = time.perf_counter()
    with kernel(cwd=str(NOTEBOOKS)) as running, Peak(running.pid) as peak:
        ids = [running.client.execute(source, stop_on_error=False) for source in sources]
        running.collect(ids, RUN_ALL_SECONDS)
        seconds = time.perf_counter() - started
    return Run(seconds, peak)


def _peak(runs: list[Run]) -> Samples:
    return Samples([run.peak.moment.pss / MEGABYTE for run in runs], "MB")


def _short(command: str) -> str:
    """What a process is, without the folders of this machine."""
    words = [word.rpartition("/")[2] for word in command.split()]
    return f"`{' '.join(word for word in words if not word.endswith('.json'))}`"


def _by_lesson(
    lessons: list[Path], rounds: list[dict[Path, Run]], peaks: dict[Path, Samples]
) -> str:
    rows = [
        [
            lesson.stem,
            str(Samples([runs[lesson].seconds for runs in rounds], "s")),
            str(peaks[lesson]),
            str(Samples([runs[lesson].peak.rss / MEGABYTE for runs in rounds], "MB")),
        ]
        for lesson in lessons
    ]
    return "\n\n".join(
        [
            "## The lessons",
            "Memory is that of the kernel and all its children at one moment, the highest of a "
            "run, looked at ten times a second. PSS counts once a page that several of them "
            "share; RSS counts it in each. Binder guarantees 450 MB.",
            table(["Lesson", "Run All, with its kernel's start", "Peak, PSS", "Peak, RSS"], rows),
        ]
    )
