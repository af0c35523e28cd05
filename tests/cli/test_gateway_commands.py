"""Commands at a gateway: a running engine, its lab and the account `ribbon`; one for all tests."""

from __future__ import annotations

import io
import json
import wave
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from softphone.audio.tones import tone
from tests.cli.conftest import Beside, Cli, Done, one_line
from tests.e2e.conftest import wait_for

RIBBON, SERVICE = ("--account", "ribbon"), ("--service", "ribbon")
ME, BOB = "alice@lab.test", "bob@lab.test"
P = f"/rest/version/1/user/{ME}"


@pytest.fixture(autouse=True)
def engine(shared: Cli) -> Iterator[None]:
    """An engine that stays up, with the account online and nothing going on."""
    if shared("status").code:
        good(shared("online", *RIBBON))
        shared.lab().scenario("quiet")
        wait_for(lambda: account(shared)["state"] == "online")
    yield
    shared.lab().clear_faults()
    while shared("hangup").code == 0 or shared("decline").code == 0:
        pass
    wait_for(lambda: not calls(shared))


def account(cli: Cli) -> dict[str, Any]:
    accounts = cli("status", "--json").last["accounts"]
    found: dict[str, Any] = next(one for one in accounts if one["account"] == "ribbon")
    return found


def calls(cli: Cli) -> list[dict[str, Any]]:
    """Return the calls of the account that are not over."""
    listed = cli("status", "--json").last["calls"]
    return [c for c in listed if c["account"] == "ribbon" and c["state"] != "ended"]


def call_of(cli: Cli, ident: str) -> dict[str, Any]:
    listed = cli("status", "--json").last["calls"]
    return next((call for call in listed if call["call"] == ident), {"state": "gone"})


def ring(cli: Cli, far_end: str = "echo") -> str:
    """Let somebody ring alice and return our id of the call."""
    before = {call["call"] for call in calls(cli)}
    cli.lab().ring(ME, far_end=far_end)

    def fresh() -> str:
        return next((call["call"] for call in calls(cli) if call["call"] not in before), "")

    wait_for(fresh)
    return fresh()


def talk(cli: Cli, far_end: str = "echo") -> str:
    """Answer a call and return its id once it is up."""
    call = ring(cli, far_end)
    assert cli("answer", "--call", call).code == 0
    wait_for(lambda: call_of(cli, call)["media"] == "flowing")
    return call


def good(done: Done) -> Done:
    assert done.code == 0, done.err
    return done


def lab_calls(cli: Cli) -> list[dict[str, Any]]:
    return cli.lab().calls("ribbon")


@pytest.fixture
def typed(monkeypatch: pytest.MonkeyPatch) -> Callable[[str], None]:
    """Return what puts a text into standard input."""

    def put(text: str) -> None:
        monkeypatch.setattr("sys.stdin", io.StringIO(text))

    return put


# ---- calls -------------------------------------------------------------------------------------


def test_hold_and_resume_are_told_to_the_platform(shared: Cli) -> None:
    call = talk(shared)

    good(shared("hold"))
    held = call_of(shared, call)
    report = json.loads(good(shared("report", "--native")).out)
    good(shared("resume"))
    up = call_of(shared, call)

    assert (held["state"], held["held"]) == ("held", True)
    assert "HOLD_LOCAL" in [event["type"] for event in report["timeline"]]
    assert (up["state"], up["held"]) == ("active", False)


def test_a_hold_of_the_far_end_is_shown_until_it_ends(shared: Cli) -> None:
    call = talk(shared)

    good(shared("lab-ctl", "far-end", ME, "hold"))
    wait_for(lambda: call_of(shared, call)["held"])
    good(shared("lab-ctl", "far-end", ME, "resume"))

    wait_for(lambda: not call_of(shared, call)["held"])


def test_a_call_is_transferred_blind_and_attended(shared: Cli) -> None:
    first = talk(shared)
    good(shared("transfer", "tone@lab.test"))
    wait_for(lambda: not calls(shared))
    assert shared("report", first).code == 0

    one, two = talk(shared), talk(shared, "tone")
    good(shared("transfer", "--attended", "--call", two, "--other", one))
    wait_for(lambda: not calls(shared))

    talk(shared)
    assert "Transfer to whom?" in one_line(shared("transfer"))


