"""What the figures were taken on, without the names of machines and folders."""

from __future__ import annotations

import os
import platform
import re
from importlib.metadata import version
from pathlib import Path

import psutil

PACKAGES = ("mcp", "jupyterlab", "ipykernel", "ipywidgets", "pandas", "uvicorn")


def described() -> str:
    """One sentence on the machine, one on the software."""
    packages = ", ".join(f"{name} {version(name)}" for name in PACKAGES)
    memory = psutil.virtual_memory().total / 1e9
    return (
        f"{os.cpu_count()} cores ({_processor()}), {memory:.0f} GB of memory, "
        f"{platform.system()} {platform.machine()}. "
        f"Python {platform.python_version()}, {packages}."
    )


def _processor() -> str:
    try:
        told = Path("/proc/cpuinfo").read_text(encoding="utf-8")
    except OSError:  # not Linux
        told = ""
    found = re.search(r"^model name\s*:\s*(.+)$", told, re.MULTILINE)
    return found[1] if found else platform.processor() or "unknown"


def busy() -> float:
    """How many processes want a core, on average over the last minute."""
    return os.getloadavg()[0]
