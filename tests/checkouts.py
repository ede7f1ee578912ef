"""A checkout of one's own for a test, and the Makefile's commands in it."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from tests.places import ROOT

LAB_SECONDS = 60.0


def copy_checkout(to: Path) -> Path:
    """The files that a clone would have, and new ones that are not ignored."""
    listed = ["git", "ls-files", "--cached", "--others", "--exclude-standard", "-z"]
    names = subprocess.check_output(listed, cwd=ROOT, text=True, encoding="utf-8")
    for name in filter(None, names.split("\0")):
        if (ROOT / name).is_file():  # a deleted file is listed until the deletion is committed
            (to / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(ROOT / name, to / name)
    return to


def script(path: Path, text: str) -> Path:
    path.write_text(text, encoding="utf-8")
    path.chmod(0o755)
    return path


def environ(**changes: str) -> dict[str, str]:
    """This process's environment, without what an outer `make` has put into it."""
    dropped = (
        "MAKEFLAGS",
        "MAKELEVEL",
        "MFLAGS",
        "PYTHON",
        "LAB_ARGS",
        "TEST_ARGS",
        "DEMO_ARGS",
        "HUB",
        "VENV",
        "BOOK_EXECUTE",
    )
    kept = {name: value for name, value in os.environ.items() if name not in dropped}
    return kept | changes


def make(folder: Path, *arguments: str, **changes: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        ["make", *arguments],
        cwd=folder,
        env=environ(**changes),
        capture_output=True,
        text=True,
        encoding="utf-8",
        check=False,
    )


def borrow_environment(checkout: Path) -> None:
    """Give a copied checkout the packages of this environment, so that make installs nothing."""
    (checkout / ".venv").mkdir()
    for part in Path(sys.prefix).glob("[!.]*"):
        (checkout / ".venv" / part.name).symlink_to(part)
    for stamp in (".lab", ".test", ".teacher", ".book"):
        (checkout / ".venv" / stamp).touch()


@contextmanager
def lab(checkout: Path, home: Path, **changes: str) -> Iterator[dict[str, Any]]:
    """`make lab` in a copied checkout, with the packages of this environment.

    Yields what JupyterLab writes down about itself: `url`, `token`, `pid`, `port`, …
    """
    borrow_environment(checkout)
    folders = {"HOME": str(home), "JUPYTER_RUNTIME_DIR": str(home / "runtime")}
    with listening(
        ["make", "lab", "LAB_ARGS=--no-browser"], checkout, home, environ(**folders, **changes)
    ) as server:
        yield server


@contextmanager
def listening(
    command: list[str], checkout: Path, home: Path, env: dict[str, str]
) -> Iterator[dict[str, Any]]:
    """A Jupyter server that `command` starts, with `home`/runtime as its runtime folder."""
    with (home / "lab.log").open("w", encoding="utf-8") as log:
        process = subprocess.Popen(command, cwd=checkout, env=env, stdout=log, stderr=log)
    try:
        yield _written_down(home, process)
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(timeout=LAB_SECONDS)


def _written_down(home: Path, process: subprocess.Popen[bytes]) -> dict[str, Any]:
    deadline = time.monotonic() + LAB_SECONDS
    while time.monotonic() < deadline and process.poll() is None:
        for path in (home / "runtime").glob("jpserver-*.json"):
            text = path.read_text(encoding="utf-8")
            if text.rstrip().endswith("}"):  # written to its end
                return dict(json.loads(text))
        time.sleep(0.05)
    raise AssertionError((home / "lab.log").read_text(encoding="utf-8"))
