"""What `doctor()` prints here, and what it prints when something stands in the way."""

from __future__ import annotations

import importlib
import shutil
import socket
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from IPython.core.interactiveshell import InteractiveShell

from tests.kernels import Kernel
from tests.places import PYTHON, ROOT

READY = "Ready: this environment can run the course."
# The module, to exchange what it looks at.
module = importlib.import_module("helpers.checkup")


@pytest.fixture
def report(capsys: pytest.CaptureFixture[str]) -> Callable[[], tuple[dict[str, str], str]]:
    def examine() -> tuple[dict[str, str], str]:
        module.doctor()
        return read(capsys.readouterr().out)

    return examine


@pytest.fixture
def kit(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The kit's files in a folder that a test may spoil."""
    for name in ("pyproject.toml", "requirements.lock"):
        shutil.copy(ROOT / name, tmp_path)
    monkeypatch.setattr(module, "KIT", tmp_path)
    return tmp_path


def read(text: str) -> tuple[dict[str, str], str]:
    """The printed rows by their first column, and the last line."""
    table, _, sentence = text.rstrip("\n").partition("\n\n")
    head, *rows = table.splitlines()
    width = head.index("found")
    return {row[:width].rstrip(): row[width:] for row in rows}, sentence


def edit(path: Path, old: str, new: str) -> None:
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new), encoding="utf-8")


def test_here_every_row_is_ok_and_the_last_line_says_ready(report: Any) -> None:
    rows, sentence = report()
    assert sentence == READY
    assert all(row.endswith(" ok") for row in rows.values())
    named = {"mcp", "jupyterlab", "nest_asyncio", "nest_asyncio2", "ipywidgets", "pandas"}
    others = {"event loop patch", "start a process", "serve on 127.0.0.1", "front end"}
    assert {"Python", *named, *others} <= set(rows)
    assert "none: a script" in rows["front end"]


def test_the_columns_stand_under_their_heads(capsys: pytest.CaptureFixture[str]) -> None:
    module.doctor()
    head, *rows = capsys.readouterr().out.partition("\n\n")[0].splitlines()
    for title in ("found", "needed", "verdict"):
        start = head.index(title)
        assert all(row[start - 1] == " " and row[start] != " " for row in rows), title


def test_another_version_than_the_locks_says_how_to_install_the_lock(
    report: Any, kit: Path
) -> None:
    edit(kit / "requirements.lock", "\npandas==", "\npandas==99.")
    rows, sentence = report()
    assert "99." in rows["pandas"]
    assert rows["pandas"].endswith("to do")
    assert rows["mcp"].endswith("ok")
    assert sentence == (
        f'Not ready: run `%pip install --constraint "{kit / "requirements.lock"}"'
        f' --editable "{kit}"` and restart the kernel.'
    )


def test_a_missing_package_is_a_row(report: Any, kit: Path) -> None:
    edit(kit / "pyproject.toml", '"pandas>=3"', '"no-such-package"')
    with (kit / "requirements.lock").open("a", encoding="utf-8") as lock:
        lock.write("no-such-package==1.0\n")
    rows, sentence = report()
    assert rows["no-such-package"].split() == ["missing", "1.0", "to", "do"]
    assert "%pip install" in sentence


def test_a_dependency_that_the_lock_lacks_is_a_row(report: Any, kit: Path) -> None:
    edit(kit / "pyproject.toml", '"pandas>=3"', '"pandas>=3", "pytest"')
    edit(kit / "requirements.lock", "\npytest==", "\nother==")
    rows, sentence = report()
    assert "not in the lock" in rows["pytest"]
    assert sentence == "Not ready: run `make lock`."


def test_of_two_pins_for_different_pythons_the_one_for_this_python_counts(
    report: Any, kit: Path
) -> None:
    with (kit / "requirements.lock").open("a", encoding="utf-8") as lock:
        lock.write("pandas==99.0 ; python_full_version < '3'\n")
    assert report()[1] == READY


def test_an_old_python_is_a_row(report: Any, kit: Path) -> None:
    edit(kit / "pyproject.toml", 'requires-python = ">=3.11"', 'requires-python = ">=3.99"')
    rows, sentence = report()
    assert ">=3.99" in rows["Python"]
    assert sentence == "Not ready: run `make clean lab PYTHON=…` with a newer Python."


def test_without_the_kits_files_it_says_so_and_still_looks_at_the_rest(
    report: Any, kit: Path
) -> None:
    (kit / "requirements.lock").unlink()
    rows, sentence = report()
    assert str(kit / "requirements.lock") in rows["the kit's files"]
    assert rows["serve on 127.0.0.1"].endswith("ok")
    assert sentence.startswith("Not ready: clone the kit's repository")


