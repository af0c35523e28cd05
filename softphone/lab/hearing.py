"""What the lab hears of one client: a byte-wise buffer, counts, and a recording."""

from __future__ import annotations

import io
import math
import wave
from typing import Any

import numpy as np

from softphone.adapters.audin.wire import FRAME_BYTES, SILENCE
from softphone.audio.block import PHONE_RATE_HZ
from softphone.audio.g711 import decode_mulaw

DEPTH_S = 0.04
_DEPTH = round(DEPTH_S * PHONE_RATE_HZ)
_CEILING = PHONE_RATE_HZ  # 1 s
_RECORD_LIMIT = 300 * PHONE_RATE_HZ
_LONGEST_GAP_MS = 1000
_LEVEL_SHARE = 0.1
_ALL_CODES = np.frombuffer(decode_mulaw(bytes(range(256))), np.int16).astype(np.float64)
_POWER = (_ALL_CODES / 32768.0) ** 2


class Hearing:
    """Received audio of a call. `push` what comes, `pull` 20 ms at a time."""

    def __init__(self) -> None:
        self._bytes = bytearray()
        self._flowing = False
        self._heard = bytearray()
        self._gaps = [0] * (_LONGEST_GAP_MS + 1)
        self._last: float | None = None
        self._power = 0.0
        self._jitter_ms = 0.0
        self.frames = self.bytes = self.odd_frames = self.dropped = self.gaps_filled = 0

    def push(self, data: bytes, now: float) -> None:
        """Take one message, of any length."""
        self.frames += 1
        self.bytes += len(data)
        self.odd_frames += len(data) != FRAME_BYTES
        if self._last is not None:
            gap_ms = (now - self._last) * 1000
            self._gaps[min(_LONGEST_GAP_MS, round(gap_ms))] += 1
            uneven = abs(gap_ms - len(data) * 1000 / PHONE_RATE_HZ)
            self._jitter_ms += (uneven - self._jitter_ms) / 16  # as RFC 3550 smooths it
        self._last = now
        self._bytes += data
        if len(self._bytes) > _CEILING:
            over = len(self._bytes) - _DEPTH
            del self._bytes[:over]
            self.dropped += over

    def pull(self) -> bytes:
        """Return the next 160 bytes, silence while there are too few."""
        if not self._flowing and len(self._bytes) < _DEPTH:
            frame = SILENCE
        elif len(self._bytes) < FRAME_BYTES:
            self._flowing = False
            self.gaps_filled += 1
            frame = SILENCE
        else:
            self._flowing = True
            frame = bytes(self._bytes[:FRAME_BYTES])
            del self._bytes[:FRAME_BYTES]
        self._note(frame)
        return frame

    def counts(self) -> dict[str, Any]:
        """Return what was received, for the status page and tests."""
        return {
            "frames": self.frames,
            "bytes": self.bytes,
            "odd_frames": self.odd_frames,
            "dropped_bytes": self.dropped,
            "gaps_filled": self.gaps_filled,
            "lost": self.gaps_filled,
            "jitter_ms": round(self._jitter_ms, 1),
            "gap_p50_ms": self._percentile(0.5),
            "gap_p99_ms": self._percentile(0.99),
            "gap_max_ms": self._percentile(1.0),
            "level_dbfs": self._level_dbfs(),
        }

    def wav(self) -> bytes:
        """Return what the far end heard so far (at most 5 minutes) as a WAV file."""
        file = io.BytesIO()
        with wave.open(file, "wb") as out:
            out.setnchannels(1)
            out.setsampwidth(2)
            out.setframerate(PHONE_RATE_HZ)
            out.writeframes(decode_mulaw(bytes(self._heard)))
        return file.getvalue()

    def _note(self, frame: bytes) -> None:
        if len(self._heard) < _RECORD_LIMIT:
            self._heard += frame
        power = 0.0 if frame == SILENCE else float(_POWER[np.frombuffer(frame, np.uint8)].mean())
        self._power += (power - self._power) * _LEVEL_SHARE

    def _percentile(self, share: float) -> int | None:
        total = sum(self._gaps)
        seen = 0
        for gap_ms, count in enumerate(self._gaps):
            seen += count
            if count and seen >= share * total:
                return gap_ms
        return None

    def _level_dbfs(self) -> float | None:
        return round(10 * math.log10(self._power), 1) if self._power > 1e-9 else None
