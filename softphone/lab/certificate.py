"""A certificate for one run of the lab: `--tls` serves the same services on a TLS port."""

from __future__ import annotations

import ipaddress
import ssl
from datetime import UTC, datetime, timedelta
from pathlib import Path

from .configfile import write_private

_LIFE = timedelta(days=7)


def make_certificate(folder: Path, host: str) -> Path:
    """Write a self-signed certificate and its key for a loopback host; return the certificate."""
    # Imported here: only a lab with TLS needs it.
    from cryptography import x509
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import ec
    from cryptography.x509.oid import NameOID

    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "softphone lab")])
    addresses: list[x509.GeneralName] = [
        x509.DNSName("localhost"),
        *(x509.IPAddress(ipaddress.ip_address(one)) for one in ("127.0.0.1", "::1")),
    ]
    if host not in ("localhost", "127.0.0.1", "::1"):
        addresses.append(x509.IPAddress(ipaddress.ip_address(host)))
    now = datetime.now(UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(minutes=5))
        .not_valid_after(now + _LIFE)
        .add_extension(x509.SubjectAlternativeName(addresses), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .sign(key, hashes.SHA256())
    )
    private = key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )
    write_private(folder / "lab-key.pem", private.decode())
    public = folder / "lab-cert.pem"
    write_private(public, made.public_bytes(serialization.Encoding.PEM).decode())
    return public


def server_context(certificate: Path) -> ssl.SSLContext:
    """Return what the TLS port needs to serve with a certificate made here."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, certificate.with_name("lab-key.pem"))
    return context
