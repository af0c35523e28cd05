"""What a far end wants with a new description: found by comparing it with its last one.

The table is the one the platform's own client uses, so that both ends come to the same word.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum, auto

from .description import Description, Direction, MediaLine


class Change(Enum):
    """What the far end did, in the operator's words."""

    HOLD = auto()
    UNHOLD = auto()
    START_MOH = auto()
    STOP_MOH = auto()
    ADD_MEDIA = auto()
    REMOVE_MEDIA = auto()
    UPDATE = auto()


@dataclass(frozen=True, slots=True)
class _Line:
    """One line before and after; a line that is missing or switched off flows neither way."""

    kind: str
    before: Direction
    after: Direction
    came_or_went: bool  # while it carried something; an idle new line is no new media

    @property
    def changed(self) -> bool:
        return self.before != self.after

    @property
    def sending_started(self) -> bool:
        return self.after.sends and not self.before.sends

    @property
    def sending_stopped(self) -> bool:
        return self.before.sends and not self.after.sends

    @property
    def receiving_started(self) -> bool:
        return self.after.receives and not self.before.receives

    @property
    def receiving_stopped(self) -> bool:
        return self.before.receives and not self.after.receives


def change_between(
    before: Description | None, after: Description, *, held_here: bool, held_there: bool
) -> Change:
    """Return what changed between the far end's last description and its new one.

    `held_here` and `held_there` say whether this side and the far end hold at the moment.
    """
    by_mid = _compared(before, after, _mids(before), _mids(after))
    found = _judge(by_mid, held_here)
    if found is not None:
        return found
    if held_there and _flows_after(by_mid):
        return Change.UNHOLD
    by_place = _compared(before, after, _places(before), _places(after))
    return _judge(by_place, held_here) or Change.UPDATE


def _judge(lines: list[_Line], held_here: bool) -> Change | None:
    """Return the row of the table that fits, None when none does."""
    changed = [line for line in lines if line.changed]
    if not changed:
        return Change.HOLD if held_here and not _flows_after(lines) else Change.UPDATE
    same_lines = not any(line.came_or_went for line in changed)
    if same_lines and _is_hold(lines, changed):
        return Change.HOLD
    if same_lines and _is_music(lines, changed):
        return Change.START_MOH
    if same_lines and _is_music_over(lines, changed):
        return Change.STOP_MOH
    if same_lines and _is_unhold(lines, changed):
        return Change.UNHOLD
    if any(line.sending_started for line in changed):
        return Change.ADD_MEDIA
    if any(line.sending_stopped for line in changed):
        return Change.REMOVE_MEDIA
    return None


def _is_hold(lines: list[_Line], changed: list[_Line]) -> bool:
    both_ways = any(line.before is Direction.SENDRECV for line in lines)
    starts = any(line.sending_started or line.receiving_started for line in changed)
    if both_ways and not _flows_after(lines) and not starts:
        return True
    audio = [line for line in changed if line.kind == "audio"]
    video_receives = any(line.kind == "video" and line.after.receives for line in lines)
    music = audio and all(
        line.before is Direction.SENDRECV and line.after is Direction.SENDONLY for line in audio
    )
    return bool(music) and not video_receives


def _is_unhold(lines: list[_Line], changed: list[_Line]) -> bool:
    if not _flows_before(lines):
        return _flows_after(lines) and _all_start(changed)
    audio = [line for line in changed if line.kind == "audio"]
    return bool(audio) and all(
        line.before is Direction.SENDONLY and line.after is Direction.SENDRECV for line in audio
    )


def _is_music(lines: list[_Line], changed: list[_Line]) -> bool:
    return (
        not _flows_before(lines)
        and len(changed) == 1
        and changed[0].kind == "audio"
        and changed[0].after is Direction.SENDONLY
    )


def _is_music_over(lines: list[_Line], changed: list[_Line]) -> bool:
    return (
        not _flows_after(lines)
        and len(changed) == 1
        and changed[0].kind == "audio"
        and changed[0].before is Direction.SENDONLY
    )


def _all_start(changed: list[_Line]) -> bool:
    return not any(line.sending_stopped or line.receiving_stopped for line in changed)


def _flows_before(lines: list[_Line]) -> bool:
    return any(line.before is not Direction.INACTIVE for line in lines)


def _flows_after(lines: list[_Line]) -> bool:
    return any(line.after is not Direction.INACTIVE for line in lines)


def _compared(
    before: Description | None,
    after: Description,
    old_keys: dict[str, MediaLine],
    new_keys: dict[str, MediaLine],
) -> list[_Line]:
    keys = list(dict.fromkeys([*old_keys, *new_keys]))
    return [_line(old_keys.get(key), new_keys.get(key)) for key in keys]


def _line(old: MediaLine | None, new: MediaLine | None) -> _Line:
    known = new or old
    kind = known.kind if known else ""
    return _Line(kind, _flow(old), _flow(new), _is_there(old) != _is_there(new))


def _flow(line: MediaLine | None) -> Direction:
    return Direction.INACTIVE if line is None or line.rejected else line.direction


def _is_there(line: MediaLine | None) -> bool:
    return line is not None and not line.rejected


def _mids(description: Description | None) -> dict[str, MediaLine]:
    media = description.media if description else ()
    return {f"{m.kind}/{m.mid or place}": m for place, m in enumerate(media)}


def _places(description: Description | None) -> dict[str, MediaLine]:
    media = description.media if description else ()
    return {f"{m.kind}/{place}": m for place, m in enumerate(media)}
