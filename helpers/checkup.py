"""Is this environment able to run the course? Looks, reports, and changes nothing."""

import asyncio
import os
import socket
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from importlib import metadata
from pathlib import Path
from typing import NamedTuple

from packaging.requirements import Requirement
from packaging.specifiers import SpecifierSet
from packaging.utils import canonicalize_name

# The kit is installed editable, so the files that say what it needs lie beside this package.
KIT = Path(__file__).resolve().parent.parent


class Finding(NamedTuple):
    """One row of the table. A `remedy` means that the row stands in the way of the course."""

    what: str
    found: str
    needed: str
    remedy: str = ""


def doctor() -> None:
    """Print what this environment has and what the course needs, then whether it is ready.

    Call it in a cell (or a script): the answer holds for the Python process that runs it. The
    last line is one sentence, "Ready: …" or "Not ready: …" with what to do. Raises nothing: a
    check that fails is a row of the table.
    """
    findings = [*_versions(), _loop_patch(), _subprocess(), _loopback(), _front_end()]
    table = [("what", "found", "needed", "verdict")]
    table += [(f.what, f.found, f.needed, "to do" if f.remedy else "ok") for f in findings]
    widths = [max(map(len, column)) for column in zip(*table, strict=True)]
    for row in table:
        print("  ".join(map(str.ljust, row, widths)).rstrip())
    remedies = dict.fromkeys(f.remedy for f in findings if f.remedy)
    ready = "Ready: this environment can run the course."
    print("\n" + (f"Not ready: {'; '.join(remedies)}." if remedies else ready))


def _versions() -> Iterator[Finding]:
    """Python and the packages that pyproject.toml names, against the lock."""
    try:
        project = tomllib.loads((KIT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
        locked = _locked((KIT / "requirements.lock").read_text(encoding="utf-8"))
    except FileNotFoundError as error:
        remedy = "clone the kit's repository and run `make lab` there: only a checkout has its lock"
        yield Finding("the kit's files", f"no {error.filename}", "a checkout", remedy)
        return
    python = ".".join(map(str, sys.version_info[:3]))
    good = python in SpecifierSet(project["requires-python"])
    remedy = "" if good else "run `make clean lab PYTHON=…` with a newer Python"
    yield Finding("Python", python, project["requires-python"], remedy)
    for requirement in map(Requirement, project["dependencies"]):
        yield _package(requirement.name, locked.get(canonicalize_name(requirement.name)))


def _locked(lock: str) -> dict[str, str]:
    """The version of each package in the lock, as this Python on this system is to have it."""
    requirements = map(Requirement, lock.splitlines())
    return {
        canonicalize_name(pin.name): str(pin.specifier).removeprefix("==")
        for pin in requirements
        if pin.marker is None or pin.marker.evaluate()
    }


def _package(name: str, needed: str | None) -> Finding:
    try:
        found = metadata.version(name)
    except metadata.PackageNotFoundError:
        found = "missing"
    if needed is None:
        return Finding(name, found, "not in the lock", "run `make lock`")
    lock = KIT / "requirements.lock"
    install = f'run `%pip install --constraint "{lock}" --editable "{KIT}"` and restart the kernel'
    return Finding(name, found, needed, "" if found == needed else install)


def _loop_patch() -> Finding:
    """Both forks replace `asyncio.run`; under ipykernel 7 the archived one loses queued cells."""
    patch = asyncio.run.__module__
    found = f"{patch} is applied" if patch.startswith("nest_asyncio") else "none"
    remedy = "restart the kernel and apply nest_asyncio2 where nest_asyncio was applied"
    needed = "none, or nest_asyncio2"
    return Finding("event loop patch", found, needed, remedy if patch == "nest_asyncio" else "")


def _subprocess() -> Finding:
    """Start one without asyncio: the SDK, too, does so where the loop cannot (Windows)."""
    try:
        subprocess.run(
            [sys.executable, "-c", ""],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=20,
            check=True,
        )
    except (OSError, subprocess.SubprocessError) as error:
        remedy = "open the course where a kernel may start processes (a local JupyterLab, Binder)"
        return Finding("start a process", f"{type(error).__name__}: {error}", "yes", remedy)
    return Finding("start a process", "yes", "yes")


def _loopback() -> Finding:
    """Bind and connect: a firewall or a sandbox may allow the one and not the other."""
    what = "serve on 127.0.0.1"
    try:
        with socket.create_server(("127.0.0.1", 0)) as server:
            socket.create_connection(server.getsockname(), timeout=5).close()
    except OSError as error:
        remedy = "let Python listen on 127.0.0.1 (a firewall or a sandbox forbids it)"
        return Finding(what, f"{type(error).__name__}: {error}", "yes", remedy)
    return Finding(what, "yes", "yes")


def _front_end() -> Finding:
    """What runs this process, as far as it can tell: a front end does not introduce itself."""
    shell = getattr(sys.modules.get("IPython"), "get_ipython", lambda: None)()
    if shell is None:
        found = "none: a script"
    elif not hasattr(shell, "kernel"):
        found = "none: IPython in a terminal"
    elif "google.colab" in sys.modules:
        found = "Google Colab"
    elif "__vsc_ipynb_file__" in shell.user_ns:
        found = "VS Code"
    elif "JPY_SESSION_NAME" in os.environ:
        found = "a Jupyter server (JupyterLab or Notebook)"
    else:
        found = "a kernel without a Jupyter server"
    return Finding("front end", found, "any; tried in JupyterLab")
