"""The Makefile: what it installs and when, what it says, and the JupyterLab it opens."""

from __future__ import annotations

import json
import os
import re
import shutil
import socket
import subprocess
from contextlib import suppress
from pathlib import Path
from typing import Any

import httpx2
import pytest

from tests.checkouts import copy_checkout, lab, make, script
from tests.places import ROOT

START = "notebooks/00_start_here.ipynb"
SOURCES = ("pyproject.toml", "requirements.lock", "jupyterlab.json")

# Stands in for every Python that the Makefile may call, and notes how it was called.
FAKE_PYTHON = """#!/bin/sh
echo "$@" >> calls
case "$*" in
    "-m venv --clear .venv") rm -rf .venv && mkdir -p .venv/bin && cp "$0" .venv/bin/python ;;
esac
"""


@pytest.fixture
def bare(tmp_path: Path) -> Path:
    """A folder with the Makefile, what it depends on, and a Python that only takes notes."""
    for name in ("Makefile", *SOURCES):
        shutil.copy2(ROOT / name, tmp_path)
    script(tmp_path / "fake-python", FAKE_PYTHON)
    return tmp_path


def calls(folder: Path, text: str) -> list[str]:
    """The calls with `text` in them since the last time."""
    notes = folder / "calls"
    lines = notes.read_text(encoding="utf-8").splitlines() if notes.exists() else []
    notes.unlink(missing_ok=True)
    return [line for line in lines if text in line]


def test_make_alone_lists_the_commands() -> None:
    printed = make(ROOT).stdout
    phony = re.search(r"^\.PHONY: (.*)$", (ROOT / "Makefile").read_text(encoding="utf-8"), re.M)
    assert phony
    assert re.findall(r"^make ([\w-]+)", printed, re.M) == phony[1].split()[1:]


def test_the_first_make_lab_installs_without_test_tools_and_the_second_installs_nothing(
    bare: Path,
) -> None:
    assert make(bare, "lab", "PYTHON=./fake-python").returncode == 0
    [pip] = calls(bare, "-m pip")
    assert pip.endswith("--constraint requirements.lock --editable .")
    assert make(bare, "lab", "PYTHON=./fake-python").returncode == 0
    [only] = calls(bare, "")
    assert only.startswith("-m jupyterlab")


@pytest.mark.parametrize("changed", SOURCES)
def test_make_lab_installs_again_when_its_sources_have_changed(bare: Path, changed: str) -> None:
    make(bare, "lab", "PYTHON=./fake-python")
    calls(bare, "")
    later = (bare / ".venv/.lab").stat().st_mtime + 1
    os.utime(bare / changed, (later, later))
    make(bare, "lab", "PYTHON=./fake-python")
    assert len(calls(bare, "-m pip")) == 1


def test_make_test_adds_the_test_tools_once_and_passes_its_arguments_on(bare: Path) -> None:
    make(bare, "test", "PYTHON=./fake-python", "TEST_ARGS=-k doctor")
    lines = calls(bare, "")
    assert next(line for line in lines if "-m pip" in line).endswith("--editable .[test]")
    assert lines[-1] == "-m pytest -k doctor"
    make(bare, "test", "PYTHON=./fake-python")
    make(bare, "lab", "PYTHON=./fake-python")
    assert calls(bare, "-m pip") == []


def test_what_teachers_need_is_installed_once_and_not_at_all_after_make_test(bare: Path) -> None:
    (bare / "classroom").mkdir()
    make(bare, "class-demo", "PYTHON=./fake-python", "DEMO_ARGS=--students 5")
    lines = calls(bare, "")
    assert next(line for line in lines if "-m pip" in line).endswith("--editable .[teacher]")
    assert lines[-1] == "classroom/demo.py --students 5"
    (bare / ".venv/.teacher").unlink()
    make(bare, "test", "PYTHON=./fake-python")
    calls(bare, "")
    make(bare, "class-demo", "PYTHON=./fake-python")
    assert calls(bare, "-m pip") == []


