"""Sphinx's settings for the reading edition, which `make book` builds into build/book.

The sources are the repository's own files, read where they are: README.md is the first page.
What a web page needs in place of a running kernel is put in by book/pages.py as they are read.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path

from sphinx.application import Sphinx

sys.path.insert(0, str(Path(__file__).parent.parent))

from book import pages

project = "Write MCP clients, one notebook at a time"
html_title = project
language = "en"
root_doc = "README"
extensions = ["myst_nb"]
include_patterns = [
    "README.md",
    "docs/*.md",
    "benchmarks/*.md",
    "notebooks/*.ipynb",
    "notebooks/exercises/*.ipynb",
]
exclude_patterns = ["**/.ipynb_checkpoints"]

html_theme = "sphinx_book_theme"
html_extra_path = ["root"]  # index.html, which leads to README.html
html_context = {"default_mode": "auto"}  # light or dark, as the reader's system is
html_theme_options = {"use_fullscreen_button": False, "show_toc_level": 2}

# BOOK_EXECUTE=off leaves the outputs out, a name runs that lesson only. Exercises never run.
chosen = os.environ.get("BOOK_EXECUTE", "*")
nb_execution_mode = "off" if chosen == "off" else "force"
nb_execution_excludepatterns = ["exercises/*", *pages.others(chosen)]
nb_execution_timeout = 300
nb_execution_raise_on_error = True  # but for cells that are tagged raises-exception
# A widget needs a kernel, and its JavaScript another host: pages.py puts a picture in its place.
nb_ipywidgets_js: dict[str, dict[str, str]] = {}
nb_mime_priority_overrides = [
    ("*", "application/vnd.jupyter.widget-view+json", None),
    ("*", "application/javascript", None),
]
myst_heading_anchors = 3
myst_heading_slug_func = pages.slug
suppress_warnings = [
    "mystnb.unknown_mime_type",  # a diagram of messages: the plain text beside it is shown
    "config.cache",  # a function among the settings cannot be compared
    "misc.highlighting_failure",  # a shell command within a block of Python
]


def setup(app: Sphinx) -> None:
    app.connect("source-read", pages.prepare)
