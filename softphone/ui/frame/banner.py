"""The banner of a ringing call, and of what can still be undone: covers, never pushes, never
takes the focus."""

from __future__ import annotations

from softphone.model.call import Call
from softphone.ui import words
from softphone.ui.spans import Line, Span, length, spread
from softphone.ui.view import View
from softphone.ui.widgets.lines import Lines


class Banner(Lines):
    """Show the marked offer, how many more wait, and the keys in words."""

    def __init__(self, view: View) -> None:
        super().__init__(id="banner")
        self.view = view
        self.display = False

    def update(self) -> None:
        """Show, change or take away the banner."""
        offer = self.view.now.offer
        gone = self.view.desk.farewell_at(self.view.mono())
        width = max(1, self.size.width or self.app.size.width)
        waiting = self._pending(width)
        if offer is None and gone is None and not waiting:
            self.display = False
            return
        self.set_class(offer is None, "gone")
        self.set_class(offer is not None and self._is_flash(offer), "flash")
        lines = self._ringing(offer, width) if offer else self._gone(gone, width)
        self.show([*lines, *waiting])
        self.display = True

    def _is_flash(self, offer: Call) -> bool:
        """Tell whether the colours are turned round now: for every other second, when wanted."""
        return self.view.settings.flash and int(offer.seconds(self.view.mono())) % 2 == 1

    def _ringing(self, call: Call, width: int) -> list[Line]:
        waiting = len(self.view.state.offers()) - 1
        left = [(" RING  ", "strong"), *_who(call, self.view)]
        left += [("audio+video  ", "plain")] if call.video_offered else []
        local = call.local.label if call.local.address or call.local.name else ""
        right = [(f"to {local} · " if local else "", "plain"), (f"{call.account} · ", "plain")]
        seconds = [(f"{int(call.seconds(self.view.mono()))} s ", "strong")]
        more = f"{waiting} more waiting " if waiting > 0 else ""
        whole = length(left) + length(right) + length(self._keys()) + length([(more, "")])
        if whole <= width:
            return [
                spread(
                    [*left, *right, *seconds, (f"· {more}" if more else "", "plain")],
                    self._keys(),
                    width,
                )
            ]
        return [
            spread(left, [*right, *seconds], width),
            spread(self._keys(), [(more, "strong")], width),
        ]

    def _keys(self) -> list[Span]:
        now, view = self.view.now, self.view
        if now.read_only:
            return [(f" {view.key('console.take_over')}", "strong"), (" take over first", "plain")]
        if not now.connected:
            return [(" link lost, answering may fail", "strong")]
        answer = " hold and answer   " if now.call else " answer   "
        spans: list[Span] = [(f" {view.keys_to('call.answer')}", "strong"), (answer, "plain")]
        spans += [(view.keys_to("call.decline"), "strong"), (" decline   ", "plain")]
        spans += [(view.key("bar.focus"), "strong"), (" call bar", "plain")]
        return [*spans, (" ", "plain")]

    def _pending(self, width: int) -> list[Line]:
        """Return a line for each act that can still be undone, with the key that does."""
        key = self.view.keys_to("call.undo")
        return [
            spread(
                [(f" {words.pending_words(call, self.view.mono())}  ", "strong"),
                 *_who(call, self.view)],
                [(key, "strong"), (" undoes ", "plain")],
                width,
            )
            for call in self.view.state.calls.values()
            if call.pending is not None
        ]  # fmt: skip

    def _gone(self, call: Call | None, width: int) -> list[Line]:
        if call is None:
            return []
        left = [(" ENDED  ", "strong"), *_who(call, self.view)]
        return [spread([*left, (f" {words.end_words(call)}", "strong")], [], width)]


def _who(call: Call, view: View) -> list[Span]:
    """Return the name and, always, the number next to it."""
    number = view.number(call.remote.address) or "number withheld"
    if call.remote.label in (call.remote.address, "unknown caller"):
        return [(f"{number}  ", "strong")]
    return [(call.remote.label, "strong"), (f"   {number}  ", "plain")]