def test_a_refused_transfer_is_a_sentence_and_leaves_the_call(shared: Cli) -> None:
    call = talk(shared)

    refused = shared("transfer", "carol@lab.test")

    assert refused.code == 1
    assert "480" in one_line(refused)
    assert call_of(shared, call)["state"] == "held"


def test_two_calls_are_joined_into_one(shared: Cli) -> None:
    one, two = talk(shared), talk(shared, "tone")

    good(shared("join", "--call", two, "--other", one))
    wait_for(lambda: [call["state"] for call in calls(shared)] == ["active"])

    (joined,) = calls(shared)
    assert joined["call"] not in (one, two)


def test_two_calls_are_mixed_here_left_to_themselves_and_parted(shared: Cli) -> None:
    one, two = talk(shared), talk(shared, "tone")

    good(shared("conference", one, two))
    wait_for(lambda: call_of(shared, one)["state"] == "active")
    mixed = call_of(shared, one)
    good(shared("conference", "--step-out"))
    aside = call_of(shared, two)["aside"]
    good(shared("conference", "--come-back"))
    good(shared("conference", one, "--leave"))

    assert (mixed["conference"], aside) == ([two], True)
    wait_for(lambda: call_of(shared, one)["state"] == "held")
    assert call_of(shared, two)["conference"] == []
    assert "in no conference" in one_line(shared("conference", one, "--leave"))


def test_recordings_are_paused_listed_and_deleted(shared: Cli) -> None:
    call = talk(shared, "tone")
    good(shared("record", "on"))
    good(shared("recordings", "--pause", "on"))
    paused = call_of(shared, call)["recording_paused"]
    good(shared("replay"))
    good(shared("replay", "--stop"))
    good(shared("hangup"))
    wait_for(lambda: not calls(shared))
    good(shared("replay", "--save"))
    listed = shared("recordings", "--json").json
    names = [one["name"] for one in listed if one["call"] == call]

    deleted = good(shared("recordings", "--delete", *names, "--json")).last

    assert paused is True
    assert len(names) == 2
    assert deleted["deleted"] == 2
    assert call not in shared("recordings").out
    assert "no recording" in one_line(shared("recordings", "--delete", names[0]))


def test_a_report_tells_steps_of_a_live_call_and_of_one_in_the_history(shared: Cli) -> None:
    call = talk(shared)
    shown = good(shared("report"))
    good(shared("hangup"))
    wait_for(lambda: not calls(shared))
    data = good(shared("report", call, "--json")).last
    native = json.loads(good(shared("report", call, "--native")).out)

    assert "RECEIVE_CALL" in shown.out
    assert data["call"] == call
    assert {"ANSWER", "END_LOCAL"} <= {event["type"] for event in data["events"]}
    assert "CALL_DURATION" in {metric["type"] for metric in data["metrics"]}
    assert data["native"] == native
    assert native["type"] == "CALL"
    assert "no such call" in one_line(shared("report", "zzz"))


def test_statistics_name_codec_and_counts(shared: Cli) -> None:
    talk(shared)

    wait_for(lambda: float(figures(shared).get("packets_received", "0") or 0) > 10)
    shown = good(shared("statistics"))

    assert figures(shared)["codec"].lower() == "opus"
    assert "packets_received" in shown.out
    good(shared("hangup"))
    wait_for(lambda: not calls(shared))
    assert "no call to measure" in one_line(shared("statistics"))


def figures(cli: Cli) -> dict[str, str]:
    found: dict[str, str] = good(cli("statistics", "--json")).last["figures"]
    return found


