"""Reading session descriptions and changing their text."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from softphone.model.error import ProtocolError
from softphone.webrtc.description import join, split
from softphone.webrtc.sdp import (
    Codec,
    CodecSelector,
    Direction,
    actpass,
    direction_of,
    offered,
    parse,
    preferring,
    removing,
    with_bandwidth,
    with_origin,
    without_bundle,
    without_crypto,
    without_extmap,
    without_trickle,
)
from tests.webrtc.data import SDK_OFFER, with_directions


def test_a_real_offer_is_read() -> None:
    description = parse(SDK_OFFER)

    audio, video = description.media
    assert (description.session_id, description.version) == ("3539941226400943150", 2)
    assert (audio.kind, audio.port, audio.mid, audio.candidates) == ("audio", 58803, "0", 1)
    assert audio.direction is Direction.SENDRECV and audio.bundled and not audio.rejected
    assert audio.codecs[0] == Codec(111, "opus", 48_000, 2, "minptime=10;useinbandfec=1")
    assert [c.payload_type for c in audio.codecs] == [111, 63, 9, 0, 8, 13, 110, 126]
    assert audio.transport.ufrag == "0sF/" and audio.transport.setup == "actpass"
    assert audio.transport.rtcp_mux and audio.transport.fingerprints[0][0] == "sha-256"
    assert (video.kind, video.mid) == ("video", "1")
    assert offered(SDK_OFFER) == (True, True)


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", "does not begin with v=0"),
        ("hello", "does not begin with v=0"),
        ("v=0\r\ns=-\r\n", "no usable o= line"),
        ("v=0\r\no=- 1 x IN IP4 0\r\n", "no usable o= line"),
        ("v=0\r\no=- 1 ٣ IN IP4 0\r\n", "no usable o= line"),
        ("v=0\r\no=- 1 1 IN IP4 0\r\nm=audio\r\n", "too few fields"),
        ("v=0\r\no=- 1 1 IN IP4 0\r\nm=audio 70000 X 0\r\n", "without a port number"),
        ("v=0\r\no=- 1 1 IN IP4 0\r\n" + "m=audio 1 X 0\r\n" * 33, "more than 32 media lines"),
        ("v=0\r\n" + "a" * 65_536, "larger than 64 KiB"),
        ("v=0\r\n" + "ä" * 40_000, "larger than 64 KiB"),
    ],
)
def test_a_malformed_description_is_refused_with_its_reason(text: str, reason: str) -> None:
    with pytest.raises(ProtocolError, match=reason) as caught:
        parse(text)

    assert caught.value.code == "BAD_SDP"


_TOKENS = st.sampled_from(
    """v=0|o=- 1 2 IN IP4 x|m=audio 9 X 0|m=video 0 X 96 97|a=mid:0|a=mid|a=|m=|a=inactive|a=fmtp:0
