"""One client of a monitored call in full: figures, tracks, what happened, the row as it came."""

from __future__ import annotations

from collections.abc import Iterable

from textual.containers import Vertical
from textual.content import Content
from textual.widget import Widget

from softphone.model import event as e
from softphone.model.call import AccountName
from softphone.model.monitor import ClientQuality
from softphone.ui import words
from softphone.ui.clock import local_time
from softphone.ui.jsontext import spread_out
from softphone.ui.monitoring import kbits, quality_words, rising_span, score_span
from softphone.ui.panes.pane import Say
from softphone.ui.session import Topic
from softphone.ui.spans import Line, Span, cut
from softphone.ui.view import View
from softphone.ui.widgets.rowlist import RowList

from .base import ConsoleScreen

_TITLE = 14


class MonitorClientScreen(ConsoleScreen):
    """Follow one client; the frames it comes from belong to the screen of the call."""

    def __init__(self, view: View, account: AccountName, client: ClientQuality) -> None:
        super().__init__(view, name="monitor-client")
        self._account = account
        self._client = client
        self.rows: RowList[tuple[int, Line]] = RowList(
            lambda row, width: row[1], lambda row: row[0]
        )
        self._box = Vertical(self.rows, classes="pane full")

    def compose_body(self) -> Iterable[Widget]:
        who = self._client.name or self._client.user or self._client.client
        key = self.view.key("list.copy")
        self._box.border_title = Content(f"CLIENT {who} ── {key} copies the row, Esc closes")
        yield self._box

    def on_mount(self) -> None:
        """Listen for newer figures."""
        self.rows.focus()
        self.view.session.listeners.append(self._heard)
        self._paint()

    def on_unmount(self) -> None:
        """Listen no longer."""
        self.view.session.listeners.remove(self._heard)

    def show(self, topics: frozenset[Topic]) -> None:
        """Paint what came."""
        super().show(topics)
        if self.is_mounted and Topic.MONITOR in topics:
            self._paint()

    def on_row_list_wanted(self, event: RowList.Wanted) -> None:
        """Copy the row, or leave."""
        event.stop()
        if event.action_id == "list.clear":
            self.app.pop_screen()
        elif event.action_id == "list.copy":
            self.app.copy_to_clipboard(self._client.row or self._client.client)
            self.post_message(Say("Copied the client's row."))

    def _heard(self, event: e.Event) -> None:
        if not isinstance(event, e.ClientObserved) or event.account != self._account:
            return
        client, known = event.client, self._client
        newer = (client.at or 0.0) >= (known.at or 0.0)
        if (client.call, client.client) == (known.call, known.client) and newer:
            self._client = client

    def _paint(self) -> None:
        width = max(20, self.rows.content_size.width - 2)
        self.rows.show(list(enumerate(client_lines(self._client, width))))


def client_lines(client: ClientQuality, width: int) -> list[Line]:
    """Return everything that is known of a client."""
    lines = [*_figures(client), *_reasons(client)]
    for name, value in client.facts:
        lines.append(((f"{name:<{_TITLE}}", "dim"), (value, "plain")))
    lines += [(("WHAT HAPPENED", "dim"),), *timeline(client)]
    lines += [(("THE ROW AS IT CAME", "dim"),)]
    lines += [((text, "plain"),) for text in spread_out(client.row).splitlines()]
    return [cut(line, width) for line in lines]


def reason_words(reason: str, points: str) -> str:
    """Return why a score is what it is: "RTT over 300 ms: -2"."""
    return f"{reason}: {points}" if points else reason


def timeline(client: ClientQuality) -> list[Line]:
    """Return events and issues in order of time; an issue is there when it was raised and when
    it was over."""
    found: list[tuple[float, Line]] = [
        (one.at or 0.0, _line(one.at, one.what, one.detail, "plain")) for one in client.happened
    ]
    for issue in client.issues:
        raised = f"{issue.type} raised {issue.severity}".rstrip()
        role = "bad" if issue.ended_at is None else "plain"
        found.append((issue.at or 0.0, _line(issue.at, raised, issue.detail, role)))
        if issue.ended_at is not None:
            lasted = "" if issue.at is None else words.duration(issue.ended_at - issue.at)
            over = f"{issue.type} over" + (f" after {lasted}" if lasted else "")
            found.append((issue.ended_at, _line(issue.ended_at, over, "", "ok")))
    if not found:
        return [((f"{words.DASH}", "dim"),)]
    return [line for _, line in sorted(found, key=lambda entry: entry[0])]


def _figures(client: ClientQuality) -> list[Line]:
    odd = set(client.odd)
    rtt, rtt_max, jitter, loss = client.rtt_ms, client.rtt_max_ms, client.jitter_ms, client.loss_in
    named: list[tuple[str, Span]] = [
        ("state", (quality_words(client) or words.DASH, "plain")),
        ("score", score_span(client.score, odd="score" in odd)),
        ("MOS~", (words.figure(client.mos, "", 2), "plain")),
        ("round trip", rising_span("rtt", rtt, words.figure(rtt, "ms"), odd="rtt_ms" in odd)),
        ("at most", rising_span("rtt", rtt_max, words.figure(rtt_max, "ms"),
                                odd="rtt_max_ms" in odd)),
        ("jitter", rising_span("jitter", jitter, words.figure(jitter, "ms"),
                               odd="jitter_ms" in odd)),
        ("jitter buffer", (words.figure(client.buffer_ms, "ms"), "plain")),
        ("loss in", rising_span("loss", loss, _share(loss), odd="loss_in" in odd)),
        ("loss out", rising_span("loss", client.loss_out, _share(client.loss_out),
                                 odd="loss_out" in odd)),
        ("sound in", (_rate(client.audio_in_bps), "plain")),
        ("sound out", (_rate(client.audio_out_bps), "plain")),
        ("TURN", (_flag(client.turn), "plain")),
        ("TCP", (_flag(client.tcp), "plain")),
        ("muted", (_flag(client.muted), "plain")),
        ("joined", (_moment(client.joined_at), "plain")),
        ("left", (_moment(client.left_at), "plain")),
        ("measured", (_moment(client.at), "plain")),
    ]  # fmt: skip
    return [((f"{title:<{_TITLE}}", "dim"), span) for title, span in named]


def _reasons(client: ClientQuality) -> list[Line]:
    return [
        ((f"{'score because':<{_TITLE}}", "dim"), (reason_words(reason, points), "warn"))
        for reason, points in client.reasons
    ]


def _line(at: float | None, what: str, detail: str, role: str) -> Line:
    return ((f"{_moment(at):<{_TITLE}}", "dim"), (f"{what}  ", role), (detail, "dim"))


def _moment(at: float | None) -> str:
    return words.DASH if at is None else f"{local_time(at):%H:%M:%S}"


def _share(value: float | None) -> str:
    return words.DASH if value is None else f"{value:.1%}"


def _rate(value: float | None) -> str:
    return words.DASH if value is None else f"{kbits(value)} kbit/s"


def _flag(value: bool | None) -> str:
    return words.DASH if value is None else "yes" if value else "no"
