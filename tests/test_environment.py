"""The lock, the conda environment, Binder's reading of it, and CI."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import tomllib
from collections.abc import Callable
from importlib import import_module, metadata
from pathlib import Path

import pytest
import yaml
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from tests.checkouts import copy_checkout, environ, script
from tests.places import NOTEBOOKS, PYTHON, ROOT, TESTS

PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
LOCK = (ROOT / "requirements.lock").read_text(encoding="utf-8")
CONDA = yaml.safe_load((ROOT / "environment.yml").read_text(encoding="utf-8"))
PIP_SECTION: list[str] = CONDA["dependencies"][-1]["pip"]


def direct_requirements() -> list[Requirement]:
    extras = PROJECT["optional-dependencies"].values()
    return [Requirement(line) for lines in [PROJECT["dependencies"], *extras] for line in lines]


def pins() -> dict[str, str]:
    """Name and version of every pin that is meant for this Python on this system."""
    found = (Requirement(line) for line in LOCK.splitlines())
    here = [pin for pin in found if pin.marker is None or pin.marker.evaluate()]
    return {canonicalize_name(pin.name): str(pin.specifier).removeprefix("==") for pin in here}


def applies(requirement: Requirement, extras: set[str]) -> bool:
    marker = requirement.marker
    return marker is None or any(marker.evaluate({"extra": extra}) for extra in extras or {""})


def test_the_lock_holds_names_and_versions_only() -> None:
    line = re.compile(r"[a-z0-9][a-z0-9-]*==[0-9][0-9a-z.]*( ; [\w<>=!.*'() ]+)?")
    assert [odd for odd in LOCK.splitlines() if not line.fullmatch(odd)] == []
    assert "://" not in LOCK


def test_every_direct_dependency_is_in_the_lock_at_a_version_that_pyproject_allows() -> None:
    versions = pins()
    wrong = [
        str(wanted)
        for wanted in direct_requirements()
        if versions.get(canonicalize_name(wanted.name), "") not in wanted.specifier
    ]
    assert wrong == [], "run `make lock`"


def test_every_dependency_is_imported_or_run() -> None:
    modules = {"markdown-it-py": "markdown_it"}  # whose module is not called as they are
    programs = {"ipykernel": "kernelspec", "jupyterlab": "-m jupyterlab", "uv": "uvx"}
    programs["nest_asyncio"] = "queued_cells.py nest_asyncio"
    sources = [
        *ROOT.glob("helpers/**/*.py"),
        *ROOT.glob("servers/*.py"),
        *ROOT.glob("notebooks/*.ipynb"),
        *ROOT.glob("notebooks/s*/*"),
        ROOT / "Makefile",
    ]
    text = "\n".join(path.read_text(encoding="utf-8") for path in sources)
    for line in PROJECT["dependencies"]:
        name = Requirement(line).name
        module = modules.get(name, name.replace("-", "_"))
        imported = re.search(rf'^\s*"?(?:import|from) {module}\b', text, re.M)
        assert imported or programs.get(name, "no such program") in text, f"{name} is not needed"


def test_what_the_dependencies_need_is_in_the_lock_too() -> None:
    versions, todo, seen = pins(), direct_requirements(), set[tuple[str, frozenset[str]]]()
    while todo:
        wanted = todo.pop()
        name, extras = canonicalize_name(wanted.name), frozenset(wanted.extras)
        assert versions.get(name, "") in wanted.specifier, f"{wanted}: run `make lock`"
        if (name, extras) not in seen:
            seen.add((name, extras))
            needs = map(Requirement, metadata.requires(name) or [])
            todo += [need for need in needs if applies(need, {*extras})]
    assert len(seen) > 100


def test_the_conda_environment_is_python_313_from_conda_forge_alone() -> None:
    assert CONDA["channels"] == ["conda-forge"]
    assert CONDA["dependencies"][:-1] == ["python=3.13", "pip"]


def test_the_conda_environment_pins_the_named_packages_as_the_lock_does() -> None:
    named = [Requirement(line) for line in PIP_SECTION if not line.startswith("--")]
    assert sorted(f"{pin.name}{sorted(pin.extras)}" for pin in named) == [
        "ipywidgets[]",
        "jupyterlab[]",
        "mcp['cli']",
        "nest_asyncio2[]",
        "nest_asyncio[]",
        "pandas[]",
    ]
    versions = pins()
    for pin in named:
        assert str(pin.specifier) == f"=={versions[canonicalize_name(pin.name)]}"
    assert {"--constraint requirements.lock", "--editable ."} <= set(PIP_SECTION)


@pytest.mark.timeout(600)
def test_the_pip_section_installs_into_a_new_environment_and_imports(tmp_path: Path) -> None:
    checkout = copy_checkout(tmp_path / "a clone")
    # Where conda and mamba write it too: beside environment.yml, so that relative paths hold.
    (checkout / "condaenv.txt").write_text("\n".join(PIP_SECTION), encoding="utf-8")
    subprocess.run([PYTHON, "-m", "venv", "--without-pip", tmp_path / "env"], check=True)
    python = tmp_path / "env/bin/python"
    pip = [PYTHON, "-m", "pip", "--python", python]
    done = subprocess.run(
        [*pip, "install", "--upgrade", "--no-compile", "--requirement", "condaenv.txt"],
        cwd=checkout,
        capture_output=True,
        text=True,
        encoding="utf-8",
        check=False,
    )
    if done.returncode and "Retrying (" in done.stderr and "CI" not in os.environ:
        pytest.skip("the package index cannot be reached")
    assert done.returncode == 0, done.stderr
    subprocess.run([*pip, "check"], check=True)
    code = (
        "import ipywidgets, jupyterlab, mcp.cli, nest_asyncio, nest_asyncio2, pandas\n"
        "import helpers, servers.achievement, servers.showcase\n"
        "print(helpers.__file__, servers.__file__)\n"
        "helpers.doctor()"
    )
    command = [python, "-c", code]
    printed = subprocess.check_output(command, cwd=tmp_path, text=True, encoding="utf-8")
    files, *_, sentence = printed.splitlines()
    assert files == f"{checkout / 'helpers/__init__.py'} {checkout / 'servers/__init__.py'}"
    assert sentence.startswith("Ready: ")
    [settings] = (tmp_path / "env/etc/jupyter/labconfig/page_config.d").glob("*.json")
    assert settings.read_bytes() == (ROOT / "jupyterlab.json").read_bytes()


def test_binder_reads_python_313_and_installs_after_it_has_copied_the_repository(
    tmp_path: Path,
) -> None:
    flags = ["--no-build", "--debug", "--Repo2Docker.default_buildpack=None"]
    done = subprocess.run(
        [PYTHON, "-m", "repo2docker", *flags, copy_checkout(tmp_path)],
        capture_output=True,
        text=True,
        encoding="utf-8",
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert "Building conda environment for python=3.13" in done.stderr
    dockerfile = done.stdout
    assert "environment-2epy-2d3-2e13" in dockerfile  # "environment.py-3.13", as it is escaped
    install = dockerfile.index('env update -p ${NB_PYTHON_PREFIX} --file "environment.yml"')
    assert dockerfile.index(" src/ ${REPO_DIR}/") < install


# Stands in for the CPython of one version: .ci/run asks it whether it is that one.
PYTHON_OF = '#!/bin/sh\ncase "$2" in *"{0}, {1})"*) exit 0 ;; esac\nexit 1\n'


@pytest.fixture
def ci(tmp_path: Path) -> Callable[..., tuple[list[str], str]]:
    """Runs .ci/run on a machine whose .venv is of CPython 3.11, and without a browser if so asked.

    Returns what it called, and what it printed. Scripts in `tmp_path` are found before others.
    """
    kit = tmp_path / "kit"
    for name in (".ci", ".venv/bin"):
        (kit / name).mkdir(parents=True)
    shutil.copy2(ROOT / ".ci/run", kit / ".ci/run")
    script(kit / ".venv/bin/python", PYTHON_OF.format(3, 11))
    note = '#!/bin/sh\necho "$(basename "$0") $* browser=$REQUIRE_BROWSER" >> "$NOTES"\n'
    for name in ("apt-get", "make"):
        script(tmp_path / name, note)
    for name in ("python3.11", "python3.13", "pyenv"):
        script(tmp_path / name, "#!/bin/sh\nexit 127\n")

    def run(browser: bool = True) -> tuple[list[str], str]:
        script(tmp_path / "dpkg", f"#!/bin/sh\nexit {int(not browser)}\n")
        env = environ(PATH=f"{tmp_path}:{os.environ['PATH']}", NOTES=str(tmp_path / "notes"))
        env.pop("REQUIRE_BROWSER", None)
        printed = subprocess.check_output(
            [kit / ".ci/run"], env=env, cwd=tmp_path, stdin=subprocess.DEVNULL, text=True
        )
        return (tmp_path / "notes").read_text(encoding="utf-8").splitlines(), printed

    return run


@pytest.mark.parametrize("browser", [True, False])
def test_ci_installs_a_browser_where_it_is_missing_and_insists_on_it(
    ci: Callable[..., tuple[list[str], str]], browser: bool
) -> None:
    notes, _ = ci(browser)
    assert notes[-2:] == ["make lint browser=1", "make test browser=1"]
    installed = " ".join(notes[:-2])
    assert ("apt-get update" in installed) is not browser
    assert ("chromium fonts-noto-cjk" in installed) is not browser


@pytest.mark.parametrize("where", ["on the PATH", "in pyenv"])
def test_ci_runs_lessons_and_exercises_on_a_second_python_and_ends_with_the_whole_suite(
    ci: Callable[..., tuple[list[str], str]], tmp_path: Path, where: str
) -> None:
    found = "python3.13"
    if where == "in pyenv":
        found = f"{tmp_path}/bin/python"
        (tmp_path / "bin").mkdir()
        script(tmp_path / "pyenv", f'#!/bin/sh\n[ "$*" = "prefix 3.13" ] && echo "{tmp_path}"\n')
    script(tmp_path / found, PYTHON_OF.format(3, 13))
    notes, printed = ci()
    lessons = "tests/test_notebooks.py tests/test_in_a_kernel.py tests/test_solutions.py"
    exercises = "-k the_solution_passes tests/test_exercises_*.py"
    second = f"make test VENV=.venv-3.13 PYTHON={found}"
    assert notes == [
        "make lint browser=1",
        f"{second} TEST_ARGS={lessons} browser=1",
        f"{second} TEST_ARGS={exercises} browser=1",
        "make test browser=1",
    ]
    assert all((ROOT / name).is_file() for name in lessons.split())
    assert printed.splitlines() == [
        "CPython 3.11: runs the whole suite, below.",
        f"CPython 3.13: {found} runs the lessons and the exercises.",
    ]


def test_all_exercises_have_the_test_that_the_second_python_runs() -> None:
    modules = {path.stem for path in TESTS.glob("test_exercises_*.py")}
    exercises = {path.stem[:2] for path in NOTEBOOKS.glob("exercises/*.ipynb")}
    assert modules == {f"test_exercises_{number}" for number in exercises}
    for module in modules:
        assert callable(import_module(f"tests.{module}").test_the_solution_passes)


def test_ci_says_which_python_it_has_not_found(ci: Callable[..., tuple[list[str], str]]) -> None:
    notes, printed = ci()
    assert notes == ["make lint browser=1", "make test browser=1"]
    assert printed.splitlines()[1] == "CPython 3.13: not found on this machine."
