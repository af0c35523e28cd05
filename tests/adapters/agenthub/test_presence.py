"""Presence ends like the reference's algorithm, whatever comes in whatever order."""

from __future__ import annotations

import copy
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from softphone.adapters.agenthub.presence import PresenceList
from softphone.engine.link import LINE_LIMIT, line_of
from softphone.model import codec
from softphone.model import event as e
from softphone.model.call import AccountName

Payload = dict[str, Any]


class Reference:
    """The algorithm as section 7.2 words it, written without a look at ours."""

    def __init__(self) -> None:
        self.state: dict[str, list[str]] = {}
        self.queue: list[Payload] = []
        self.current: str | None = None
        self.synced: str | None = None

    def join(self, ref: str) -> None:
        self.current = ref

    def on_state(self, payload: Payload) -> None:
        self.synced = self.current
        new = {key: refs(value) for key, value in payload.items()}
        joins: dict[str, list[str]] = {}
        leaves: dict[str, list[str]] = {}
        for key in self.state:
            if key not in new:
                leaves[key] = list(self.state[key])
        for key in new:
            if key in self.state:
                came = [ref for ref in new[key] if ref not in self.state[key]]
                went = [ref for ref in self.state[key] if ref not in new[key]]
                if came:
                    joins[key] = came
                if went:
                    leaves[key] = went
            else:
                joins[key] = list(new[key])
        self.apply(joins, leaves)
        for diff in self.queue:
            self.on_diff_now(diff)
        self.queue = []

    def on_diff(self, payload: Payload) -> None:
        if self.current is None or self.synced != self.current:
            self.queue.append(payload)
        else:
            self.on_diff_now(payload)

    def on_diff_now(self, payload: Payload) -> None:
        parts = [{k: refs(v) for k, v in payload[name].items()} for name in ("joins", "leaves")]
        self.apply(parts[0], parts[1])

    def apply(self, joins: dict[str, list[str]], leaves: dict[str, list[str]]) -> None:
        for key, new in joins.items():
            old = self.state.get(key)
            self.state[key] = list(new)
            if old is not None:
                self.state[key] = [ref for ref in old if ref not in new] + self.state[key]
        for key, gone in leaves.items():
            if key in self.state:
                self.state[key] = [ref for ref in self.state[key] if ref not in gone]
                if not self.state[key]:
                    del self.state[key]


def refs(entry: Payload) -> list[str]:
    return [meta["phx_ref"] for meta in entry["metas"]]


_ENTRY = st.lists(st.sampled_from("abcdef"), min_size=1, max_size=3, unique=True).map(
    lambda found: {"metas": [{"phx_ref": ref, "username": "u"} for ref in found]}
)
_MAP = st.dictionaries(st.sampled_from(["1", "2", "__proto__", "é"]), _ENTRY, max_size=3)
_STEP: st.SearchStrategy[Any] = st.one_of(
    st.tuples(st.just("join"), st.just({})),
    st.tuples(st.just("state"), _MAP),
    st.tuples(st.just("diff"), st.fixed_dictionaries({"joins": _MAP, "leaves": _MAP})),
)


@given(st.lists(_STEP, max_size=12))
def test_any_order_of_states_and_diffs_ends_like_the_reference(steps: list[Any]) -> None:
    ours, reference = PresenceList(), Reference()

    for place, (what, payload) in enumerate(steps):
        given_ = copy.deepcopy(payload)
        if what == "join":
            ours.joining(str(place))
            reference.join(str(place))
        elif what == "state":
            ours.state(given_)
            reference.on_state(payload)
        else:
            ours.diff(given_)
            reference.on_diff(payload)
        assert given_ == payload
        assert ours.keys() == reference.state
        assert list(ours.keys()) == list(reference.state)
        assert [user.ref for user in ours.users()] == [
            r for one in reference.state.values() for r in one
        ]


_ANY = st.recursive(
    st.none() | st.integers() | st.text(max_size=3),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["metas", "phx_ref", "joins", "leaves", "x"]), inner, max_size=3
        )
    ),
    max_leaves=10,
)


@given(st.lists(st.dictionaries(st.sampled_from(["joins", "leaves", "7"]), _ANY, max_size=3)))
def test_presence_of_any_shape_raises_nothing(payloads: list[Payload]) -> None:
    ours = PresenceList()
    ours.joining("1")
    ours.state({})

    for payload in payloads:
        ours.diff(payload)
        ours.state(payload)

    assert ours.keys_known() == len(ours.keys())


@pytest.mark.parametrize("name", ["u", "\U0001f600" * 300])
def test_a_list_without_end_stays_within_what_a_console_can_be_told(name: str) -> None:
    ours = PresenceList()
    ours.joining("1")
    ours.state({})

    for place in range(21_000):
        meta = {"phx_ref": f"{place:016}", "username": name}
        ours.diff({"joins": {str(place): {"metas": [meta]}}})
    many = [{"phx_ref": str(place), "username": name} for place in range(5_000)]
    ours.diff({"joins": {"0": {"metas": many}}})
    line = line_of({"event": codec.encode(e.OnlineUsersChanged(AccountName("a"), ours.users()))})

    assert ours.keys_known() == 20_000
    assert ours.skipped == 1_000
    assert len(ours.keys()["0"]) == 1_000
    assert len(ours.users()) > 1_000
    assert len(line) < LINE_LIMIT


def test_a_diff_before_the_list_waits_and_the_old_list_stays_after_a_rejoin() -> None:
    ours = PresenceList()
    ours.joining("1")
    ours.state({"7": {"metas": [{"phx_ref": "a"}]}})

    ours.joining("2")
    waits = not ours.diff({"joins": {"8": {"metas": [{"phx_ref": "b"}]}}, "leaves": {}})

    assert waits
    assert [user.ref for user in ours.users()] == ["a"]
    ours.state({"9": {"metas": [{"phx_ref": "c"}]}})
    assert [user.ref for user in ours.users()] == ["c", "b"]


def test_twins_of_the_fields_are_read() -> None:
    ours = PresenceList()
    ours.joining("1")
    meta = {
        "phx_ref": "a",
        "user_id": "u1",
        "user_name": "ann",
        "online_at": 1000,
        "ip_address": "x",
    }

    ours.state({"key": {"metas": [meta]}})

    user = ours.users()[0]
    assert (user.user_id, user.username, user.online_at, user.address) == ("u1", "ann", 1.0, "x")
