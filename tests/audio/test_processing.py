"""Echo cancelling, noise suppression and gain: the real library on the board and in the engine."""

from __future__ import annotations

import importlib
import threading
import tracemalloc
from collections.abc import Callable, Iterator

import numpy as np
import pytest

from softphone.audio.board import Board, Line
from softphone.audio.echotest import probe
from softphone.audio.engine import AudioEngine
from softphone.audio.processing import CANNOT_START, FAILED, MISSING, Processor
from softphone.audio.report import AudioSettings, Processing, ReportKind
from softphone.cli import bench_aec
from softphone.cli.bench_aec import measure_aec
from softphone.model.error import AudioError
from tests.audio.rooms import echo_of
from tests.audio.support import FakeLeg, Reports, Samples, sine, wait_for

ECHO = Processing(echo=True)


@pytest.fixture
def library() -> None:
    pytest.importorskip("livekit.rtc", reason="needs the extra: pip install 'softphone[aec]'")


def without_library(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let importing the library fail as it does where it is not installed."""
    real = importlib.import_module

    def missing(name: str, package: str | None = None) -> object:
        if name.startswith("livekit"):
            raise ModuleNotFoundError("No module named 'livekit'")
        return real(name, package)

    monkeypatch.setattr(importlib, "import_module", missing)


def decibels(before: Samples, after: Samples) -> float:
    power = [float(np.mean(sound.astype(np.float64) ** 2)) for sound in (before, after)]
    return float(10 * np.log10(power[0] / max(power[1], 1e-3)))


def talk_over_a_speaker(board: Board, far: FakeLeg, heard: Samples, said: Samples) -> None:
    """Let the far end say `said` while the microphone hears `heard` of it."""
    out = np.zeros(480, np.int16)
    for first in range(0, len(said) - 479, 480):
        far.says = said[first : first + 480]
        board.play(out)
        board.capture(heard[first : first + 480])


def a_call(settings: Processing) -> tuple[Board, FakeLeg]:
    board, leg = Board(), FakeLeg()
    line = Line("call", leg)
    line.talk = line.listen = True
    board.lines = (line,)
    board.cleaning.processor = Processor(settings) if settings.any else None
    return board, leg


@pytest.mark.usefixtures("library")
def test_the_far_end_does_not_hear_itself_again() -> None:
    said = probe()
    heard = echo_of(said)
    with_echo, cancelled = (a_call(settings) for settings in (Processing(), ECHO))

    for board, leg in (with_echo, cancelled):
        talk_over_a_speaker(board, leg, heard, said)

    span = slice(-200, -60)  # while the noise lasts, after 3 s to learn
    sent = [np.concatenate(leg.sent[span]) for _, leg in (with_echo, cancelled)]
    assert decibels(*sent) >= 20


@pytest.mark.usefixtures("library")
def test_the_near_voice_is_kept_while_the_far_end_is_silent() -> None:
    board, leg = a_call(ECHO)
    voice = echo_of(probe(), delay_ms=0, tail_ms=1, level_db=0)

    talk_over_a_speaker(board, leg, voice, np.zeros_like(voice))

    sent = np.concatenate(leg.sent[-200:-60])
    assert abs(decibels(voice[-200 * 480 : -60 * 480], sent)) < 3


@pytest.mark.usefixtures("library")
def test_noise_is_suppressed_and_a_soft_voice_made_louder() -> None:
    noise = np.asarray(np.random.default_rng(2).normal(0, 300, 480 * 300), np.int16)
    board, leg = a_call(Processing(noise=True))
    talk_over_a_speaker(board, leg, noise, np.zeros_like(noise))
    assert decibels(noise[-48_000:], np.concatenate(leg.sent[-100:])) >= 6

    soft = probe() // 16
    board, leg = a_call(Processing(gain=True))
    talk_over_a_speaker(board, leg, soft, np.zeros_like(soft))
    assert decibels(soft[-200 * 480 : -60 * 480], np.concatenate(leg.sent[-200:-60])) <= -3


@pytest.mark.usefixtures("library")
def test_switching_makes_no_click() -> None:
    board, leg = a_call(Processing())
    tone = sine(250, 480 * 240)
    out = np.zeros(480, np.int16)
    on = Processor(Processing(noise=False, echo=True))
    for number, first in enumerate(range(0, len(tone), 480)):
        board.cleaning.processor = on if 40 <= number < 200 else None
        board.play(out)
        board.capture(tone[first : first + 480])

    sent = np.concatenate(leg.sent).astype(int)
    assert np.abs(np.diff(sent)).max() <= 1.5 * np.abs(np.diff(tone.astype(int))).max()


@pytest.mark.usefixtures("library")
def test_blocks_leave_nothing_behind() -> None:
    processor, block = Processor(Processing(True, True, True)), sine(440, 480)

    def run(blocks: int) -> None:
        for _ in range(blocks):
            processor.far(block)
            processor.near(block)

    run(50)
    tracemalloc.start()
    try:
        run(20)
        before = tracemalloc.get_traced_memory()[0]
        run(500)
        assert tracemalloc.get_traced_memory()[0] - before < 4096
    finally:
        tracemalloc.stop()


@pytest.mark.usefixtures("library")
def test_a_speaker_that_runs_alone_does_not_pile_up_sound() -> None:
    processor, block = Processor(ECHO), sine(440, 480)
    for _ in range(500):
        processor.far(block)

    processor.near(block)

    assert len(processor._waiting) == 0
    assert processor.failed is None


def test_a_missing_package_is_one_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    without_library(monkeypatch)

    with pytest.raises(AudioError, match=r"pip install 'softphone\[aec\]'"):
        Processor(ECHO)


def test_a_native_part_that_does_not_fit_this_system_is_one_sentence(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    class Unfit:
        @staticmethod
        def AudioProcessingModule(**wanted: bool) -> object:  # the library's name
            raise ImportError("failed to load liblivekit_ffi.so\nwrong system")

    monkeypatch.setattr(importlib, "import_module", lambda name: Unfit)

    with pytest.raises(AudioError) as refused:
        Processor(ECHO)

    assert refused.value.message == CANNOT_START


@pytest.mark.usefixtures("library")
def test_the_bench_finds_30_db_of_echo_taken_away() -> None:
    echo, with_noise, cost = measure_aec()

    assert echo.ok
    assert with_noise.ok
    assert cost.taken


def test_the_bench_says_what_is_missing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bench_aec, "installed", lambda: False)

    figures = measure_aec()

    assert not any(figure.taken for figure in figures)
    assert "softphone[aec]" in figures[0].reference


# ---- in the engine -------------------------------------------------------------------------------


@pytest.fixture
def make(reports: Reports) -> Iterator[Callable[..., AudioEngine]]:
    made: list[AudioEngine] = []

    def build(settings: Processing | None = None) -> AudioEngine:
        wanted = AudioSettings("tone", "null", processing=settings or Processing())
        engine = AudioEngine(wanted, reports.append)
        engine.start()
        made.append(engine)
        return engine

    yield build
    for engine in made:
        engine.close()
    wait_for(lambda: not [t for t in threading.enumerate() if t.name.startswith("audio-")])


Make = Callable[..., AudioEngine]


def test_nothing_is_loaded_unless_it_is_on(make: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[str] = []
    monkeypatch.setattr(importlib, "import_module", asked.append)
    engine, leg = make(), FakeLeg()
    engine.attach("call", leg)
    engine.set_talk("call", talk=True, listen=True)

    wait_for(lambda: leg.count > 20)

    assert asked == []
    assert np.abs(leg.last).max() > 5000


def test_without_the_package_the_call_goes_on_and_the_switch_is_off_again(
    make: Make, reports: Reports, monkeypatch: pytest.MonkeyPatch
) -> None:
    without_library(monkeypatch)
    engine, leg = make(ECHO), FakeLeg()
    engine.attach("call", leg)
    engine.set_talk("call", talk=True, listen=True)

    wait_for(lambda: reports.of(ReportKind.PROCESSING_FAILED))
    wait_for(lambda: leg.count > 20)

    assert [report.text for report in reports.of(ReportKind.PROCESSING_FAILED)] == [MISSING]
    assert engine.selected().processing == Processing()
    assert np.abs(leg.last).max() > 5000


@pytest.mark.usefixtures("library")
def test_processing_is_switched_in_a_call(make: Make) -> None:
    engine, leg = make(), FakeLeg()
    engine.attach("call", leg)
    engine.set_talk("call", talk=True, listen=True)

    engine.process(echo=True)
    engine.process(noise=True)
    wait_for(lambda: (on := engine._board.cleaning.processor) and on.settings.noise)
    assert engine.selected().processing == Processing(echo=True, noise=True)

    engine.process(echo=False, noise=False)
    wait_for(lambda: engine._board.cleaning.processor is None)
    sent = leg.count
    wait_for(lambda: leg.count > sent + 5)
    assert np.abs(leg.last).max() > 5000


@pytest.mark.usefixtures("library")
def test_processing_that_fails_in_a_call_is_switched_off_and_told(
    make: Make, reports: Reports
) -> None:
    engine, leg = make(ECHO), FakeLeg()
    engine.attach("call", leg)
    engine.set_talk("call", talk=True, listen=True)
    wait_for(lambda: leg.count > 20 and engine._board.cleaning.processor)
    processor = engine._board.cleaning.processor
    assert processor is not None

    processor._module._ffi_handle.dispose()  # the native part is gone

    wait_for(lambda: reports.of(ReportKind.PROCESSING_FAILED))
    assert reports.of(ReportKind.PROCESSING_FAILED)[0].text == FAILED
    assert engine.selected().processing == Processing()
    sent = leg.count
    wait_for(lambda: leg.count > sent + 20)
    assert np.abs(leg.last).max() > 5000


def test_the_echo_test_is_refused_in_a_call_and_ended_by_one(make: Make, reports: Reports) -> None:
    engine = make()
    engine.test_echo()
    wait_for(lambda: engine._board.echo_test)

    engine.attach("call", FakeLeg())

    wait_for(lambda: reports.of(ReportKind.ECHO_MEASURED))
    assert "broken off" in reports.of(ReportKind.ECHO_MEASURED)[0].text
    assert reports.of(ReportKind.ECHO_MEASURED)[0].echo is None
    with pytest.raises(AudioError, match="End the call first"):
        engine.test_echo()