def test_another_environment_is_made_beside_the_first(bare: Path) -> None:
    fake = FAKE_PYTHON.replace(".venv", ".venv-other")
    script(bare / "fake-python", fake)
    done = make(bare, "test", "PYTHON=./fake-python", "VENV=.venv-other", "TEST_ARGS=-k doctor")
    assert done.returncode == 0
    assert [line.split()[1] for line in calls(bare, "-m")] == ["venv", "pip", "pytest"]
    assert not (bare / ".venv").exists()
    make(bare, "clean", "VENV=.venv-other")
    assert not (bare / ".venv-other").exists()


def test_the_book_is_built_with_its_tools_alone_and_needs_no_second_installation_after_make_test(
    bare: Path,
) -> None:
    script(bare / "sphinx-build", '#!/bin/sh\necho "sphinx-build $*" >> calls\n')
    fake = FAKE_PYTHON.replace(
        ".venv/bin/python ;;", ".venv/bin/python; cp sphinx-build .venv/bin ;;"
    )
    script(bare / "fake-python", fake)
    assert "build/book/index.html" in make(bare, "book", "PYTHON=./fake-python").stdout
    lines = calls(bare, "")
    assert next(line for line in lines if "-m pip" in line).endswith("--editable .[book]")
    assert lines[-1].startswith("sphinx-build --conf-dir book ")
    (bare / ".venv/.book").unlink()
    make(bare, "test", "PYTHON=./fake-python")
    calls(bare, "")
    make(bare, "book", "PYTHON=./fake-python")
    assert calls(bare, "-m pip") == []


def test_an_installation_that_failed_is_tried_again(bare: Path) -> None:
    failing = FAKE_PYTHON.replace("esac", "    *pip\\ install*) exit 1 ;;\nesac")
    script(bare / "fake-python", failing)
    assert make(bare, "lab", "PYTHON=./fake-python").returncode != 0
    script(bare / ".venv/bin/python", FAKE_PYTHON)
    calls(bare, "")
    assert make(bare, "lab", "PYTHON=./fake-python").returncode == 0
    assert len(calls(bare, "-m pip")) == 1


def test_an_environment_whose_python_is_gone_is_made_anew(bare: Path) -> None:
    make(bare, "lab", "PYTHON=./fake-python")
    calls(bare, "")
    (bare / ".venv/bin/python").unlink()
    (bare / ".venv/bin/python").symlink_to("/no/such/python")
    assert make(bare, "lab", "PYTHON=./fake-python").returncode == 0
    assert [line.split()[1] for line in calls(bare, "-m")] == ["venv", "pip", "jupyterlab"]


def test_a_candidate_that_is_too_old_or_does_not_start_is_passed_over(bare: Path) -> None:
    script(bare / "old-python", "#!/bin/sh\nexit 1\n")
    chosen = make(bare, "lab", "PYTHON=./no-such-python ./old-python ./fake-python")
    assert chosen.returncode == 0
    assert len(calls(bare, "-m venv")) == 1


def test_without_a_python_make_lab_says_what_to_install(bare: Path) -> None:
    done = make(bare, "lab", "PYTHON=./no-such-python /bin/false")
    assert done.returncode != 0
    assert (
        "no Python 3.11 or newer that has venv. Tried: ./no-such-python /bin/false" in done.stderr
    )
    assert "python3-venv" in done.stderr
    assert "make lab PYTHON=/path/to/python" in done.stderr
    assert not (bare / ".venv").exists()


@pytest.mark.parametrize(("user", "allowed"), [("0", True), ("1000", False)])
def test_only_root_gets_allow_root_and_is_told_how_to_reach_jupyterlab(
    bare: Path, user: str, allowed: bool
) -> None:
    (bare / "bin").mkdir()
    script(bare / "bin/id", f"#!/bin/sh\necho {user}\n")
    path = f"{bare / 'bin'}:{os.environ['PATH']}"
    done = make(bare, "lab", "PYTHON=./fake-python", "LAB_ARGS=--no-browser", PATH=path)
    [lab] = calls(bare, "jupyterlab")
    assert ("--allow-root" in lab) is allowed
    assert ("--ip=0.0.0.0" in done.stdout) is allowed
    assert lab.endswith(" --no-browser")


