"""Requests against a real server: limits, refusals, and errors that give nothing away."""

from __future__ import annotations

import asyncio
import socket
import ssl
import subprocess
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from aiohttp import web
from aiohttp.abc import AbstractResolver

from softphone.adapters.request import (
    Response,
    check_url,
    fetch_json,
    host_of,
    is_insecure,
    os_error_words,
    tls_context,
)
from softphone.model.error import ConfigError, RequestError

CANARY = "c4n4ry"
Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


@dataclass
class Server:
    """A server on loopback that answers as the test wants and counts what it was asked."""

    answer: Handler
    url: str = ""
    asked: list[str] = field(default_factory=list)
    headers: list[dict[str, str]] = field(default_factory=list)

    async def handle(self, request: web.Request) -> web.StreamResponse:
        self.asked.append(request.path)
        self.headers.append(dict(request.headers))
        return await self.answer(request)


Serve = Callable[[Handler], Awaitable[Server]]


@pytest.fixture
async def serve() -> AsyncIterator[Callable[..., Awaitable[Server]]]:
    """Start servers; all end with the test."""
    runners: list[web.AppRunner] = []

    async def start(answer: Handler, context: ssl.SSLContext | None = None) -> Server:
        server = Server(answer)
        app = web.Application()
        app.router.add_route("*", "/{path:.*}", server.handle)
        runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)
        await runner.setup()
        runners.append(runner)
        await web.TCPSite(runner, "127.0.0.1", 0, ssl_context=context).start()
        scheme = "https" if context else "http"
        server.url = f"{scheme}://127.0.0.1:{runner.addresses[0][1]}"
        return server

    yield start
    for runner in runners:
        await runner.cleanup()


@pytest.fixture
async def session() -> AsyncIterator[aiohttp.ClientSession]:
    async with aiohttp.ClientSession() as opened:
        yield opened


async def fetch(session: aiohttp.ClientSession, url: str, **other: Any) -> Response:
    limits = {"limit_bytes": 10_000, "limit_s": 5.0, "headers": {"X-API-Key": CANARY}}
    return await fetch_json(session, "GET", url, **{**limits, **other})


async def refusal(session: aiohttp.ClientSession, url: str, **other: Any) -> RequestError:
    with pytest.raises(RequestError) as refused:
        await fetch(session, url, **other)
    assert CANARY not in refused.value.message
    return refused.value


def says(data: Any, status: int = 200, **headers: str) -> Handler:
    async def answer(request: web.Request) -> web.Response:
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        if isinstance(data, bytes):
            return web.Response(body=data, status=status, headers=named)
        return web.json_response(data, status=status, headers=named)

    return answer


async def test_an_answer_is_status_and_data(serve: Serve, session: aiohttp.ClientSession) -> None:
    server = await serve(says({"a": [1]}, Date="Thu, 01 Jan 1970 00:01:00 GMT"))

    response = await fetch(session, f"{server.url}/x")

    assert response == Response(200, {"a": [1]}, 60.0, None)
    assert server.headers[0]["X-API-Key"] == CANARY


async def test_a_body_goes_out_as_json(serve: Serve, session: aiohttp.ClientSession) -> None:
    async def echo(request: web.Request) -> web.Response:
        return web.json_response({"method": request.method, "sent": await request.json()})

    server = await serve(echo)

    response = await fetch_json(
        session, "POST", server.url, headers={}, limit_bytes=1000, limit_s=5.0, body={"a": 1}
    )

    assert response.data == {"method": "POST", "sent": {"a": 1}}


@pytest.mark.parametrize("status", [400, 401, 403, 404, 429, 500, 503])
async def test_a_refusal_by_the_server_is_an_answer(
    serve: Serve, session: aiohttp.ClientSession, status: int
) -> None:
    server = await serve(says({"error": "no"}, status, Retry_After="7"))

    response = await fetch(session, server.url)

    assert (response.status, response.data) == (status, {"error": "no"})
    assert response.retry_after_s == 7.0


async def test_a_page_instead_of_an_error_is_no_data(
    serve: Serve, session: aiohttp.ClientSession
) -> None:
    server = await serve(says(b"<html>Bad Gateway", 502))

    assert (await fetch(session, server.url)).data is None


@pytest.mark.parametrize(
    "body",
    [b"<html>", b"", b"\xff\xfe", b"[" * 9_000, b'{"a": NaN}', b"[Infinity]", b"9" * 5_000],
    ids=["page", "nothing", "bytes", "deep", "nan", "infinity", "digits"],
)
async def test_a_success_that_is_no_json_is_an_error(
    serve: Serve, session: aiohttp.ClientSession, body: bytes
) -> None:
    server = await serve(says(body))

    refused = await refusal(session, server.url)

    assert refused.message == "127.0.0.1 sent no valid JSON."
    assert refused.status == 200


