"""The log: one record one line, no secrets, for its owner alone, never too large."""

from __future__ import annotations

import json
import logging
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from softphone import logs
from softphone.logs import LineFormatter, log_to_file

logger = logging.getLogger("softphone.test")


@pytest.fixture
def path(tmp_path: Path) -> Iterator[Path]:
    """Log into a file during a test; afterwards all is as before."""
    root = logging.getLogger()
    handlers, level = list(root.handlers), root.level
    talkative = {name: logging.getLogger(name).level for name in logs._TALKATIVE}
    file = tmp_path / "engine.log"
    log_to_file(file, "info")
    yield file
    for handler in list(root.handlers):
        root.removeHandler(handler)
        handler.close()
    for handler in handlers:
        root.addHandler(handler)
    root.setLevel(level)
    for name, before in talkative.items():
        logging.getLogger(name).setLevel(before)


def lines(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


def test_a_record_is_an_object_with_time_level_and_origin(path: Path) -> None:
    logger.warning("line %s is %s", 5, "lost")

    (line,) = lines(path)
    assert (line["level"], line["from"], line["text"]) == (
        "warning",
        "softphone.test",
        "line 5 is lost",
    )
    assert line["at"].endswith("+00:00")


def test_a_log_begun_anew_keeps_the_one_before_beside_it(path: Path) -> None:
    logger.warning("how the last one died")

    log_to_file(path, "info", anew=True)
    logger.warning("a new one")

    assert [line["text"] for line in lines(path)] == ["a new one"]
    kept = lines(path.with_name("engine.log.1"))
    assert [line["text"] for line in kept] == ["how the last one died"]


@pytest.mark.parametrize("payload", ["\n", "\r\n", "\u2028", "\x85", "\x1b[2J", "\x1c", "\u202e"])
def test_a_record_stays_one_line_whatever_it_holds(path: Path, payload: str) -> None:
    logger.warning("a%sb", payload)
    logger.warning("second")

    assert len(path.read_text(encoding="utf-8").splitlines()) == 2
    assert payload not in lines(path)[0]["text"]


def test_a_lone_surrogate_does_not_stop_the_log(path: Path) -> None:
    logger.warning("name %s", "\ud800")

    assert lines(path)[0]["text"] == "name \ufffd"


def test_an_exception_is_part_of_its_line_without_its_secrets(path: Path) -> None:
    try:
        raise ValueError("wss://h/?token=c4n4ry\nAuthorization: Bearer c4n4ry")
    except ValueError:
        logger.exception("failed")

    (line,) = lines(path)
    assert "ValueError" in line["error"]
    assert "c4n4ry" not in line["error"]


def test_a_note_of_no_exception_has_no_error(path: Path) -> None:
    logger.error("nothing to show", exc_info=(None, None, None))

    assert "error" not in lines(path)[0]


def test_secrets_are_redacted(path: Path) -> None:
    logger.warning("opening %s", "wss://h/?token=c4n4ry")

    assert lines(path)[0]["text"] == "opening wss://h/?token=••••"


def test_a_line_has_a_limit(path: Path) -> None:
    logger.warning("x" * 100_000)

    assert len(lines(path)[0]["text"]) <= 4_096


def test_the_file_is_for_its_owner_alone(path: Path) -> None:
    logger.warning("hello")

    assert path.stat().st_mode & 0o777 == 0o600


def test_a_log_that_stands_open_to_others_is_closed_to_them(path: Path) -> None:
    path.touch()
    path.chmod(0o644)

    logger.warning("hello")

    assert path.stat().st_mode & 0o777 == 0o600


def test_a_log_into_a_device_leaves_the_device_as_it_is(path: Path) -> None:
    before = Path(os.devnull).stat().st_mode
    log_to_file(Path(os.devnull), "info")

    logger.warning("hello")

    assert Path(os.devnull).stat().st_mode == before


def test_no_line_is_written_below_the_level(path: Path) -> None:
    logger.debug("quiet")
    logger.info("heard")

    assert [line["text"] for line in lines(path)] == ["heard"]


@pytest.mark.parametrize("name", ["websockets.client", "aiohttp.client", "asyncio", "aioice.ice"])
def test_libraries_that_quote_urls_or_say_much_speak_from_warning_up(path: Path, name: str) -> None:
    logging.getLogger().setLevel(logging.DEBUG)

    logging.getLogger(name).info("GET /?token=x")
    logging.getLogger(name).warning("closed")

    assert [line["text"] for line in lines(path)] == ["closed"]


def test_nothing_is_logged_anywhere_else(path: Path) -> None:
    screen = logging.StreamHandler()
    logging.getLogger().addHandler(screen)

    log_to_file(path, "info")

    (handler,) = logging.getLogger().handlers
    assert isinstance(handler.formatter, LineFormatter)


def test_a_full_log_gives_way_to_a_new_one_and_the_oldest_goes(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(logs, "_FILE_BYTES", 500)
    log_to_file(path, "info")

    for number in range(100):
        logger.info("line number %d", number)

    files = sorted(found.name for found in path.parent.iterdir())
    assert files == ["engine.log", *(f"engine.log.{n}" for n in range(1, 5))]
    assert all(found.stat().st_mode & 0o777 == 0o600 for found in path.parent.iterdir())
    assert all(found.stat().st_size <= 500 for found in path.parent.iterdir())
    assert lines(path)[-1]["text"] == "line number 99"
