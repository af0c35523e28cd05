"""The middle of the main screen: puts each pane where `layout.boxes` says."""

from __future__ import annotations

from textual.containers import Container
from textual.geometry import NULL_OFFSET, NULL_SPACING, Region, Size
from textual.layout import ArrangeResult, Layout, WidgetPlacement
from textual.widget import Widget

from softphone.ui.layout import EVERY_PANE, Shape, boxes


class PaneLayout(Layout):
    """Place the panes of a `Body`."""

    name = "panes"

    def arrange(
        self, parent: Widget, children: list[Widget], size: Size, greedy: bool = True
    ) -> ArrangeResult:
        """Return where the seen panes go."""
        parent.pre_layout(self)
        assert isinstance(parent, Body)
        places = boxes(parent.shape, parent.tab, size.width, size.height, parent.shown)
        return [
            WidgetPlacement(
                Region(*(max(0, n) for n in places[child.id])), NULL_OFFSET, NULL_SPACING, child
            )
            for child in children
            if child.id in places
        ]


class Body(Container):
    """Hold the panes; `shape`, `tab` and `shown` say which are seen."""

    def __init__(self, *panes: Widget) -> None:
        super().__init__(*panes, id="body")
        self.shape = Shape.WIDE
        self.tab = "call"
        self.shown = EVERY_PANE
        self._placing = PaneLayout()

    @property
    def layout(self) -> Layout:
        """Return our own layout; style sheets know only textual's."""
        return self._placing
