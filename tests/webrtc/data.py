"""Descriptions as other programs write them."""

from __future__ import annotations

_PRINT = ":".join(["EF", "51"] * 16)
SDK_OFFER = """v=0
o=- 3539941226400943150 2 IN IP4 127.0.0.1
s=-
t=0 0
a=extmap-allow-mixed
a=msid-semantic: WMS 372ab1f6
a=group:BUNDLE 0 1
m=audio 58803 UDP/TLS/RTP/SAVPF 111 63 9 0 8 13 110 126
c=IN IP4 192.0.2.2
a=rtpmap:111 opus/48000/2
a=rtpmap:63 red/48000/2
a=rtpmap:9 G722/8000
a=rtpmap:0 PCMU/8000
a=rtpmap:8 PCMA/8000
a=rtpmap:13 CN/8000
a=rtpmap:110 telephone-event/48000
a=rtpmap:126 telephone-event/8000
a=fmtp:111 minptime=10;useinbandfec=1
a=fmtp:63 111/111
a=rtcp:9 IN IP4 0.0.0.0
a=rtcp-fb:111 transport-cc
a=extmap:1 urn:ietf:params:rtp-hdrext:ssrc-audio-level
a=setup:actpass
a=mid:0
a=msid:372ab1f6 030a7f5a
a=sendrecv
a=ice-ufrag:0sF/
a=ice-pwd:qgjRk82ZoboM1cWXIqITOo4h
a=ice-options:trickle
a=fingerprint:sha-256 @PRINT@
a=crypto:1 AES_CM_128_HMAC_SHA1_80 inline:ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmn
a=candidate:3229573512 1 udp 2122194687 192.0.2.2 58803 typ host generation 0 network-id 1
a=rtcp-mux
m=video 9 UDP/TLS/RTP/SAVPF 96 97 98
c=IN IP4 0.0.0.0
a=rtpmap:96 VP8/90000
a=rtpmap:97 rtx/90000
a=fmtp:97 apt=96
a=rtpmap:98 H264/90000
a=fmtp:98 profile-level-id=42e01f;packetization-mode=1
a=setup:actpass
a=mid:1
a=sendrecv
a=ice-ufrag:0sF/
a=ice-pwd:qgjRk82ZoboM1cWXIqITOo4h
a=fingerprint:sha-256 @PRINT@
a=rtcp-mux
""".replace("\n", "\r\n").replace("@PRINT@", _PRINT)


def with_directions(audio: str, video: str | None = None, *, session_id: str = "1") -> str:
    """Return a description with these directions and nothing else of interest."""
    lines = [
        "v=0",
        f"o=- {session_id} 1 IN IP4 127.0.0.1",
        "s=-",
        "t=0 0",
        "m=audio 4000 UDP/TLS/RTP/SAVPF 0",
        "a=mid:0",
        f"a={audio}",
    ]
    if video is not None:
        lines += ["m=video 4000 UDP/TLS/RTP/SAVPF 96", "a=mid:1", f"a={video}"]
    return "\r\n".join([*lines, ""])
