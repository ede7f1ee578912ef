"""A widget that leaves a sentence in the notebook, for whoever opens it without a kernel."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any

import ipywidgets
from IPython.display import publish_display_data

from helpers.panels.keeping import Keeping
from helpers.panels.link import Link
from helpers.panels.style import stylesheet
from helpers.text import escape
from helpers.widget_care import dispose

publish: Callable[[dict[str, Any]], None] = publish_display_data


class Panel(Keeping):
    """A column of widgets with the style sheet, which says what it is where it cannot be drawn.

    JupyterLab draws the saved view of a widget that has gone as "model not found", whatever
    else the output holds. So a second output follows with the sentence, and as long as the
    widget is there, its style hides that output.

    Closing it closes all that it is made of, and ends its use of the link.

    Args:
        kind: what it is, such as "tool console".
        link: what it is connected to.
        children: what it consists of.
        also: asked for what belongs to it and is not displayed.
        inside: whether it is part of another panel, whose link this is.
    """

    def __init__(
        self,
        kind: str,
        link: Link,
        children: Sequence[ipywidgets.Widget],
        *,
        also: Callable[[], Iterable[ipywidgets.Widget]] = tuple,
        inside: bool = False,
    ) -> None:
        super().__init__(also=also)
        self._inside_another = inside
        self._kind = kind
        self._saved_link = link
        hiding = ipywidgets.HTML(self._hiding, layout={"display": "none"})
        self.children = [stylesheet(), hiding, *children]
        self.add_class("mcpk-panel")

    def close(self) -> None:
        if self.comm is None:
            return
        if not self._inside_another:
            self._saved_link.leave()
        for part in (*self.children, self.layout):
            dispose(part)
        super().close()

    @property
    def _hiding(self) -> str:
        return f"<style>.mcpk-saved-{self.model_id} {{ display: none; }}</style>"

    @property
    def _sentence(self) -> str:
        return (
            f"A {self._kind} for {self._saved_link.describe()}. It lives in a running kernel: "
            "to have it back, run the cells from the one that connects."
        )

    def _repr_mimebundle_(self, **options: Any) -> dict[str, Any]:
        """The view, and for what cannot draw it the sentence as text and as HTML."""
        bundle: dict[str, Any] = super()._repr_mimebundle_(**options)
        bundle["text/plain"] = f"{self._sentence} {self!r}"
        bundle["text/html"] = f"{self._hiding}<p>{escape(self._sentence)}</p>"
        return bundle

    def _ipython_display_(self) -> None:
        if self.comm is None:  # closed: there is nothing to draw, and no model to name
            publish({"text/plain": self._sentence})
            return
        sentence = f'<p class="mcpk-saved-{self.model_id}">{escape(self._sentence)}</p>'
        publish(self._repr_mimebundle_())
        publish({"text/html": sentence})
