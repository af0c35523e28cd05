"""The call in focus: who, sound, quality, what comes with it, and the note."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

from textual.app import ComposeResult
from textual.containers import Horizontal
from textual.timer import Timer
from textual.widgets import TextArea

from softphone.model.call import Call, CallId, CallState
from softphone.model.capability import Capability
from softphone.model.command import RecordFound, SaveNote, ShowRecord
from softphone.model.quality import DeskFigures, QualitySample
from softphone.model.text import clean_block
from softphone.ui import words
from softphone.ui.monitoring import rising_span, score_span
from softphone.ui.poptext import short_lines
from softphone.ui.session import Topic
from softphone.ui.situation import refusal_of
from softphone.ui.spans import Line, Span, cut, length, spread, wrap
from softphone.ui.view import View
from softphone.ui.widgets.lines import Lines
from softphone.ui.widgets.meter import SILENCE_DB, Meter
from softphone.ui.working import start

from .pane import Pane, Send

SAVE_AFTER_S = 0.5
_SHORT = 12
_TALL = 18
_SHOWN_REFUSALS = (Capability.TONES, Capability.BLIND_TRANSFER, Capability.JOIN)


class Note(TextArea):
    """The note of a call; typing in it never acts on a call."""

    def __init__(self) -> None:
        super().__init__(id="note", soft_wrap=True, tab_behavior="focus", placeholder="note")
        self.cursor_blink = False
        self.highlight_cursor_line = False


class CallPane(Pane):
    """Show the call in focus; the note is saved half a second after the last key."""

    TITLE = "CALL"
    topics = frozenset({Topic.CALLS, Topic.QUALITY, Topic.LEVELS, Topic.DESK, Topic.CLOCK})

    def __init__(self, view: View, *, id: str) -> None:
        super().__init__(view, id=id)
        self.head = Lines(id="call-head")
        self.microphone = Meter(id="meter-mic")
        self.far_end = Meter(id="meter-far")
        self.facts = Lines(id="call-facts")
        self.note = Note()
        self._shown: CallId | None = None
        self._saved = ""
        self._timer: Timer | None = None
        self._meters = Horizontal(
            _label("mic"), self.microphone, _label(" far"), self.far_end, id="meters"
        )

    def compose(self) -> ComposeResult:
        yield self.head
        yield self._meters
        yield self.facts
        yield self.note

    @property
    def main_widget(self) -> TextArea:
        return self.note

    def show(self) -> None:
        """Bring the pane up to date."""
        call = self._call()
        self._follow(call)
        self.set_class(call is None, "empty")
        width = max(1, self.head.content_size.width)
        self.head.show(self._head_lines(call, width))
        live = call is not None and call.state in (CallState.ACTIVE, CallState.HELD)
        levels = self.view.state.levels
        open_microphone = live and call is not None and not call.muted
        self.microphone.show(levels.microphone_db if open_microphone else SILENCE_DB)
        self.far_end.show(levels.far_end_db if live else SILENCE_DB)
        self.facts.show(self._fact_lines(call, width))

    def show_levels(self) -> None:
        """Move only the meters: this comes ten times a second."""
        call = self._call()
        live = call is not None and call.state is CallState.ACTIVE
        if live and call is not None:
            levels = self.view.state.levels
            self.microphone.show(SILENCE_DB if call.muted else levels.microphone_db)
            self.far_end.show(levels.far_end_db)

    def on_resize(self) -> None:
        """Draw for the new size."""
        self.set_class(self.size.height < _SHORT, "short")
        self.set_class(self.size.height >= _TALL, "tall")
        self.show()

    def on_text_area_changed(self, event: TextArea.Changed) -> None:
        """Start to wait for a pause in typing."""
        event.stop()
        if self._timer is not None:
            self._timer.stop()
        self._timer = self.set_timer(SAVE_AFTER_S, self.save_note)

    def save_note(self) -> None:
        """Send the note if it is not what was saved last."""
        text = clean_block(self.note.text)
        if self._shown is not None and text != self._saved:
            self._saved = text
            self.post_message(Send(SaveNote(self._shown, text)))

    def _call(self) -> Call | None:
        """Return the call in focus; after its end it stays until another one is up."""
        call = self.view.now.call
        if call is None and self._shown is not None:
            call = self.view.state.calls.get(self._shown)
        return call

    def _follow(self, call: Call | None) -> None:
        """Show another call's note when another call is in focus."""
        call_id = call.id if call else None
        if call_id == self._shown:
            return
        self.save_note()
        self._shown, self._saved = call_id, ""
        self.note.load_text("")
        self.note.disabled = call is None
        if call is not None:
            start(self, partial(self._load_note, call.id), group="note", latest=True)

    async def _load_note(self, call_id: CallId) -> None:
        reply = await self.view.request(ShowRecord(call_id))
        record = reply.value.record if isinstance(reply.value, RecordFound) else None
        if record and record.note and self._shown == call_id and not self.note.text:
            self._saved = record.note
            self.note.load_text(record.note)

    def _head_lines(self, call: Call | None, width: int) -> list[Line]:
        if call is None:
            return list(wrap("The call in focus is shown here, with its sound and quality.",
                             width, "dim"))  # fmt: skip
        state = words.bare_state(call)
        if call.state is CallState.ENDED:
            state = words.state_word(call, self.view.mono())
        role = words.state_role(call)
        marks: list[Span] = []
        if call.muted:
            marks.append(("MUTED ", "bad"))
        marks.append(_recording_mark(call))
        number = self.view.number(call.remote.address) or "number withheld"
        if call.remote.label == call.remote.address:
            who: list[Span] = [(number, "strong")]
        else:
            who = [(call.remote.label, "strong"), ("  ", "plain"), (number, "plain")]
        local = call.local.label if call.local.address or call.local.name else ""
        via = f"{words.direction_word(call)} · {call.account}" + (f" · {local}" if local else "")
        first = [(f"{state}  ", "warn" if role == "ringing" else role), *who]
        return [cut(first, width), spread([(via, "dim")], marks, width)]

    def _fact_lines(self, call: Call | None, width: int) -> list[Line]:
        if call is None:
            return self._newest_pop(width)
        sample = self.view.state.quality.get(call.id)
        line = quality_line(sample)
        lines: list[Line] = [line if length(line) <= width else quality_line(sample, tight=True)]
        if self.size.height >= _TALL:
            lines.append(sent_line(sample))
        if sample and sample.desk:
            lines.append(desk_line(sample.desk))
        if call.live and sample and sample.warnings:
            text = "; ".join(warned.words for warned in sample.warnings)
            lines += wrap(text, width, "warn", 2)
        lost = call.media.value == "lost" or call.link_lost
        text = words.media_words(call) if call.live else words.end_words(call)
        if call.link_lost:
            text = "LINK lost: the platform cannot be reached, the call goes on if it can"
        lines += wrap(text, width, "bad" if lost else "dim", 2)
        if call.operation:
            lines.append(((f"{call.operation} …", "warn"),))
        if call.video_offered and call.live:
            lines.append((("video was offered too; only sound is taken", "dim"),))
        for title, pairs in (("sends", call.parameters), ("got", call.received_parameters)):
            text = "  ".join(f"{name}={value}" for name, value in pairs)
            lines += wrap(f"{title}  {text}", width, "plain", 2) if pairs else []
        if call.tones or self.view.desk.tones:
            lines.append((("tones sent  ", "dim"), (call.tones[-40:], "plain")))
        for pop in self.view.state.pops:
            if pop.call == call.id:
                lines += short_lines(pop, width)
        account = self.view.state.accounts.get(call.account)
        for capability in _SHOWN_REFUSALS if account and call.live else ():
            reason = refusal_of(account, capability) if account else None
            lines += wrap(reason, width, "off", 2) if reason else []
        return lines

    def _newest_pop(self, width: int) -> list[Line]:
        """Return the customer data of who rings, else what came last: it may have no call."""
        pops, offers = self.view.state.pops, {call.id for call in self.view.state.offers()}
        if not pops:
            return []
        pop = next((one for one in reversed(pops) if one.call in offers), pops[-1])
        hint = f"{self.view.key('pops.open')} shows all screen pops"
        return [*short_lines(pop, width, timed=True), ((hint, "dim"),)]


