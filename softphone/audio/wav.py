"""WAV files: read 8/16/24/32-bit PCM and G.711 at any rate, write 16-bit PCM that survives a crash.

The standard `wave` module reads no G.711 and needs a clean end to write a valid header.
"""

from __future__ import annotations

import struct
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import BinaryIO, Self

import numpy as np
import numpy.typing as npt

from softphone.model.error import AudioError

from .block import Samples
from .g711 import ALAW, MULAW

_PCM, _ALAW, _MULAW, _EXTENSIBLE = 1, 6, 7, 0xFFFE
_LOWEST_HZ, _HIGHEST_HZ = 1_000, 384_000
_READABLE = {(_PCM, 8), (_PCM, 16), (_PCM, 24), (_PCM, 32), (_ALAW, 8), (_MULAW, 8)}
_HEADER_BYTES = 44
_HEADER_EVERY_S = 1.0


class WavReader:
    """Reads a WAV file as mono int16 at its own rate; stereo and more are averaged."""

    def __init__(self, path: Path) -> None:
        """Open and check the header; raises AudioError with the path and the reason."""
        self.path = path
        self.rate_hz = self.channels = self._width = self._tag = 1
        self._data_at = self._data_bytes = self._done = 0
        try:
            self._file: BinaryIO = path.open("rb")
        except OSError as error:
            raise AudioError(f"Cannot read {path}: {error.strerror}.") from error
        try:
            self._read_header()
        except BaseException:
            self._file.close()
            raise

    @property
    def duration_s(self) -> float:
        """Length of the whole file."""
        return self._data_bytes / (self._width * self.channels * self.rate_hz)

    def read(self, samples: int) -> Samples:
        """Return the next samples, fewer at the end, none after it; raises AudioError."""
        frame = self._width * self.channels
        wanted = min(samples * frame, self._data_bytes - self._done)
        try:
            raw = self._file.read(wanted)
        except OSError as error:
            raise AudioError(f"Cannot read {self.path}: {error.strerror}.") from error
        raw = raw[: len(raw) // frame * frame]
        self._done = self._done + len(raw) if raw else self._data_bytes
        return self._to_mono(raw)

    def rewind(self) -> None:
        """Go back to the first sample."""
        self._file.seek(self._data_at)
        self._done = 0

    def close(self) -> None:
        """Close the file; may be repeated."""
        self._file.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        at: TracebackType | None,
    ) -> None:
        self.close()

    def _bad(self, why: str) -> AudioError:
        return AudioError(f"{self.path} cannot be played: {why}.")

    def _read_header(self) -> None:
        size = self.path.stat().st_size
        head = self._file.read(12)
        if len(head) < 12 or head[:4] != b"RIFF" or head[8:] != b"WAVE":
            raise self._bad("it is not a WAV file")
        known = False
        while True:
            chunk = self._file.read(8)
            if len(chunk) < 8:
                raise self._bad("it has no sound data")
            name, length = chunk[:4], struct.unpack("<I", chunk[4:])[0]
            if name == b"data" and known:
                break
            if name == b"fmt ":
                self._read_format(self._file.read(min(length, 40)))
                known = True
                self._file.seek(length - min(length, 40) + length % 2, 1)
            else:
                self._file.seek(length + length % 2, 1)
        self._data_at = self._file.tell()
        frame = self._width * self.channels
        # 0 and 0xFFFFFFFF are what a crashed or streaming writer leaves: take all there is
        length = length if 0 < length < 0xFFFFFFFF else size
        self._data_bytes = max(0, min(length, size - self._data_at)) // frame * frame
        self._done = 0

    def _read_format(self, raw: bytes) -> None:
        if len(raw) < 16:
            raise self._bad("its header is cut off")
        tag, self.channels, self.rate_hz, _, _, bits = struct.unpack("<HHIIHH", raw[:16])
        if tag == _EXTENSIBLE and len(raw) >= 26:
            tag = struct.unpack("<H", raw[24:26])[0]
        if (tag, bits) not in _READABLE:
            raise self._bad(f"format {tag} with {bits} bits is not PCM or G.711")
        if not 1 <= self.channels <= 32:
            raise self._bad(f"it has {self.channels} channels")
        if not _LOWEST_HZ <= self.rate_hz <= _HIGHEST_HZ:
            raise self._bad(f"a rate of {self.rate_hz} Hz is not supported")
        self._tag, self._width = tag, bits // 8

    def _to_mono(self, raw: bytes) -> Samples:
        wide = _to_int16(raw, self._tag, self._width)
        if self.channels == 1:
            return wide
        mean = wide.reshape(-1, self.channels).astype(np.int32).sum(axis=1) // self.channels
        return np.asarray(mean, np.int16)


