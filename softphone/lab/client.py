"""Talk to a running lab: what `softphone lab-ctl` and tests use. Synchronous, no proxies."""

from __future__ import annotations

import json
import urllib.error
import urllib.parse
import urllib.request
from pathlib import Path
from typing import Any

from softphone.model.error import ConfigError, ConnectError, RequestError

_LIMIT_S = 10.0


class LabClient:
    """The control API of one lab. Errors: ConnectError, RequestError with the lab's words."""

    def __init__(self, control_url: str, key: str) -> None:
        if urllib.parse.urlsplit(control_url).scheme != "http":
            raise ConfigError(f"{control_url} is not the http URL of a lab.")
        self._url = control_url.rstrip("/")
        self._key = key
        self._opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))

    @classmethod
    def from_file(cls, place: Path) -> LabClient:
        """Return the client of the lab that left word at `place` (runtime directory, lab.json)."""
        try:
            word = json.loads(place.read_text(encoding="utf-8"))
            return cls(word["control"], word["control_key"])
        except FileNotFoundError:
            raise ConnectError("No lab is running; start one with: softphone lab") from None
        except (OSError, ValueError, KeyError, TypeError):
            raise ConfigError(f"{place} cannot be read; start the lab again.") from None

    def state(self) -> dict[str, Any]:
        """Return scenario, faults, operators and calls of every service, journal."""
        return self._json("GET", "/state")

    def calls(self, service: str = "audin") -> list[dict[str, Any]]:
        """Return the calls of a service, those that are over last."""
        found: list[dict[str, Any]] = self.state()["services"][service]["calls"]
        return found

    def ring(self, number: str = "pn_1", **options: Any) -> list[str]:
        """Let callers ring `number`; return the ids of the calls.

        Options: count, caller, name, far_end, talks_s, ring_limit_s, to_user.
        """
        found: list[str] = self._json("POST", "/ring", {"number": number, **options})["calls"]
        return found

    def hang_up(self, sid: str, code: int | None = None) -> None:
        """Let the far end hang up, or the audio socket be closed with a code."""
        self._json("POST", f"/calls/{urllib.parse.quote(sid, safe='')}/hangup", {"code": code})

    def heard(self, sid: str) -> bytes:
        """Return what the far end of a call has heard, as a WAV file."""
        return self._bytes("GET", f"/calls/{urllib.parse.quote(sid, safe='')}/heard.wav")

    def drop(self, service: str = "audin", user: str | None = None, code: int = 1011) -> int:
        """Close the sockets of a user, or of all, with a code (1006: cut); return how many."""
        body = {"service": service, "user": user or "", "code": code}
        dropped: int = self._json("POST", "/drop", body)["dropped"]
        return dropped

    def fault(self, name: str, operator: str = "*", **args: Any) -> dict[str, Any]:
        """Set a fault switch; see `known_faults`."""
        return self._json("POST", "/faults", {"name": name, "operator": operator, "args": args})

    def clear_faults(self, name: str | None = None, operator: str | None = None) -> int:
        """Clear what matches; return how many were on."""
        wanted = {"name": name, "operator": operator}
        query = urllib.parse.urlencode({k: v for k, v in wanted.items() if v is not None})
        cleared: int = self._json("DELETE", f"/faults?{query}")["cleared"]
        return cleared

    def known_faults(self) -> list[dict[str, Any]]:
        """Return name, help and arguments of every fault switch."""
        known: list[dict[str, Any]] = self._json("GET", "/faults")["known"]
        return known

    def scenario(self, name: str) -> None:
        """Change the scenario."""
        self._json("POST", "/scenario", {"name": name})

    def token(self, user: str, service: str = "audin", **options: Any) -> dict[str, Any]:
        """Return a token; option ttl_s, and what other services take."""
        return self._json("POST", "/token", {"user": user, "service": service, **options})

    def act(self, verb: str, user: str, service: str = "ribbon", **options: Any) -> dict[str, Any]:
        """Make something happen to a user: message, mwi, sip-event, presence, gone, …"""
        return self._json(
            "POST", "/act", {**options, "verb": verb, "user": user, "service": service}
        )

    def _json(self, method: str, path: str, body: dict[str, Any] | None = None) -> dict[str, Any]:
        answer: dict[str, Any] = json.loads(self._bytes(method, path, body))
        return answer

    def _bytes(self, method: str, path: str, body: dict[str, Any] | None = None) -> bytes:
        request = urllib.request.Request(
            self._url + path,
            method=method,
            data=None if body is None else json.dumps(body).encode(),
            headers={"Authorization": f"Bearer {self._key}", "Content-Type": "application/json"},
        )
        try:
            with self._opener.open(request, timeout=_LIMIT_S) as answer:
                content: bytes = answer.read()
                return content
        except urllib.error.HTTPError as problem:
            with problem:
                raise _refusal(problem) from None
        except OSError as problem:
            raise ConnectError(f"The lab does not answer ({problem}).") from None


def _refusal(problem: urllib.error.HTTPError) -> RequestError:
    try:
        said = json.loads(problem.read())
        return RequestError(said["message"], code=said["code"], status=problem.code)
    except (ValueError, KeyError, TypeError):
        return RequestError(f"The lab answered {problem.code}.", status=problem.code)
