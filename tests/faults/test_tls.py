"""Servers whose TLS is wrong in one way each: every client of ours refuses them, says why, and has
told them nothing; there is no switch that lets it pass."""

from __future__ import annotations

import ssl
import warnings
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import aiohttp
import pytest
from cryptography.hazmat.primitives import serialization

from softphone.adapters.registry import make_adapter
from softphone.adapters.request import fetch_json, tls_context
from softphone.adapters.sockets import SocketRules, open_socket
from softphone.config import load
from softphone.model.error import ConfigError, SoftphoneError
from tests.faults.certificates import Issued, authority, endpoint, leaf

_CANARY = "c4n4ry"
_RULES = SocketRules(65_536, None, None, 16)
_DAY = timedelta(days=1)
Make = Callable[[Issued], Issued | None]


@pytest.fixture(scope="module")
def known() -> Issued:
    """The authority that is configured."""
    return authority("known")


@pytest.fixture
def ca_file(tmp_path: Path, known: Issued) -> str:
    path = tmp_path / "ca.pem"
    path.write_bytes(known.certificate.public_bytes(serialization.Encoding.PEM))
    return str(path)


_BAD: dict[str, tuple[Make, ssl.TLSVersion | None, str]] = {
    "self-signed": (lambda known: leaf(None), None, "self-signed"),
    "of an authority nobody knows": (lambda known: leaf(authority("x")), None, "unable to get"),
    "expired": (lambda known: leaf(known, begins=-3 * _DAY, ends=-_DAY), None, "has expired"),
    "not valid yet": (lambda known: leaf(known, begins=_DAY, ends=2 * _DAY), None, "not yet valid"),
    "for another address": (lambda known: leaf(known, host="127.0.0.9"), None, "mismatch"),
    "for another name": (lambda known: leaf(known, host="other.test"), None, "mismatch"),
    "without a name": (lambda known: leaf(known, host=None), None, "mismatch"),
    "with a weak key": (lambda known: leaf(known, weak=True), None, "too weak"),
    "of TLS 1.0": (lambda known: leaf(known), ssl.TLSVersion.TLSv1, "connection reset"),
    "of TLS 1.1": (lambda known: leaf(known), ssl.TLSVersion.TLSv1_1, "connection reset"),
    "without TLS": (lambda known: None, None, "TLS failed"),
}


@pytest.mark.parametrize("name", _BAD)
async def test_a_server_with_bad_tls_is_refused_with_the_cause_and_told_nothing(
    name: str, tmp_path: Path, known: Issued, ca_file: str
) -> None:
    make, newest, words = _BAD[name]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # the old versions, which we serve
        async with endpoint(tmp_path, make(known), newest) as server:
            said = [await _request(server.url, ca_file), await _socket(server.url, ca_file)]

    for text in said:
        assert text.startswith("127.0.0.1: "), text
        assert words in text
        assert _CANARY not in text
    assert server.heard == []


async def test_a_certificate_of_the_configured_authority_is_taken(
    tmp_path: Path, known: Issued, ca_file: str
) -> None:
    async with endpoint(tmp_path, leaf(known)) as server:
        assert await _request(server.url, ca_file) == "{}"
        await _socket(server.url, ca_file)

    assert [_CANARY.encode() in heard for heard in server.heard] == [True, True]


@pytest.mark.parametrize("key", ["verify", "tls_verify", "insecure", "check_hostname"])
def test_no_key_of_the_configuration_turns_verification_off(key: str, tmp_path: Path) -> None:
    path = tmp_path / "c.toml"
    path.write_text(
        f'[accounts.a]\nkind = "audin"\ntoken_url = "https://backend.test/token"\n{key} = false\n'
    )

    with pytest.raises(ConfigError, match=key):
        make_adapter(load(path).accounts[0])


async def _request(where: str, ca_file: str) -> str:
    connector = aiohttp.TCPConnector(ssl=tls_context(ca_file))
    async with aiohttp.ClientSession(connector=connector) as session:
        url = f"https://{where}/?token={_CANARY}"
        try:
            answer = await fetch_json(
                session, "GET", url, headers={"X-Key": _CANARY}, limit_bytes=1000, limit_s=5.0
            )
        except SoftphoneError as refused:
            return refused.message
        return str(answer.data)


async def _socket(where: str, ca_file: str) -> str:
    url = f"wss://{where}/?token={_CANARY}"
    try:
        await open_socket(url, _RULES, tls_context(ca_file), 5.0)
    except SoftphoneError as refused:
        return refused.message
    return ""
