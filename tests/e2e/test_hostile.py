"""Nothing that callers send reaches the terminal as control: captured from a real pty."""

from __future__ import annotations

import contextlib
import re
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from softphone.lab.client import LabClient
from softphone.lab.hostile import HOSTILE_CALLERS
from tests.e2e.conftest import Home, wait_for
from tests.e2e.labs import Lab, another, start_lab
from tests.e2e.terminal import GUARD_S, Terminal

_FRIENDLY = (
    ("+390245871203", "Anna Rossi"),
    ("+390113349821", "Officine Valenti"),
    ("+393395550147", "Paolo Greco"),
)
_SHOWN = (b"PWNED", b"[@click=app.quit]", b"evil.example", b"$(reboot)", b"DROP TABLE", b"<script>")
_SCREENS = tuple("H?A:MBIJUOXKYVP@Z")
_PANES = ("C", "E", "S", "L", "W")

_SEQUENCE = re.compile(
    rb"\x1b\[[0-?]*[ -/]*[@-~]"  # CSI
    rb"|\x1b\].*?(?:\x07|\x1b\\)"  # OSC
    rb"|\x1b[PX^_].*?\x1b\\"  # DCS, SOS, PM, APC
    rb"|\x1b[ -/]*[0-~]",
    re.DOTALL,
)
_STATES = re.compile(r"((RING( \+\d+)?|[A-Z]{4,5}|\d+ (calls|missed)) · )*softphone")
_OWN_TITLE = re.compile(rf"\x1b\]2;({_STATES.pattern})?\x1b\\")
_CONTROL = re.compile("[\x00-\x09\x0b\x0c\x0e-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069\ufeff]")


def test_no_screen_sends_a_control_that_came_from_outside(home: Home) -> None:
    _compare(home, (140, 45), _SCREENS)


@pytest.mark.nightly
@pytest.mark.parametrize("size", [(80, 24), (200, 50)], ids=["80x24", "200x50"])
def test_no_size_of_the_screen_lets_a_control_through(home: Home, size: tuple[int, int]) -> None:
    _compare(home, size, _SCREENS)


def _compare(home: Home, size: tuple[int, int], screens: tuple[str, ...]) -> None:
    """Do the same with friendly and with hostile people and platforms."""
    clean = _visit(home, "quiet", _FRIENDLY, size, screens)
    other = another(home)
    try:
        hostile = _visit(other, "hostile", HOSTILE_CALLERS, size, screens)
    finally:
        other.close()

    assert kinds(hostile) <= kinds(clean)
    assert set(loose_controls(hostile)) <= {"\x07"}  # the console's own bell
    assert any(text in hostile for text in _SHOWN)  # which of them depends on who fits the screen


@pytest.mark.real
def test_in_tmux_the_clipboard_and_the_title_stay(home: Home) -> None:
    if shutil.which("tmux") is None:
        pytest.skip("tmux is not installed")
    lab = start_lab(home, "quiet")
    with _tmux(home, lab) as tmux:
        tmux.until("Available")
        before = tmux("list-buffers"), tmux("display-message", "-p", "#{pane_title}")

        _ring_all(lab.client, HOSTILE_CALLERS)
        lab.client.fault("hostile_text")
        tmux.until("more waiting")
        tmux("send-keys", "Tab", "H")
        tmux.until("  offered")  # the timeline of a call in the history; its title is covered
        tmux.until("PWNED", "evil.example", "<script>", "DROP TABLE", "HYPERLINK")
        tmux("send-keys", "Down", "Down", "Escape")
        tmux.until("DIALER")
        tmux("send-keys", "E")
        tmux.press_until("Home", "PLATFORM_REFUSED")  # the oldest lines of the log
        tmux("send-keys", "C-g")
        tmux.until("CALL BAR")

        after = tmux("list-buffers"), tmux("display-message", "-p", "#{pane_title}")
        assert before[0] == after[0] == ""
        assert _STATES.fullmatch(after[1].strip()), after[1]


def kinds(raw: bytes) -> set[bytes]:
    """Return what kinds of control sequences there are: numbers and colours left out."""
    return {_kind(found) for found in _SEQUENCE.findall(raw)}


def _kind(found: bytes) -> bytes:
    if _OWN_TITLE.fullmatch(found.decode(errors="replace")):
        return b"a title of ours"
    return re.sub(rb"[0-9;:]+", b"", found) if found[1:2] == b"[" else found


def loose_controls(raw: bytes) -> list[str]:
    """Return control characters outside of sequences; CR and LF are textual's own."""
    return _CONTROL.findall(_SEQUENCE.sub(b"", raw).decode())


