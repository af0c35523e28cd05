"""The small nouns: capabilities, contacts, numbers, quality, errors."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from softphone.model import error
from softphone.model.call import CallId
from softphone.model.capability import Capabilities, Capability
from softphone.model.contact import Contact, ContactAddress, ContactId
from softphone.model.error import OutOfOrder, RequestError, SoftphoneError
from softphone.model.presence import Availability, NumberState, OwnNumber
from softphone.model.quality import QualitySample, QualitySummary

WHY_NOT: dict[Capability, str] = dict.fromkeys(Capability, "The platform only reports calls.")


def test_capabilities_need_a_reason_for_all_that_is_missing() -> None:
    reasons: dict[Capability, str] = dict.fromkeys(Capability, "no")
    del reasons[Capability.DIAL], reasons[Capability.SMS]

    with pytest.raises(ValueError, match="sms"):
        Capabilities([Capability.DIAL], reasons)


def test_what_is_allowed_has_no_reason_why_not() -> None:
    capabilities = Capabilities([Capability.DIAL], WHY_NOT)

    assert capabilities.allows(Capability.DIAL)
    assert capabilities.why_not(Capability.DIAL) is None


def test_what_is_missing_says_why() -> None:
    capabilities = Capabilities([], WHY_NOT)

    assert not capabilities.allows(Capability.DIAL)
    assert capabilities.why_not(Capability.DIAL) == WHY_NOT[Capability.DIAL]


def test_refusals_are_listed_in_the_order_of_the_enum() -> None:
    capabilities = Capabilities([Capability.ANSWER], WHY_NOT)

    listed = [name for name, _ in capabilities.refusals()]

    assert listed == [c.value for c in Capability if c is not Capability.ANSWER]


def test_a_contact_is_dialled_at_its_first_address() -> None:
    addresses = (ContactAddress("+391"), ContactAddress("+392"))

    assert Contact(ContactId("1"), "Bob", addresses).main_address == "+391"
    assert Contact(ContactId("1"), "Bob").main_address == ""


def test_an_own_number_is_called_by_name_or_number() -> None:
    assert OwnNumber("pn", "+391", "Desk").label == "Desk"
    assert OwnNumber("pn", "+391").label == "+391"


@pytest.mark.parametrize(
    ("number", "state"),
    [
        ("yes", NumberState.ACCEPTED),
        ("no", NumberState.REJECTED),
        ("asked", NumberState.ASKED),
        ("other", NumberState.OFF),
    ],
)
def test_availability_tells_what_became_of_a_number(number: str, state: NumberState) -> None:
    assert Availability(("yes", "no", "asked"), ("yes",), ("no",)).of(number) is state


def sample(**figures: float | int | None) -> QualitySample:
    return QualitySample(CallId("c"), 0.0, **figures)  # type: ignore[arg-type]  # figures by name


def test_a_summary_averages_what_is_known() -> None:
    summary = QualitySummary()
    for jitter in (10.0, 20.0, 60.0):
        summary = summary.with_sample(sample(jitter_ms=jitter, mos=4.0))

    assert summary.samples == 3
    assert summary.mean_jitter_ms == pytest.approx(30.0)
    assert (summary.max_jitter_ms, summary.mos, summary.loss) == (60.0, 4.0, None)


@given(st.lists(st.none() | st.floats(0, 1000), max_size=30))
def test_unknown_figures_do_not_weigh_in_an_average(jitters: list[float | None]) -> None:
    known = [jitter for jitter in jitters if jitter is not None]

    summary = QualitySummary()
    for jitter in jitters:
        summary = summary.with_sample(sample(jitter_ms=jitter))

    expected = sum(known) / len(known) if known else None
    assert summary.mean_jitter_ms == pytest.approx(expected)
    assert summary.max_jitter_ms == (max(known) if known else None)
    assert summary.samples == len(jitters)


def test_counters_of_a_summary_are_the_latest() -> None:
    first = QualitySummary().with_sample(sample(frames_sent=50, concealed_ms=10.0))

    second = first.with_sample(sample(frames_sent=100, frames_received=99))

    assert (second.frames_sent, second.frames_received, second.concealed_ms) == (100, 99, 10.0)


def test_every_error_has_a_code_of_its_own_for_scripts() -> None:
    kinds = [
        kind
        for kind in vars(error).values()
        if isinstance(kind, type) and issubclass(kind, SoftphoneError)
    ]

    assert len({kind.code for kind in kinds}) == len(kinds)
    assert all(kind.code.isupper() for kind in kinds)


def test_an_error_may_carry_the_code_of_the_platform() -> None:
    assert SoftphoneError("Gone.", code="E42").code == "E42"
    assert RequestError("No.", status=500).status == 500
    assert str(OutOfOrder("hold", "ringing")) == "hold does not fit state ringing."