|a=rtpmap:96 VP8/90000|a=rtpmap:0 /|a=rtpmap:999999 x/1|a=group:BUNDLE 0|a=fingerprint:x|a=sendonly
|a=candidate:1 1 udp 1 ::1 9 typ host|a=setup:active|a=ice-options:trickle|a=fmtp:97 apt=96|b=AS:1
|c=IN IP4 0|a=group:BUNDLE|a=crypto:1""".replace("\n", "").split("|")
)
_LINES = st.lists(st.one_of(_TOKENS, st.text(max_size=20)), max_size=30)
_TEXTS = st.one_of(
    st.text(max_size=300),
    st.builds("\r\n".join, _LINES),
    st.builds(lambda lines: "\n".join(["v=0", "o=- 1 1 IN IP4 x", *lines]), _LINES),
)


@given(_TEXTS)
def test_reading_anything_gives_a_description_or_a_protocol_error(text: str) -> None:
    try:
        description = parse(text)
    except ProtocolError:
        return
    assert offered(text)[0] == (description.audio is not None)


@given(_TEXTS)
def test_no_edit_fails_otherwise_than_by_a_protocol_error(text: str) -> None:
    selectors = [CodecSelector("vp8"), CodecSelector("pcmu", ("x=1",))]
    edits = (
        without_extmap,
        without_crypto,
        without_bundle,
        without_trickle,
        actpass,
        lambda t: with_bandwidth(t, 32),
        lambda t: preferring(t, ["PCMU"]),
        lambda t: removing(t, selectors),
        lambda t: with_origin(t, "7", 3),
    )
    for edit in edits:
        try:
            text = edit(text)
        except ProtocolError:
            continue


def test_a_description_goes_through_split_and_join_unchanged() -> None:
    assert join(*split(SDK_OFFER)) == SDK_OFFER


def test_only_id_and_version_of_the_origin_change() -> None:
    changed = with_origin(SDK_OFFER, "42", 7)

    assert "o=- 42 7 IN IP4 127.0.0.1\r\n" in changed
    assert changed.replace("42 7", "3539941226400943150 2") == SDK_OFFER


@pytest.mark.parametrize(
    ("edit", "gone"),
    [
        (without_extmap, "a=extmap"),
        (without_crypto, "a=crypto"),
        (without_bundle, "a=group"),
        (without_trickle, "trickle"),
    ],
)
def test_an_edit_takes_its_lines_and_no_other(edit: object, gone: str) -> None:
    assert callable(edit)
    before, after = SDK_OFFER.split("\r\n"), edit(SDK_OFFER).split("\r\n")

    assert [line for line in before if gone not in line] == after
    assert len(after) < len(before)


def test_sdes_keys_stay_when_there_is_no_fingerprint() -> None:
    text = with_directions("sendrecv") + "a=crypto:1 AES inline:x\r\n"

    assert without_crypto(text) == text


def test_other_ice_options_stay_when_trickle_goes() -> None:
    text = SDK_OFFER.replace("a=ice-options:trickle", "a=ice-options:trickle renomination")

    assert "a=ice-options:renomination\r\n" in without_trickle(text)


def test_bandwidth_is_written_for_audio_in_both_units() -> None:
    changed = with_bandwidth(with_bandwidth(SDK_OFFER, 20), 40)

    assert changed.count("b=AS:40\r\nb=TIAS:40000\r\n") == 1
    assert "b=AS:20" not in changed
    assert changed.index("b=AS:40") < changed.index("m=video")
    assert with_bandwidth(SDK_OFFER, None) == SDK_OFFER


def test_preferred_codecs_come_first_and_none_is_lost() -> None:
    changed = preferring(SDK_OFFER, ["PCMA", "pcmu"])

    assert "m=audio 58803 UDP/TLS/RTP/SAVPF 8 0 111 63 9 13 110 126" in changed
    assert "m=video 9 UDP/TLS/RTP/SAVPF 96 97 98" in changed


def test_a_removed_codec_takes_its_lines_and_its_retransmission_along() -> None:
    changed = removing(SDK_OFFER, [CodecSelector("VP8"), CodecSelector("opus")])

    assert "m=video 9 UDP/TLS/RTP/SAVPF 98\r\n" in changed
    assert "m=audio 58803 UDP/TLS/RTP/SAVPF 63 9 0 8 13 110 126" in changed
    assert "opus" not in changed and "apt=96" not in changed and "rtcp-fb:111" not in changed


def test_a_selector_with_parameters_needs_all_of_them() -> None:
    both = CodecSelector("H264", ("packetization-mode=1", "profile-level-id=42E01F"))
    other = CodecSelector("H264", ("packetization-mode=0",))

    assert "H264" in removing(SDK_OFFER, [other])
    assert "H264" not in removing(SDK_OFFER, [both])


def test_a_line_keeps_its_codecs_when_none_would_stay() -> None:
    text = with_directions("sendrecv")

    assert removing(text, [CodecSelector("PCMU")]) == text


def test_an_offer_that_takes_a_role_leaves_it_to_the_answer() -> None:
    assert "a=setup:actpass\r\n" in actpass(SDK_OFFER.replace("actpass", "active"))
    assert actpass(SDK_OFFER) == SDK_OFFER


def test_a_line_with_port_nought_is_switched_off_unless_it_is_bundled() -> None:
    text = with_directions("sendrecv").replace("m=audio 4000", "m=audio 0")
    bundled = text.replace("s=-", "s=-\r\na=group:BUNDLE 0")

    assert offered(text) == (False, False)
    assert offered(bundled) == (True, False)


@pytest.mark.parametrize("direction", list(Direction))
def test_a_direction_reversed_twice_is_itself(direction: Direction) -> None:
    assert direction.reversed.reversed is direction
    assert direction_of(direction.sends, direction.receives) is direction
    assert direction.reversed.sends == direction.receives
