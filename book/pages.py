"""What the reading edition changes in a page as it is read: nothing is written back."""

from __future__ import annotations

import hashlib
import json
import re
import subprocess
from collections.abc import Callable
from fnmatch import fnmatch
from functools import cache
from pathlib import Path

import nbformat
from nbformat import NotebookNode
from nbformat.v4 import new_markdown_cell
from sphinx.application import Sphinx
from sphinx.errors import ExtensionError

ROOT = Path(__file__).parent.parent
STILLS = Path(__file__).parent / "stills"
FIRST = "notebooks/00_start_here.ipynb"
FENCE = re.compile(r"^```mermaid\n(.*?)^```$", re.MULTILINE | re.DOTALL)
LINK = re.compile(r"\[([^\]]*)\]\(([^)#\s]*)(#[^)\s]*)?\)")
UNLIKE_LIVE = "A picture of the widget, taken when the lesson had run to its end."
LESSON = re.compile(r"\[(\d\d [^\]]+)\]\((notebooks/\w+)\.ipynb\)")
CONTENTS = """
```{{toctree}}
:hidden:
:caption: Lessons

{lessons}
```

```{{toctree}}
:hidden:
:caption: Exercises
:glob:

notebooks/exercises/*
```

```{{toctree}}
:hidden:
:caption: For teachers

docs/teaching
```

```{{toctree}}
:hidden:
:caption: Measured

benchmarks/results
```
"""


def prepare(app: Sphinx, page: str, source: list[str]) -> None:
    """Change the text of a page, named without its suffix, in `source[0]` (Sphinx's event)."""
    if not page.startswith("notebooks/"):
        source[0] = links(source[0], ROOT / f"{page}.md")
        if page == app.config.root_doc:
            lessons = LESSON.findall(source[0])
            listed = "\n".join(f"{name} <{lesson}>" for name, lesson in lessons)
            source[0] += CONTENTS.format(lessons=listed)
        return
    notebook = nbformat.reads(source[0], as_version=4)
    path = ROOT / f"{page}.ipynb"
    for cell in notebook.cells:
        if cell.cell_type == "markdown":
            cell.source = FENCE.sub(diagram(path, cell), links(cell.source, path))
    notebook.cells = [one for cell in notebook.cells for one in with_still(path, cell)]
    notebook.cells.insert(1, new_markdown_cell(how_to_run(page)))
    notebook.metadata.language_info = {"name": "python", "pygments_lexer": "ipython3"}
    source[0] = nbformat.writes(notebook)


def slug(heading: str) -> str:
    """A heading's anchor: JupyterLab's, but in small letters, as GitHub's are."""
    return heading.replace(" ", "-").lower()


def links(text: str, page: Path) -> str:
    """The text with its anchors in small letters, and folders named, which have no page."""

    def changed(link: re.Match[str]) -> str:
        said, target, anchor = link.groups("")
        if target and "://" not in target and (page.parent / target).is_dir():
            return said
        return link[0] if "://" in target else f"[{said}]({target}{anchor.lower()})"

    return LINK.sub(changed, text)


def how_to_run(page: str) -> str:
    """The line under the title that leads from reading to running."""
    name = f"{page.rpartition('/')[2]}.ipynb"
    download = f"{{download}}`download the notebook <{name}>`"
    start = "in a copy of the course, [`make lab`](/README.md#start) opens JupyterLab"
    if binder := binder_link():
        online = f"[on Binder]({binder.replace(FIRST, f'{page}.ipynb')})"
        return f"**Run it:** {online}, without installing anything; or {download}; {start}."
    return f"**Run it:** {download}; {start}."


@cache
def binder_link() -> str:
    """Where Binder opens the first lesson, or nothing without a remote that Binder can read."""
    done = subprocess.run(
        ["make", "--no-print-directory", "links"],  # noqa: S607 (whichever make builds the book)
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    found = re.search(r"^Binder +(\S+)", done.stdout, re.M)
    return found[1] if found else ""


def others(chosen: str) -> list[str]:
    """The lessons that the pattern `chosen` leaves out, as myst-nb's patterns."""
    names = [path.name for path in ROOT.glob("notebooks/*.ipynb")]
    return [f"notebooks/{name}" for name in names if not fnmatch(name, f"{chosen}*")]


# still pictures


def still(notebook: Path, cell: NotebookNode, shown: str, suffix: str) -> Path:
    """The file of the picture of what a cell shows; its name tells when `shown` has changed."""
    digest = hashlib.sha256(shown.encode()).hexdigest()[:8]
    return STILLS / f"{notebook.stem}-{cell.id}-{digest}.{suffix}"


def picture(file: Path, alt: str) -> str:
    if not file.exists():
        raise ExtensionError(f"There is no picture {file.name}: run `make stills`.")
    return f"![{alt}](/{file.relative_to(ROOT).as_posix()})"


def diagram(notebook: Path, cell: NotebookNode) -> Callable[[re.Match[str]], str]:
    """For `FENCE.sub`: a Mermaid diagram as a picture, with its description as text."""

    def drawn(fence: re.Match[str]) -> str:
        [title] = re.findall(r"accTitle: *(.*)", fence[1])
        [description] = re.findall(r"accDescr: *(.*)", fence[1])
        return f"{picture(still(notebook, cell, fence[1], 'svg'), title)}\n\n{description}"

    return drawn


def with_still(notebook: Path, cell: NotebookNode) -> list[NotebookNode]:
    """The cell; if it shows a widget, without its output and followed by a picture of it."""
    words = texts().get(notebook.stem, {}).get(cell.id)
    if words is None:
        return [cell]
    cell.metadata.tags = [*cell.metadata.get("tags", []), "remove-output"]
    file = still(notebook, cell, cell.source, "png")
    shown = f"{picture(file, 'The widget, as the words below it say')}\n\n*{UNLIKE_LIVE} {words}*"
    return [cell, new_markdown_cell(shown)]


@cache
def texts() -> dict[str, dict[str, str]]:
    """What the widgets show, in words: by the lesson's name, then by the cell's id."""
    text = (STILLS / "texts.json").read_text(encoding="utf-8")
    return dict(json.loads(text))
