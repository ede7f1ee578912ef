"""Where things are, for tests that start processes."""

import shutil
import sys
from pathlib import Path

TESTS = Path(__file__).parent
ROOT = TESTS.parent
NOTEBOOKS = ROOT / "notebooks"
BARE_SERVER = str(TESTS / "bare_server.py")
ODD_SERVER = str(TESTS / "odd_server.py")
PYTHON = sys.executable
BROWSERS = ("chromium", "chromium-browser", "google-chrome")


def find_browser() -> str | None:
    """The path of a Chromium, or None where there is none."""
    return next((path for name in BROWSERS if (path := shutil.which(name))), None)
