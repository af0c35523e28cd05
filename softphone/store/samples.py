"""Quality samples in SQL, one row for each second of a call; they go with the call's record."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable

from softphone.model.call import CallId
from softphone.model.quality import Levels, QualitySample, Warned

_FIGURES = (
    "at",
    "delay_ms",
    "jitter_ms",
    "buffer_ms",
    "round_trip_ms",
    "loss",
    "mos",
    "concealed_ms",
    "dropped_ms",
    "frames_sent",
    "frames_received",
    "jitter_out_ms",
    "loss_out",
    "mos_out",
    "frames_unsent",
)
_COLUMNS = ("call_id", *_FIGURES, "microphone_db", "far_end_db", "warnings")
_INSERT = (
    f"INSERT OR REPLACE INTO samples ({', '.join(_COLUMNS)}) "
    f"SELECT {', '.join('?' * len(_COLUMNS))} WHERE EXISTS (SELECT 1 FROM calls WHERE id = ?)"
)
MOST = 1_000


def add(db: sqlite3.Connection, call: CallId, samples: Iterable[QualitySample]) -> None:
    """Write seconds of a call; a call that was deleted meanwhile has none."""
    db.executemany(_INSERT, ((*_row(call, sample), call) for sample in samples))


def after(
    db: sqlite3.Connection, call: CallId, at: float, limit: int = MOST
) -> tuple[QualitySample, ...]:
    """Return the seconds later than `at` (epoch seconds), in order, at most `limit`."""
    rows = db.execute(
        "SELECT * FROM samples WHERE call_id = ? AND at > ? ORDER BY at LIMIT ?",
        (call, at, max(1, min(limit, MOST))),
    )
    return tuple(_sample(row) for row in rows)


def _row(call: CallId, sample: QualitySample) -> tuple[object, ...]:
    figures = (getattr(sample, name) for name in _FIGURES)
    levels, warnings = sample.levels, " ".join(sample.warnings)
    return call, *figures, levels.microphone_db, levels.far_end_db, warnings


def _sample(row: sqlite3.Row) -> QualitySample:
    known = set(Warned)
    return QualitySample(
        call=CallId(row["call_id"]),
        levels=Levels(row["microphone_db"], row["far_end_db"]),
        warnings=tuple(Warned(word) for word in row["warnings"].split() if word in known),
        **{name: row[name] for name in _FIGURES},
    )
