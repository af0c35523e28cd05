"""The call bar: single letters act on calls, but only while it has the focus."""

from __future__ import annotations

from textual import events
from textual.strip import Strip

from softphone.model.call import Call
from softphone.ui.actions import ACTIONS, Scope
from softphone.ui.keymap import is_character
from softphone.ui.session import Topic
from softphone.ui.spans import Line, Span, fit, length, spread
from softphone.ui.view import View
from softphone.ui.widgets.lines import Painted

OFFER_ROWS = 3
LETTER_ROWS = 4
"""At least; narrow screens need more. It depends on the width alone, never on what comes in."""
_FRAME_ROWS = 2
_ITEM = 18
_TITLE = _ITEM - 2


class CallBar(Painted, can_focus=True):
    """Show offers with a cursor, and the letters. It opens on demand and leaves with the focus."""

    BORDER_TITLE = "CALL BAR ── Esc closes"
    topics = frozenset({Topic.CALLS, Topic.DESK, Topic.CLOCK})

    def __init__(self, view: View) -> None:
        super().__init__(id="callbar")
        self.view = view
        self.display = False
        self._lines: list[Line] = []

    @property
    def text(self) -> str:
        """Return what is shown as plain text."""
        return "\n".join("".join(text for text, _ in line).rstrip() for line in self._lines)

    def update(self) -> None:
        """Bring the bar up to date while it is open."""
        if not self.display:
            return
        lines = self._build(max(1, self.content_size.width))
        if lines != self._lines:
            self._lines = lines
            self.refresh()

    def open(self) -> None:
        """Show the bar and give it the focus."""
        self.display = True
        self.screen.set_focus(self)  # at once: focus() would come after keys typed ahead
        self.update()

    def on_blur(self) -> None:
        """Leave the screen together with the focus."""
        self.display = False

    def on_resize(self) -> None:
        """Draw for the new width."""
        self.update()

    def on_key(self, event: events.Key) -> None:
        """Arrows mark an offer."""
        step = {"up": -1, "down": 1}.get(event.key)
        if step is not None:
            event.stop()
            self.view.desk.move_offer(self.view.state, step)
            self.update()

    def render_line(self, y: int) -> Strip:
        """Return one line of the bar."""
        return self.strip_of(self._lines[y] if y < len(self._lines) else (), self.rich_style)

    def _build(self, width: int) -> list[Line]:
        letters = self._letter_lines(width)
        self.styles.height = _FRAME_ROWS + OFFER_ROWS + max(LETTER_ROWS, len(letters))
        return [*self._offer_lines(width), *letters]

    def _offer_lines(self, width: int) -> list[Line]:
        offers = self.view.state.offers()
        marked = next((i for i, o in enumerate(offers) if o.id == self.view.desk.offer_id), 0)
        top = max(0, min(marked - 1, len(offers) - OFFER_ROWS))
        lines = [
            self._offer_line(offer, top + index == marked, width)
            for index, offer in enumerate(offers[top : top + OFFER_ROWS])
        ]
        if not lines:
            call = self.view.now.call
            text = f"in focus: {call.remote.label}" if call else "no call"
            lines = [((text, "dim"),)]
        return [*lines, *[()] * (OFFER_ROWS - len(lines))]

    def _offer_line(self, call: Call, marked: bool, width: int) -> Line:
        number = self.view.number(call.remote.address) or "number withheld"
        name = "" if call.remote.label == call.remote.address else call.remote.label
        left: list[Span] = [("> " if marked else "  ", "key"), ("RING  ", "warn")]
        left += [(f"{name}  " if name else "", "strong"), (number, "strong" if marked else "plain")]
        waited = int(call.seconds(self.view.mono()))
        return spread(left, [(f"  {call.local.label} · {call.account} · {waited} s", "dim")], width)

    def _letter_lines(self, width: int) -> list[Line]:
        now = self.view.now
        items: list[list[Span]] = []
        for action in ACTIONS:
            letters = [k for k in self.view.keys.get(action.id, ()) if is_character(k)]
            if action.scope is Scope.CALL and letters:
                off = action.why_not(now) is not None
                items.append([
                    (letters[0], "off" if off else "key"),
                    (f" {fit(action.title.lower(), _TITLE)}", "off" if off else "plain"),
                ])  # fmt: skip
        columns = max(1, width // _ITEM)
        rows = [items[i : i + columns] for i in range(0, len(items), columns)]
        return [tuple(span for item in row for span in item) for row in rows if length(row[0])]