def quality_line(sample: QualitySample | None, *, tight: bool = False) -> Line:
    """Return the live figures of what is heard here; what is not known is a dash."""
    jitter = sample.jitter_ms if sample else None
    return _figures(
        (
            ("MOS", score_span(sample.mos if sample else None)),
            ("delay", (words.figure(sample.delay_ms if sample else None, "ms"), "plain")),
            ("jitter", rising_span("jitter", jitter, words.figure(jitter, "ms"))),
            ("loss", _loss(sample.loss if sample else None)),
        ),
        tight=tight,
    )


def sent_line(sample: QualitySample | None) -> Line:
    """Return the live figures of what the far end hears."""
    round_trip = sample.round_trip_ms if sample else None
    return _figures(
        (
            ("they hear MOS", score_span(sample.mos_out if sample else None)),
            ("loss", _loss(sample.loss_out if sample else None)),
            ("round trip", rising_span("rtt", round_trip, words.figure(round_trip, "ms"))),
        )
    )


def desk_line(way: DeskFigures) -> Line:
    """Return the live figures of the way to a desk elsewhere, both directions together."""
    lost_ms = way.lost_in_ms + way.lost_out_ms
    jitter = rising_span("jitter", way.jitter_ms, words.figure(way.jitter_ms, "ms"))
    return _figures(
        (
            ("desk", (words.figure(way.delay_ms, "ms"), "plain")),
            ("jitter", jitter),
            ("dropped", (words.figure(lost_ms, "ms"), "plain")),
        )
    )


def _loss(share: float | None) -> Span:
    return rising_span("loss", share, words.figure(None if share is None else share * 100, "%", 1))


def _figures(figures: Sequence[tuple[str, Span]], *, tight: bool = False) -> Line:
    """Return names and figures in a line; where it is tight, a good one needs no letter."""
    spans: list[Span] = []
    for name, (value, role) in figures:
        gap = "" if not spans else " " if tight else "  "
        shown = value.removesuffix(" G").replace(" ", "") if tight else value
        spans += [(f"{gap}{name} ", "dim"), (shown, role)]
    return tuple(spans)


def _label(text: str) -> Lines:
    label = Lines(classes="label")
    label.show([((text, "dim"),)])
    return label


def _recording_mark(call: Call) -> Span:
    if call.recording_paused and call.live:
        return ("recording paused ", "warn")
    return ("recording ", "bad") if call.recording else ("not recorded ", "dim")
