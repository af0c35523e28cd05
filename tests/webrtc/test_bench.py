"""The figures of a WebRTC call can be taken, and lie where they should."""

from __future__ import annotations

from softphone.webrtc import bench


async def test_figures_of_a_call_are_taken() -> None:
    figures = await bench.all_figures(1.0)

    named = {figure.name: figure for figure in figures}
    for f in figures:
        print(f"{f.name}: {f.value:.2f} {f.unit} ({f.ratio:.1f} x {f.reference})")
    assert len(named) == 3
    assert all(figure.value > 0 and (figure.ratio or 0) > 0 for figure in figures)
    assert named["WebRTC call with PCMU, one end"].value < 60
