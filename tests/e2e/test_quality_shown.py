"""What the screen says of a call's sound is what the network does to it, and no more."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator

import pytest

from tests.e2e.conftest import Home
from tests.e2e.terminal import Open, Terminal, terminals

LIMIT_S = 20.0  # a few seconds of sound; more on a busy machine


@pytest.fixture
def console(home: Home) -> Iterator[Open]:
    with terminals(home) as open_one:
        yield open_one


class Shown:
    """Reads figures off the CALL pane."""

    def __init__(self, screen: Terminal) -> None:
        self.screen = screen

    def figure(self, name: str) -> float:
        """Return a figure by its name; NaN while it is not known."""
        found = re.search(rf"\b{name} (\d+(?:\.\d+)?)", self.screen.text())
        return float(found[1]) if found else float("nan")

    def until(self, so: Callable[[], bool], what: str) -> None:
        """Read the screen until something is so."""
        for _ in range(round(LIMIT_S / 0.2)):
            if so():
                return
            self.screen.pump(0.2)
        raise AssertionError(f"{what} never came:\n{self.screen.text()}")


def test_loss_and_delay_of_the_network_are_shown_and_go_when_they_go(
    home: Home, console: Open
) -> None:
    home.run("online", "--account", "ribbon")
    screen = console()
    shown = Shown(screen)
    call = home.start("call", "tone", "--account", "ribbon")
    shown.until(lambda: shown.figure("MOS") > 4.2 and shown.figure("loss") == 0, "a good call")
    good, usual_ms = shown.figure("MOS"), shown.figure("delay")
    lab = home.lab()

    lab.fault("bad_network", loss=0.1)
    shown.until(lambda: 8 <= shown.figure("loss") <= 12, "8 to 12 % of loss")
    shown.until(lambda: shown.figure("MOS") < good - 0.3, "a lower score")
    screen.wait_for("loses sound")
    lab.clear_faults("bad_network")
    shown.until(lambda: shown.figure("loss") == 0 and shown.figure("MOS") >= good - 0.1, "no loss")

    lab.fault("bad_network", loss=0.0, delay_ms=150.0)
    shown.until(lambda: abs(shown.figure("delay") - usual_ms - 150) <= 15, "150 ms more")
    lab.clear_faults("bad_network")
    shown.until(lambda: abs(shown.figure("delay") - usual_ms) <= 15, "the usual delay")

    call.terminate()
    call.wait(10)
    data = home.lines("report", home.lines("history")[0]["call"])[0]
    losses = [second["loss"] for second in data["quality"]["samples"] if second["loss"]]
    assert any(0.08 <= loss <= 0.12 for loss in losses)
    assert "loss_in" in data["quality"]["warnings"]
    assert max(second["round_trip_ms"] or 0 for second in data["quality"]["samples"]) > 250