def test_the_reader_of_sequences_would_see_an_attack() -> None:
    clean = b"\x1b[1;31mtext\x1b[0m\r\n"

    assert kinds(clean) == {b"\x1b[m"}
    assert loose_controls(clean) == []
    assert kinds("\x1b]2;RING +2 · softphone\x1b\\".encode()) == {b"a title of ours"}
    assert kinds("\x1b]2;RING Bob · softphone\x1b\\".encode()) != {b"a title of ours"}
    assert b"\x1b]2;owned\x1b\\" in kinds(clean + b"\x1b]2;owned\x1b\\")
    assert b"\x1b]52;c;QQ==\x07" in kinds(clean + b"\x1b]52;c;QQ==\x07")
    assert b"\x1b[J" in kinds(clean + b"\x1b[2J")
    assert loose_controls(b"a\x08b\x9b31m".decode("latin-1").encode()) == ["\x08", "\x9b"]


def _visit(
    home: Home,
    scenario: str,
    callers: tuple[tuple[str, str], ...],
    size: tuple[int, int],
    screens: tuple[str, ...],
) -> bytes:
    """Let everybody ring, answer one, look at the screens; return what was drawn."""
    lab = start_lab(home, scenario)
    columns, rows = size
    argv = home.command("--config", lab.config())
    with contextlib.closing(Terminal(argv, home.env, columns, rows)) as screen:
        screen.wait_for("Available · 2 numbers")
        _ring_all(lab.client, callers)
        if scenario == "hostile":
            for fault in ("hostile_text", "wrong_types", "bad_call_sid", "notice_hostile"):
                lab.client.fault(fault)
            lab.client.fault("rows_odd", form="hostile")
        screen.wait_for("more waiting")
        screen.press("CTRL+G", "DOWN", "DOWN", "ESC")
        _visit_panes(screen)
        for key in ("F9", "F2"):
            screen.pump(GUARD_S)
            screen.press(key)
        screen.wait_for("TALK")
        _visit_panes(screen)
        screen.press("F8")
        screen.wait_for("ENDED")
        _visit_panes(screen)
        _visit_screens(screen, screens)
        screen.press("CTRL+Q")
        assert screen.wait_end() == 0
        return screen.raw


def _visit_screens(screen: Terminal, screens: tuple[str, ...]) -> None:
    for key in screens:
        screen.press(key)
        screen.settle()
        screen.press("DOWN", "DOWN")
        screen.settle()
        screen.press("ESC")
        screen.pump(GUARD_S)


def _visit_panes(screen: Terminal) -> None:
    screen.press("ESC")
    screen.pump(GUARD_S)
    screen.press("TAB")
    for key in _PANES:
        screen.press(key)
        screen.settle()
        screen.press("ESC", "TAB")
        screen.pump(GUARD_S)


def _ring_all(lab: LabClient, callers: tuple[tuple[str, str], ...]) -> None:
    for number, name in callers:
        lab.ring("pn_1", caller=number, name=name)


class _Tmux:
    """A tmux server of our own with one session."""

    def __init__(self, socket: Path, home: Home) -> None:
        self._command = ["tmux", "-S", str(socket), "-f", "/dev/null"]
        self._home = home

    def __call__(self, *arguments: str) -> str:
        done = subprocess.run(
            [*self._command, *arguments],
            env=self._home.env, capture_output=True, text=True, timeout=10.0, check=False,
        )  # fmt: skip
        return done.stdout

    def press_until(self, key: str, wanted: str) -> None:
        """Press a key again and again: what came before it may not be done yet."""

        def shown() -> bool:
            self("send-keys", key)
            return wanted in self("capture-pane", "-p")

        wait_for(shown)

    def until(self, *wanted: str) -> None:
        """Wait until one of some texts stands on the screen."""
        with contextlib.suppress(AssertionError):
            wait_for(lambda: any(text in self("capture-pane", "-p") for text in wanted))
        seen = self("capture-pane", "-p")
        assert any(text in seen for text in wanted), seen


@contextlib.contextmanager
def _tmux(home: Home, lab: Lab) -> Iterator[_Tmux]:
    tmux = _Tmux(home.folder / "tmux", home)
    command = home.command("--config", lab.config())
    tmux("new-session", "-d", "-x", "140", "-y", "45", *command)
    tmux("set-option", "-s", "set-clipboard", "on")
    try:
        yield tmux
    finally:
        tmux("kill-server")
