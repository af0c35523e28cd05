"""Quality samples in the store: kept by the second, read in pages, gone with their call."""

from __future__ import annotations

from softphone.model.call import CallId, CallState
from softphone.model.quality import Levels, QualitySample, Warned
from softphone.store.samples import MOST
from softphone.store.store import Store
from tests.store.conftest import a_call

CALL = CallId("c1")


def second(at: float) -> QualitySample:
    return QualitySample(
        CALL,
        at,
        delay_ms=70.0,
        loss=0.1,
        mos=3.1,
        frames_sent=50,
        levels=Levels(-20.0, -18.5),
        loss_out=0.0,
        mos_out=4.4,
        warnings=(Warned.LOSS_IN, Warned.SCORE_IN),
    )


async def test_a_second_comes_back_as_it_was_with_its_unknown_figures(store: Store) -> None:
    store.save_call(a_call())
    store.add_samples(CALL, [second(1.0)])

    assert await store.samples(CALL, 0.0, 10) == (second(1.0),)
    assert (await store.samples(CALL, 0.0, 10))[0].jitter_ms is None


async def test_a_long_call_is_read_in_pages(store: Store) -> None:
    store.save_call(a_call())
    store.add_samples(CALL, [second(float(at)) for at in range(1, 2 * MOST + 2)])

    first = await store.samples(CALL, 0.0, 10 * MOST)
    rest = await store.samples(CALL, first[-1].at, MOST)
    last = await store.samples(CALL, rest[-1].at, MOST)

    assert [len(first), len(rest), len(last)] == [MOST, MOST, 1]
    assert [s.at for s in (*first, *rest, *last)] == [float(at) for at in range(1, 2 * MOST + 2)]


async def test_samples_go_with_their_call_and_none_are_kept_without_one(store: Store) -> None:
    store.save_call(a_call(state=CallState.ENDED))
    store.add_samples(CALL, [second(1.0)])
    await store.delete_records(CALL)

    store.add_samples(CALL, [second(2.0)])

    assert await store.samples(CALL, 0.0, 10) == ()