@pytest.mark.parametrize("status", [301, 302, 307, 308])
async def test_a_redirect_is_refused_and_its_target_never_asked(
    serve: Serve, session: aiohttp.ClientSession, status: int
) -> None:
    second = await serve(says({"token": "stolen"}))
    first = await serve(says({}, status, Location=f"{second.url}/x"))

    refused = await refusal(session, first.url)

    assert refused.message == "127.0.0.1 answered with a redirect."
    assert (refused.status, first.asked, second.asked) == (status, ["/"], [])


async def test_a_body_over_the_limit_is_refused(
    serve: Serve, session: aiohttp.ClientSession
) -> None:
    server = await serve(says(b'"' + b"x" * 200_000 + b'"'))

    refused = await refusal(session, server.url, limit_bytes=100 * 1024)

    assert refused.message == "127.0.0.1 sent more than 100 KiB."


async def test_a_body_that_drips_is_given_up_in_time(
    serve: Serve, session: aiohttp.ClientSession
) -> None:
    async def drip(request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse()
        await response.prepare(request)
        while True:
            await response.write(b" ")
            await asyncio.sleep(0.02)

    server = await serve(drip)

    refused = await refusal(session, server.url, limit_s=0.2)

    assert refused.message == "127.0.0.1 did not answer within 0.2 s."


async def test_a_server_that_says_nothing_is_given_up_in_time(
    session: aiohttp.ClientSession,
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        url = f"http://127.0.0.1:{silent.getsockname()[1]}/?token={CANARY}"

        refused = await refusal(session, url, limit_s=0.2)

    assert "did not answer" in refused.message


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost"])
async def test_a_server_that_is_not_there_is_told_in_words(
    session: aiohttp.ClientSession, host: str
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as gone:
        port = gone.getsockname()[1]

    refused = await refusal(session, f"http://{host}:{port}/?token={CANARY}")

    assert refused.message == f"{host}: connection refused."


class NoNames(AbstractResolver):
    """A name service that knows nobody, so that no test asks a real one."""

    async def resolve(self, host: str, port: int = 0, family: Any = 0) -> list[Any]:
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

    async def close(self) -> None: ...


async def test_a_host_that_is_not_there_is_named() -> None:
    connector = aiohttp.TCPConnector(resolver=NoNames())
    async with aiohttp.ClientSession(connector=connector) as session:
        refused = await refusal(session, f"http://no-such-host.invalid/?token={CANARY}")

    assert refused.message == "no-such-host.invalid: the name is not known."


async def test_a_connection_cut_short_is_told_without_its_address(
    serve: Serve, session: aiohttp.ClientSession
) -> None:
    async def cut(request: web.Request) -> web.Response:
        assert request.transport
        request.transport.abort()
        return web.Response()

    server = await serve(cut)

    refused = await refusal(session, f"{server.url}/?token={CANARY}")

    assert refused.message.startswith("127.0.0.1: ")


@pytest.mark.parametrize(
    ("url", "headers"),
    [
        (f"http://127.0.0.1:1/?token={CANARY}", {"X-API-Key": f"{CANARY}\r\nX: y"}),
        (f"http://[{CANARY}/", {}),
        (f"http://{CANARY * 20}.test/", {}),
    ],
)
async def test_a_request_that_cannot_be_made_is_told_without_its_secrets(
    session: aiohttp.ClientSession, url: str, headers: dict[str, str]
) -> None:
    with pytest.raises(RequestError) as refused:
        await fetch(session, url, headers=headers)

    assert "token" not in refused.value.message
    assert "X: y" not in refused.value.message


@pytest.mark.parametrize(
    "date",
    [
        "yesterday",
        "",
        "Thu, 01 Jan 0001 00:00:00 -0000",
        "Thu, 99 Jan 1970 00:00:00 GMT",
        "Fri, 31 Dec 9999 23:59:59 -2359",
        "Thu, 01 Jan 1970 00:00:00 +999999999999999",
        "9" * 400,
    ],
)
async def test_a_clock_nobody_can_read_is_no_clock(
    serve: Serve, session: aiohttp.ClientSession, date: str
) -> None:
    server = await serve(says({}, Date=date))

    response = await fetch(session, server.url)

    assert response.server_time is None or abs(response.server_time) < 1e12


@pytest.mark.parametrize(
    ("value", "seconds"),
    [("0", 0.0), ("120", 120.0), ("-1", None), ("1.5", None), ("9" * 20, None), ("soon", None)],
)
async def test_a_wait_the_server_asks_for_is_read_when_it_is_one(
    serve: Serve, session: aiohttp.ClientSession, value: str, seconds: float | None
) -> None:
    server = await serve(says({}, Retry_After=value))

    assert (await fetch(session, server.url)).retry_after_s == seconds


def certificate(folder: Path, host: str = "127.0.0.1") -> tuple[Path, ssl.SSLContext]:
    """Return a self-signed certificate and a server context that uses it."""
    key, cert = folder / "key.pem", folder / "cert.pem"
    name = f"subjectAltName=IP:{host}" if host[0].isdigit() else f"subjectAltName=DNS:{host}"
    subprocess.run(
        [
            *("openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256"),
            *("-nodes", "-days", "2", "-subj", f"/CN={host}", "-addext", name),
            *("-keyout", str(key), "-out", str(cert)),
        ],
        check=True,
        capture_output=True,
    )
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(cert, key)
    return cert, context


async def test_a_certificate_nobody_vouches_for_is_refused(
    serve: Callable[..., Awaitable[Server]], tmp_path: Path
) -> None:
    server = await serve(says({}), certificate(tmp_path)[1])
    connector = aiohttp.TCPConnector(ssl=tls_context(""))

    async with aiohttp.ClientSession(connector=connector) as session:
        refused = await refusal(session, f"{server.url}/?token={CANARY}")

    assert refused.message == "127.0.0.1: certificate refused (self-signed certificate)."
    assert server.asked == []


async def test_a_certificate_for_another_host_is_refused(
    serve: Callable[..., Awaitable[Server]], tmp_path: Path
) -> None:
    cert, context = certificate(tmp_path, "other.test")
    server = await serve(says({}), context)
    connector = aiohttp.TCPConnector(ssl=tls_context(str(cert)))

    async with aiohttp.ClientSession(connector=connector) as session:
        refused = await refusal(session, server.url)

    assert "certificate refused" in refused.message
    assert server.asked == []


async def test_a_certificate_of_a_configured_authority_is_taken(
    serve: Callable[..., Awaitable[Server]], tmp_path: Path
) -> None:
    cert, context = certificate(tmp_path)
    server = await serve(says({"a": 1}), context)
    connector = aiohttp.TCPConnector(ssl=tls_context(str(cert)))

    async with aiohttp.ClientSession(connector=connector) as session:
        response = await fetch(session, server.url)

    assert response.data == {"a": 1}


async def test_a_server_without_tls_is_told_in_a_few_words(
    serve: Serve, session: aiohttp.ClientSession
) -> None:
    server = await serve(says({}))

    refused = await refusal(session, server.url.replace("http:", "https:"))

    assert refused.message.startswith("127.0.0.1: TLS failed (")
    assert "not permitted" not in refused.message


@pytest.mark.parametrize(
    ("problem", "words"),
    [
        (OSError("odd ('127.0.0.1', 1)"), "oserror"),
        (OSError(-1, "Strange"), "strange"),
        (ConnectionResetError(104, "x"), "connection reset by peer"),
        (socket.gaierror(-2, "x"), "the name is not known"),
        (ssl.SSLError(1, "x"), "TLS failed (unknown)"),
    ],
)
def test_a_failure_of_the_system_is_told_in_its_words(problem: OSError, words: str) -> None:
    assert os_error_words(problem) == words


def test_an_authority_file_that_is_none_is_told(tmp_path: Path) -> None:
    (tmp_path / "empty.pem").write_text("nothing")

    for name in ("missing.pem", "empty.pem"):
        with pytest.raises(ConfigError, match=f"ca_file {tmp_path}/{name}: "):
            tls_context(str(tmp_path / name))


def test_tls_is_always_verified() -> None:
    context = tls_context("")

    assert context.verify_mode is ssl.CERT_REQUIRED
    assert context.check_hostname
    assert context.minimum_version >= ssl.TLSVersion.TLSv1_2


def test_an_answer_does_not_print_its_data() -> None:
    assert CANARY not in repr(Response(200, {"token": CANARY}, None, None))


@pytest.mark.parametrize(
    ("url", "words"),
    [
        ("https://h.test/path", None),
        ("http://127.0.0.1:8080", None),
        ("http://localhost", None),
        ("http://[::1]:80", None),
        ("http://lab.test", None),
        ("http://h.test", "unencrypted to h.test; use https"),
        ("http://localhost.evil.test", "unencrypted"),
        ("ws://h.test", "must be an http"),
        ("ftp://h.test", "must be an http"),
        ("https://", "must be an http"),
        ("h.test", "must be an http"),
        ("", "must be an http"),
        ("https://[bad", "must be an http"),
        ("https://h.test:99999", "must be an http"),
        ("https://h.test:x", "must be an http"),
        ("https://user:pw@h.test", "must have no user"),
        ("https://h.test/?token=x", "must have no user, query"),
        ("https://h.test/#x", "must have no user, query or fragment"),
    ],
)
def test_a_configured_url_is_right_or_told_what_is_wrong(url: str, words: str | None) -> None:
    problem = check_url(url, ("lab.test",))

    assert problem is None if words is None else problem is not None and words in problem


def test_only_the_host_of_a_url_is_ever_shown() -> None:
    assert host_of(f"https://u:p@h.test/?token={CANARY}") == "h.test"
    assert host_of("nothing") == "?"
    assert host_of("https://[bad") == "?"


@pytest.mark.parametrize(
    ("url", "insecure"),
    [
        ("ws://h.test", True),
        ("http://h.test", True),
        ("wss://h.test", False),
        ("https://h.test", False),
        ("ws://127.0.0.1:1", False),
        ("http://[bad", False),
    ],
)
def test_only_what_goes_unencrypted_to_another_machine_is_insecure(
    url: str, insecure: bool
) -> None:
    assert is_insecure(url) is insecure
