"""Where things are, for tests that start processes."""

import sys
from pathlib import Path

TESTS = Path(__file__).parent
ROOT = TESTS.parent
NOTEBOOKS = ROOT / "notebooks"
BARE_SERVER = str(TESTS / "bare_server.py")
ODD_SERVER = str(TESTS / "odd_server.py")
PYTHON = sys.executable