def test_a_file_is_played_into_the_call(shared: Cli, tmp_path: Path) -> None:
    hum, heard = tmp_path / "hum.wav", tmp_path / "heard.wav"
    with wave.open(str(hum), "wb") as file:
        file.setparams((1, 2, 48_000, 0, "NONE", "not compressed"))
        file.writeframes(tone([440.0], 3.0).astype("<i2").tobytes())
    talk(shared, "speech")
    sid = lab_calls(shared)[0]["sid"]

    good(shared("play", str(hum)))

    def loud() -> bool:
        good(shared("lab-ctl", "heard", sid, str(heard)))
        with wave.open(str(heard), "rb") as file:
            samples = np.frombuffer(file.readframes(file.getnframes()), "<i2")
        return len(samples) > 0 and int(np.abs(samples.astype(np.int32)).max()) > 2000

    wait_for(loud)
    good(shared("play"))
    assert "nowhere.wav" in one_line(shared("play", "/nowhere.wav"))


def test_digits_reach_the_far_end(shared: Cli) -> None:
    talk(shared, "menu")

    good(shared("dtmf", "1,2#", "--tone", "80", "--gap", "80"))

    wait_for(lambda: "12#" in [call.get("digits") for call in lab_calls(shared)])


def test_media_is_restarted_and_the_call_stays(shared: Cli) -> None:
    call = talk(shared)

    good(shared("restart-media"))

    wait_for(lambda: call_of(shared, call)["media"] == "flowing")
    assert "MEDIA_RESTART" in good(shared("report")).out
    good(shared("resync"))
    assert call_of(shared, call)["state"] == "active"


def test_resync_finds_out_that_a_call_is_gone(shared: Cli) -> None:
    call = talk(shared)
    shared.lab().fault("rest", resource="GET callControl", status=404, code=47)

    good(shared("resync"))

    wait_for(lambda: call_of(shared, call)["state"] in ("ended", "gone"))


def test_parameters_go_with_a_call_and_during_it(shared: Cli) -> None:
    call = talk(shared)

    good(shared("parameters", "X-Ticket=8812", "X-Note=a=b", "--send"))
    sent = call_of(shared, call)["parameters"]
    good(shared("parameters"))
    other = ring(shared)
    good(shared("answer", "--call", other, "--parameter", "X-Desk=3"))

    assert sent == {"X-Ticket": "8812", "X-Note": "a=b"}
    assert call_of(shared, call)["parameters"] == {}
    assert call_of(shared, other)["parameters"] == {"X-Desk": "3"}
    assert "NAME=VALUE" in one_line(shared("parameters", "nonsense"))


def test_a_call_is_placed_with_name_and_parameters(shared: Cli) -> None:
    done = good(
        shared(
            *("call", "echo@lab.test", *RIBBON, "--duration", "0.3", "--json"),
            *("--display-name", "Front desk", "--parameter", "X-Order=7"),
        )
    )

    assert done.last["parameters"] == {"X-Order": "7"}
    assert done.last["reason"] == "hangup"


def test_an_offer_is_answered_declined_ignored_and_forwarded(shared: Cli) -> None:
    for command in (["decline"], ["ignore"], ["forward", "tone@lab.test"]):
        call = ring(shared)
        done = good(shared(*command, "--json"))
        assert done.last == {"type": "done", "command": command[0], "call": call}
        wait_for(lambda: not calls(shared))


