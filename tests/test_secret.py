"""Secrets: never shown, never copied out, redacted from text, fetched without a trace."""

from __future__ import annotations

import copy
import logging
import pickle
import sys
import traceback
from collections.abc import Callable

import pytest

from softphone.model.error import ConfigError
from softphone.secret import Secret, from_command, from_environment, redact

CANARY = "c4n4ry-d0-n0t-sh0w"
JWT = "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.c2lnbmF0dXJl"


@pytest.mark.parametrize(
    "show",
    [
        repr,
        str,
        "{}".format,
        "{:>40}".format,
        lambda secret: f"{secret} {secret!r} {secret!s:>20}",
        lambda secret: "%s %r" % (secret, secret),  # noqa: UP031  # this way too
        lambda secret: str([secret, {"k": secret}, (secret,)]),
        lambda secret: str(KeyError(secret)),
        ascii,
    ],
)
def test_no_way_of_printing_shows_a_secret(show: Callable[[Secret], str]) -> None:
    shown = show(Secret(CANARY))

    assert CANARY not in shown
    assert "•" in shown or "\\u2022" in shown


def test_a_log_line_does_not_show_a_secret(caplog: pytest.LogCaptureFixture) -> None:
    logging.getLogger("test").warning("token %s %r", Secret(CANARY), Secret(CANARY))

    assert "••••" in caplog.text
    assert CANARY not in caplog.text


def test_a_crash_report_with_local_variables_does_not_show_a_secret() -> None:
    secret = Secret(CANARY)

    try:
        raise RuntimeError(secret)
    except RuntimeError as crash:
        report = traceback.TracebackException.from_exception(crash, capture_locals=True)

    text = "".join(report.format())
    assert "secret = ••••" in text
    assert CANARY not in text


@pytest.mark.parametrize("copied", [pickle.dumps, copy.copy, copy.deepcopy])
def test_a_secret_cannot_be_pickled_or_copied(copied: Callable[[object], object]) -> None:
    with pytest.raises(TypeError, match="not to be pickled"):
        copied(Secret(CANARY))


def test_a_secret_is_revealed_on_purpose_only() -> None:
    assert Secret(CANARY).reveal() == CANARY


def test_secrets_compare_by_value_and_know_whether_they_are_empty() -> None:
    assert Secret("a") == Secret("a")
    assert Secret("a") != Secret("b")
    assert Secret("a") != "a"
    assert len({Secret("a"), Secret("a")}) == 1
    assert (bool(Secret("")), bool(Secret("a"))) == (False, True)


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        (f"wss://h/operator?token={CANARY}", "wss://h/operator?token=••••"),
        (f"GET /x?a=1&access_token={CANARY}&b=2", "GET /x?a=1&access_token=••••&b=2"),
        (f"/s?accessToken={CANARY} HTTP/1.1", "/s?accessToken=•••• HTTP/1.1"),
        (f"api_key={CANARY}&apikey={CANARY}", "api_key=••••&apikey=••••"),
        (f"TOKEN={CANARY}", "TOKEN=••••"),
        (f"'password={CANARY}'", "'password=••••'"),
        (f"session_token={CANARY}", "session_token=••••"),
        (f"Authorization: Bearer {CANARY}\nHost: h", "Authorization: ••••\nHost: h"),
        (f"{{'X-API-Key': '{CANARY}', 'a': 'b'}}", "{'X-API-Key': '••••', 'a': 'b'}"),
        (f"cookie: a={CANARY}; b={CANARY}", "cookie: ••••"),
        (f'{{"token": "{CANARY}", "expiresAt": 5}}', '{"token": "••••", "expiresAt": 5}'),
        (f'{{"token":"{CANARY}"}}', '{"token":"••••"}'),
        (f"refused {JWT} at 5", "refused •••• at 5"),
        (f"{JWT.rpartition('.')[0]}.", "••••"),
        ("the token was refused", "the token was refused"),
        ("monkey=banana", "monkey=banana"),
        ("eyJ is no token", "eyJ is no token"),
    ],
)
def test_redacting_leaves_everything_but_the_secret(text: str, shown: str) -> None:
    assert redact(text) == shown


def test_a_secret_comes_from_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TEST_KEY", CANARY)

    assert from_environment("TEST_KEY", "accounts.a").reveal() == CANARY


@pytest.mark.parametrize("value", [None, ""])
def test_a_variable_that_is_not_set_is_told(
    monkeypatch: pytest.MonkeyPatch, value: str | None
) -> None:
    monkeypatch.delenv("TEST_KEY", raising=False)
    if value is not None:
        monkeypatch.setenv("TEST_KEY", value)

    with pytest.raises(ConfigError, match=r"accounts\.a: environment variable TEST_KEY is not set"):
        from_environment("TEST_KEY", "accounts.a")


def python(code: str) -> list[str]:
    return [sys.executable, "-c", code]


def test_a_secret_is_the_first_line_a_command_prints() -> None:
    argv = python(f"print('  {CANARY}  '); print('more')")

    assert from_command(argv, "accounts.a").reveal() == CANARY


@pytest.mark.parametrize(
    ("code", "words"),
    [
        (f"import sys; print('{CANARY}'); sys.exit(3)", "exited with 3"),
        (f"import sys; print('{CANARY}', file=sys.stderr)", "exited with 0 and no secret"),
        ("print()", "no secret"),
        (f"import sys; sys.stdout.buffer.write(b'\\xff{CANARY}')", "UnicodeDecodeError"),
    ],
)
def test_a_command_that_fails_is_told_without_what_it_said(code: str, words: str) -> None:
    with pytest.raises(ConfigError, match=words) as refused:
        from_command(python(code), "accounts.a")

    assert CANARY not in refused.value.message
    assert refused.value.__context__ is None or refused.value.__suppress_context__


def test_a_command_that_is_not_there_is_told() -> None:
    with pytest.raises(ConfigError, match="/no/such/program: FileNotFoundError"):
        from_command(["/no/such/program", "--secret"], "accounts.a")


def test_a_command_that_hangs_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("softphone.secret._COMMAND_LIMIT_S", 0.05)

    with pytest.raises(ConfigError, match="TimeoutExpired"):
        from_command(python("import time; time.sleep(60)"), "accounts.a")