@pytest.mark.parametrize(
    "origin",
    [
        "https://github.com/some-team/kit.git",
        "https://github.com/some-team/kit/",
        "https://someone:secret@github.com/some-team/kit",
        "git@github.com:some-team/kit.git",
        "ssh://git@github.com/some-team/kit.git",
    ],
)
def test_make_links_prints_the_links_of_a_github_remote(bare: Path, origin: str) -> None:
    subprocess.run(["git", "init", "--quiet"], cwd=bare, check=True)
    subprocess.run(["git", "remote", "add", "origin", origin], cwd=bare, check=True)
    printed = make(bare, "links", "HUB=https://hub.example.org").stdout
    assert re.findall(r"https://\S+", printed) == [
        f"https://mybinder.org/v2/gh/some-team/kit/HEAD?urlpath=lab/tree/{START}",
        "https://hub.example.org/hub/user-redirect/git-pull?repo=https://github.com/some-team/kit"
        f"&urlpath=lab/tree/kit/{START}",
    ]


def test_make_links_knows_gitlab(bare: Path) -> None:
    subprocess.run(["git", "init", "--quiet"], cwd=bare, check=True)
    origin = "git@gitlab.com:group/sub/kit.git"
    subprocess.run(["git", "remote", "add", "origin", origin], cwd=bare, check=True)
    printed = make(bare, "links").stdout
    assert "https://mybinder.org/v2/gl/group%2Fsub%2Fkit/HEAD?urlpath=lab/tree/" in printed
    assert "repo=https://gitlab.com/group/sub/kit&" in printed


@pytest.mark.parametrize("origin", [None, "https://example.org/some-team/kit.git", "/srv/kit"])
def test_make_links_without_such_a_remote_says_what_it_needs(
    bare: Path, origin: str | None
) -> None:
    subprocess.run(["git", "init", "--quiet"], cwd=bare, check=True)
    if origin:
        subprocess.run(["git", "remote", "add", "origin", origin], cwd=bare, check=True)
    done = make(bare, "links")
    assert done.returncode != 0
    assert done.stdout == ""
    assert "a git remote named origin on github.com or gitlab.com" in done.stderr


def test_make_lab_opens_the_first_lesson_also_when_port_8888_is_taken(tmp_path: Path) -> None:
    checkout = copy_checkout(tmp_path / "a clone")  # with a space in its path
    with socket.socket() as other:
        with suppress(OSError):  # taken already, by someone's JupyterLab: that will do
            other.bind(("127.0.0.1", 8888))
            other.listen()
        with lab(checkout, tmp_path) as server:
            assert server["port"] != 8888
            assert ask(server, "").url.path == f"/lab/tree/{START}"
            page = ask(server, f"lab/tree/{START}").text
            entries = {entry["name"] for entry in ask(server, "api/contents").json()["content"]}
            ask(server, "lab/api/workspaces/mine", "PUT", {"data": {}, "metadata": {"id": "mine"}})
    assert {"README.md", "servers", "helpers"} <= entries
    config = re.search(r'<script id="jupyter-config-data"[^>]*>(.*?)</script>', page, re.DOTALL)
    assert config
    news = "@jupyterlab/apputils-extension:announcements"
    assert news in json.loads(config[1])["disabledExtensions"]
    assert list((checkout / ".venv/.workspaces").glob("mine*"))
    assert not list((tmp_path / ".jupyter").glob("lab/**/*"))


def ask(
    server: dict[str, Any], path: str, method: str = "GET", body: Any = None
) -> httpx2.Response:
    headers = {"Authorization": f"token {server['token']}"}
    url = server["url"] + path
    answer = httpx2.request(method, url, headers=headers, json=body, follow_redirects=True)
    return answer.raise_for_status()
