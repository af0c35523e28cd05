"""An authority of our own and servers with certificates that are wrong in one way each."""

from __future__ import annotations

import asyncio
import ipaddress
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.asymmetric.types import CertificateIssuerPrivateKeyTypes
from cryptography.x509.oid import NameOID

_DAY = timedelta(days=1)
_PLAIN = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}"


@dataclass(frozen=True, slots=True)
class Issued:
    """A key with its certificate."""

    key: CertificateIssuerPrivateKeyTypes
    certificate: x509.Certificate


def authority(name: str) -> Issued:
    """Return a new authority."""
    return _issue(_key(), name, None, is_authority=True)


def leaf(
    issuer: Issued | None,
    *,
    host: str | None = "127.0.0.1",
    begins: timedelta = -_DAY,
    ends: timedelta = _DAY,
    weak: bool = False,
) -> Issued:
    """Return a server's certificate; without an issuer it vouches for itself."""
    key = rsa.generate_private_key(65_537, 1024) if weak else _key()
    return _issue(key, "127.0.0.1", issuer, host=host, begins=begins, ends=ends)


def _key() -> ec.EllipticCurvePrivateKey:
    return ec.generate_private_key(ec.SECP256R1())


def _issue(
    key: CertificateIssuerPrivateKeyTypes,
    name: str,
    issuer: Issued | None,
    *,
    is_authority: bool = False,
    host: str | None = None,
    begins: timedelta = -_DAY,
    ends: timedelta = _DAY,
) -> Issued:
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    now = datetime.now(UTC)
    builder = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer.certificate.subject if issuer else subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now + begins)
        .not_valid_after(now + ends)
        .add_extension(x509.BasicConstraints(ca=is_authority, path_length=None), critical=True)
    )
    if host is not None:
        names: list[x509.GeneralName] = (
            [x509.IPAddress(ipaddress.ip_address(host))]
            if host[0].isdigit()
            else [x509.DNSName(host)]
        )
        builder = builder.add_extension(x509.SubjectAlternativeName(names), critical=False)
    return Issued(key, builder.sign(issuer.key if issuer else key, hashes.SHA256()))


@dataclass
class Endpoint:
    """A server that counts what it was told once a handshake was over."""

    url: str = ""
    heard: list[bytes] = field(default_factory=list)


@asynccontextmanager
async def endpoint(
    folder: Path, issued: Issued | None, newest: ssl.TLSVersion | None = None
) -> AsyncIterator[Endpoint]:
    """Serve with a certificate, or without TLS; `newest` is the newest version it speaks."""
    found = Endpoint()
    context = _context(folder, issued, newest) if issued is not None else None

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        data = await reader.read(65_536)
        if context is not None and data:
            found.heard.append(data)
        writer.write(_PLAIN)
        writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0, ssl=context)
    found.url = f"127.0.0.1:{server.sockets[0].getsockname()[1]}"
    try:
        yield found
    finally:
        server.close()
        await server.wait_closed()


def _context(folder: Path, issued: Issued, newest: ssl.TLSVersion | None) -> ssl.SSLContext:
    path = folder / "server.pem"
    private = issued.key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )
    path.write_bytes(private + issued.certificate.public_bytes(serialization.Encoding.PEM))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.set_ciphers("ALL:@SECLEVEL=0")
    if newest is not None:
        context.minimum_version = ssl.TLSVersion.MINIMUM_SUPPORTED
        context.maximum_version = newest
    context.load_cert_chain(path)
    return context
