"""Sound first: a little priority for the threads that feed sound cards, and a calm interpreter.

Two busy cores made 7 blocks in 15 s late at ordinary priority and none with real-time priority.
Root has it, others by `ulimit -r` or rtkit's limits; without it all goes on as before.
"""

from __future__ import annotations

import gc
import os
import sys
import threading
from contextlib import suppress

_REAL_TIME_PRIORITY = 5
_MAIN = threading.main_thread()


def calm_collector() -> None:
    """Keep the interpreter from stopping audio, once all is loaded.

    A full run of the collector holds every thread for 140 ms, and a thread may keep the interpreter
    for 5 ms before another gets it.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(50_000, 50, 100)
    sys.setswitchinterval(0.0005)


def raise_own() -> None:
    """Give the calling thread real-time priority if that is allowed; Linux only, never raises.

    The main thread never gets it: it runs the event loop.
    """
    if not hasattr(os, "sched_setscheduler") or threading.current_thread() is _MAIN:
        return
    with suppress(OSError):
        policy = os.SCHED_RR | os.SCHED_RESET_ON_FORK
        os.sched_setscheduler(0, policy, os.sched_param(_REAL_TIME_PRIORITY))