class WavWriter:
    """Writes 16-bit PCM; the header is brought up to date every second, so a crash costs little."""

    def __init__(self, path: Path, rate_hz: int, channels: int = 1) -> None:
        """Make or replace the file; raises AudioError with the path and the reason."""
        if channels not in (1, 2):
            raise ValueError("one or two channels")
        self.path = path
        self._rate_hz, self._channels = rate_hz, channels
        self._data_bytes = self._header_says = 0
        try:
            self._file: BinaryIO = path.open("wb")
        except OSError as error:
            raise self._failed(error) from error
        try:
            self._write_header()
        except AudioError:
            with suppress(OSError):  # closing writes again what could not be written
                self._file.close()
            raise

    def write(self, samples: Samples) -> None:
        """Append samples, interleaved when stereo; raises AudioError when the disk will not."""
        raw = samples.astype("<i2", copy=False).tobytes()
        if self._data_bytes + len(raw) > 0xFFFFFFFF - _HEADER_BYTES:
            raise AudioError(f"{self.path} has reached 4 GB, the most a WAV file can hold.")
        try:
            self._file.write(raw)
        except OSError as error:
            raise self._failed(error) from error
        self._data_bytes += len(raw)
        step = self._rate_hz * self._channels * 2 * _HEADER_EVERY_S
        if self._data_bytes - self._header_says >= step:
            self._write_header()

    def close(self) -> None:
        """Complete the header and close; may be repeated. Raises AudioError."""
        if self._file.closed:
            return
        try:
            self._write_header()
        finally:
            self._close_file()

    def _close_file(self) -> None:
        try:
            self._file.close()
        except OSError as error:
            raise self._failed(error) from error

    def _write_header(self) -> None:
        step = self._channels * 2
        header = struct.pack(
            "<4sI4s4sIHHIIHH4sI",
            *(b"RIFF", self._data_bytes + _HEADER_BYTES - 8, b"WAVE"),
            *(b"fmt ", 16, _PCM, self._channels, self._rate_hz, self._rate_hz * step, step, 16),
            *(b"data", self._data_bytes),
        )
        try:
            self._file.seek(0)
            self._file.write(header)
            self._file.seek(0, 2)
            self._file.flush()
        except OSError as error:
            raise self._failed(error) from error
        self._header_says = self._data_bytes

    def _failed(self, error: OSError) -> AudioError:
        return AudioError(f"Cannot write {self.path}: {error.strerror}.")


def _to_int16(raw: bytes, tag: int, width: int) -> Samples:
    if tag == _MULAW:
        return np.frombuffer(MULAW.decode(raw), np.int16)
    if tag == _ALAW:
        return np.frombuffer(ALAW.decode(raw), np.int16)
    if width == 1:
        return ((np.frombuffer(raw, np.uint8).astype(np.int16) - 128) << 8).astype(np.int16)
    if width == 2:
        return np.frombuffer(raw, "<i2").astype(np.int16, copy=False)
    octets: npt.NDArray[np.uint8] = np.frombuffer(raw, np.uint8).reshape(-1, width)
    return np.ascontiguousarray(octets[:, -2:]).view("<i2").reshape(-1).astype(np.int16, copy=False)