def test_a_caller_is_told_by_hand_that_it_rings(
    shared: Cli, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("BOBS_TOKEN", good(shared("lab-ctl", "token", BOB, *SERVICE)).last["token"])
    config = tmp_path / "bob.toml"
    config.write_text(
        f"[accounts.ribbon]\nkind = 'ribbon'\nurl = '{lab_url(shared)}'\nuser = '{BOB}'\n"
        "token_env = 'BOBS_TOKEN'\nringing_feedback = 'manual'\n"
    )
    bob = ("--config", str(config))
    good(shared("online", *bob))

    with Beside(shared, "call", BOB, *RIBBON):
        wait_for(lambda: good(shared("status", "--json", *bob)).last["calls"])
        before = [call["state"] for call in calls(shared)]
        good(shared("ringing", *bob))
        wait_for(lambda: [call["state"] for call in calls(shared)] == ["alerting"])
        again = shared("ringing", *bob)
        good(shared("hangup"))
    good(shared("offline", *bob))

    assert before == ["connecting"]
    assert again.code == 1
    assert "Ringing was told already" in one_line(again)


def lab_url(cli: Cli) -> str:
    url: str = cli("status", "--json").last["engine"]["lab"]
    return url


def test_a_call_tells_who_when_and_how(shared: Cli) -> None:
    shared.lab().ring(ME, far_end="echo", caller="+390255501234", name="Anna Rossi")
    wait_for(lambda: calls(shared))
    ringing = calls(shared)[0]
    good(shared("answer"))
    wait_for(lambda: call_of(shared, ringing["call"])["media"] == "flowing")
    up = call_of(shared, ringing["call"])
    good(shared("hangup"))
    wait_for(lambda: call_of(shared, ringing["call"])["state"] != "active")
    ended = next(x for x in good(shared("history", "--json")).json if x["call"] == up["call"])

    assert account(shared)["identity"] == ME
    assert (ringing["state"], ringing["direction"]) == ("ringing", "inbound")
    assert (ringing["number"], ringing["name"]) == ("+390255501234", "Anna Rossi")
    assert ringing["native_id"] in [call["sid"] for call in lab_calls(shared)]
    assert up["state"] == "active"
    assert up["answered"] > ringing["started"]
    assert (ended["reason"], ended["ended"] > up["answered"]) == ("hangup", True)


def test_a_gateway_call_is_muted_and_recorded(shared: Cli) -> None:
    call = talk(shared)

    good(shared("mute", "on"))
    good(shared("record", "on"))
    during = call_of(shared, call)
    good(shared("record", "off"))

    assert (during["muted"], during["recording"]) == (True, True)


# ---- messages, people, presence ----------------------------------------------------------------


def messages(cli: Cli, peer: str) -> list[dict[str, Any]]:
    return good(cli("messages", peer, *RIBBON, "--json")).json


def test_messages_are_written_read_forwarded_and_cleared(shared: Cli) -> None:
    sent = good(shared("messages", BOB, "--send", "back in five", *RIBBON, "--json")).last
    good(shared("lab-ctl", "message", ME, "the goods are here", "--from", BOB, "--name", "Bob"))
    wait_for(lambda: len(messages(shared, BOB)) == 2)
    talk_before = conversation(shared, BOB)
    good(shared("messages", BOB, "--read", *RIBBON))
    talk_after = conversation(shared, BOB)
    good(shared("messages", "carol@lab.test", "--forward", sent["id"], *RIBBON))

    assert (sent["delivery"], sent["channel"]) == ("sent", "im")
    assert [m["text"] for m in messages(shared, BOB)] == ["back in five", "the goods are here"]
    assert (talk_before["unread"], talk_after["unread"]) == (1, 0)
    assert "the goods are here" in good(shared("messages")).out
    assert messages(shared, "carol@lab.test")[-1]["text"] == "back in five"
    good(shared("messages", BOB, "--clear", *RIBBON))
    assert "no conversation" in one_line(shared("messages", BOB, *RIBBON))
    assert "To whom" in one_line(shared("messages", "--send", "x"))


def conversation(cli: Cli, peer: str) -> dict[str, Any]:
    listed = good(cli("messages", "--json", *RIBBON)).json
    return next(one for one in listed if one["peer"] == peer)


def test_a_message_the_platform_refuses_is_kept_and_can_be_sent_again(shared: Cli) -> None:
    peer = "dave@lab.test"
    shared.lab().fault("rest", resource="instantmessage", status=500, code=26)
    failed = shared("messages", peer, "--send", "again", *RIBBON, "--json")
    shared.lab().clear_faults()
    ident = messages(shared, peer)[-1]["id"]

    good(shared("messages", "--retry", ident))
    wait_for(lambda: messages(shared, peer)[-1]["delivery"] == "sent")

    assert failed.code == 1
    assert failed.last["problem"]


def test_contacts_of_the_platform_are_searched_added_refreshed_and_deleted(shared: Cli) -> None:
    searched = {
        field: good(shared("contacts", "--directory", text, "--field", field, "--json")).json
        for field, text in (
            *(("first_name", "Bob"), ("user", "bob"), ("name", "bob")),
            *(("last_name", "Fisher"), ("number", "1002")),
        )
    }
    good(shared("contacts", "--add", "Erika Muster", "erika@lab.test", *RIBBON))
    wait_for(lambda: book(shared, "Erika"))
    (added,) = book(shared, "Erika")
    good(shared("contacts", "--refresh", *RIBBON))
    (fetched,) = good(shared("contacts", "--fetch", added["id"], *RIBBON, "--json")).json
    unknown = shared("contacts", "--fetch", "nobody", *RIBBON)
    good(shared("contacts", "--delete", added["id"]))

    for field, found in searched.items():
        assert any(BOB in str(one["numbers"]) for one in found), field
    assert added["source"] == "ribbon"
    assert (fetched["id"], fetched["name"]) == (added["id"], "Erika Muster")
    assert unknown.code == 1
    wait_for(lambda: not book(shared, "Erika"))


def book(cli: Cli, text: str) -> list[dict[str, Any]]:
    return good(cli("contacts", text, *RIBBON, "--json")).json


def test_presence_is_published_watched_and_fetched(shared: Cli) -> None:
    good(shared("presence", "lunch", "--note", "back at two"))
    good(shared("lab-ctl", "presence", BOB, "open", "busy", "--note", "meeting"))
    watched = good(shared("presence", "--watch", BOB, "--json")).last
    good(shared("lab-ctl", "presence", BOB, "closed", "away"))
    wait_for(lambda: presence(shared, BOB)["activity"] == "away")
    fetched = good(shared("presence", "--fetch", "carol@lab.test", "--json")).last
    good(shared("presence", "--unwatch", BOB))

    own = presence(shared, ME)
    assert (own["activity"], own["note"], own["reachable"]) == ("lunch", "back at two", True)
    assert (watched["activity"], watched["reachable"]) == ("busy", True)
    assert not presence(shared, BOB)["reachable"]
    assert fetched["user"] == "carol@lab.test"
    assert "back at two" in good(shared("presence")).out
    good(shared("presence", "--closed"))
    wait_for(lambda: not presence(shared, ME)["reachable"])


def presence(cli: Cli, user: str) -> dict[str, Any]:
    listed = good(cli("presence", "--json")).json
    return next((one for one in listed if one["user"] == user), {"activity": ""})


def test_the_voicemail_lamp_is_asked_for(shared: Cli) -> None:
    good(shared("lab-ctl", "mwi", ME, "--total", "4", "--unheard", "2"))

    lamp = good(shared("voicemail", "--json")).last

    assert (lamp["waiting"], lamp["unheard"], lamp["total"]) == (True, 2, 4)
    assert "new messages" in good(shared("voicemail")).out


# ---- the account -------------------------------------------------------------------------------


def test_the_platforms_history_is_listed_and_deleted_there(shared: Cli) -> None:
    good(shared("history", "--platform", *RIBBON, "--clear", "--yes"))
    good(shared("call", "echo@lab.test", *RIBBON, "--duration", "0.2"))
    wait_for(lambda: history(shared))
    shown = good(shared("history", "--platform", *RIBBON))
    count = len(history(shared))
    good(shared("history", "--platform", *RIBBON, "--delete", history(shared)[0]["id"]))
    fewer = len(history(shared))
    refused = shared("history", "--platform", *RIBBON, "--clear")
    good(shared("history", "--platform", *RIBBON, "--clear", "--yes"))

    assert "Echo" in shown.out
    assert fewer == count - 1
    assert "--yes" in one_line(refused)
    assert history(shared) == []


def history(cli: Cli) -> list[dict[str, Any]]:
    return good(cli("history", "--platform", *RIBBON, "--json")).json


def test_a_request_of_ones_own_is_sent_signed_in(shared: Cli, typed: Callable[[str], None]) -> None:
    found = good(shared("request", f"{P}/directory?criteria=Bob&criteriaType=1", "--json")).last
    missing = shared("request", f"{P}/nothing", *RIBBON)
    typed('{"imRequest": {"type": "A2", "toUrl": "bob@lab.test", "message": "raw"}}')
    posted = shared("request", f"{P}/instantmessage", "--method", "POST", "--body", "-")

    assert found["status"] == 200
    assert "bob" in json.dumps(json.loads(found["body"])).lower()
    assert missing.code == 1
    assert posted.code == 0, posted.out
    assert json.loads(posted.out)


def test_services_and_the_line_are_shown_and_changed(shared: Cli) -> None:
    def shown(*arguments: str) -> dict[str, Any]:
        return good(shared("subscriptions", *RIBBON, *arguments, "--json")).last

    before = shown()
    shown("--drop", "MWI")
    wait_for(lambda: "MWI" not in shown()["granted"])
    shown("--add", "MWI", "smsinbound")
    wait_for(lambda: {"MWI", "smsinbound"} <= set(shown()["granted"]))
    shown("--drop", "smsinbound")
    off = dict(shown("--keep-alive", "off", "--notifications", "off")["line"])
    on = dict(shown("--keep-alive", "on", "--notifications", "on")["line"])
    reconnects = int(on["reconnects"])
    shown("--reset")
    wait_for(lambda: int(dict(shown()["line"])["reconnects"]) == reconnects + 1)

    assert {"call", "IM"} <= set(before["granted"])
    assert {"call", "smsinbound"} <= set(before["known"])
    assert {"opus", "PCMU", "PCMA"} <= set(dict(before["line"])["codecs"].split(", "))
    assert (off["keep_alive"], off["notifications"]) == ("off", "ignored")
    assert (on["keep_alive"], on["notifications"]) == ("on", "taken")
    assert "granted" in good(shared("subscriptions", *RIBBON)).out
    wait_for(lambda: account(shared)["state"] == "online")


def test_sip_events_are_asked_for_told_and_given_up(shared: Cli) -> None:
    event = "event:conference"
    unknown = shared("sip-events", event, "--user", BOB, *RIBBON)
    good(shared("subscriptions", *RIBBON, "--add", event))
    wait_for(lambda: event in account(shared)["services"])

    good(shared("sip-events", event, "--user", BOB, "--parameter", "X-A=1", *RIBBON))
    users = events_of(shared)
    good(shared("sip-events", event, "--user", "carol@lab.test", "--drop-user", BOB))
    changed = events_of(shared)
    with Beside(shared, "events", "--follow", "--json", *RIBBON) as following:
        assert following.process.stdout is not None
        json.loads(following.process.stdout.readline())  # it listens
        good(shared("lab-ctl", "sip-event", ME, event, "--data", "<talk/>"))
        told: dict[str, Any] = {}
        while told.get("type") != "platform_event":
            told = json.loads(following.process.stdout.readline())
    good(shared("sip-events", event, "--off"))

    assert "no service of this account" in one_line(unknown)
    assert "<talk/>" in json.dumps(told)
    assert users == {event: [BOB]}
    assert changed == {event: ["carol@lab.test"]}
    assert events_of(shared) == {}


def events_of(cli: Cli) -> dict[str, list[str]]:
    found = good(cli("subscriptions", *RIBBON, "--json")).last
    return {one["event"]: one["users"] for one in found["events"]}


def test_the_platform_rings_two_devices_on_request(shared: Cli) -> None:
    good(shared("click-to-call", ME, "tone@lab.test"))

    wait_for(lambda: f"rings {ME} and tone@lab.test" in good(shared("events")).out)
    wait_for(lambda: calls(shared))
    call = calls(shared)[0]["call"]
    good(shared("answer", "--call", call))
    wait_for(lambda: call_of(shared, call)["state"] == "active")
    assert shared("click-to-call", "", "").code == 1


def test_a_notification_that_came_another_way_is_taken(
    shared: Cli, typed: Callable[[str], None]
) -> None:
    notice = {
        "notificationMessage": {
            "eventType": "IM",
            "eventId": "pushed-1",
            "imnotificationParams": {
                "msgText": "by push",
                "primaryContact": "sip:erin@lab.test",
            },
        }
    }

    typed(json.dumps(notice))
    good(shared("inject", *RIBBON))
    typed(json.dumps(notice))
    again = shared("inject", *RIBBON)
    typed("no json")
    wrong = shared("inject", *RIBBON)

    wait_for(lambda: messages(shared, "erin@lab.test")[-1]["text"] == "by push")
    assert again.code == wrong.code == 1
    assert "no notification" in one_line(wrong)
