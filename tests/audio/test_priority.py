"""Audio threads get priority where that is allowed, and go on without where it is not."""

from __future__ import annotations

import os
import threading

import pytest

from softphone.audio.priority import raise_own


def policies() -> tuple[int, int]:
    """Return the scheduling of a thread that asked for priority, and of this one."""
    found: list[int] = []

    def run() -> None:
        raise_own()
        found.append(os.sched_getscheduler(0))

    thread = threading.Thread(target=run)
    thread.start()
    thread.join()
    return found[0], os.sched_getscheduler(0)


@pytest.mark.skipif(not hasattr(os, "sched_getscheduler"), reason="Linux only")
def test_only_the_thread_that_asks_gets_priority_if_any_does() -> None:
    asked, other = policies()

    assert asked & ~os.SCHED_RESET_ON_FORK in (os.SCHED_RR, os.SCHED_OTHER)
    assert other == os.SCHED_OTHER


def test_without_permission_nothing_happens(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> None:
        raise PermissionError(1, "Operation not permitted")

    monkeypatch.setattr(os, "sched_setscheduler", refuse, raising=False)
    raise_own()

    monkeypatch.delattr(os, "sched_setscheduler")
    raise_own()
