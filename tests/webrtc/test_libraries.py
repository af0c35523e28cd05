"""What we use of aiortc and aioice beyond their public surface is still there, as it was."""

from __future__ import annotations

import inspect
import subprocess
import sys
from collections.abc import Callable

import aioice
import aioice.ice
import pytest
from aiortc import RTCCertificate, RTCDtlsTransport

from softphone.webrtc.path import PRIVATE

METHODS: list[tuple[Callable[..., object], list[str]]] = [
    (RTCDtlsTransport.__init__, ["self", "transport", "certificates"]),
    (RTCDtlsTransport._handle_rtp_data, ["self", "data", "arrival_time_ms"]),
    (RTCDtlsTransport._handle_rtcp_data, ["self", "data"]),
    (RTCDtlsTransport._send_rtp, ["self", "data"]),
    (RTCDtlsTransport._set_role, ["self", "role"]),
    (RTCCertificate.generateCertificate, []),
    (aioice.Connection.data_received, ["self", "data", "component"]),
    (aioice.Connection.request_received, ["self", "message", "addr", "protocol"]),
    (
        aioice.Connection.get_component_candidates,
        ["self", "component", "addresses", "timeout"],
    ),
    (aioice.ice.get_host_addresses, ["use_ipv4", "use_ipv6"]),
    (aioice.ice.server_reflexive_candidate, ["protocol", "stun_server"]),
    (
        aioice.ice.relayed_candidate,
        [
            "component",
            "hide_related_address",
            "protocol_factory",
            "turn_server",
            "turn_username",
            "turn_password",
            "turn_ssl",
            "turn_transport",
        ],
    ),
]


@pytest.mark.parametrize(("method", "arguments"), METHODS, ids=lambda v: getattr(v, "__name__", ""))
def test_a_method_we_use_takes_the_same_arguments(
    method: Callable[..., object], arguments: list[str]
) -> None:
    assert list(inspect.signature(method).parameters) == arguments


def test_the_names_listed_as_private_are_all_there() -> None:
    missing = [name for kind, names in PRIVATE.items() for name in names if not hasattr(kind, name)]

    assert not missing


async def test_the_attributes_of_a_connection_we_use_are_there() -> None:
    connection = aioice.Connection(ice_controlling=True)
    used = {
        "_check_list",
        "_nominated",
        "_protocols",
        "_local_candidates",
        "_local_candidates_start",
        "_local_candidates_end",
    }

    assert used <= set(vars(connection))
    assert connection._protocols == [] and connection._nominated == {}


def test_importing_the_peer_loads_neither_aiortc_nor_av() -> None:
    code = (
        "import sys, softphone.webrtc.peer, softphone.webrtc.leg, softphone.webrtc.frames\n"
        "loaded = [m for m in ('aiortc', 'aioice', 'av', 'OpenSSL') if m in sys.modules]\n"
        "sys.exit(str(loaded or ''))"
    )

    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)

    assert not done.stderr.strip(), done.stderr