@pytest.mark.parametrize(
    "error", [PermissionError("not allowed"), subprocess.TimeoutExpired("python", 20)]
)
def test_where_no_process_can_be_started_it_says_so(
    report: Any, monkeypatch: pytest.MonkeyPatch, error: Exception
) -> None:
    def refuse(*_: Any, **__: Any) -> None:
        raise error

    monkeypatch.setattr(subprocess, "run", refuse)
    rows, sentence = report()
    assert type(error).__name__ in rows["start a process"]
    assert rows["start a process"].endswith("to do")
    assert "where a kernel may start processes" in sentence


def test_a_python_that_does_not_start_is_a_row(
    report: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sys.executable", shutil.which("false"))
    rows, sentence = report()
    assert "CalledProcessError" in rows["start a process"]
    assert sentence.startswith("Not ready")


@pytest.mark.parametrize("call", ["create_server", "create_connection"])
def test_where_loopback_is_closed_it_says_so(
    report: Any, monkeypatch: pytest.MonkeyPatch, call: str
) -> None:
    def refuse(*_: Any, **__: Any) -> None:
        raise PermissionError("not allowed")

    monkeypatch.setattr(socket, call, refuse)
    rows, sentence = report()
    assert "PermissionError: not allowed" in rows["serve on 127.0.0.1"]
    assert "let Python listen on 127.0.0.1" in sentence


def test_two_troubles_make_one_sentence(
    report: Any, kit: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("pandas", "ipywidgets"):
        edit(kit / "requirements.lock", f"\n{name}==", f"\n{name}==99.")
    monkeypatch.setattr("sys.executable", shutil.which("false"))
    sentence = report()[1]
    assert "\n" not in sentence
    assert sentence.count("%pip install") == 1
    assert "restart the kernel; open the course where" in sentence


def test_it_does_not_import_pandas() -> None:
    code = "import sys, helpers; helpers.doctor(); sys.exit('pandas' in sys.modules)"
    printed = subprocess.check_output([PYTHON, "-c", code], text=True, encoding="utf-8")
    assert printed.rstrip().endswith(READY)


def test_in_a_kernel_it_answers_each_time_the_cell_is_run(own_kernel: Kernel) -> None:
    own_kernel.ok("import os\nos.environ.pop('JPY_SESSION_NAME', None)")
    cell = "from helpers import doctor\ndoctor()"
    for text in (done.text for done in own_kernel.ok(cell, cell)):
        rows, sentence = read(text)
        assert sentence == READY
        assert "a kernel without a Jupyter server" in rows["front end"]


def test_in_a_kernel_it_knows_which_nest_asyncio_was_applied(own_kernel: Kernel) -> None:
    cell = "from helpers.checkup import doctor\ndoctor()"
    rows, sentence = read(own_kernel.ok(f"import nest_asyncio2 as n\nn.apply()\n{cell}").text)
    assert "nest_asyncio2 is applied" in rows["event loop patch"]
    assert sentence == READY
    own_kernel.restart()
    rows, sentence = read(own_kernel.ok(f"import nest_asyncio as n\nn.apply()\n{cell}").text)
    assert "nest_asyncio is applied" in rows["event loop patch"]
    assert sentence == (
        "Not ready: restart the kernel and apply nest_asyncio2 where nest_asyncio was applied."
    )


def test_the_archived_nest_asyncio_is_found_under_its_successor_too(own_kernel: Kernel) -> None:
    both = "import nest_asyncio, nest_asyncio2\nnest_asyncio.apply()\n"
    both += "import warnings\nwarnings.simplefilter('ignore')\nnest_asyncio2.apply()\n"
    rows, _ = read(own_kernel.ok(f"{both}from helpers.checkup import doctor\ndoctor()").text)
    assert "nest_asyncio is applied" in rows["event loop patch"]


def test_it_names_the_front_end_as_far_as_it_shows(
    report: Any, own_kernel: Kernel, monkeypatch: pytest.MonkeyPatch
) -> None:
    begin = "import os, sys, types\nfrom helpers.checkup import doctor\n"
    signs = {
        "os.environ['JPY_SESSION_NAME'] = 'a.ipynb'": "a Jupyter server (JupyterLab or Notebook)",
        "__vsc_ipynb_file__ = 'a.ipynb'": "VS Code",
        "sys.modules['google.colab'] = types.ModuleType('colab')": "Google Colab",
    }
    for sign, name in signs.items():
        rows, _ = read(own_kernel.ok(f"{begin}{sign}\ndoctor()").text)
        assert name in rows["front end"]
    monkeypatch.setattr("IPython.get_ipython", lambda: InteractiveShell)
    assert "IPython in a terminal" in report()[0]["front end"]
