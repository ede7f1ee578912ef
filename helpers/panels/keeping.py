"""Boxes that hold more than they show, and close all of it."""

from __future__ import annotations

from collections.abc import Callable, Iterable

import ipywidgets

from helpers.forms import Form
from helpers.widget_care import dispose


class Keeping(ipywidgets.VBox):  # type: ignore[misc]
    """A column that shows some of its widgets at a time; closing it closes the others, too.

    Args:
        children: what it shows at first.
        also: asked, when it is closed, for what else belongs to it: widgets, and forms, which
            hold more than they display themselves.
    """

    def __init__(
        self,
        children: Iterable[ipywidgets.Widget] = (),
        *,
        also: Callable[[], Iterable[ipywidgets.Widget | Form]],
    ) -> None:
        self._also = also
        super().__init__(tuple(children))

    def close(self) -> None:
        if self.comm is not None:
            for part in tuple(self._also()):
                if isinstance(part, Form):
                    part.close()
                else:
                    dispose(part)
        super().close()
