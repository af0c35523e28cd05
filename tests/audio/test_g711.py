"""G.711 against a bit-by-bit reference for all inputs, and against known answers."""

from __future__ import annotations

import numpy as np
import pytest

from softphone.audio import g711

EVERY_SAMPLE = np.arange(-32_768, 32_768).astype("<i2")
EVERY_CODE = bytes(range(256))


def reference_mulaw(sample: int) -> int:
    """Segment search as in the textbook: sign, exponent, four bits of mantissa, all inverted."""
    sign = 0x80 if sample < 0 else 0
    magnitude = min(abs(sample), 32_635) + 132
    exponent = 7
    while exponent and not magnitude & (0x80 << exponent):
        exponent -= 1
    return ~(sign | exponent << 4 | magnitude >> (exponent + 3) & 15) & 0xFF


def reference_mulaw_decode(code: int) -> int:
    code = ~code & 0xFF
    magnitude = ((code & 15) * 2 + 33 << (code >> 4 & 7)) - 33 << 2
    return -magnitude if code & 0x80 else magnitude


def reference_alaw(sample: int) -> int:
    """ITU-T G.191: 13 bits, one's complement for negative samples, even bits inverted."""
    magnitude = (~sample if sample < 0 else sample) >> 4
    if magnitude > 15:
        exponent = 1
        while magnitude > 31:
            magnitude >>= 1
            exponent += 1
        magnitude += (exponent << 4) - 16
    return (magnitude | (0 if sample < 0 else 0x80)) ^ 0x55


def reference_alaw_decode(code: int) -> int:
    code ^= 0x55
    exponent, mantissa = code >> 4 & 7, code & 15
    magnitude = mantissa * 2 + 1 << 3 if not exponent else mantissa * 2 + 33 << exponent + 2
    return magnitude if code & 0x80 else -magnitude


def test_mulaw_encoding_agrees_with_the_reference_on_all_samples() -> None:
    expected = bytes(reference_mulaw(int(sample)) for sample in EVERY_SAMPLE)

    assert g711.encode_mulaw(EVERY_SAMPLE.tobytes()) == expected


def test_alaw_encoding_agrees_with_the_reference_on_all_samples() -> None:
    expected = bytes(reference_alaw(int(sample)) for sample in EVERY_SAMPLE)

    assert g711.encode_alaw(EVERY_SAMPLE.tobytes()) == expected


def test_decoding_agrees_with_the_reference_on_all_codes() -> None:
    mulaw = np.frombuffer(g711.decode_mulaw(EVERY_CODE), "<i2").tolist()
    alaw = np.frombuffer(g711.decode_alaw(EVERY_CODE), "<i2").tolist()

    assert mulaw == [reference_mulaw_decode(code) for code in EVERY_CODE]
    assert alaw == [reference_alaw_decode(code) for code in EVERY_CODE]


@pytest.mark.parametrize(
    ("sample", "code"),
    [
        *((0, 0xFF), (1, 0xFF), (-1, 0x7F), (8, 0xFE), (-8, 0x7E), (100, 0xF2), (-100, 0x72)),
        *((1000, 0xCE), (-1000, 0x4E), (8031, 0xA0), (16000, 0x90), (-16000, 0x10)),
        *((32124, 0x80), (32767, 0x80), (-32768, 0x00)),
    ],
)
def test_known_answers_of_the_audin_protocol_hold(sample: int, code: int) -> None:
    assert g711.encode_mulaw(np.array([sample], "<i2").tobytes())[0] == code


def test_one_period_of_a_sine_is_encoded_as_documented() -> None:
    sine = np.rint(10_000 * np.sin(2 * np.pi * np.arange(8) / 8)).astype("<i2")

    assert g711.encode_mulaw(sine.tobytes()).hex() == "ffa39ca3ff231c23"


def test_only_minus_zero_does_not_survive_decoding_and_encoding() -> None:
    again = g711.encode_mulaw(g711.decode_mulaw(EVERY_CODE))

    assert {code for code in EVERY_CODE if again[code] != code} == {0x7F}
    assert again[0x7F] == 0xFF
    assert g711.encode_alaw(g711.decode_alaw(EVERY_CODE)) == EVERY_CODE


def test_decoded_extremes_are_32124() -> None:
    decoded = np.frombuffer(g711.decode_mulaw(EVERY_CODE), "<i2")

    assert (decoded.min(), decoded.max()) == (-32_124, 32_124)


def test_a_1004_hz_tone_comes_back_with_37_db() -> None:
    sine = 10_000 * np.sin(2 * np.pi * 1004 * np.arange(8000) / 8000)

    codes = g711.encode_mulaw(np.rint(sine).astype("<i2").tobytes())
    noise = np.frombuffer(g711.decode_mulaw(codes), "<i2") - sine

    assert 20 * np.log10(np.std(sine) / np.std(noise)) == pytest.approx(37.2, abs=0.2)


def test_the_buffer_forms_give_the_same_as_the_byte_forms() -> None:
    pcm = EVERY_SAMPLE.astype(np.int16)
    codes = np.zeros(65_536, np.uint8)
    back = np.zeros(65_536, np.int16)

    for codec in (g711.MULAW, g711.ALAW):
        codec.encode_into(pcm, codes)
        codec.decode_into(codes, back)

        assert codes.tobytes() == codec.encode(pcm.tobytes())
        assert back.tobytes() == codec.decode(codes.tobytes())
        assert codec.encode(bytes(2))[0] == codec.silence


def test_empty_and_odd_input_is_taken() -> None:
    assert g711.encode_mulaw(b"") == b""
    assert g711.decode_alaw(b"") == b""
    assert g711.encode_mulaw(b"\0\0\7") == b"\xff"
